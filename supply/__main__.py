"""What `make licences`, `make sbom` and `make audit` run."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from supply import advisories, bill, licences
from supply.lock import DEVELOPMENT, ROOT, RUNTIME, read_pins

PAGE = ROOT / "docs" / "licences.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 1 where something is refused or found, 2 where that cannot be said."""
    parser = argparse.ArgumentParser(prog="python -m supply", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("licences", help="renew docs/licences.md; fail on one not accepted").set_defaults(run=_licences)
    written = commands.add_parser("sbom", help="write the bill of materials of the image's packages")
    written.add_argument("file", type=Path)
    written.set_defaults(run=_bill)
    audited = commands.add_parser("audit", help="tell what is known against the pinned versions")
    audited.add_argument("database", type=Path, help="a folder or zip archive of advisories in OSV's format")
    audited.set_defaults(run=_audit)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


def _licences(_arguments: argparse.Namespace) -> int:
    if refused := licences.refused():
        return _failed(1, *refused)
    PAGE.write_text(licences.renewed(PAGE.read_text()))
    print(f"{len(licences.packages())} packages, each under an accepted licence: {PAGE.relative_to(ROOT)}")
    return 0


def _bill(arguments: argparse.Namespace) -> int:
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_text(bill.bill(os.environ))
    print(arguments.file)
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    try:
        database = advisories.read_database(arguments.database)
    except advisories.UnreadableAdvisoriesError as error:
        return _failed(2, str(error))
    pins = list(dict.fromkeys([*read_pins(RUNTIME), *read_pins(DEVELOPMENT)]))
    found = database.findings(pins)
    print(
        f"{len(pins)} pinned versions, {len(database.advisories)} advisories (the newest changed {database.changed}): "
        f"{len(found)} apply"
    )
    return _failed(1, *map(str, found)) if found else 0


def _failed(code: int, *lines: str) -> int:
    print("\n".join(lines), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
