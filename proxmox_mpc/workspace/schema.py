"""What may stand in config.yml: every key with its meaning, its check and the way it is written on a command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, Union

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.workspace import endpoints, secret_sources

VERSION = 1
Path: TypeAlias = tuple[str | int, ...]
Check: TypeAlias = Callable[[Json], Json]

_NODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """One key: what it means, and a check that returns the value to use or raises ValueError with "must …".

    ``parse`` reads what stands on a command line; a ``secret`` stands there in its own notation (secret_sources).
    """

    help: str
    check: Check
    parse: Callable[[str], Json] = str
    secret: bool = False


Section: TypeAlias = Mapping[str, Union[Field, "Section"]]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at ``path``; ``at_key`` when the key itself is what is wrong, not its value."""

    path: Path
    message: str
    at_key: bool = False


def _text(pattern: re.Pattern[str] | None = None, wanted: str = "a text") -> Check:
    def check(value: Json) -> Json:
        if not isinstance(value, str) or not value.strip() or (pattern and not pattern.match(value)):
            raise ValueError(f"must be {wanted}")
        return value

    return check


def _choice(*allowed: str) -> Check:
    def check(value: Json) -> Json:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return check


def _number(least: float, most: float, whole: bool) -> Check:
    def check(value: Json) -> Json:
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            raise ValueError(f"must be a {'whole ' if whole else ''}number from {least:g} to {most:g}")
        return value

    return check


def _boolean(value: Json) -> Json:
    if not isinstance(value, bool):
        # YAML 1.2 knows no other words: `yes` and `on` are texts.
        raise ValueError("must be true or false")
    return value


def _list_of(check: Check) -> Check:
    def check_list(value: Json) -> Json:
        if not isinstance(value, list):
            raise ValueError("must be a list")
        return [check(item) for item in value]

    return check_list


def _endpoint(value: Json) -> Json:
    if not isinstance(value, str):
        raise ValueError("must be a host, an https:// URL or sim://WORLD")
    try:
        return endpoints.normalise(value)
    except ValueError as error:
        # The text itself may hold a password, so only what is wrong with it is said.
        raise ValueError(f"must be a host, an https:// URL or sim://WORLD; this one {error}") from None


def _endpoints(value: Json) -> Json:
    found = _list_of(_endpoint)(value)
    if not found:
        raise ValueError("must name at least one endpoint")
    return found


def _by(normal: Callable[[str], str]) -> Check:
    def check(value: Json) -> Json:
        return normal(value if isinstance(value, str) else "")

    return check


def _secret(value: Json) -> Json:
    return secret_sources.from_data(value).to_data()


def _version(value: Json) -> Json:
    if value != VERSION or isinstance(value, bool):
        newer = isinstance(value, int) and value > VERSION
        raise ValueError(f"must be {VERSION}{'; a newer pmpc has written this file' if newer else ''}")
    return value


def _selector(value: Json) -> Json:
    # A vmid is written as a number by most people.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text()(value)


def _state_url(value: Json) -> Json:
    if not isinstance(value, str) or not re.match(r"postgresql(\+\w+)?://[^\s]+\Z", value):
        raise ValueError("must be a postgresql:// URL")
    authority = value.partition("://")[2].split("/", 1)[0]
    if ":" in authority.rpartition("@")[0] or "password=" in value:
        raise ValueError("must hold no password; name its source at state.password")
    return value


def _parse_boolean(text: str) -> Json:
    return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(text.lower(), text)


def _parse_number(text: str) -> Json:
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        return text


def _parse_list(text: str) -> Json:
    if text.startswith("["):
        try:
            parsed: Json = json.loads(text)
        except ValueError:
            return text
        return parsed
    return [item.strip() for item in text.split(",") if item.strip()]


_NODE_FIELD = _text(_NODE, "the name of a node")
_POLICY = _choice("run", "confirm", "plan", "name", "deny")

