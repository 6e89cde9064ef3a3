"""JSON Schemas of manifests, by which editors complete keys and mark mistakes; made from the rules that check them.

A schema never marks what the check lets pass, apart from ``true`` where no yes or no is asked for. It lets pass a few
things that the check does not: bounds of numbers in quotes, properties given twice, the exact form of sizes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from proxmox_mpc.declared.check import guest_rules
from proxmox_mpc.declared.files import write_file
from proxmox_mpc.declared.manifest import GUESTS, TRACKED
from proxmox_mpc.declared.schema_words import described
from proxmox_mpc.domain.config_rules import Rule, pattern_of
from proxmox_mpc.domain.guest_config import SECRETS
from proxmox_mpc.domain.json import Json, JsonObject

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: JsonObject = {"type": "string", "pattern": r"\$\{"}
_SCALARS: Json = ["string", "number", "boolean", "null"]
_YES_NO = "[01]|[oO][nN]|[yY][eE][sS]|[tT][rR][uU][eE]|[oO][fF][fF]|[nN][oO]|[fF][aA][lL][sS][eE]"
_NUMBERS = {"int": "[+-]?[0-9]+", "num": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"}
_ONE_LINE = r"^(?![\s\S]*[\u0000-\u001f])"
_SIZE = "[0-9][0-9.]*[A-Za-z ]*"
# So many of numbered keys are offered by name; the others are known, but offering all would bury the rest.
_OFFERED = 4


def schema_of(kind: str) -> JsonObject:
    """Return the JSON Schema (draft 2020-12) of a guest's manifest."""
    rules = guest_rules(kind)
    properties: JsonObject = {key: _key(key, rule) for key, rule in sorted(rules.single.items())}
    patterns: JsonObject = {}
    for stem, (rule, count) in sorted(rules.numbered.items()):
        patterns[f"^{stem}(?:{'|'.join(str(number) for number in range(count))})$"] = _key(stem, rule)
        words = described(stem)
        for number in range(min(count, _OFFERED)):
            properties.setdefault(f"{stem}{number}", {"description": words} if words else {})
    for key in sorted(SECRETS):
        properties[key] = {"not": {}, "description": "a secret: it does not belong into a manifest"}
    return {
        "$schema": DRAFT,
        "title": f"{'A virtual machine' if kind == 'vm' else 'A container'} as declared, in Proxmox VE's own keys",
        "type": ["object", "null"],
        "properties": {**_reserved(), **properties, "tags": _tags(rules.single["tags"])},
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def write_schemas(infra: Path) -> int:
    """Write the schemas where the first lines of manifests name them, and return how many were new or other."""
    return sum(
        write_file(infra, f".schema/{kind}.json", json.dumps(schema_of(kind), ensure_ascii=False, indent=1) + "\n")
        for kind in GUESTS
    )


def _reserved() -> JsonObject:
    tracked: Json = {"enum": [*sorted(TRACKED)]}
    return {
        "vmid": {"type": ["integer", "string"], "description": described("vmid")},
        "track": {
            "anyOf": [tracked, {"type": "array", "items": tracked}, {"type": "null"}],
            "description": described("track"),
        },
        "include": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}],
            "description": described("include"),
        },
        "vars": {
            "type": ["object", "null"],
            "additionalProperties": {"type": _SCALARS},
            "description": described("vars"),
        },
    }


def _tags(rule: Rule) -> JsonObject:
    one = _value(rule)
    return {"anyOf": [*one, {"type": "array", "items": {"type": _SCALARS}}], "description": described("tags")}


def _key(key: str, rule: Rule) -> JsonObject:
    words = described(key)
    made: JsonObject = {"anyOf": [*_value(rule, several_lines=key == "description")]}
    return {**made, "description": words} if words else made


def _value(rule: Rule, several_lines: bool = False) -> list[Json]:
    """Return what a key may hold: as a YAML number, boolean or text, null, or a text with variables."""
    found: list[Json] = []
    written = _expression(rule)
    if rule.kind == "bool" or (rule.kind == "format" and rule.default_key and _default(rule).kind == "bool"):
        found += [{"type": "boolean"}, {"enum": [0, 1]}]
    if rule.kind in ("int", "num"):
        bounds = {"minimum": rule.low, "maximum": rule.high}
        number: JsonObject = {name: bound for name, bound in bounds.items() if bound is not None}
        found.append({"type": "integer" if rule.kind == "int" else "number", **number})
    elif rule.kind == "choice":
        found.append({"enum": [*rule.choices, *(int(choice) for choice in rule.choices if choice.isdecimal())]})
        return [*found, {"type": "null"}, _VARIABLE]
    elif rule.kind != "bool" and re.fullmatch(written, "100"):
        whole: JsonObject = {"type": "number" if re.fullmatch(written, "1.5") else "integer"}
        found.append(whole if re.fullmatch(written, "-1") else {**whole, "minimum": 0})
    text: JsonObject = {"type": "string", "minLength": 1}
    if not several_lines:
        text["pattern"] = f"{_ONE_LINE}(?:{written})$"
    return [*found, text, {"type": "null"}, _VARIABLE]


def _default(rule: Rule) -> Rule:
    return rule.properties[str(rule.default_key)]


def _expression(rule: Rule) -> str:
    """Return the expression that the whole text of a value matches."""
    match rule.kind:
        case "bool":
            return _YES_NO
        case "int" | "num":
            return _NUMBERS[rule.kind]
        case "choice":
            return "|".join(_literal(choice) for choice in rule.choices)
        case "size":
            return _SIZE
        case "text":
            return r"[\s\S]*"
        case "format":
            return _properties(rule)
        case named:
            found = pattern_of(named)
            return found[0] if found is not None else r"[\s\S]*"


def _properties(rule: Rule) -> str:
    """Return the expression of a property string: known properties, values of their kind, what is required."""
    items = [f"{_literal(name)}=(?=[^,])(?:{_part(part)})(?=,|$)" for name, part in rule.properties.items()]
    if rule.default_key is not None:
        items.append(f"(?![^,]*=)(?=[^,])(?:{_part(_default(rule))})(?=,|$)")
    item = f"(?:{'|'.join(items)})?"
    return f"{''.join(_required(rule, name) for name in sorted(rule.required))}{item}(?:,{item})*"


def _literal(text: str) -> str:
    """Escape what means something in an expression and nothing else: editors refuse needless escapes."""
    return re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", text)


def _required(rule: Rule, name: str) -> str:
    names = [name, *(alias for alias, meant in rule.aliases.items() if meant == name)]
    ways = [f"(?:{'|'.join(_literal(one) for one in names)})="]
    if rule.default_key == name:
        ways.append("(?![^,]*=)[^,]")
    return f"(?=(?:[^,]*,)*(?:{'|'.join(ways)}))"


def _part(rule: Rule) -> str:
    """Return the expression of one property's value, which holds no comma."""
    if rule.kind == "text":
        return "[^,]*"
    # What looks to the end of the text has to look to the comma.
    written = _expression(rule).replace("$", "(?=,|$)").replace("(?=.)", "(?=[^,])")
    return written.replace(r"\S", r"[^\s,]")
