"""A manifest in its canonical form: keys in order, quotes where they are needed, comments with what they are on."""

from __future__ import annotations

from typing import NamedTuple

from proxmox_mpc.declared.edit import meant
from proxmox_mpc.declared.emit import scalar
from proxmox_mpc.declared.entries import Entry, entries
from proxmox_mpc.declared.manifest import Scalar
from proxmox_mpc.declared.order import rank
from proxmox_mpc.declared.reading import parsed
from proxmox_mpc.declared.scalars import Parsed
from proxmox_mpc.errors import ManifestError
from proxmox_mpc.workspace.yaml_text import BadYamlError

_WORDS = {"1": ("true", "True", "TRUE"), "0": ("false", "False", "FALSE")}


class _Part(NamedTuple):
    """A key with the comments and blank lines directly above it."""

    key: str
    above: tuple[str, ...]
    lines: tuple[str, ...]


def formatted(text: str, file: str = "") -> str:
    """Return a manifest's text in canonical form, which means the same; a second time changes nothing.

    Comments above a key move with it; those at the top, set off by a blank line, stay there. Raises ManifestError.
    """
    found = parsed(text, file)
    body = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        there = entries(body)
    except BadYamlError as error:
        if "#" in body:
            remedy = "write one key a line"
            raise ManifestError(error.message, file=file, line=error.mark.line, column=1, remedy=remedy) from None
        return "".join(f"{scalar(key)}: {_value(found[key])}\n" for key in sorted(found, key=rank))
    if not there:
        return _joined([line.rstrip() for line in body.split("\n")])
    head, parts, foot = _parts(body, there, found)
    lines = [*head]
    for part in sorted(parts, key=lambda part: rank(part.key)):
        above = part.above if lines and lines[-1] else _without_gap(part.above)
        lines += [*above, *part.lines]
    after = _joined([*lines, *foot])
    if meant(parsed(after, file)) != meant(found):
        raise ManifestError("a file written like this cannot be formatted", file=file, remedy="write one key a line")
    return after


def _parts(text: str, there: list[Entry], found: Parsed) -> tuple[list[str], list[_Part], list[str]]:
    head: list[str] = []
    parts: list[_Part] = []
    position = 0
    for entry in there:
        above = _lines(text[position : entry.start])
        if not parts:
            head, above = _header(above)
        parts.append(_Part(entry.key, tuple(above), tuple(_entry(text, entry, found[entry.key]))))
        position = entry.stop
    return head, parts, _lines(text[position:])


def _lines(text: str) -> list[str]:
    """Return comments, stripped of their indentation, and blank lines, of several one."""
    lines: list[str] = []
    for line in text.split("\n")[: None if text and not text.endswith("\n") else -1]:
        if line.strip() or (lines and lines[-1]) or not lines:
            lines.append(line.strip(" \t"))
    return lines


def _without_gap(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines[1:] if lines and not lines[0] else lines


def _header(lines: list[str]) -> tuple[list[str], list[str]]:
    """Split what is above the first key into what is on the file and what is on the key."""
    last = max((index for index, line in enumerate(lines) if not line), default=-1)
    if last < 0:
        special = (index for index, line in enumerate(lines) if not line.startswith("#") or "$schema" in line)
        last = max(special, default=-1)
    return lines[: last + 1], lines[last + 1 :]


def _entry(text: str, entry: Entry, value: Scalar | list[Scalar] | dict[str, Scalar]) -> list[str]:
    written = text[entry.start : entry.stop].rstrip("\n").split("\n")
    if entry.form != "scalar":
        margin = " " * entry.column
        return [line.removeprefix(margin).rstrip() for line in written]
    remark = entry.remark or text[entry.end : entry.stop].strip()
    first, line, rest = _value(value, text[entry.value : entry.end].strip(" \t"), entry).partition("\n")
    beside = f"  {remark}" if remark else ""
    return f"{scalar(entry.key)}: {first}{beside}{line}{rest}".split("\n")


def _value(value: Scalar | list[Scalar] | dict[str, Scalar], source: str = "", entry: Entry | None = None) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar(name)}: {_value(one)}' for name, one in value.items())}}}"
    if value.text is None:
        return "null"
    if entry is not None and not entry.style and source in _WORDS.get(value.text, ()):
        return source.lower()
    return scalar(value.text)


def _joined(lines: list[str]) -> str:
    """Return lines as a text, without blank ones at its ends."""
    while lines and not lines[0]:
        lines = lines[1:]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return "".join(f"{line}\n" for line in lines)
