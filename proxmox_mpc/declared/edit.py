"""Changes of a manifest's keys that leave comments, order, quoting and every line they do not concern as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from proxmox_mpc.declared.emit import UNPRINTABLE, Style, scalar
from proxmox_mpc.declared.entries import Entry, entries
from proxmox_mpc.declared.manifest import GUESTS, RESERVED, Scalar
from proxmox_mpc.declared.order import rank, stem
from proxmox_mpc.declared.reading import parsed
from proxmox_mpc.declared.resolve import escaped
from proxmox_mpc.declared.scalars import Parsed
from proxmox_mpc.errors import ManifestError
from proxmox_mpc.workspace.yaml_text import BadYamlError

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")
_BLANK = re.compile(r"(?:[ \t]*\r?\n)*")
_INDENTED = re.compile(r"(?:[ \t]*\r?\n)*[ \t]")
_LEAD = re.compile(r"^[ \t]+(?=#)", re.MULTILINE)


class _Patch(NamedTuple):
    start: int
    end: int
    text: str


def edited(text: str, sets: Mapping[str, str | None], deletes: Iterable[str] = (), file: str = "") -> str:
    """Return a manifest's text with keys set to PVE's texts (None: to null) and others deleted.

    A new key stands behind its kin (net1 behind net0). ``${`` in a text is escaped. Comments on lines of their own
    stay. Raises ManifestError where the file is not valid, or so written that its lines cannot be edited.
    """
    gone = {*deletes} - {*sets}
    wanted = {key: None if value is None else escaped(value) for key, value in sets.items()}
    before = parsed(text, file)
    expected = {**meant(before), **wanted}
    expected = {key: value for key, value in expected.items() if key not in gone}
    mark, body = (text[0], text[1:]) if text.startswith("\ufeff") else ("", text)
    for way in (str, partial(_dedented, file=file)):
        before_edit = way(body)
        after = mark + _patched(before_edit, [*_patches(before_edit, _entries(before_edit, file), wanted, gone)])
        if _says(after, expected):
            return after
    remedy = "write one key a line and end the file with a line break; pmpc sync fmt does"
    raise ManifestError("a file written like this cannot be edited by a command", file=file, remedy=remedy)


def _says(text: str, expected: Mapping[str, object]) -> bool:
    # Editing text is only as good as this: what comes out must mean exactly what was wanted.
    try:
        return meant(parsed(text, "")) == expected
    except ManifestError:
        return False


def _dedented(text: str, file: str) -> str:
    """Return a text whose comments between keys begin their lines: behind a block they would be taken for its end."""
    parts: list[str] = []
    position = 0
    for entry in _entries(text, file):
        parts += [_LEAD.sub("", text[position : entry.start]), text[entry.start : entry.stop]]
        position = entry.stop
    return "".join((*parts, _LEAD.sub("", text[position:])))


def _entries(text: str, file: str) -> list[Entry]:
    try:
        return entries(text)
    except BadYamlError as error:
        remedy = "run: pmpc sync fmt"
        raise ManifestError(error.message, file=file, line=error.mark.line, column=1, remedy=remedy) from None


def new_text(kind: str, ident: str, keys: Mapping[str, str], name: str | None = None, track: Iterable[str] = ()) -> str:
    """Return the text of a new manifest in canonical order; ``name`` heads it where no key says it."""
    lines = [schema_line(kind, ident)] if kind in GUESTS else []
    if name and not {"name", "hostname"} & keys.keys():
        lines.append(f"# {UNPRINTABLE.sub('?', ' '.join(name.split()))}")
    written = {key: scalar(escaped(value)) for key, value in keys.items()}
    tracked = ", ".join(sorted(track))
    if tracked:
        written["track"] = f"[{tracked}]"
    lines += [f"{scalar(key)}: {written[key]}" for key in sorted(written, key=rank)]
    return "".join(f"{line}\n" for line in lines)


def schema_line(kind: str, ident: str) -> str:
    """Return the comment by which editors find the schema."""
    return f"# yaml-language-server: $schema={'../' * (ident.count('/') + 1)}.schema/{kind}.json"


def meant(found: Parsed) -> dict[str, object]:
    """Return what a file says, without the places; a list of tags is the text it is joined to."""
    return {key: _meant(key, value) for key, value in found.items()}


def _meant(key: str, value: Scalar | list[Scalar] | dict[str, Scalar]) -> object:
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, dict):
        return {name: one.text for name, one in value.items()}
    words = [one.text for one in value]
    return ";".join(word or "" for word in words) if key == "tags" and words else words


def _patches(text: str, there: list[Entry], sets: Mapping[str, str | None], gone: set[str]) -> Iterator[_Patch]:
    newline = "\r\n" if "\r\n" in text else "\n"
    known = {entry.key: entry for entry in there}
    for key, entry in known.items():
        if key in gone:
            yield _Patch(entry.start, _stop(text, entry, there), "")
        elif key in sets:
            yield from _changed(text, entry, sets[key], newline)
    column = there[0].column if there else 0
    added: dict[int, list[str]] = {}
    for key in sorted((key for key in sets if key not in known), key=rank):
        place, value = _behind(key, there), sets[key]
        position = _stop(text, place, there) if place else len(text)
        style: Style = "" if _block_fits(text, position) else '"'
        written = "null" if value is None else scalar(value, style, column, newline)
        added.setdefault(position, []).append(f"{' ' * column}{scalar(key)}: {written}{newline}")
    for position, lines in added.items():
        bare = bool(text[:position]) and not text[:position].endswith("\n")
        yield _Patch(position, position, (newline if bare else "") + "".join(lines))


def _stop(text: str, entry: Entry, there: list[Entry]) -> int:
    """Return where an entry ends; blank lines behind it go with it where a block above would take them over."""
    blank = _BLANK.match(text, entry.stop) if any(one.keeps for one in there) else None
    return blank.end() if blank is not None else entry.stop


def _block_fits(text: str, position: int) -> bool:
    """Whether a block may end at a place: an indented comment behind it would be taken for its last line."""
    return _INDENTED.match(text, position) is None


def _behind(key: str, there: list[Entry]) -> Entry | None:
    """Return the entry behind which a new key belongs: the last of its kin before it, else of all keys before it."""
    kin = [entry for entry in there if stem(entry.key) == stem(key)]
    for group in (kin, [entry for entry in there if entry.key not in RESERVED], there):
        before = [entry for entry in group if rank(entry.key) < rank(key)]
        if before:
            return max(before, key=lambda entry: rank(entry.key))
    return min(there, key=lambda entry: rank(entry.key), default=None)


def _changed(text: str, entry: Entry, value: str | None, newline: str) -> Iterator[_Patch]:
    if entry.items and value is not None and all(_TAG.fullmatch(word) for word in value.split(";")):
        yield from _list(text, entry, value.split(";"), newline)
        return
    style = entry.style if _block_fits(text, entry.stop) or "\n" not in (value or "") else '"'
    written = "null" if value is None else scalar(value, style, entry.column, newline)
    start = entry.value
    if entry.form == "block":  # a collection below its key becomes a scalar beside it
        start = text.rindex(":", entry.start, start) + 1
    gap = " " if text[start - 1 : start] == ":" else ""
    first, line, rest = written.partition(newline)
    if not line and not entry.remark:
        yield _Patch(start, entry.end, gap + written + (newline if text[: entry.end].endswith("\n") else ""))
        return
    # A comment beside the value stands beside the indicator of a block, and the other way round.
    stop = entry.end + len(text[entry.end : entry.stop].rstrip("\r\n"))
    remark = entry.remark or text[entry.end : stop].strip()
    end = newline if text[:stop].endswith("\n") else ""
    yield _Patch(start, stop, f"{gap}{first}{' ' if remark else ''}{remark}{line}{rest}{end}")


def _list(text: str, entry: Entry, words: list[str], newline: str) -> Iterator[_Patch]:
    """Write another list in the form of the old one, with the comments beside the items that stay."""
    if entry.form == "flow":
        yield _Patch(entry.value, entry.end, f"[{', '.join(scalar(word) for word in words)}]")
        return
    start = text.rfind("\n", 0, entry.items[0][0]) + 1
    lead = text[start : entry.items[0][0]]
    lines: dict[str, str] = {}
    position = start
    for first, end in entry.items:
        stop = text.find("\n", end) + 1 or len(text)
        lines[text[first:end]] = text[position:stop].rstrip("\r\n")
        position = stop
    new = [lines.get(scalar(word), f"{lead}{scalar(word)}") for word in words]
    yield _Patch(start, position, newline.join(new) + newline)


def _patched(text: str, patches: list[_Patch]) -> str:
    for patch in sorted(patches, reverse=True):
        text = text[: patch.start] + patch.text + text[patch.end :]
    return text
