"""The words that the stub's resources are written in: attributes, blocks, resources, for both kinds of plugin.

``Field`` and ``Group`` are what the plugin SDK calls a schema and a schema with a resource as its element. A resource
of the SDK plans as ``sdk.plan`` does, one of the plugin framework as ``framework.plan`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.iac.provider.world import World

Value: TypeAlias = Any
"""What msgpack holds: null, bool, number, text, list, object, or ``UNKNOWN``."""
State: TypeAlias = dict[str, Value]
Path: TypeAlias = tuple[str | int, ...]


class Unknown:
    """The value that is known after apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN = Unknown()


class Refused(Exception):
    """What the provider answers as an error."""


@dataclass(frozen=True)
class View:
    """What a suppressing function may look at: the state and the configuration with its defaults, whole."""

    old: Mapping[str, Value]
    new: Mapping[str, Value]


Suppress: TypeAlias = Callable[[str, str, View], bool]
SuppressList: TypeAlias = Callable[[list[Value], list[Value]], bool]
Check: TypeAlias = Callable[[Value], str | None]


@dataclass(frozen=True)
class Field:
    """An attribute. ``kind`` is string, int, float, bool, or list, set, map of ``of``, or object with ``fields``.

    ``suppress`` sees old and new as the SDK's texts; ``suppress_list`` sees whole lists. ``keeps`` is the framework's
    UseStateForUnknown, ``force_new`` is RequiresReplace there.
    """

    kind: str = "string"
    of: str = "string"
    required: bool = False
    computed: bool = False
    read_only: bool = False
    default: Value = None
    force_new: bool = False
    sensitive: bool = False
    deprecated: bool = False
    keeps: bool = True
    suppress: Suppress | None = None
    suppress_list: SuppressList | None = None
    state_func: Callable[[str], str] | None = None
    check: Check | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def type(self) -> Value:
        """Its type as Terraform core writes types in JSON."""
        simple = {"int": "number", "float": "number"}
        if self.kind in ("list", "set", "map"):
            if self.fields:
                return [self.kind, _object(self.fields)]
            inner: Value = ["list", "string"] if self.of == "list" else simple.get(self.of, self.of)
            return [self.kind, inner]
        if self.kind == "object":
            return _object(self.fields)
        return simple.get(self.kind, self.kind)


def _object(fields: Mapping[str, Field]) -> Value:
    return ["object", {name: one.type for name, one in fields.items()}]


@dataclass(frozen=True)
class Group:
    """A block that may stand several times; ``computed`` is the SDK's Optional and Computed."""

    fields: Mapping[str, Field | Group]
    max_items: int = 1
    min_items: int = 0
    computed: bool = False
    force_new: bool = False
    sorted: bool = True
    suppress_list: SuppressList | None = None
    suppress_count: Callable[[int, int, list[Value]], bool] | None = None


Schema: TypeAlias = Mapping[str, Field | Group]


@dataclass(frozen=True)
class Resource:
    """A resource type: schema, how an id is imported, how it is read, what is decided over the whole plan.

    ``begin`` turns an import id into the state that reading starts from. ``read`` returns None for what is not there.
    ``customize`` gets state, planned values and changed paths, and returns the paths that need replacement.
    """

    schema: Schema
    begin: Callable[[str], State] | None
    read: Callable[[World, State], State | None]
    sdk: bool = True
    customize: Callable[[State, State, frozenset[Path]], set[Path]] | None = None
    validate: Callable[[State], list[str]] | None = None
