"""How the plugin framework plans: configured values, then defaults, then what is computed; compared exactly.

Null and empty are different here. Where anything differs, what is computed and not configured becomes unknown, unless
its plan modifier keeps the state's value.
"""

from __future__ import annotations

from tests.iac.provider.schema import UNKNOWN, Field, Group, Path, Resource, State, Value


def plan(resource: Resource, prior: State | None, config: State) -> tuple[State, set[Path]]:
    """Return the planned state and the paths that need replacement."""
    before = prior or {}
    fields = {name: one for name, one in resource.schema.items() if isinstance(one, Field)}
    groups = {name: one for name, one in resource.schema.items() if isinstance(one, Group)}
    planned: State = {name: _value(one, before.get(name), config.get(name)) for name, one in fields.items()}
    planned |= {name: config.get(name) for name in groups}
    differ = [name for name, one in resource.schema.items() if not _alike(one, planned.get(name), before.get(name))]
    if prior is not None and not differ:
        return prior, set()
    for name, one in fields.items():
        if (one.computed or one.read_only) and config.get(name) is None and one.default is None:
            kept = prior is not None and one.keeps
            planned[name] = before.get(name) if kept else UNKNOWN
    replace: set[Path] = set()
    if prior is not None:
        changed = [one for one in resource.schema if not _alike(resource.schema[one], planned.get(one), prior.get(one))]
        replace = {(name,) for name in changed if getattr(resource.schema[name], "force_new", False)}
        if resource.customize is not None:
            replace |= resource.customize(prior, planned, frozenset((name,) for name in changed))
    return planned, replace


def _value(one: Field, old: Value, new: Value) -> Value:
    if new is None:
        if one.default is not None:
            return one.default
        return old if one.computed or one.read_only else None
    if one.kind == "object" and isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        return {name: _value(inner, before.get(name), new.get(name)) for name, inner in one.fields.items()}
    return new


def _alike(one: Field | Group, planned: Value, prior: Value) -> bool:
    if isinstance(one, Field) and one.kind == "set" and isinstance(planned, list) and isinstance(prior, list):
        return sorted(map(repr, planned)) == sorted(map(repr, prior))
    return same(planned, prior)


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal; whole numbers are so in any form."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(name), other.get(name)) for name in {*one, *other})
    return bool(one == other)
