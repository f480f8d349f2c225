"""The text form of previews: what a pod runs, its class and why, what was rejected and why, the change as a diff."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import yaml

from berth.preview.documents import Json, metadata
from berth.preview.entries import Entry, Parallel, Preview

_UNWRAPPED = 10**6
# Records and scripts are single lines of kilobytes; the other forms have all of them.
_MAX_LINE = 120


def preview_lines(preview: Preview) -> Iterator[str]:
    """Yield the lines of one pod or template."""
    entry = preview.entry
    yield _title(entry)
    yield f"  runs: {_inference(entry)}"
    yield f"  class: {', '.join(entry.classes) or 'none'}"
    yield f"  why: {entry.reason}"
    ruled_out = {each.accelerator_class for each in entry.rejected}
    others = [name for name in entry.considered if name not in ruled_out and name not in entry.classes]
    if others:
        yield f"  fits as well: {', '.join(others)}"
    for each in entry.rejected:
        yield f"  not {each.accelerator_class}: {each.reason}"
    for warning in entry.warnings:
        yield f"  warning: {warning}"
    yield from _diff(preview)


def as_yaml(value: Any) -> str:
    """Return a value as YAML: keys in their order, long lines whole, texts of several lines as blocks."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_UNWRAPPED)


def _title(entry: Entry) -> str:
    where = f", {entry.template}" if entry.template else ""
    return f"{entry.kind} {entry.namespace}/{entry.name}{where}"


def _inference(entry: Entry) -> str:
    if not entry.inference:
        return f"no model; {_devices(entry.gpus)}"
    parts = [
        f"{entry.engine or 'an unknown engine'} in {', '.join(entry.containers)}",
        f"model {entry.model} (from {entry.model_source})" if entry.model else "model unknown",
        _parallel(entry),
        _devices(entry.gpus),
    ]
    if entry.follows:
        parts[1] = "follows its leader"
    if entry.group_gpus is not None and entry.group_key:
        parts.append(f"{entry.group_gpus} in its group ({entry.group_key})")
    return "; ".join(filter(None, parts))


def _parallel(entry: Entry) -> str:
    if entry.parallel == Parallel():
        return ""
    sizes = {"tensor": entry.parallel.tp, "pipeline": entry.parallel.pp, "data": entry.parallel.dp}
    return ", ".join(f"{name} parallel {'unknown' if size is None else size}" for name, size in sizes.items())


def _devices(count: int | None) -> str:
    match count:
        case None:
            return "asks for parts of accelerators"
        case 0:
            return "asks for no accelerator"
        case 1:
            return "asks for 1 accelerator"
        case _:
            return f"asks for {count} accelerators"


def _diff(preview: Preview) -> Iterator[str]:
    """Yield a unified diff of the pod's YAML, its lines indented and the longest cut."""
    before, after = (as_yaml(_sorted(pod)).splitlines() for pod in (preview.source.pod, preview.entry.pod))
    lines = list(unified_diff(before, after, "pod as written", "pod as patched", lineterm=""))
    yield "  changes:" if lines else "  changes: none"
    yield from (f"    {_cut(line)}".rstrip() for line in lines)


def _sorted(pod: Json) -> Json:
    """Return the pod with its labels and annotations by name, as kubectl writes them."""
    maps = {name: found for name, found in metadata(pod).items() if isinstance(found, dict)}
    return {**pod, "metadata": {**metadata(pod), **{name: dict(sorted(found.items())) for name, found in maps.items()}}}


def _cut(line: str) -> str:
    return line if len(line) <= _MAX_LINE else f"{line[: _MAX_LINE - 1]}…"


class _Dumper(yaml.SafeDumper):
    """YAML for people; never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Write every value in full."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
