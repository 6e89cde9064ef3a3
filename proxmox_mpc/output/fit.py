"""Fitting a table into a terminal: long texts are cut with ``…``; a heading ``…`` stands for columns without room."""

from __future__ import annotations

from collections.abc import Sequence

GAP = 2
_NARROWEST = 8
MORE = "…"


def fit(lines: list[list[str]], rigid: Sequence[bool], width: int) -> list[list[str]]:
    """Return the lines (the heading first) within ``width`` columns; ``rigid`` columns are never cut, only left out."""
    if not lines:
        return lines
    widths = [max(columns(line[at]) for line in lines) for at in range(len(lines[0]))]
    floors = [
        wide if stiff else min(wide, max(columns(head), _NARROWEST))
        for wide, stiff, head in zip(widths, rigid, lines[0], strict=True)
    ]
    count = len(widths)
    kept = count
    while kept > 1 and _total(floors[:kept], marked=kept < count) > width:
        kept -= 1
    widths = _shrunk(widths[:kept], floors[:kept], width - (GAP + 1 if kept < count else 0))
    marks = [[], *[[] for _ in lines[1:]]] if kept == count else [[MORE], *[[""] for _ in lines[1:]]]
    return [
        [cut(text, room) for text, room in zip(line, widths, strict=False)] + mark
        for line, mark in zip(lines, marks, strict=True)
    ]


def _total(widths: Sequence[int], *, marked: bool) -> int:
    return sum(widths) + GAP * (len(widths) - 1) + (GAP + 1 if marked else 0)


def _shrunk(widths: list[int], floors: list[int], width: int) -> list[int]:
    """Take what is too much from the column that has the most to give, until it is the second's turn, and so on."""
    over = _total(widths, marked=False) - width
    while over > 0:
        room = [wide - floor for wide, floor in zip(widths, floors, strict=True)]
        at = max(range(len(room)), key=room.__getitem__)
        if room[at] <= 0:
            break
        second = max((one for index, one in enumerate(room) if index != at), default=0)
        step = max(1, min(over, room[at] - second))
        widths[at] -= step
        over -= step
    return widths


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def cut(text: str, width: int) -> str:
    """Return the text, or as much of it as has room beside a mark."""
    if columns(text) <= width:
        return text
    from wcwidth import wcwidth

    used = 0
    for end, char in enumerate(text):
        used += max(wcwidth(char), 0)
        if used > width - 1:
            return text[:end] + MORE
    return text
