"""The schema that PVE's API viewer shows (/pve-docs/api-viewer/apidoc.js), made from the simulator's own facts."""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from importlib import import_module

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.facts import Endpoint, Param
from proxmox_mpc.simulator.json import Json, JsonObject

PATH = "/pve-docs/api-viewer/apidoc.js"


@cache
def script() -> bytes:
    """Return the script: one constant with the tree of paths."""
    return f"const apiSchema = {json.dumps(_tree(), indent=1)}\n;\n".encode()


def _tree() -> list[Json]:
    """Return the paths as a tree; each node has its methods under ``info`` and what is below under ``children``."""
    nodes: dict[str, JsonObject] = {}
    roots: list[Json] = []
    for template, method, endpoint in sorted(_endpoints(), key=lambda row: row[:2]):
        node = _node(template, nodes, roots)
        info = node.setdefault("info", {})
        if isinstance(info, dict):
            info[method] = _method(method, endpoint)
    return roots


def _endpoints() -> list[tuple[str, str, Endpoint]]:
    found = []
    for module in pkgutil.iter_modules(facts.__path__):
        if module.name == "formats":
            continue
        for key in import_module(f"{facts.__name__}.{module.name}").ENDPOINTS:
            method, _, template = key.partition(" ")
            found.append((template, method, facts.endpoint(module.name, method, template)))
    return found


def _node(template: str, nodes: dict[str, JsonObject], roots: list[Json]) -> JsonObject:
    """Return the node of a path, made with those above it when it is new."""
    if template in nodes:
        return nodes[template]
    above, _, text = template.rpartition("/")
    node: JsonObject = {"path": template, "text": text, "leaf": 1}
    nodes[template] = node
    if not above:
        roots.append(node)
        return node
    parent = _node(above, nodes, roots)
    parent["leaf"] = 0
    children = parent.setdefault("children", [])
    if isinstance(children, list):
        children.append(node)
    return node


def _method(method: str, endpoint: Endpoint) -> JsonObject:
    properties: JsonObject = {name: _param(param) for name, param in endpoint.params.items()}
    row: JsonObject = {
        "method": method, "allowtoken": int(endpoint.tokens),
        "parameters": {"additionalProperties": int(endpoint.open), "properties": properties},
    }  # fmt: skip
    if isinstance(endpoint.check, list):
        row["permissions"] = {"check": endpoint.check}
    elif endpoint.check != "root":
        row["permissions"] = {"user": endpoint.check}
    return row | ({"proxyto": "node"} if endpoint.proxy else {})


def _param(param: Param) -> JsonObject:
    """Return a parameter as JSON schema: formats of property strings as the keys that they have."""
    keys = facts.property_format(param.format) if param.format else None
    shown: dict[str, Json] = {
        "type": param.type, "optional": 1 if param.optional else None, "minimum": param.minimum,
        "maximum": param.maximum, "minLength": param.shortest, "maxLength": param.longest,
        "enum": [*param.enum] or None, "pattern": param.pattern, "requires": param.requires,
        "default_key": 1 if param.default_key else None, "alias": param.alias, "keyAlias": param.key_alias,
        "format": {name: _param(key) for name, key in keys.items()} if keys else param.format,
        "items": {"type": param.items} if param.items else None,
    }  # fmt: skip
    return {name: value for name, value in shown.items() if value is not None}
