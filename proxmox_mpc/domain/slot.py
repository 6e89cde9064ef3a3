"""The place of a value that is known only on the way; a plain class, because every command imports it."""

from __future__ import annotations


class Slot:
    """A value to come, such as a free vmid or a token's secret; ``preview`` is what people see in its place.

    In a path it is written ``{name}``, which no quoted segment can contain.
    """

    __slots__ = ("name", "preview")

    def __init__(self, name: str, preview: str) -> None:
        self.name = name
        self.preview = preview

    def __str__(self) -> str:
        return f"{{{self.name}}}"

    def __repr__(self) -> str:
        return f"Slot({self.name!r}, {self.preview!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and (other.name, other.preview) == (self.name, self.preview)

    def __hash__(self) -> int:
        return hash((self.name, self.preview))