SCHEMA: Section = {
    "version": Field("version of this file's form", _version, _parse_number),
    "name": Field("name of the workspace", _text(_WORKSPACE, "letters, digits, dot, dash or underscore, at most 63")),
    "cluster": {
        "identity": {
            "name": Field("name of the cluster, none on a single node", _text()),
            "nodes": Field("nodes it was known to have", _list_of(_NODE_FIELD), _parse_list),
            "root_ca": Field("SHA-256 fingerprint of the cluster's own root certificate", _by(endpoints.fingerprint)),
        },
        "endpoints": Field("where its API is, tried in order", _endpoints, _parse_list),
        "token_id": Field("API token, USER@REALM!NAME", _by(endpoints.token_id)),
        "token_secret": Field("source of the token's secret", _secret, secret=True),
        "username": Field("USER@REALM, for a ticket in place of a token", _by(endpoints.username)),
        "password": Field("source of the user's password", _secret, secret=True),
        "otp": Field("source of the code of the second factor", _secret, secret=True),
        "tls": {
            "verify": Field("whether certificates are checked at all", _boolean, _parse_boolean),
            "ca_file": Field("PEM file of the authorities to accept, relative to the workspace", _text()),
            "fingerprint": Field("SHA-256 fingerprints of the only certificates to accept", _by(endpoints.fingerprint)),
        },
        "request_timeout": Field("seconds that a request may take", _number(0.1, 3600, False), _parse_number),
        "parallel": Field("requests under way at once", _number(1, 64, True), _parse_number),
    },
    "defaults": {
        "node": Field("node for what is new", _NODE_FIELD),
        "storage": Field("storage for what is new", _text()),
        "bridge": Field("bridge for what is new", _text()),
        "output": Field("form of the output", _choice("table", "json", "yaml")),
    },
    "safety": {
        "mode": Field("read-only refuses every write", _choice("normal", "read-only")),
        "protected": Field("guests that count as critical: ids, names, tag:NAME", _list_of(_selector), _parse_list),
        "require_backup": Field("a recent backup before a guest is destroyed", _boolean, _parse_boolean),
        "policy": {
            "low": Field("what an action of low risk needs", _POLICY),
            "medium": Field("what an action of medium risk needs", _POLICY),
            "high": Field("what an action of high risk needs", _POLICY),
            "critical": Field("what an action of critical risk needs", _POLICY),
        },
    },
    "state": {
        "url": Field("PostgreSQL database of a team, in place of the file", _state_url),
        "password": Field("source of that database's password", _secret, secret=True),
    },
    "sync": {},
    "iac": {},
}

USER_SCHEMA: Section = {"defaults": SCHEMA["defaults"]}
"""A user's own file holds defaults for every workspace, never a connection."""


def fields(section: Section = SCHEMA, prefix: Path = ()) -> Iterator[tuple[Path, Field]]:
    """Return every key with its place."""
    for name, entry in section.items():
        if isinstance(entry, Field):
            yield (*prefix, name), entry
        else:
            yield from fields(entry, (*prefix, name))


def lookup(path: Path, schema: Section = SCHEMA) -> Field | Section:
    """Return the field or section at ``path``; raises KeyError with a text that names the nearest known key."""
    entry: Field | Section = schema
    for depth, name in enumerate(path):
        if isinstance(entry, Field):
            raise KeyError(f"{dotted(path[:depth])} has no keys below it")
        if name not in entry:
            raise KeyError(_unknown(str(name), entry, path[:depth]))
        entry = entry[str(name)]
    return entry


def validate(data: Json, schema: Section = SCHEMA) -> tuple[JsonObject, list[Problem]]:
    """Return the values to use, in their normal form, and every problem in the order of the file."""
    problems: list[Problem] = []
    clean = _validate(data, schema, (), problems)
    if not problems and schema is SCHEMA:
        problems.extend(_together(clean))
    return clean, problems


def dotted(path: Path) -> str:
    """Return a path as people write it: ``cluster.endpoints.0``."""
    return ".".join(str(part) for part in path)


def _validate(data: Json, section: Section, path: Path, problems: list[Problem]) -> JsonObject:
    if data is None:
        return {}
    if not isinstance(data, dict):
        problems.append(Problem(path, "must be a mapping of keys to values"))
        return {}
    clean: JsonObject = {}
    for name, value in data.items():
        place, entry = (*path, name), section.get(name)
        if entry is None:
            problems.append(Problem(place, _unknown(name, section, path), at_key=True))
        elif not isinstance(entry, Field):
            clean[name] = _validate(value, entry, place, problems)
        elif value is not None:
            try:
                clean[name] = entry.check(value)
            except ValueError as error:
                problems.append(Problem(place, f"{dotted(place)} {error}"))
    return clean


def _together(clean: JsonObject) -> Iterator[Problem]:
    cluster = clean.get("cluster")
    if not isinstance(cluster, dict):
        return
    if "token_id" in cluster and "username" in cluster:
        yield Problem(("cluster", "username"), "cluster has a token and a username; one of them has to go", at_key=True)
    for name, partner in (("token_secret", "token_id"), ("password", "username"), ("otp", "username")):
        if name in cluster and partner not in cluster:
            yield Problem(("cluster", name), f"cluster.{name} needs cluster.{partner} beside it", at_key=True)


def _unknown(name: str, section: Section, path: Path) -> str:
    import difflib

    where = f" in {dotted(path)}" if path else ""
    if not section:
        return f"unknown key {name}{where}, which has no keys yet"
    near = difflib.get_close_matches(name, section, n=1, cutoff=0.5)
    known = f"did you mean {near[0]}?" if near else f"known are {', '.join(section)}"
    return f"unknown key {name}{where}; {known}"
