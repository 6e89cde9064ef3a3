"""--filter, --sort, --columns and --query: the same for every list, applied to plain data before it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, Shape
from proxmox_mpc.errors import UsageError

_FILTER = re.compile(r"([A-Za-z0-9_.-]+?)\s*(!=|<=|>=|=|~|<|>)(.*)", re.DOTALL)
_SIZE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([KMGTPE])(?:i?B)?", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
Row = JsonObject
Ordered = TypeVar("Ordered", float, str)


def known_keys(shape: Shape, rows: Sequence[Row]) -> list[str]:
    """Return the keys that options may name: the declared ones, then those found in open rows."""
    keys = dict.fromkeys(field.key for field in shape.fields)
    if shape.open or not shape.fields:
        for row in rows:
            keys.update(dict.fromkeys(row))
    return list(keys)


def _check_key(key: str, option: str, keys: Sequence[str]) -> str:
    wanted = key.replace("-", "_") if key not in keys else key
    if wanted in keys or not keys:
        return wanted
    near = get_close_matches(wanted, keys, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"{option}: there is no column {key!r}", hint=f"{meant}columns: {', '.join(keys)}")


def keep(rows: Sequence[Row], filters: Sequence[str], shape: Shape) -> list[Row]:
    """Return the rows that satisfy all of KEY=VALUE, !=, ~ (regular expression), <, >, <=, >=; raises UsageError."""
    keys = known_keys(shape, rows)
    kept = list(rows)
    for text in filters:
        match = _FILTER.fullmatch(text)
        if match is None:
            raise UsageError(f"--filter: {text!r} is no condition", hint="write KEY=VALUE, or with != ~ < > <= >=")
        key = _check_key(match[1], "--filter", keys)
        field = next((field for field in shape.fields if field.key == key), None)
        accepts = _condition(field, match[2], match[3], text)
        kept = [row for row in kept if accepts(row.get(key))]
    return kept


def _condition(field: Field | None, operator: str, wanted: str, text: str) -> Callable[[Json], bool]:
    if operator == "~":
        try:
            pattern = re.compile(wanted, re.IGNORECASE)
        except re.error as error:
            raise UsageError(
                f"--filter: {text!r} holds no regular expression: {error}",
                hint="put \\ before a character that is meant as it is",
            ) from None
        return lambda value: any(pattern.search(one) for one in _texts(value))
    if operator in ("=", "!="):
        return lambda value: _equals(value, wanted, field) == (operator == "=")
    limit = _ordered(wanted, field)
    if limit is None:
        raise UsageError(
            f"--filter: {wanted!r} cannot be compared", hint="numbers may carry K, M, G, T; ages s, m, h, d, w"
        )
    return lambda value: _compares(value, operator, limit)


def _texts(value: Json) -> list[str]:
    if isinstance(value, list):
        return [one for entry in value for one in _texts(entry)]
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true", "yes", "1"] if value else ["false", "no", "0"]
    return [str(value)]


def _equals(value: Json, wanted: str, field: Field | None) -> bool:
    if value is None or value == []:
        return wanted in ("", "null", "-")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        limit = _ordered(wanted, field)
        return limit is not None and value == limit
    return wanted.lower() in (one.lower() for one in _texts(value)) or wanted in _texts(value)


def _ordered(text: str, field: Field | None) -> float | str | None:
    if field is not None and field.base in ("time", "string"):
        return text
    if match := _SIZE.fullmatch(text):
        steps = "KMGTPE".index(match[2].upper()) + 1
        return float(match[1]) * 1024.0 ** (steps - 2 if field is not None and field.unit == "MiB" else steps)
    if field is not None and field.unit == "seconds" and (match := _SPAN.fullmatch(text)):
        return float(match[1]) * _SPANS[match[2]]
    if text.endswith("%") and field is not None and field.unit == "fraction":
        text, scale = text[:-1].strip(), 100.0
    else:
        scale = 1.0
    try:
        return float(text) / scale
    except ValueError:
        return text if field is None else None


def _order(left: Ordered, right: Ordered) -> int:
    return (left > right) - (left < right)


def _compares(value: Json, operator: str, limit: float | str) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    order = _order(str(value), str(limit))
    if not isinstance(value, str) and not isinstance(limit, str):
        order = _order(value, limit)
    return {"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[operator]


def order(rows: Sequence[Row], keys_text: Sequence[str], shape: Shape) -> list[Row]:
    """Return the rows sorted by KEY or -KEY (descending), several by comma or repetition; null stands last."""
    keys = known_keys(shape, rows)
    ordered = list(rows)
    for one in reversed([part for text in keys_text for part in text.split(",") if part]):
        descending = one.startswith("-")
        key = _check_key(one.lstrip("+-"), "--sort", keys)
        present = [row for row in ordered if row.get(key) is not None]
        absent = [row for row in ordered if row.get(key) is None]
        ordered = sorted(present, key=lambda row: _rank(row[key]), reverse=descending) + absent
    return ordered


def _rank(value: Json) -> tuple[int, float, tuple[tuple[int, int | str], ...]]:
    if isinstance(value, (bool, int, float)):
        return (0, float(value), ())
    text = ",".join(_texts(value)).lower()
    # Digits inside names count as numbers, so that web-2 comes before web-10.
    return (
        1,
        0.0,
        tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part),
    )


def pick_columns(text: str, rows: Sequence[Row], shape: Shape) -> list[str]:
    """Return the keys that --columns A,B names, in that order; raises UsageError for one that is not there."""
    keys = known_keys(shape, rows)
    chosen = [_check_key(part.strip(), "--columns", keys) for part in text.split(",") if part.strip()]
    if not chosen:
        raise UsageError("--columns: names no column", hint=f"columns: {', '.join(keys)}")
    return list(dict.fromkeys(chosen))


def query(expression: str, data: Json) -> Json:
    """Return the JMESPath search of ``data``; raises UsageError where the expression is none."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        found: Json = jmespath.search(expression, data)
    except JMESPathError as error:
        first = str(error).splitlines()[0]
        raise UsageError(
            f"--query: {expression!r}: {first}", hint="JMESPath, for example: [?status=='running'].name"
        ) from None
    return found
