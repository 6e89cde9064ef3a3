"""The command tree as a table: names, one line of help each, and where a verb's code is; nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

_NONE: Mapping[str, str] = MappingProxyType({})


class Leaf(NamedTuple):
    """A verb: ``target`` is ``module:attribute`` below cli.commands; ``help`` is the first line of its docstring."""

    target: str
    help: str

    @property
    def settings(self) -> dict[str, object]:
        """The parser settings of the command."""
        return {}


class Group(NamedTuple):
    """A noun or a family of verbs.

    ``aliases`` are hidden names of members; ``elsewhere`` are names that people try, with what to do instead.
    """

    help: str
    members: Mapping[str, Leaf | Group]
    doc: str = ""
    aliases: Mapping[str, str] = _NONE
    elsewhere: Mapping[str, str] = _NONE
    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def headings(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each heading of the help page with the members under it."""
        placed: set[str] = set()
        for heading, names in self.sections:
            here = [name for name in names if name in self.members]
            placed.update(here)
            if here:
                yield heading, here
        rest = [name for name in self.members if name not in placed]
        if rest:
            yield "Commands", rest
