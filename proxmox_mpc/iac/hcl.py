"""HCL as values: attributes and blocks, printed as ``terraform fmt`` prints them.

Text from a cluster is quoted so that no part of it is read as a template: ``${`` and ``%{`` are escaped, control
characters are written as escapes, and no heredoc is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Ref(NamedTuple):
    """An expression that is no literal: ``proxmox_virtual_environment_pool.prod.pool_id``, ``var.token``."""

    text: str


Value: TypeAlias = "str | int | float | bool | Ref | Sequence[Value] | Mapping[str, Value] | None"


class Attribute(NamedTuple):
    """``name = value``; ``comment`` stands above it."""

    name: str
    value: Value
    comment: str | None = None


@dataclass
class Block:
    """A block with its labels; ``items`` are attributes and blocks in their order, ``comment`` stands above it."""

    type: str
    labels: tuple[str, ...] = ()
    items: list[Attribute | Block] = field(default_factory=list)
    comment: str | None = None

    def set(self, name: str, value: Value, comment: str | None = None) -> None:
        """Add an attribute; None adds nothing."""
        if value is not None:
            self.items.append(Attribute(name, value, comment))

    def block(self, type_: str, *labels: str, comment: str | None = None) -> Block:
        """Add a block and return it."""
        made = Block(type_, labels, comment=comment)
        self.items.append(made)
        return made


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def quoted(text: str) -> str:
    """Return a text as a quoted template without any interpolation."""
    made = "".join(_escape(char) for char in text)
    return '"' + made.replace("${", "$${").replace("%{", "%%{") + '"'


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u2028\u2029\ufeff":
        return f"\\u{ord(char):04X}"
    return char


def literal(value: Value, indent: int = 0) -> str:
    """Return a value as an expression; lists and maps stand on several lines where they hold lists or maps."""
    if value is None:
        return "null"
    if isinstance(value, Ref):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return _mapping(value, indent)
    return _list(value, indent)


def _list(values: Sequence[Value], indent: int) -> str:
    flat = [literal(one, indent + 1) for one in values]
    if not any(isinstance(one, Mapping) for one in values) and sum(map(len, flat)) + 2 * len(flat) < 100:
        return f"[{', '.join(flat)}]"
    margin = "  " * (indent + 1)
    return "[\n" + "".join(f"{margin}{one},\n" for one in flat) + "  " * indent + "]"


def _mapping(values: Mapping[str, Value], indent: int) -> str:
    if not values:
        return "{}"
    names = {name: name if set(name) <= _PLAIN_KEY and not name[:1].isdigit() else quoted(name) for name in values}
    margin = "  " * (indent + 1)
    lines = _aligned([(names[name], literal(value, indent + 1)) for name, value in values.items()], margin)
    return "{\n" + "".join(f"{line}\n" for line in lines) + "  " * indent + "}"


def render(blocks: Iterable[Block]) -> str:
    """Return blocks as the text of a file, with an empty line between them."""
    return "\n".join("".join(f"{line}\n" for line in _block(block, 0)) for block in blocks)


def _block(block: Block, indent: int) -> Iterator[str]:
    margin = "  " * indent
    yield from _comment(block.comment, margin)
    head = " ".join((block.type, *(quoted(label) for label in block.labels)))
    if not block.items:
        yield f"{margin}{head} {{}}"
        return
    yield f"{margin}{head} {{"
    yield from _items(block.items, indent + 1)
    yield f"{margin}}}"


def _items(items: Sequence[Attribute | Block], indent: int) -> Iterator[str]:
    """Yield the lines of a body: attributes aligned in runs, a blank line before and after each block."""
    margin = "  " * indent
    run: list[tuple[str, str]] = []
    before: Attribute | Block | None = None

    def flushed() -> Iterator[str]:
        yield from _aligned(run, margin)
        run.clear()

    for item in items:
        if isinstance(item, Block):
            yield from flushed()
            if before is not None:
                yield ""
            yield from _block(item, indent)
        else:
            if isinstance(before, Block):
                yield ""
            text = literal(item.value, indent)
            # fmt aligns only neighbouring lines: a comment between two, or a value on several, ends a run.
            if item.comment is not None:
                yield from flushed()
                yield from _comment(item.comment, margin)
            run.append((item.name, text))
            if "\n" in text:
                yield from flushed()
        before = item
    yield from flushed()


def _aligned(pairs: Sequence[tuple[str, str]], margin: str) -> list[str]:
    """Return ``name = value`` lines with their signs in one column, as fmt puts them.

    A value on several lines stands apart from its neighbours' alignment.
    """
    lines: list[str] = []
    start = 0
    while start < len(pairs):
        end = start
        while end < len(pairs) and "\n" not in pairs[end][1]:
            end += 1
        group = pairs[start:end]
        width = max((len(name) for name, _ in group), default=0)
        lines += [f"{margin}{name:<{width}} = {text}" for name, text in group]
        if end < len(pairs):
            lines.append(f"{margin}{pairs[end][0]} = {pairs[end][1]}")
            end += 1
        start = end
    return lines


def _comment(text: str | None, margin: str) -> Iterator[str]:
    for line in (text or "").splitlines():
        yield f"{margin}# {line}".rstrip()
