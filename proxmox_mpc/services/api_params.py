"""Parameters of raw calls held against the server's schema, as PVE itself checks them (pve-common, JSONSchema.pm)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import JsonObject, boolean, inner, number, text
from proxmox_mpc.errors import InvalidValue
from proxmox_mpc.services.api_schema import Method

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?=[0-9]|\.[0-9])[0-9]*(\.[0-9]*)?([Ee][+-]?[0-9]+)?")
_NUMBERED = re.compile(r"([A-Za-z_-]+)[0-9]+")
_SHOWN = 60


def check(method: Method, params: Mapping[str, str | list[str] | Secret]) -> None:
    """Raise InvalidValue naming every parameter that the server would refuse: what is wrong, and what is allowed."""
    wrong: dict[str, str] = {}
    for name, value in {**method.placed, **params}.items():
        if name in method.placed and name in params and params[name] != method.placed[name]:
            wrong[name] = f"stands in the path already, as {method.placed[name]!r}"
        elif (one := _schema(method, name)) is not None:
            problem = _problem(one, value)
            if problem:
                wrong[name] = problem
            elif (needed := text(one, "requires")) and needed not in params and needed not in method.placed:
                wrong[name] = f"needs {needed} too"
        elif not method.open:
            wrong[name] = f"is no parameter here{_nearest(name, method.params)}"
    for name, one in method.params.items():
        if not boolean(one, "optional") and name not in params and name not in method.placed and "[n]" not in name:
            wrong[name] = f"is missing: {allowed(one)}"
    if wrong:
        names = ", ".join(sorted(name for name in method.params if name not in method.placed)) or "none"
        raise InvalidValue(
            f"{method.verb} {method.template}: " + "; ".join(f"{name} {text_}" for name, text_ in wrong.items()),
            hint=f"its parameters: {names}",
            details={"errors": {**wrong}},
        )


def _schema(method: Method, name: str) -> JsonObject | None:
    """Return the schema of a parameter; ``net0`` is one of ``net[n]``."""
    if name in method.params:
        return method.params[name]
    numbered = _NUMBERED.fullmatch(name)
    return method.params.get(f"{numbered[1]}[n]") if numbered else None


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _problem(one: JsonObject, value: str | list[str] | Secret) -> str | None:
    """Return what is wrong with a value, or None."""
    others = one.get("oneOf")
    if isinstance(others, list):
        said = [_problem(other, value) for other in others if isinstance(other, dict)]
        return said[0] if said and all(said) else None
    if isinstance(value, list):
        # PVE joins what is repeated where it takes a list, and takes an array as it comes.
        if one.get("type") != "array" and not (text(one, "format") or "").endswith("-list"):
            return "is given more than once, and is no list"
        return next((problem for item in value if (problem := _problem(one, item))), None)
    if one.get("type") == "array":
        items = inner(one, "items")
        return _problem(items, value) if items else None
    plain = value.reveal() if isinstance(value, Secret) else value
    if _fits(one, plain):
        return None
    shown = "***" if isinstance(value, Secret) else repr(plain[:_SHOWN])
    return f"cannot be {shown}: {allowed(one)}"


def _fits(one: JsonObject, value: str) -> bool:
    kind = one.get("type")
    choices = one.get("enum")
    if isinstance(choices, list) and choices:
        return value in [str(choice) for choice in choices]
    if kind == "boolean":
        return value in ("0", "1")
    if kind in ("integer", "number"):
        return bool((_INTEGER if kind == "integer" else _NUMBER).fullmatch(value)) and _within(one, float(value))
    least, most = number(one, "minLength"), number(one, "maxLength")
    if (least is not None and len(value) < least) or (most is not None and len(value) > most):
        return False
    pattern = text(one, "pattern")
    if pattern is None:
        return True
    try:
        # PVE anchors it so, and no more.
        return re.search(f"^{pattern}$", value) is not None
    except re.error:
        # It is Perl's, and the server will know.
        return True


def _within(one: JsonObject, value: float) -> bool:
    least, most = number(one, "minimum"), number(one, "maximum")
    return (least is None or value >= least) and (most is None or value <= most)


def allowed(one: JsonObject) -> str:
    """Return in words what a parameter may be."""
    choices = one.get("enum")
    if isinstance(choices, list) and choices:
        return f"one of {', '.join(str(choice) for choice in choices)}"
    kind = one.get("type")
    if kind == "boolean":
        return "0 or 1"
    if kind in ("integer", "number"):
        return ("an integer" if kind == "integer" else "a number") + _limits(one, "minimum", "maximum")
    told = text(one, "format") or "a text"
    if pattern := text(one, "pattern"):
        told += f" like {pattern}"
    length = _limits(one, "minLength", "maxLength")
    return told + (f", its length{length}" if length else "")


def _limits(one: JsonObject, least: str, most: str) -> str:
    low, high = _limit(one, least), _limit(one, most)
    if low and high:
        return f" from {low} to {high}"
    return f" of {low} or more" if low else f" of {high} or less" if high else ""


def _limit(one: JsonObject, key: str) -> str:
    limit = number(one, key)
    return "" if limit is None else str(int(limit)) if limit == int(limit) else str(limit)
