"""Templates that several parts of an object share, put where they are referred to, as their controller does it.

A RoleBasedGroup keeps them in `roleTemplates`; a role names one (`templateRef`) and lays a patch over it.
"""

from typing import Any

from berth.preview.documents import Json, text

_SHARED = "roleTemplates"


def with_shared_templates(content: Json) -> Json:
    """Return the object with each reference to a shared template replaced by that template, patched."""
    spec = content.get("spec")
    shared = spec.get(_SHARED) if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(shared, list):
        return content
    templates = {text(each.get("name")): each.get("template") for each in shared if isinstance(each, dict)}
    rest = {key: each for key, each in spec.items() if key != _SHARED}
    return {**content, "spec": _resolved(rest, templates)}


def _resolved(found: Any, templates: dict[str, Any]) -> Any:
    if isinstance(found, list):
        return [_resolved(each, templates) for each in found]
    if not isinstance(found, dict):
        return found
    reference = found.get("templateRef")
    shared = templates.get(text(reference.get("name"))) if isinstance(reference, dict) else None
    if not isinstance(reference, dict) or not isinstance(shared, dict):
        return {key: _resolved(each, templates) for key, each in found.items()}
    patch = reference.get("patch") or found.get("templatePatch") or {}
    rest = {key: each for key, each in found.items() if key not in {"templateRef", "templatePatch"}}
    return {**rest, "template": _merged(shared, patch)}


def _merged(base: Any, patch: Any) -> Any:
    """Lay a strategic patch over something: maps by key, lists of named maps by name, anything else replaces."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: _merged(base.get(key), each) for key, each in patch.items()}}
    if not (_is_named(base) and _is_named(patch)):
        return patch
    patches = {each["name"]: each for each in patch}
    kept = [_merged(each, patches.pop(each["name"], {})) for each in base]
    return [*kept, *patches.values()]


def _is_named(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) for each in found
    )
