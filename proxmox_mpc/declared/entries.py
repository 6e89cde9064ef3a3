"""Where each key of a manifest stands in its text, so that one can be changed and every other byte left as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.declared.emit import Style
from proxmox_mpc.declared.yaml_nodes import checked_root
from proxmox_mpc.workspace.yaml_text import BadYamlError, Mark

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_REMARK = re.compile(r"[|>][-+0-9]*[ \t]+(#.*)")


_STYLES: dict[str, Style] = {"'": "'", '"': '"', "|": "|", ">": "|"}


class Entry(NamedTuple):
    """One key: its lines are ``text[start:stop]``, line break included, its value is ``text[value:end]``.

    ``style`` is how the value is quoted, ``form`` whether it is a scalar, a flow or a block collection, ``items`` where
    the items of a list stand. ``remark`` is a comment beside the indicator of a block; ``keeps``: the blank lines
    behind a block are part of its value.
    """

    key: str
    start: int
    stop: int
    value: int
    end: int
    column: int
    style: Style
    form: str
    items: tuple[tuple[int, int], ...]
    remark: str
    keeps: bool


def entries(text: str) -> list[Entry]:
    """Return the keys of a file in their order; raises BadYamlError where they do not stand on lines of their own."""
    root = checked_root(text)
    if root is None:
        return []
    if _is_flow(root):
        raise BadYamlError("a file written as {…} has no lines to edit", Mark(root.start_mark.line + 1, 1))
    return [_entry(text, key, value) for key, value in root.value]


def _entry(text: str, key: Node, value: Node) -> Entry:
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    first, end = _span(text, key, value)
    stop = text.find("\n", max(end - 1, first - 1)) + 1 or len(text)
    style = getattr(value, "style", None) or ""
    form = "scalar" if isinstance(value.value, str) else "flow" if _is_flow(value) else "block"
    items = tuple(_span(text, None, one) for one in value.value) if str(value.tag).endswith(":seq") else ()
    remark = _REMARK.match(text, first) if style in ("|", ">") else None
    return Entry(
        key=str(key.value),
        start=start,
        stop=stop,
        value=first,
        end=end,
        column=int(key.start_mark.column),
        style=_STYLES.get(style, ""),
        form=form,
        items=items,
        remark=remark[1].rstrip() if remark is not None else "",
        keeps=_keeps(text, value),
    )


def _span(text: str, key: Node | None, node: Node) -> tuple[int, int]:
    """Return where the content of a value begins and ends; a block's own end mark is behind its comments."""
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node.value, list) and node.value and not _is_flow(node):
        last = node.value[-1]
        pair = last if isinstance(last, tuple) else (None, last)
        return start, _span(text, *pair)[1]
    if start == end and key is not None:  # nothing is written: both marks are at the next token
        colon = text.index(":", int(key.end_mark.index)) + 1
        return colon, colon
    if _keeps(text, node):
        return start, end
    return start, start + len(text[start:end].rstrip(" \t\r\n"))


def _is_flow(node: Node) -> bool:
    return bool(getattr(node, "flow_style", False))


def _keeps(text: str, node: Node) -> bool:
    head = text[node.start_mark.index : text.find("\n", node.start_mark.index)]
    return getattr(node, "style", None) in ("|", ">") and "+" in head.split("#")[0]
