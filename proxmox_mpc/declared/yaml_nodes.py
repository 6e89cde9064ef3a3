"""Any YAML text as the scalars of a manifest, by ruamel's nodes: slow, complete, with the place of every value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxmox_mpc.declared.manifest import Scalar
from proxmox_mpc.declared.scalars import Parsed, plain
from proxmox_mpc.workspace.yaml_text import BadYamlError, Mark, compose

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_TAG = "tag:yaml.org,2002:"


def read_nodes(text: str) -> Parsed:
    """Return the scalars of a file that is a mapping, or empty; raises BadYamlError."""
    root = checked_root(text)
    if root is None:
        return {}
    found: Parsed = {}
    for name, key, value in _pairs(root):
        if isinstance(value.value, str):
            found[name] = _scalar(value)
        elif _is(value, "seq"):
            found[name] = [_item(name, item) for item in value.value]
        elif _is(value, "map"):
            found[name] = {inner: _item(f"{name}.{inner}", node) for inner, _, node in _pairs(value)}
        else:
            raise BadYamlError(f"{name} has a tag that is not used here", _mark(key))
        if value.anchor is not None:
            raise BadYamlError("anchors and aliases are not used here; use vars, or include", _mark(value))
    return found


def checked_root(text: str) -> Node | None:
    """Return the node of the mapping that a text is, None for an empty one; raises BadYamlError."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("%"):
            raise BadYamlError("directives are not used here", Mark(number, 1))
        if line.strip() and not line.lstrip().startswith("#"):
            break
    root = compose(text)
    if root is None or (isinstance(root.value, str) and _style(root) is None and plain(root.value) is None):
        return None
    if not _is(root, "map"):
        raise BadYamlError("must be a mapping of keys to values", _mark(root))
    if root.anchor is not None:
        raise BadYamlError("anchors and aliases are not used here; use vars, or include", _mark(root))
    return root


def _pairs(node: Node) -> list[tuple[str, Node, Node]]:
    found: dict[str, tuple[str, Node, Node]] = {}
    for key, value in node.value:
        if not isinstance(key.value, str) or key.anchor is not None:
            raise BadYamlError("a key must be a text", _mark(key))
        if key.value in found:
            first = _mark(found[key.value][1])
            raise BadYamlError(f"the key {key.value} is here twice, first on line {first.line}", _mark(key))
        found[key.value] = (key.value, key, value)
    return list(found.values())


def _item(name: str, node: Node) -> Scalar:
    if not isinstance(node.value, str):
        raise BadYamlError(f"{name} is nested deeper than a manifest can be", _mark(node))
    if node.anchor is not None:
        raise BadYamlError("anchors and aliases are not used here; use vars, or include", _mark(node))
    return _scalar(node)


def _scalar(node: Node) -> Scalar:
    line, column = _mark(node).line, _mark(node).column
    if _style(node) in ("'", '"', "|", ">"):
        if not _is(node, "str"):
            raise BadYamlError("tags such as !!int are not used here", _mark(node))
        return Scalar(node.value, line, column)
    if str(node.tag) == f"{_TAG}str" and plain(node.value) != node.value:  # written !!str true
        return Scalar(node.value, line, column)
    if not any(_is(node, kind) for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")):
        raise BadYamlError("tags such as !env are not used here", _mark(node))
    return Scalar(plain(node.value), line, column)


def _style(node: Node) -> str | None:
    style: str | None = getattr(node, "style", None)
    return style


def _is(node: Node, kind: str) -> bool:
    return str(node.tag) == f"{_TAG}{kind}"


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
