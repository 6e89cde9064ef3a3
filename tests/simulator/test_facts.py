"""The simulator's tables of parameters and permissions say what PVE's published schema says."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.facts.formats import FORMATS
from proxmox_mpc.simulator.router import MODULES, handlers
from tests.contract.schema import schema
from tests.simulator import facts_from_schema as source

REFERENCE = Path(__file__).parents[3] / "shared" / "pve"
FLAGS = ("proxy", "notoken", "open")


def endpoints() -> list[source.Schema]:
    """The methods that the tables should hold, from the schema that the dev dependency carries."""
    found = []
    for path, methods in schema().items():
        for method, entry in methods.items():
            given = entry["parameters"]
            row = {"path": path, "method": method, "permissions": entry.get("permissions")}
            row |= {
                "parameters": given.get("properties", {}),
                "additionalProperties": given.get("additionalProperties", 1),
            }
            row |= {"allowtoken": entry.get("allowtoken", 1)} | (
                {"parameters_allOf": given["allOf"]} if "allOf" in given else {}
            )
            found.append(row)
    return source.served(found)


def table(family: str) -> dict[str, list[str]]:
    """One module's blocks as lines, with the lines of its groups in place of their names."""
    module = import_module(f"{facts.__name__}.{family}")
    groups: dict[str, str] = getattr(module, "GROUPS", {})
    blocks: dict[str, list[str]] = {}
    for key, block in module.ENDPOINTS.items():
        lines = block.strip().splitlines()
        blocks[key] = [x for line in lines for x in (groups[line[1:]].split("\n") if line[0] == "@" else [line]) if x]
    return blocks


def names() -> dict[str, str]:
    return {text.strip(): name for name, text in FORMATS.items()}


@pytest.mark.parametrize("family", sorted(MODULES))
def test_a_table_says_what_the_schema_says(family: str) -> None:
    held = table(family)
    wanted = {f"{e['method']} {e['path']}": e for e in endpoints() if source.family_of(e) == family}
    assert set(held) == set(wanted)
    for key, endpoint in wanted.items():
        lines = [line for line in held[key] if line != "proxy"]
        expected = [line for line in source.lines_of(endpoint, names()) if line != "proxy"]
        assert sorted(lines) == sorted(expected), key


@pytest.mark.parametrize("family", sorted(MODULES))
def test_every_method_that_is_served_has_its_facts(family: str) -> None:
    for method, template in handlers(family):
        endpoint = facts.endpoint(family, method, template)
        in_path = set(re.findall(r"\{([^}]+)\}", template))
        assert in_path <= set(endpoint.params) or endpoint.open, template


def test_every_format_that_is_named_is_a_property_string_or_simple() -> None:
    for name in FORMATS:
        keys = facts.property_format(name)
        assert keys, name
        for param in keys.values():
            re.compile(param.pattern or "")
            assert param.alias is None or param.alias in keys


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference schema is not beside the checkout")
def test_what_is_forwarded_to_a_node_is_what_the_reference_says() -> None:
    known = json.loads((REFERENCE / "schema.json").read_text())
    for endpoint in source.served(known):
        family, key = source.family_of(endpoint), (endpoint["method"], endpoint["path"])
        assert facts.endpoint(family, *key).proxy == bool(endpoint.get("proxyto")), key


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference schema is not beside the checkout")
def test_named_formats_are_those_of_the_reference() -> None:
    for name, keys in json.loads((REFERENCE / "named-formats.json").read_text()).items():
        assert FORMATS[name].strip() == source.format_text(keys), name
