"""Changes of single values in YAML text that leave every other byte, comments above all, as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.workspace.yaml_text import BadYamlError, Mark, parse

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

# Texts that no YAML reader takes for anything else: YAML 1.1 has `yes`, `on` and 12:30 as well, so those are quoted.
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./@!-]*\Z")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_STEP = 2


def set_value(text: str, path: tuple[str, ...], value: Json) -> str:
    """Return ``text`` with ``value`` at ``path``, sections made where they are missing; raises BadYamlError."""
    document = parse(text)
    expected = _with(document.data, path, value)
    if document.root is None:
        return _checked(_append(text, len(text), _block(path, value, 0)), expected)
    return _checked(_set(text, document.root, path, value), expected)


def unset_value(text: str, path: tuple[str, ...]) -> str:
    """Return ``text`` without ``path``; comments on lines of their own stay.

    Raises KeyError if nothing stands there, and BadYamlError.
    """
    document = parse(text)
    parent, pair = document.root, None
    for name in path:
        parent, pair = (pair[1] if pair else parent), _pair(pair[1] if pair else parent, name)
        if pair is None:
            raise KeyError(".".join(path))
    assert parent is not None and pair is not None
    remove = _remove_from_flow if _is_flow(parent) else _remove_lines
    return _checked(remove(text, parent, pair), _without(document.data, path))


def scalar(value: Json) -> str:
    """Return ``value`` on one line, quoted where another reader might take it for something else."""
    if isinstance(value, str):
        return value if _BARE.match(value) and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(scalar(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _checked(text: str, expected: JsonObject) -> str:
    # Editing text is only as good as this: what comes out must mean exactly what was wanted.
    if _pruned(parse(text).data) != _pruned(expected):
        raise BadYamlError("this way of writing the file cannot be edited by a command; use config edit", Mark(1, 1))
    return text


def _set(text: str, node: Node, path: tuple[str, ...], value: Json) -> str:
    key: Node | None = None
    for depth, name in enumerate(path):
        pair = _pair(node, name)
        if pair is None:
            return _insert(text, key, node, path[depth:], value)
        key, node = pair
    assert key is not None
    return _replace(text, key, node, value)


def _replace(text: str, key: Node, node: Node, value: Json) -> str:
    colon, end = _after_colon(text, key), _content_end(text, key, node)
    if end == colon:  # nothing stands there
        return f"{text[:colon]} {scalar(value)}{text[colon:]}"
    if not _is_block(node):
        return text[: node.start_mark.index] + scalar(value) + text[end:]
    first = _line_end(text, colon)
    kept = _comments(text, first + 1, end, node)
    return f"{text[:colon]} {scalar(value)}{text[colon:first]}\n{kept}{text[_line_end(text, end) + 1 :]}"


def _insert(text: str, key: Node | None, node: Node, path: tuple[str, ...], value: Json) -> str:
    """Put a key that is not there yet below ``key``, whose value is ``node``."""
    if _is_flow(node):
        new = f"{scalar(path[0])}: {scalar(_nested(path[1:], value))}"
        if not node.value:
            return text[: node.start_mark.index + 1] + new + text[node.end_mark.index - 1 :]
        end = _content_end(text, *node.value[-1])
        return f"{text[:end]}, {new}{text[end:]}"
    if isinstance(node.value, list):
        end = _content_end(text, *node.value[-1])
        return _append(text, end, _block(path, value, node.start_mark.column))
    assert key is not None
    colon = _after_colon(text, key)
    emptied = text[:colon] + text[_content_end(text, key, node) :]
    return _append(emptied, colon, _block(path, value, key.start_mark.column + _STEP))


def _remove_lines(text: str, parent: Node, pair: tuple[Node, Node]) -> str:
    start = text.rfind("\n", 0, pair[0].start_mark.index) + 1
    end = _line_end(text, _content_end(text, *pair))
    kept = [line for line in text[start:end].splitlines(True) if line.lstrip().startswith("#")]
    return text[:start] + "".join(kept) + text[end + 1 :]


def _remove_from_flow(text: str, parent: Node, pair: tuple[Node, Node]) -> str:
    index = parent.value.index(pair)
    start, end = pair[0].start_mark.index, _content_end(text, *pair)
    if index + 1 < len(parent.value):
        end = parent.value[index + 1][0].start_mark.index
    elif index:
        start = _content_end(text, *parent.value[index - 1])
    return text[:start] + text[end:]


def _append(text: str, position: int, lines: list[str]) -> str:
    """Put whole lines after the line that ``position`` is on."""
    newline = "\r\n" if "\r\n" in text else "\n"
    stop = _line_end(text, position) + 1
    head, tail = text[:stop], text[stop:]
    if head and not head.endswith("\n"):
        head += newline
    return head + "".join(line + newline for line in lines) + tail


def _block(path: tuple[str, ...], value: Json, column: int) -> list[str]:
    lines = [f"{' ' * (column + _STEP * depth)}{scalar(name)}:" for depth, name in enumerate(path)]
    return [*lines[:-1], f"{lines[-1]} {scalar(value)}"]


def _comments(text: str, start: int, end: int, node: Node) -> str:
    """Return the comments between two places, each on a line of its own, without what they were beside."""
    content = sorted(_ends(text, node))
    kept = ""
    position = start
    for line in text[start : _line_end(text, end)].splitlines(True):
        last = max((place for place in content if position <= place <= position + len(line)), default=position)
        remark = text[last : position + len(line)].strip()
        if remark.startswith("#"):
            kept += line[: len(line) - len(line.lstrip())] + remark + "\n"
        position += len(line)
    return kept


def _ends(text: str, node: Node) -> Iterator[int]:
    """Return where each piece of content in a block ends, so that what follows on its line is a comment."""
    for child in node.value:
        pair = child if isinstance(child, tuple) else (None, child)
        if _is_block(pair[1]):
            yield from _ends(text, pair[1])
        else:
            yield _content_end(text, *pair)


def _content_end(text: str, key: Node | None, node: Node) -> int:
    """Return the index behind the last character of a value; a block's own end mark is behind its comments."""
    if _is_block(node):
        last = node.value[-1]
        return _content_end(text, *last) if isinstance(last, tuple) else _content_end(text, None, last)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if start == end and key is not None:  # an empty value: its marks are at the next token
        return _after_colon(text, key)
    return start + len(text[start:end].rstrip())


