"""PVE's published API schema in the simulator's own compact form: writes facts/*.py, and serves the test of them.

Run it with the folder of the reference schema (schema.json, named-formats.json) to write the tables anew::

    python -m tests.simulator.facts_from_schema ../shared/pve
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from proxmox_mpc.simulator.router import family

Schema = Mapping[str, Any]

TYPES = {"string": "str", "integer": "int", "number": "num", "boolean": "bool", "array": "list"}
FACTS = Path(__file__).parents[2] / "proxmox_mpc" / "simulator" / "facts"

# What the simulator does not serve: terminals, cluster building, Ceph, ACME, remote migration, notifications …
UNSERVED = re.compile(
    r"^/cluster/(acme|bulk-action|ceph|config/(join|nodes/|qdevice|totem|apiversion)|notifications|qemu"
    r"|sdn/(fabrics|prefix-lists|route-maps|dry-run)|metrics/export)"
    r"|^/access/(openid/|vncticket)"
    r"|/(vncproxy|vncwebsocket|spiceproxy|termproxy|vncshell|spiceshell|mtunnel|mtunnelwebsocket|remote_migrate|rrd"
    r"|dbus-vmstate|sendkey|monitor|unlink|feature)$"
    r"|^/nodes/\{node\}/(ceph|capabilities/qemu/(cpu-flags|migration)|certificates/acme|hardware/pci/"
    r"|apt/(changelog|repositories)|bulk-action|disks/(directory|lvm|lvmthin|zfs|wipedisk|initgpt)"
    r"|execute|query-oci|oci|sdn/fabrics|sdn/vnets"
    r"|sdn/zones/\{zone\}/(bridges|ip-vrf)|storage/\{storage\}/(file-restore|import-metadata|identity|oci-registry-pull))"
)

# Lines that these methods have in common stand once, in GROUPS.
_FIREWALLS = ("/cluster", "/nodes/{node}", "/nodes/{node}/qemu/{vmid}", "/nodes/{node}/lxc/{vmid}")
SHARED: dict[str, dict[str, tuple[str, ...]]] = {
    "access": {"realm": ("POST /access/domains", "PUT /access/domains/{realm}")},
    "backup_jobs": {"backup": ("POST /cluster/backup", "PUT /cluster/backup/{id}", "POST /nodes/{node}/vzdump")},
    "firewall": {
        "rule": tuple(
            f"{verb} {level}/firewall/rules{end}"
            for level in _FIREWALLS
            for verb, end in (("POST", ""), ("PUT", "/{pos}"))
        ),
    },
    "lxc": {"config": ("PUT /nodes/{node}/lxc/{vmid}/config", "POST /nodes/{node}/lxc")},
    "metrics": {"server": ("POST /cluster/metrics/server/{id}", "PUT /cluster/metrics/server/{id}")},
    "network": {"interface": ("POST /nodes/{node}/network", "PUT /nodes/{node}/network/{iface}")},
    "qemu": {
        "config": (
            "PUT /nodes/{node}/qemu/{vmid}/config",
            "POST /nodes/{node}/qemu/{vmid}/config",
            "POST /nodes/{node}/qemu",
        ),
    },
    "sdn": {
        "controller": ("POST /cluster/sdn/controllers", "PUT /cluster/sdn/controllers/{controller}"),
        "zone": ("POST /cluster/sdn/zones", "PUT /cluster/sdn/zones/{zone}"),
    },
    "storage": {"config": ("PUT /storage/{storage}", "POST /storage")},
}


def lines_of(endpoint: Schema, names: Mapping[str, str]) -> list[str]:
    """Return the block of one method: flags, the permission, and its parameters in order of name."""
    lines = ["proxy"] if endpoint.get("proxyto") else []
    if endpoint.get("allowtoken") in (0, "0"):
        lines.append("notoken")
    if endpoint["additionalProperties"] not in (0, "0") and "parameters_allOf" not in endpoint:
        lines.append("open")
    lines.append(f"check {check_of(endpoint.get('permissions'))}")
    return lines + [line_of(name, spec, names) for name, spec in sorted(parameters_of(endpoint).items())]


def check_of(permissions: Schema | None) -> str:
    """Return the permission as ``all``, ``world``, ``root`` or PVE's expression; PVE asks for the user first."""
    if not permissions:
        return "root"
    return str(permissions["user"]) if "user" in permissions else json.dumps(permissions["check"])


def parameters_of(endpoint: Schema) -> dict[str, Schema]:
    """Return the parameters; alternatives by type (HA rules) become one set whose differing keys are optional."""
    merged: dict[str, Schema] = dict(endpoint["parameters"])
    for part in endpoint.get("parameters_allOf", ()):
        merged.update(part.get("properties", {}))
        if "oneOf" in part:
            merged[part["type-property"]] = part["type-property-schema"]
            for choice in part["oneOf"]:
                merged.update(choice["properties"])
            needed = set.intersection(*(_needed(choice) for choice in part["oneOf"]))
            for choice in part["oneOf"]:
                merged.update({n: {**s, "optional": 1} for n, s in choice["properties"].items() if n not in needed})
    return merged


def _needed(choice: Schema) -> set[str]:
    return {name for name, spec in choice["properties"].items() if not spec.get("optional")}


