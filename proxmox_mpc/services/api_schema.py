"""The server's own description of its API, as its API viewer shows it: which paths there are and what they take.

PVE serves it beside the API, to everybody: ``/pve-docs/api-viewer/apidoc.js``, a script that begins with the tree of
paths as JSON. What is kept of it is one file for each version of PVE.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from proxmox_mpc.domain.json import Json, JsonObject, as_object, boolean, inner, text
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import AuthenticationError, NotFound, PmpcError, UnexpectedAnswer, Unreachable, UsageError

DOCUMENT = "/pve-docs/api-viewer/apidoc.js"
VERBS = {"GET": "get", "POST": "create", "PUT": "set", "DELETE": "delete"}
"""pmpc's words for the methods."""
# PVE up to 6 calls it pveapi.
_START = re.compile(r"\b(?:apiSchema|pveapi)\s*=\s*(?=\[)")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.~+-]{0,40}")
_LARGEST = 64 << 20
_FACTS = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "requires", "items",
          "oneOf", "description")  # fmt: skip


class Method(NamedTuple):
    """What one method of one path takes: JSON schema by the parameter's name; ``open``: others as well.

    ``placed`` are the parameters that stand in the path, with their values.
    """

    verb: str
    template: str
    params: Mapping[str, JsonObject]
    open: bool
    placed: Mapping[str, str]


class Found(NamedTuple):
    """A node of the tree, its template, and what stands in the path for the template's parameters."""

    node: JsonObject
    template: str
    placed: dict[str, str]


class ApiSchema:
    """The tree of paths: each node has its methods under ``methods`` and what is below it under ``below``."""

    def __init__(self, tree: JsonObject) -> None:
        self.tree = tree

    def method(self, verb: str, path: str) -> Method:
        """Return what a method takes at a path made by ``api_path``.

        Raises NotFound for a path that the server does not know, UsageError for a method that is not there.
        """
        found = self._at(path)
        if verb == "GET" and not found.placed and found.template == "/":
            # The index of all, which the viewer does not show.
            return Method(verb, "/", {}, True, {})
        methods = inner(found.node, "methods")
        if verb not in methods:
            raise _no_method(verb, path, found.node)
        known = inner(methods, verb)
        params = {name: one for name, one in inner(known, "params").items() if isinstance(one, dict)}
        return Method(verb, found.template, params, boolean(known, "open"), found.placed)

    def children(self, path: str) -> list[tuple[str, JsonObject]]:
        """Return what stands below a path: names, or ``{name}`` for what differs; nothing below an unknown one."""
        try:
            return list(_below(self._at(path).node))
        except NotFound:
            return []

    def _at(self, path: str) -> Found:
        node, template, placed = self.tree, "", dict[str, str]()
        segments = [unquote(one) for one in path.split("/") if one]
        for at, segment in enumerate(segments):
            step = _step(node, segment)
            if step is None and template.endswith("/{volume}"):
                # The name of a volume may hold slashes, and PVE takes them as they are.
                placed["volume"] = f"{placed['volume']}/{segment}"
                continue
            if step is None:
                raise _no_path(path, segments[:at], segment, node)
            name, node = step
            template = f"{template}/{name}"
            if name.startswith("{"):
                placed[name.strip("{}")] = segment
        return Found(node, template or "/", placed)


