"""The YAML that manifests are mostly made of, read line by line: fifty times as fast as by ruamel's nodes.

It reads plain and quoted scalars on one line, literal blocks, short lists and one level of mapping, exactly as YAML 1.2
means them, and gives up on everything else: then ``yaml_nodes`` decides. Giving up is never wrong, reading would be.
"""

from __future__ import annotations

import json
import re
from sys import intern

from proxmox_mpc.declared.manifest import Scalar
from proxmox_mpc.declared.scalars import Parsed, plain

# What is more than printable lines: tabs and other controls, foreign line breaks, surrogates, a byte order mark.
_FOREIGN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*):(?: +|$)")
_INNER = re.compile(r"( +)([A-Za-z_][A-Za-z0-9_.-]*):(?: +|$)")
_ITEM = re.compile(r"( *)- +(?=[^ ])")
# No indicator begins a plain scalar here, also not those that sometimes may.
_PLAIN = re.compile(r"[A-Za-z0-9_/+.$(~;<^\\\u00a1-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SINGLE = re.compile(r"'((?:[^']|'')*)' *(?:$| #)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\["\\/bfnrt]|\\u(?!d[89a-f])[0-9a-f]{4})*)" *(?:$| #)', re.IGNORECASE)
_LIST = re.compile(r"\[ *((?:[A-Za-z0-9_./][A-Za-z0-9_./+-]*(?: *, *(?=[^\] ]))?)*) *\] *(?:$| #)")
_BLOCK = re.compile(r"\|(-?) *(?:$| #)")


class _GivenUp(Exception):
    """The text needs the whole of YAML."""


def read_lines(text: str) -> Parsed | None:
    """Return the scalars of a file, None where it takes more than this to read it."""
    if _FOREIGN.search(text) is not None:
        return None
    try:
        return _Lines(text).read()
    except _GivenUp:
        return None


class _Lines:
    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._open_end = self._lines[-1] != ""
        self._next = 0

    def read(self) -> Parsed:
        found: Parsed = {}
        lines = self._lines
        count = len(lines)
        match_key = _KEY.match
        while self._next < count:
            line = lines[self._next]
            self._next += 1
            if not line or line[0] == "#":
                continue
            match = match_key(line)
            if match is None or match[1] in found:
                raise _GivenUp
            key = intern(match[1])  # ten thousand manifests have the same fifty keys
            start = match.end()
            value = line[start:]
            if not value or value[0] == "#":
                found[key] = self._below(start if value else len(match[0]))
                continue
            number = self._next
            if value[0] == "[":
                found[key] = _list(value, number, start + 1)
            elif value[0] == "|":
                found[key] = Scalar(self._block(value), number, start + 1)
            else:
                found[key] = Scalar(_scalar(value), number, start + 1)
            if self._next < count and lines[self._next][:1] == " ":
                self._refuse_more()
        return found

    def _refuse_more(self) -> None:
        """Raise _GivenUp where an indented line goes on with the value; comments and blanks do not."""
        for index in range(self._next, len(self._lines)):
            stripped = self._lines[index].lstrip(" ")
            if not stripped:
                continue
            if stripped[0] == "#":
                if self._lines[index][0] != " ":
                    return
                continue
            if self._lines[index][0] == " ":
                raise _GivenUp
            return

    def _block(self, head: str) -> str:
        match = _BLOCK.match(head)
        if match is None:
            raise _GivenUp
        lines: list[str] = []
        indent = 0
        while self._next < len(self._lines):
            line = self._lines[self._next]
            stripped = line.lstrip(" ")
            if not stripped:
                if line:
                    raise _GivenUp
            elif not indent:
                indent = len(line) - len(stripped)
                if not indent:
                    break
            elif line[:indent].strip(" "):
                if line[0] == " ":
                    raise _GivenUp
                break
            lines.append(line[indent:])
            self._next += 1
        ended = self._next < len(self._lines)
        while lines and not lines[-1]:
            lines.pop()
        if not lines or not lines[0] or (self._open_end and not ended):
            raise _GivenUp
        return "\n".join(lines) + ("" if match[1] else "\n")

    def _below(self, column: int) -> Scalar | list[Scalar] | dict[str, Scalar]:
        """Read what stands below a key without a value: a list, a mapping, or nothing."""
        number = self._next
        items: list[Scalar] = []
        inner: dict[str, Scalar] = {}
        indent: int | None = None
        while self._next < len(self._lines):
            line = self._lines[self._next]
            stripped = line.lstrip(" ")
            if not stripped or stripped[0] == "#":
                self._next += 1
                continue
            item = _ITEM.match(line) if not inner else None
            pair = _INNER.match(line) if not items and item is None else None
            found = item or pair
            if found is None:
                if line[0] == " ":
                    raise _GivenUp
                break
            if indent not in (None, len(found[1])) or (pair and pair[2] in inner):
                raise _GivenUp
            indent = len(found[1])
            self._next += 1
            value = line[found.end() :]
            if not value or value[0] == "#" or (item and _KEY.match(value)):
                raise _GivenUp
            one = Scalar(_scalar(value), self._next, found.end() + 1)
            if pair:
                inner[pair[2]] = one
            else:
                items.append(one)
        return items or inner or Scalar(None, number, column + 1)


def _scalar(value: str) -> str | None:
    """Return what a value on one line stands for, with a comment behind it perhaps."""
    first = value[0]
    if first == '"':
        match = _DOUBLE.match(value)
        if match is None:
            raise _GivenUp
        text = match[1]
        if "\\" not in text:
            return text
        decoded: str = json.loads(f'"{text}"')
        return decoded
    if first == "'":
        match = _SINGLE.match(value)
        if match is None:
            raise _GivenUp
        return match[1].replace("''", "'")
    if _PLAIN.match(first) is None:
        raise _GivenUp
    if " #" in value:
        value = value[: value.index(" #")]
    value = value.rstrip(" ")
    if ": " in value or value[-1] == ":" or value[:3] == "...":
        raise _GivenUp
    return plain(value)


def _list(value: str, line: int, column: int) -> list[Scalar]:
    match = _LIST.match(value)
    if match is None:
        raise _GivenUp
    return [
        Scalar(plain(word[0]), line, column + match.start(1) + word.start())
        for word in re.finditer(r"[^\s,]+", match[1])
    ]
