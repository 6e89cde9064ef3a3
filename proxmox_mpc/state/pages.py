"""Rows read from the pages of a database file itself, where its tables cannot be followed any more.

The file format is at https://www.sqlite.org/fileformat2.html. A leaf page of a table tells all about the rows on it but
not which table it belongs to. Rows of what cannot be had from the server again are known by their columns: of the
journal by the SHA-256 at their end, versions of objects by the digest of their document, runs by their times.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.state.documents import digest
from proxmox_mpc.state.kinds import KINDS

_LEAF = 0x0D
_JOURNAL, _VERSION, _RUN = 7, 7, 13
"""How many columns the rows have."""
_FILE_HEADER, _LOG_HEADER, _FRAME_HEADER = 100, 32, 24
_MAGIC = b"SQLite format 3\0"
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_USUAL_PAGE = 4096

Value = int | str | None
Row = tuple[int, str, int, int, str, str, str]
"""seq, at, operation, step, event, body, hash"""
Version = tuple[str, str, int, int | None, int, str, str]
"""kind, key, valid_from, valid_to, born, digest, doc"""


class Found(NamedTuple):
    """What was recognised, in no order, some of it maybe more than once; runs as the columns of their table."""

    journal: list[Row]
    versions: list[Version]
    runs: list[tuple[Value, ...]]


def scan(path: Path) -> Found:
    """Return the rows on all pages of a file and of its log."""
    pages, found = _Pages(path), Found([], [], [])
    for number in range(1, pages.count + 1):
        for row in _rows_on(pages, number):
            _recognised(row, found)
    return found


def _recognised(row: tuple[Value, ...], found: Found) -> None:
    match row:
        case (int(), str(), int(), int(), str(), str(), str(last)) if _HASH.match(last):
            found.journal.append(row)  # type: ignore[arg-type]
        case (str(kind), str(), int(), int() | None, int(), str(said), str(doc)) if (
            kind in KINDS and digest(doc) == said
        ):
            found.versions.append(row)  # type: ignore[arg-type]
        case (int(), str(started), str(finished), str(), str(), str(), *_) if _TIME.match(started):
            if _TIME.match(finished) and len(row) == _RUN:
                found.runs.append(row)


class _Pages:
    """The pages of a database; those that its log holds in a newer form come from there."""

    def __init__(self, path: Path) -> None:
        self._file = path.read_bytes()
        size = struct.unpack(">H", self._file[16:18])[0] if self._file.startswith(_MAGIC) else _USUAL_PAGE
        self.size = 65536 if size == 1 else size if size >= 512 and size & (size - 1) == 0 else _USUAL_PAGE
        log = Path(f"{path}-wal")
        self._newer = dict(self._frames(log.read_bytes())) if log.exists() else {}
        self.count = max([-(-len(self._file) // self.size), *self._newer])

    def page(self, number: int) -> bytes:
        """Return a page, empty beyond the end."""
        found = self._newer.get(number)
        return found if found is not None else self._file[(number - 1) * self.size : number * self.size]

    def _frames(self, log: bytes) -> Iterator[tuple[int, bytes]]:
        salt = log[16:24]
        step = _FRAME_HEADER + self.size
        for start in range(_LOG_HEADER, len(log) - step + 1, step):
            number = struct.unpack(">I", log[start : start + 4])[0]
            # Frames of an earlier round of the log have another salt.
            if log[start + 8 : start + 16] == salt and 0 < number < 1 << 24:
                yield number, log[start + _FRAME_HEADER : start + step]


def _rows_on(pages: _Pages, number: int) -> Iterator[tuple[Value, ...]]:
    page = pages.page(number)
    start = _FILE_HEADER if number == 1 else 0
    if len(page) < start + 8 or page[start] != _LEAF:
        return
    cells = struct.unpack(">H", page[start + 3 : start + 5])[0]
    for cell in range(cells):
        place = page[start + 8 + 2 * cell : start + 10 + 2 * cell]
        if len(place) < 2:
            return
        try:
            row = _row(pages, page, struct.unpack(">H", place)[0])
        except (IndexError, ValueError, struct.error):
            continue  # noise
        if row is not None:
            yield row


def _row(pages: _Pages, page: bytes, at: int) -> tuple[Value, ...] | None:
    """Return the values of a row; its number in the place of a first column that is null, as primary keys are."""
    length, at = _varint(page, at)
    rowid, at = _varint(page, at)
    payload = _payload(pages, page, at, length)
    header, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < header and len(kinds) <= _RUN:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if len(kinds) not in (_JOURNAL, _VERSION, _RUN) or at != header:
        return None
    values: list[Value] = []
    for kind in kinds:
        size = _INTEGERS.get(kind, 0) if kind < 12 else (kind - 12) // 2
        values.append(_value(kind, payload[at : at + size], size))
        at += size
    return (rowid, *values[1:]) if values[0] is None else tuple(values)


def _payload(pages: _Pages, page: bytes, at: int, length: int) -> bytes:
    most = pages.size - 35
    if length <= most:
        return page[at : at + length]
    least = (pages.size - 12) * 32 // 255 - 23
    local = least + (length - least) % (pages.size - 4)
    local = local if local <= most else least
    parts, left = [page[at : at + local]], length - local
    following = struct.unpack(">I", page[at + local : at + local + 4])[0]
    while left > 0:
        more = pages.page(following) if following else b""
        if len(more) <= 4 or length > 1 << 28:
            raise ValueError("the row goes on where there is nothing")
        parts.append(more[4 : 4 + left])
        left -= len(parts[-1])
        following = struct.unpack(">I", more[:4])[0]
    return b"".join(parts)


def _value(kind: int, data: bytes, size: int) -> Value:
    if len(data) != size:
        raise ValueError("the row is cut off")
    if kind in (8, 9):
        return kind - 8
    if kind in _INTEGERS:
        return int.from_bytes(data, "big", signed=True)
    return data.decode("utf-8") if kind >= 13 and kind % 2 else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    return value << 8 | data[at + 8], at + 9