def _after_colon(text: str, key: Node) -> int:
    return text.index(":", key.end_mark.index) + 1


def _line_end(text: str, position: int) -> int:
    stop = text.find("\n", position)
    return len(text) if stop < 0 else stop


def _is_block(node: Node) -> bool:
    return isinstance(node.value, list) and bool(node.value) and not _is_flow(node)


def _is_flow(node: Node) -> bool:
    return isinstance(node.value, list) and bool(getattr(node, "flow_style", False))


def _pair(node: Node | None, name: str) -> tuple[Node, Node] | None:
    if node is None or not isinstance(node.value, list):
        return None
    return next((pair for pair in node.value if isinstance(pair, tuple) and pair[0].value == name), None)


def _nested(path: tuple[str, ...], value: Json) -> Json:
    for name in reversed(path):
        value = {name: value}
    return value


def _with(data: JsonObject, path: tuple[str, ...], value: Json) -> JsonObject:
    below = data.get(path[0])
    if len(path) > 1:
        if below is not None and not isinstance(below, dict):
            raise BadYamlError(f"{path[0]} is no section", Mark(1, 1))
        value = _with(below or {}, path[1:], value)
    return {**data, path[0]: value}


def _without(data: JsonObject, path: tuple[str, ...]) -> JsonObject:
    below = data.get(path[0])
    if len(path) > 1 and isinstance(below, dict):
        return {**data, path[0]: _without(below, path[1:])}
    return {name: value for name, value in data.items() if name != path[0]}


def _pruned(data: JsonObject) -> JsonObject:
    """Leave out what is empty: `defaults:` with nothing below it says as much as no `defaults` at all."""
    kept = {name: _pruned(value) if isinstance(value, dict) else value for name, value in data.items()}
    return {name: value for name, value in kept.items() if value is not None and value != {}}
