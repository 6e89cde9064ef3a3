"""The three-way merge of declared and live against what they last agreed on: pure, one object at a time.

The base is, per key, the value on which declared and live last agreed. A key that is absent from a base was agreed to
be unset; None stands for a key on which the two sides have never agreed. Without a base every difference is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

Document: TypeAlias = Mapping[str, str]
BaseKeys: TypeAlias = Mapping[str, str | None]
Verdict: TypeAlias = Literal["same", "agreed", "pull", "push", "conflict"]
"""``same``: nothing to do. ``agreed``: both sides say the same, the base does not yet. ``pull``: only live changed.
``push``: only declared changed. ``conflict``: both changed, differently, or they have never agreed."""
Same: TypeAlias = Callable[[str, str | None, str | None], bool]
"""Gets a key, the declared and the live value; says whether the live one is what the declared one asks for."""
Side: TypeAlias = Literal["declared", "live"]


class KeyMerge(NamedTuple):
    """What became of one key on the three sides; None where it is not set. ``based`` when the two ever agreed on it."""

    key: str
    base: str | None
    live: str | None
    declared: str | None
    verdict: Verdict
    based: bool = True


def merge(base: BaseKeys | None, live: Document, declared: Document, same: Same) -> list[KeyMerge]:
    """Return the verdict on every key that any side has, in the order of the declared, then of the live document."""
    names = dict.fromkeys((*declared, *live, *(base or ())))
    return [_merged(name, base, live.get(name), declared.get(name), same) for name in names]


def _merged(key: str, base: BaseKeys | None, live: str | None, declared: str | None, same: Same) -> KeyMerge:
    based = base is not None and not (key in base and base[key] is None)
    was = base.get(key) if base is not None else None
    if same(key, declared, live):
        settled = based and same(key, was, live) and same(key, live, was)
        return KeyMerge(key, was, live, declared, "same" if settled else "agreed", based)
    if not based:
        return KeyMerge(key, was, live, declared, "conflict", based)
    live_moved = not same(key, was, live)
    declared_moved = not same(key, declared, was)
    if live_moved and not declared_moved:
        return KeyMerge(key, was, live, declared, "pull", based)
    if declared_moved and not live_moved:
        return KeyMerge(key, was, live, declared, "push", based)
    return KeyMerge(key, was, live, declared, "conflict", based)


def advanced(merged: list[KeyMerge], base: BaseKeys | None) -> dict[str, str | None]:
    """Return the base after a look at both sides: it moves only where they are equal."""
    return dict(_advanced(merged, base))


def _advanced(merged: list[KeyMerge], base: BaseKeys | None) -> Iterator[tuple[str, str | None]]:
    for one in merged:
        if one.verdict in ("same", "agreed"):
            if one.live is not None:
                yield one.key, one.live
        elif not one.based:
            yield one.key, None
        elif base is not None and one.key in base:
            yield one.key, base[one.key]


def settled(merged: list[KeyMerge], winners: Mapping[str, Side]) -> list[KeyMerge]:
    """Return the verdicts after conflicts were decided: ``declared`` makes them a push, ``live`` a pull."""
    turned: Mapping[Side, Verdict] = {"declared": "push", "live": "pull"}
    return [
        one._replace(verdict=turned[winners[one.key]]) if one.verdict == "conflict" and one.key in winners else one
        for one in merged
    ]