def _below(node: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for name, child in inner(node, "below").items():
        if isinstance(child, dict):
            yield name, child


def _step(node: JsonObject, segment: str) -> tuple[str, JsonObject] | None:
    """Return the child that a segment leads to: of its name, else the one that takes any."""
    children = dict(_below(node))
    if segment in children and not segment.startswith("{"):
        return segment, children[segment]
    return next(((name, child) for name, child in children.items() if name.startswith("{")), None)


def methods_of(node: JsonObject) -> list[str]:
    """Return the methods of a node, in the order of PVE's words."""
    return [verb for verb in VERBS if verb in inner(node, "methods")]


def leads_to(node: JsonObject, verb: str) -> bool:
    """Return whether a method is there, or anywhere below."""
    return verb in inner(node, "methods") or any(leads_to(child, verb) for _, child in _below(node))


def _no_method(verb: str, path: str, node: JsonObject) -> PmpcError:
    there = methods_of(node)
    if not there:
        below = ", ".join(name for name, _ in _below(node))
        return NotFound(f"{path} itself is no path of this server's API", hint=f"below it: {below}")
    known = ", ".join(f"{VERBS[one]} ({one})" for one in there)
    return UsageError(
        f"{path} takes no {VERBS[verb]} ({verb})",
        hint=f"it takes: {known}",
        details={"path": path, "methods": [*there]},
    )


def _no_path(path: str, good: list[str], bad: str, node: JsonObject) -> NotFound:
    from difflib import get_close_matches

    above = "/" + "/".join(good)
    names = [name for name, _ in _below(node)]
    near = get_close_matches(bad, names, n=2, cutoff=0.5)
    meant = [f"{above.rstrip('/')}/{name}" for name in near]
    told = [f"did you mean {' or '.join(meant)}?"] if meant else []
    told += [f"{above} has: {', '.join(names)}"] if names else [f"nothing is below {above}"]
    return NotFound(f"this server's API has no path {path}", hint="\n".join(told), details={"path": path})


def parse(script: str) -> ApiSchema:
    """Read the API viewer's script; raises UnexpectedAnswer for what is none."""
    start = _START.search(script)
    try:
        roots: Json = json.JSONDecoder().raw_decode(script, start.end())[0] if start else None
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswer(f"{DOCUMENT} cannot be read") from error
    if not isinstance(roots, list):
        raise UnexpectedAnswer(f"{DOCUMENT} holds no schema")
    return ApiSchema({"below": _named(roots)})


def _named(rows: list[Json]) -> JsonObject:
    found: JsonObject = {}
    for row in rows:
        if not isinstance(row, dict):
            continue
        name = (text(row, "path") or "").rpartition("/")[2]
        children = row.get("children")
        methods: JsonObject = {verb: _method(inner(row, "info"), verb) for verb in VERBS if verb in inner(row, "info")}
        below = _named(children) if isinstance(children, list) else {}
        if name:
            found[name] = {"methods": methods, "below": below}
    return found


def _method(info: JsonObject, verb: str) -> JsonObject:
    parameters = inner(inner(info, verb), "parameters")
    params: JsonObject = {
        name: _param(one) for name, one in inner(parameters, "properties").items() if isinstance(one, dict)
    }
    # What is not said is allowed, as in JSON schema.
    return {"open": boolean(parameters, "additionalProperties", default=True), "params": params}


def _param(one: JsonObject) -> JsonObject:
    kept: JsonObject = {key: one[key] for key in _FACTS if key in one}
    if isinstance(kept.get("description"), str):
        # It serves completion, which shows one line.
        kept["description"] = str(kept["description"]).strip().partition("\n")[0][:100]
    # Of property strings PVE's check knows more than the schema tells.
    if not isinstance(kept.get("format"), str):
        kept.pop("format", None)
    if boolean(one, "optional") or "oneOf" in one:
        kept["optional"] = 1
    return kept


def load(source: Source, fetch: Callable[[str], str], cache: Path, note: Callable[[str], None]) -> ApiSchema | None:
    """Return the server's schema, from the cache or from the server; None, with a note, where it cannot be had.

    ``fetch`` gets a document that is beside the API. Raises what every other request would meet too.
    """
    try:
        version = text(as_object(source.read("/version"), "/version"), "version") or ""
        file = cache / f"api-{version}.json" if _VERSION.fullmatch(version) else None
        kept = _kept(file) if file else None
        if kept is not None:
            return kept
        schema = parse(fetch(DOCUMENT))
    except (AuthenticationError, Unreachable):
        raise
    except PmpcError as error:
        note(f"the parameters are not checked: {error.message}")
        return None
    if file is not None:
        _keep(file, schema)
    return schema


def newest(cache: Path) -> ApiSchema | None:
    """Return the schema that was kept last, for completion, which asks no server."""
    try:
        files = sorted(cache.glob("api-*.json"), key=lambda file: file.stat().st_mtime)
    except OSError:
        return None
    return _kept(files[-1]) if files else None


def _kept(file: Path) -> ApiSchema | None:
    from proxmox_mpc.workspace.files import read_plain

    try:
        found = read_plain(file, _LARGEST)
        tree: Json = json.loads(found[0]) if found else None
    except (PmpcError, ValueError, RecursionError):
        return None
    return ApiSchema(tree) if isinstance(tree, dict) and "below" in tree else None


def _keep(file: Path, schema: ApiSchema) -> None:
    """Keep a schema; where that is not possible, it is fetched again next time."""
    from contextlib import suppress

    from proxmox_mpc.workspace.files import private_dir, write_private

    with suppress(PmpcError):
        private_dir(file.parent)
        write_private(file, json.dumps(schema.tree, separators=(",", ":")))
