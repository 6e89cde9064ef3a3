"""How the plugin SDK (v2) plans: which attributes differ, what suppresses a difference, what needs replacement.

The rules are those of its ``schemaMap.Diff``: values are compared as texts, so that null, empty and zero are alike
where the configuration says nothing; a default stands in for what is not configured, in blocks that are configured;
a computed attribute that is not configured keeps what it is; the default of a block has no effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.iac.provider.schema import UNKNOWN, Field, Group, Path, Resource, Schema, State, Unknown, Value, View

ZEROS: dict[str, Value] = {"string": "", "int": 0, "float": 0, "bool": False}


@dataclass
class Changes:
    """What differs (path by path), and which of it needs replacement."""

    paths: set[Path] = field(default_factory=set)
    replace: set[Path] = field(default_factory=set)

    def add(self, path: Path, force_new: bool) -> None:
        """Take a difference down."""
        self.paths.add(path)
        if force_new:
            self.replace.add(path)

    def take(self, other: Changes) -> None:
        """Take other differences over."""
        self.paths |= other.paths
        self.replace |= other.replace


def plan(resource: Resource, prior: State | None, config: State) -> tuple[State, set[Path]]:
    """Return the planned state and the paths that need replacement; the prior state itself where nothing differs."""
    view = View(read_back(resource.schema, prior or {}), read_back(resource.schema, config, configured=True))
    changes = Changes()
    planned = _object(resource.schema, prior or {}, config, (), changes, view, exists=prior is not None)
    if prior is None:
        planned["id"] = UNKNOWN
        return planned, set()
    planned["id"] = prior.get("id")
    if not changes.paths:
        return prior, set()
    replace = set(changes.replace)
    if resource.customize is not None:
        replace |= resource.customize(prior, planned, frozenset(changes.paths))
    return planned, replace


def read_back(schema: Schema, value: State, configured: bool = False) -> State:
    """Return an object as ``ResourceData.Get`` gives it: zero for null, defaults where it is a configuration's."""
    made: State = {}
    for name, one in schema.items():
        found = value.get(name)
        if isinstance(one, Group):
            made[name] = [read_back(one.fields, item or {}, configured) for item in _items(found)]
        elif one.kind in ("list", "set"):
            made[name] = _items(found)
        elif one.kind == "map":
            made[name] = found or {}
        else:
            if found is None and configured:
                found = one.default
            made[name] = ZEROS[one.kind] if found is None else found
    return made


def _items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _object(
    schema: Schema, prior: State, config: State, path: Path, changes: Changes, view: View, exists: bool
) -> State:
    made: State = {}
    for name, one in schema.items():
        here = (*path, name)
        old, new = prior.get(name), config.get(name)
        if isinstance(one, Group):
            made[name] = _group(one, _items(old), _items(new), here, changes, view, exists)
        elif one.kind in ("list", "set", "map"):
            made[name] = _collection(one, old, new, here, changes, exists)
        else:
            made[name] = _simple(one, old, new, here, changes, view, exists)
    return made


def _group(
    group: Group, old: list[Value], new: list[Value], path: Path, changes: Changes, view: View, exists: bool
) -> Value:
    if group.computed and not new:
        return old
    own = Changes()
    blocks = [read_back(group.fields, one or {}, configured=True) for one in new]
    kept = group.suppress_count is not None and group.suppress_count(len(old), len(new), blocks)
    if len(old) != len(new) and not kept:
        own.add(path, group.force_new)
    made = [
        _object(group.fields, (old[at] if at < len(old) else None) or {}, item or {}, (*path, at), own, view, exists)
        for at, item in enumerate(new)
    ]
    if group.suppress_list is not None and own.paths:
        before = [read_back(group.fields, one or {}) for one in old]
        if group.suppress_list(before, blocks):
            return old
    changes.take(own)
    return made


def _collection(one: Field, old: Value, new: Value, path: Path, changes: Changes, exists: bool) -> Value:
    if isinstance(new, Unknown):
        changes.add(path, one.force_new)
        return new
    if (one.computed or one.read_only) and new is None:
        return old if exists and old is not None else UNKNOWN
    before: Value = old or ({} if one.kind == "map" else [])
    after: Value = new or ({} if one.kind == "map" else [])
    same = sorted(map(str, before)) == sorted(map(str, after)) if one.kind == "set" else before == after
    if same or (one.suppress_list is not None and one.suppress_list(before, after)):
        return old
    changes.add(path, one.force_new)
    return new


def as_text(value: Value) -> str:
    """Return a simple value as the SDK compares it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _simple(one: Field, old: Value, new: Value, path: Path, changes: Changes, view: View, exists: bool) -> Value:
    if isinstance(new, Unknown):
        changes.add(path, one.force_new)
        return new
    if new is None:
        new = one.default
    computed = one.computed or one.read_only
    if new is not None and one.state_func is not None:
        new = one.state_func(str(new))
    before = as_text(old)
    after = as_text(ZEROS[one.kind] if new is None and old is not None else new)
    if before == after:
        return UNKNOWN if not exists and computed and before == "" else old
    if computed and (new is None or after == "") and before != "":
        return old
    if one.suppress is not None and one.suppress(before, after, view):
        return old
    if computed and after == "":
        changes.add(path, one.force_new)
        return UNKNOWN
    changes.add(path, one.force_new)
    return new
