"""The declared shape of what a command prints: one declaration gives the table, the page and the JSON Schema."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal[
    "string", "integer", "number", "boolean", "time", "list", "object", "rows", "any",
    "string?", "integer?", "number?", "boolean?", "time?", "list?", "object?", "rows?", "any?",
]  # fmt: skip
Unit = Literal["", "bytes", "MiB", "seconds", "fraction", "percent", "bytes/s"]
Level = Literal["table", "filled", "wide", "data"]


class Field(NamedTuple):
    """One key of a row.

    ``kind`` ends in ``?`` where the value may be null. ``time`` is ISO 8601 UTC text, ``list`` a list of strings,
    ``object`` and ``rows`` hold ``fields`` (no fields: any keys). ``unit`` is of the raw value; tables turn it into
    human units. ``level``: shown in the table, there where a row has a value, only with --wide, or only in data (JSON,
    YAML, --columns).
    """

    key: str
    kind: Kind
    doc: str
    unit: Unit = ""
    level: Level = "table"
    title: str = ""
    fields: tuple[Field, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The kind without its mark for null."""
        return self.kind.removesuffix("?")

    @property
    def nullable(self) -> bool:
        """Whether the value may be null."""
        return self.kind.endswith("?")

    @property
    def heading(self) -> str:
        """The column's heading."""
        return self.title or self.key.replace("_", " ").upper()


class Shape(NamedTuple):
    """What a command prints: ``rows`` (a list of objects), ``item`` (one), ``either``, ``text``, or ``any`` JSON.

    ``open`` allows further keys, where PVE's own configuration keys are passed through.
    """

    kind: Literal["rows", "item", "either", "text", "any"]
    fields: tuple[Field, ...] = ()
    open: bool = False
    doc: str = ""

    @property
    def many(self) -> bool:
        """Whether it is a list."""
        return self.kind == "rows"

    def of(self, data: object) -> Shape:
        """Return the shape that ``data`` has, where it may be one object or a list of them."""
        if self.kind != "either":
            return self
        return Shape("rows" if isinstance(data, list) else "item", self.fields, self.open, self.doc)


def rows(*fields: Field, doc: str = "", open: bool = False) -> Shape:  # noqa: A002
    """Declare a list of objects."""
    return Shape("rows", fields, open, doc)


def item(*fields: Field, doc: str = "", open: bool = False) -> Shape:  # noqa: A002
    """Declare one object."""
    return Shape("item", fields, open, doc)


def either(*fields: Field, doc: str = "") -> Shape:
    """Declare one object, or a list of such objects where the command line can name several things."""
    return Shape("either", fields, False, doc)


TEXT = Shape("text")
ANY = Shape("any")
