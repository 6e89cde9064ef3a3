"""YAML text as plain data with the place of every key and value.

Configuration is read as a tree of nodes and not as objects: nodes know line and column, no tag can make code run, and
an edit can be made in the text itself, so that whatever the user wrote around it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from proxmox_mpc.workspace.schema import Path

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text; line and column count from 1, as editors show them."""

    line: int
    column: int


class BadYamlError(Exception):
    """The text is no YAML that a configuration can be."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its data, the root node (None when it is empty), and where keys and values stand."""

    data: JsonObject
    root: Node | None
    keys: Mapping[Path, Mark]
    values: Mapping[Path, Mark]


def parse(text: str) -> Document:
    """Return the data of a file that is a mapping, or empty; raises BadYamlError."""
    root = compose(text)
    keys: dict[Path, Mark] = {}
    values: dict[Path, Mark] = {}
    if root is None or _kind(root) == "null":
        return Document({}, None, keys, values)
    data = _plain(root, (), keys, values)
    if not isinstance(data, dict):
        raise BadYamlError("must be a mapping of keys to values", _mark(root))
    return Document(data, root, keys, values)


def compose(text: str) -> Node | None:
    """Return the tree of nodes of one document, None for an empty one; raises BadYamlError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        node: Node | None = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        raise BadYamlError(f"invalid YAML: {error.problem or error.context}", place) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadYamlError("invalid YAML: a control character", Mark(line, 1)) from None
    except (YAMLError, RecursionError, AttributeError, ValueError) as error:
        raise BadYamlError(f"invalid YAML: {type(error).__name__}", Mark(1, 1)) from None
    return node


def _plain(node: Node, path: Path, keys: dict[Path, Mark], values: dict[Path, Mark]) -> Json:
    # An alias would be the same node at a second place: a change to one would be a change to both.
    if node.anchor is not None:
        raise BadYamlError("anchors and aliases are not used here; write the value out", _mark(node))
    values[path] = _mark(node)
    kind = _kind(node)
    if kind == "map":
        return _mapping(node, path, keys, values)
    if kind == "seq":
        return [_plain(item, (*path, index), keys, values) for index, item in enumerate(node.value)]
    return _scalar(node, kind)


def _mapping(node: Node, path: Path, keys: dict[Path, Mark], values: dict[Path, Mark]) -> JsonObject:
    found: JsonObject = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node.value, str):
            raise BadYamlError("a key must be a text", _mark(key_node))
        name = key_node.value
        if name in found:
            first = keys[(*path, name)]
            raise BadYamlError(f"the key {name} is here twice, first on line {first.line}", _mark(key_node))
        keys[(*path, name)] = _mark(key_node)
        found[name] = _plain(value_node, (*path, name), keys, values)
    return found


def _scalar(node: Node, kind: str) -> Json:
    text: str = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    try:
        if kind == "int":
            return _integer(text.replace("_", ""))
        if kind == "float":
            return _float(text.replace("_", ""))
    except ValueError:
        return text
    if kind in ("str", "timestamp"):
        return text
    raise BadYamlError(f"the tag !{kind} is not used here", _mark(node))


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower(), 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def _float(text: str) -> Json:
    # JSON, in which the parsed form is kept, has no infinity: such a value stays a text and fails its check.
    return text if text.lstrip("+-").lower() in (".inf", ".nan") else float(text)


def _kind(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
