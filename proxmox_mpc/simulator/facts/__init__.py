"""What PVE's API takes and who may call it, in a compact form of our own: one module a family, one text block a method.

A module ``facts/<family>.py`` (families: :func:`proxmox_mpc.simulator.router.family`) holds ``ENDPOINTS``, a mapping of
``"PUT /nodes/{node}/qemu/{vmid}/config"`` to a block of lines, and perhaps ``GROUPS`` of lines shared by blocks::

    proxy                               forwarded to the {node} of the path (595 when that is down)
    notoken                             refuses API tokens
    open                                takes parameters that are not listed
    check ["perm", "/vms/{vmid}", ["VM.Audit"]]     PVE's own permission expression as JSON; or the word
    check all | world | root            any user; even without login; root@pam only
    @group                              the lines of GROUPS["group"]
    NAME TYPE[?] [WORD=VALUE …]         a parameter; ``?`` is optional; NAME ``net[n]`` stands for net0, net1, …

TYPE is ``str int num bool list any``. Words: ``min= max=`` (value), ``short= long=`` (length), ``format=NAME``
(facts/formats.py: a property string; else a named check in validation.py), ``enum=a|b|c``, ``requires=NAME``,
``items=TYPE`` and ``pattern=REGEX``, which is last on its line. In formats also ``default`` (the key that may be left
out), ``alias=KEY`` and ``keyalias=KEY``.

``tests/simulator/facts_from_schema.py`` writes such a module from the schema, and a test keeps both equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from proxmox_mpc.simulator.json import Json

TYPES = {"str": "string", "int": "integer", "num": "number", "bool": "boolean", "list": "array", "any": "any"}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter, or one key of a property string."""

    name: str
    type: str = "string"
    optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    shortest: int | None = None
    longest: int | None = None
    format: str | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    requires: str | None = None
    items: str | None = None
    default_key: bool = False
    alias: str | None = None
    key_alias: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one method of the API takes; ``check`` is ``all``, ``world``, ``root`` or PVE's expression as lists."""

    params: dict[str, Param] = field(default_factory=dict)
    check: Json = "root"
    proxy: bool = False
    tokens: bool = True
    open: bool = False


@cache
def endpoint(family: str, method: str, template: str) -> Endpoint:
    """Return the facts of one method; raises KeyError when the table lacks it."""
    if template == "/":  # the top directory, which the schema leaves out
        return Endpoint(check="all")
    module = import_module(f"{__name__}.{family}")
    return _parse(module.ENDPOINTS[f"{method} {template}"], getattr(module, "GROUPS", {}))


@cache
def property_format(name: str) -> dict[str, Param] | None:
    """Return the keys of a property string's format, or None when ``name`` is a simple format."""
    from proxmox_mpc.simulator.facts.formats import FORMATS

    block = FORMATS.get(name)
    return None if block is None else _params(block, {})


def _parse(block: str, groups: dict[str, str]) -> Endpoint:
    lines = [line.strip() for line in block.splitlines()]
    text = next((line[6:] for line in lines if line.startswith("check ")), "root")
    return Endpoint(
        params=_params(block, groups),
        check=json.loads(text) if text.startswith("[") else text,
        proxy="proxy" in lines,
        tokens="notoken" not in lines,
        open="open" in lines,
    )


def _params(block: str, groups: dict[str, str]) -> dict[str, Param]:
    found: dict[str, Param] = {}
    for line in block.splitlines():
        line = line.strip()
        if line.startswith("@"):
            found.update(_params(groups[line[1:]], groups))
        elif line and line not in {"proxy", "notoken", "open"} and not line.startswith("check "):
            param = parse_param(line)
            found[param.name] = param
    return found


def parse_param(line: str) -> Param:
    """Read one parameter's line."""
    line, _, pattern = line.partition(" pattern=")
    name, kind, *words = line.split()
    known = dict(word.split("=", 1) for word in words if "=" in word)
    return Param(
        name=name,
        type=TYPES[kind.rstrip("?")],
        optional=kind.endswith("?"),
        minimum=_number(known.get("min")),
        maximum=_number(known.get("max")),
        shortest=_integer(known.get("short")),
        longest=_integer(known.get("long")),
        format=known.get("format"),
        enum=tuple(known["enum"].split("|")) if "enum" in known else (),
        pattern=pattern or None,
        requires=known.get("requires"),
        items=known.get("items"),
        default_key="default" in words,
        alias=known.get("alias"),
        key_alias=known.get("keyalias"),
    )


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _integer(text: str | None) -> int | None:
    return None if text is None else int(text)
