"""JSON and YAML text of plain data."""

from __future__ import annotations

import json
import re

from proxmox_mpc.domain.json import Json

# Plain in every YAML 1.1 and 1.2 reader: begins with a letter, holds nothing that could start a comment, a mapping,
# a number or a date, and is none of the words that YAML 1.1 reads as booleans or null.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"})


# JSON may hold these raw, but terminals take the second block of control characters for commands.
_CONTROLS = re.compile("[\x7f-\x9f]")


def to_json(data: object, *, line: bool = False) -> str:
    """Return JSON: a list has a line a row (quick for long lists, good for grep), one object is indented."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", _json(data, line=line))


def _json(data: object, *, line: bool) -> str:
    if line:
        return json.dumps(data, ensure_ascii=False, default=str)
    if isinstance(data, list) and data and not isinstance(data[0], (str, int, float)):
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in data)
        return f"[\n  {rows}\n]"
    return json.dumps(data, ensure_ascii=False, indent=None if isinstance(data, list) else 2)


def to_yaml(data: Json) -> str:
    """Return block YAML that YAML 1.1 and 1.2 readers read as the same data as the JSON."""
    if isinstance(data, (dict, list)) and data:
        return "\n".join(_block(data, ""))
    return _scalar(data)


def _block(data: Json, indent: str) -> list[str]:
    lines: list[str] = []
    if isinstance(data, dict):
        for key, value in data.items():
            name = _scalar(key)
            if isinstance(value, (dict, list)) and value:
                lines.append(f"{indent}{name}:")
                lines.extend(_block(value, indent + "  "))
            else:
                lines.append(f"{indent}{name}: {_scalar(value)}")
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, (dict, list)) and value:
                first, *rest = _block(value, indent + "  ")
                lines.append(f"{indent}- {first[len(indent) + 2 :]}")
                lines.extend(rest)
            else:
                lines.append(f"{indent}- {_scalar(value)}")
    return lines


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        # JSON's string is YAML's double-quoted string; these characters YAML counts as line ends or refuses raw.
        text = json.dumps(value, ensure_ascii=False)
        return "".join(
            f"\\u{ord(c):04x}"
            if c in "\x7f\x85\u2028\u2029\ufeff" or 0x80 <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000
            else c
            for c in text
        )
    text = json.dumps(value)
    # YAML 1.1 takes a number with an exponent for a string unless it has a dot.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text