def line_of(name: str, spec: Schema, names: Mapping[str, str]) -> str:
    """Return one parameter (or one key of a property string) as its line."""
    words = [name, TYPES.get(str(spec.get("type")), "any") + ("?" if str(spec.get("optional")) == "1" else "")]
    for word, keys in {"min": ("minimum", "min"), "max": ("maximum", "max")}.items():
        words += [f"{word}={float(spec[key]):.15g}" for key in keys if key in spec][:1]
    words += [f"{word}={spec[key]}" for word, key in (("short", "minLength"), ("long", "maxLength")) if key in spec]
    items = spec.get("items") or {}
    form = spec.get("format") or items.get("format")
    if form:
        words.append(f"format={form if isinstance(form, str) else names[format_text(form)]}")
    if spec.get("enum") or items.get("enum"):
        words.append("enum=" + "|".join(map(str, spec.get("enum") or items["enum"])))
    if spec.get("requires"):
        words.append(f"requires={spec['requires']}")
    if items:
        words.append(f"items={TYPES.get(str(items.get('type')), 'any')}")
    if spec.get("default_key"):
        words.append("default")
    words += [f"{word}={spec[key]}" for word, key in (("alias", "alias"), ("keyalias", "keyAlias")) if key in spec]
    pattern = spec.get("pattern") or items.get("pattern")
    return " ".join(words) + (f" pattern={python_pattern(pattern)}" if pattern else "")


def python_pattern(pattern: str) -> str:
    """Return a Perl pattern in Python's dialect."""
    pattern = re.sub(r"\(\?\^([a-z]*):", lambda m: f"(?{m[1].replace('u', '')}:", pattern)
    return pattern.replace(r"\z", r"\Z").replace(r"\h", r"[ \t]")


def format_text(keys: Schema) -> str:
    """Return a nested format as lines in order of key."""
    return "\n".join(line_of(key, spec, {}) for key, spec in sorted(keys.items()))


def name_formats(endpoints: Iterable[Schema], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name each nested format that has no name after the guest kind and parameter which first uses it: text -> name."""
    names: dict[str, str] = {}
    for endpoint in endpoints:
        kind = next((word for word in ("qemu", "lxc") if f"/{word}" in endpoint["path"]), "")
        for name, spec in parameters_of(endpoint).items():
            keys = spec.get("format") or (spec.get("items") or {}).get("format")
            if not isinstance(keys, Mapping) or format_text(keys) in names:
                continue
            title = "-".join(filter(None, [kind, name.removesuffix("[n]")]))
            while title in names.values() or title in taken:
                title += "-2"
            names[format_text(keys)] = title
    return names


def served(endpoints: Iterable[Schema]) -> list[Schema]:
    """Return the methods that the tables hold."""
    return [e for e in endpoints if not UNSERVED.search(e["path"])]


def family_of(endpoint: Schema) -> str:
    """Return the module that holds a method's facts."""
    return family([part for part in endpoint["path"].split("/") if part])


def write(folder: Path) -> None:
    """Write facts/<family>.py and facts/formats.py from the schema in ``folder``."""
    endpoints = served(json.loads((folder / "schema.json").read_text()))
    named = {n: format_text(keys) for n, keys in json.loads((folder / "named-formats.json").read_text()).items()}
    names = name_formats(endpoints, named)
    families: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for endpoint in endpoints:
        families[family_of(endpoint)][f"{endpoint['method']} {endpoint['path']}"] = lines_of(endpoint, names)
    for name, blocks in families.items():
        groups = group_lines(blocks, SHARED.get(name, {}))
        tables = {"GROUPS": groups} if groups else {}
        save(name, f"the family ``{name}``", {**tables, "ENDPOINTS": blocks})
    formats = {**named, **{name: text for text, name in names.items()}}
    save("formats", "the property strings", {"FORMATS": {n: t.split("\n") for n, t in sorted(formats.items())}})


def group_lines(blocks: dict[str, list[str]], shared: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Take out of ``blocks`` the parameters that the methods of a group have in common; return the groups."""
    groups: dict[str, list[str]] = {}
    for title, members in shared.items():
        first, *others = [blocks[key] for key in members]
        common = [line for line in first if not line.startswith("check ") and all(line in lines for lines in others)]
        groups[title] = [line for line in common if line not in {"proxy", "notoken", "open"}]
        for key in members:
            blocks[key] = [line for line in blocks[key] if line not in groups[title]] + [f"@{title}"]
    return groups


def save(name: str, what: str, tables: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Write one module of tables; the line-length rule is lifted where a fact is that long."""
    body = ""
    for title, table in tables.items():
        rows = "".join(f'    "{key}": r"""\n' + "".join(f"{x}\n" for x in ls) + '""",\n' for key, ls in table.items())
        body += f"\n{title}: dict[str, str] = {{\n{rows}}}\n"
    lifted = "\n# ruff: noqa: E501\n" if any(len(line) > 120 for line in body.split("\n")) else ""
    (FACTS / f"{name}.py").write_text(f'"""PVE\'s facts of {what}; the package describes the form."""\n{lifted}{body}')


if __name__ == "__main__":
    write(Path(sys.argv[1]))
