"""Which objects the words of a sync command mean: ``101``, ``100-110``, ``web*``, ``pool``, ``vm/1*``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from proxmox_mpc.errors import NotFound, UsageError

_RANGE = re.compile(r"(\d{1,18})-(\d{1,18})")


class Candidate(NamedTuple):
    """An object that can be meant."""

    kind: str
    ident: str
    name: str | None


def select(words: Sequence[str], among: Iterable[Candidate], kinds: Collection[str]) -> set[tuple[str, str]]:
    """Return kind and id of what the words mean together, all without words; raises NotFound naming a word."""
    candidates = list(among)
    if not words:
        return {(one.kind, one.ident) for one in candidates}
    chosen: set[tuple[str, str]] = set()
    for word in words:
        found = {(one.kind, one.ident) for one in candidates if _means(word, one, kinds)}
        if not found:
            raise NotFound(
                f"{word!r} matches nothing",
                hint="an id, a range, a name, a pattern, a kind, or KIND/ID; kinds: " + ", ".join(kinds),
            )
        chosen |= found
    return chosen


def _means(word: str, one: Candidate, kinds: Collection[str]) -> bool:
    kind, slash, ident = word.partition("/")
    if kind in kinds:
        if not slash:
            return one.kind == kind
        if not ident:
            raise UsageError(f"{word!r} names no object", hint=f"write {kind} for all of them, or {kind}/ID")
        return one.kind == kind and (fnmatchcase(one.ident, ident) or fnmatchcase(one.name or "", ident))
    if one.kind in ("vm", "ct") and (span := _RANGE.fullmatch(word)):
        return one.ident.isdecimal() and int(span[1]) <= int(one.ident) <= int(span[2])
    return one.ident == word or fnmatchcase((one.name or "").lower(), word.lower())
