"""Appliance templates, from which containers are made: those that can be downloaded, and those on the storages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.guest_config import natural
from proxmox_mpc.domain.json import JsonObject, as_rows, integer, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Reading, Source, api_path
from proxmox_mpc.errors import NodeUnreachable, NotFound, UsageError
from proxmox_mpc.services.reads import node_states, on_node, resources, rows_of
from proxmox_mpc.services.storages import Place, content_kinds, places, read_content

AVAILABLE_ROWS = rows(
    Field("template", "string", "the template's file name, which `download` takes"),
    Field("package", "string", "what it is"),
    Field("version", "string?", "its version"),
    Field("section", "string?", "system, mail, turnkeylinux …"),
    Field("os", "string?", "the system in it"),
    Field("headline", "string?", "what it is, in words"),
    Field("here", "boolean", "whether a storage has it already"),
    doc="Container templates that can be downloaded, by section and name.",
)
TEMPLATE_ROWS = rows(
    Field("volid", "string", "the template's volume"),
    Field("name", "string", "its file name"),
    Field("storage", "string", "the storage it is on"),
    Field("node", "string?", "the node it is on; null on a shared storage"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("created", "time?", "when it came there"),
    doc="Container templates on the storages, by name.",
)
_ENDING = re.compile(r"\.tar\.(?:gz|xz|zst|bz2)$|\.tgz$")
SUMS: Mapping[int, str] = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


class Template(NamedTuple):
    """A template on a storage, as one node sees it."""

    volid: str
    place: Place
    size: int | None
    created: float | None

    @property
    def name(self) -> str:
        """Its file name."""
        return self.volid.rpartition("/")[2]

    @property
    def path(self) -> str:
        """The API path of the volume."""
        return api_path("nodes", self.place.node, "storage", self.place.storage, "content", self.volid)

    @property
    def target(self) -> Target:
        """What a step about it works on."""
        return Target("template", self.volid, None, None if self.place.shared else self.place.node)


def templates(source: Source, node: str | None = None) -> Reading[list[Template]]:
    """Return the templates on all storages, or on those that a node sees, by name; partial when one cannot be read."""
    where = places(source, resources(source), node=node, content="vztmpl")
    if not where.value:
        return Reading([], where.warnings, where.partial)
    volumes = read_content(source, where.value, "vztmpl")
    found = [
        Template(text(row, "volid") or "", place, integer(row, "size"), integer(row, "ctime"))
        for place, row in volumes.value
    ]
    found.sort(key=lambda one: (one.name, one.volid, one.place.node))
    return Reading(found, where.warnings + volumes.warnings, where.partial or volumes.partial)


def list_templates(source: Source, node: str | None = None) -> Reading[list[JsonObject]]:
    """Return the templates on the storages as rows of TEMPLATE_ROWS."""
    reading = templates(source, node)
    listed: list[JsonObject] = [
        {
            "volid": one.volid,
            "name": one.name,
            "storage": one.place.storage,
            "node": None if one.place.shared else one.place.node,
            "size": one.size,
            "created": iso(one.created),
        }
        for one in reading.value
    ]
    return Reading(listed, reading.warnings, reading.partial)


def _any_node(source: Source, node: str | None) -> str:
    """Return the named node, or the first that is online."""
    if node is not None:
        return node
    states = node_states(resources(source))
    online = next((name for name, state in states.items() if state != "offline"), None)
    if online is None:
        raise NodeUnreachable("no node is online", hint="pmpc cluster show")
    return online


def _index(source: Source, node: str) -> list[JsonObject]:
    return as_rows(on_node(source, node, "aplinfo"), "the list of templates")


def list_available(source: Source, node: str | None, section: str | None) -> Reading[list[JsonObject]]:
    """Return the templates that can be downloaded, as a node's list has them (refreshed daily by pveam)."""
    have = templates(source)
    here = {one.name for one in have.value}
    offered = _index(source, _any_node(source, node))
    fitting = [row for row in offered if text(row, "type") in (None, "lxc") and section in (None, text(row, "section"))]
    found = [_offer(row, here) for row in fitting]
    found.sort(key=lambda row: (str(row["section"]), str(row["template"])))
    return Reading(found, have.warnings, have.partial)


def _offer(row: JsonObject, here: set[str]) -> JsonObject:
    return {
        "template": text(row, "template") or "",
        "package": text(row, "package") or "",
        "version": text(row, "version"),
        "section": text(row, "section"),
        "os": text(row, "os"),
        "headline": text(row, "headline"),
        "here": text(row, "template") in here,
    }


def find_template(source: Source, named: str, node: str | None = None) -> list[Template]:
    """Return where a template is, by its volume id, its file name or the beginning of that (then the newest of them).

    Raises NotFound with what there is.
    """
    known = templates(source, node).value
    exact = [one for one in known if named in (one.volid, one.name, _ENDING.sub("", one.name))]
    if exact:
        return exact
    alike = [one for one in known if one.name.startswith(named)] if ":" not in named else []
    if not alike:
        names = ", ".join(sorted({one.name for one in known})[:8]) or "none"
        raise NotFound(
            f"no storage has a container template {named!r}",
            hint=f"there are: {names}; more: pmpc ct template available, pmpc ct template download NAME",
            details={"template": named},
        )
    newest = max(alike, key=lambda one: [natural(part) for part in re.split(r"[-_.]", one.name)]).name
    return [one for one in alike if one.name == newest]


def plan_download(source: Source, named: str, storage: str | None, node: str | None) -> Plan:
    """Return the plan that downloads a template of Proxmox's list; one that is there already stays."""
    place = template_place(source, storage, node)
    offered = [text(row, "template") or "" for row in _index(source, place.node)]
    exact = [name for name in offered if named in (name, _ENDING.sub("", name))]
    alike = exact or [name for name in offered if name.startswith(named)]
    if not alike:
        raise NotFound(f"there is no template {named!r} to download", hint="pmpc ct template available lists them")
    if len(alike) > 1:
        raise UsageError(f"{named!r} means several templates", hint=f"one of: {', '.join(sorted(alike))}")
    call = Call("POST", api_path("nodes", place.node, "aplinfo"), {"storage": place.storage, "template": alike[0]})
    return _fetch(source, place, alike[0], call)


def plan_url(
    source: Source, url: str, storage: str | None, node: str | None, name: str | None, checksum: str | None
) -> Plan:
    """Return the plan that lets a node download a template from a URL; the checksum's kind follows from its length."""
    if not re.match(r"https?://[^\s]+$", url):
        raise UsageError(f"{url[:80]!r} is no http or https URL")
    filename = name or re.split(r"[?#]", url, maxsplit=1)[0].rpartition("/")[2]
    if not _ENDING.search(filename) or "/" in filename:
        raise UsageError(
            f"{(filename or url)[:80]!r} is no name of a template", hint="--name NAME.tar.zst (.tar.gz, .tar.xz, .tgz)"
        )
    place = template_place(source, storage, node)
    form: dict[str, FormValue] = {"content": "vztmpl", "filename": filename, "url": url}
    if checksum is not None:
        kind = SUMS.get(len(checksum))
        if kind is None or not re.fullmatch(r"[0-9a-fA-F]+", checksum):
            raise UsageError("--checksum: that is no MD5, SHA-1 or SHA-2 sum in hex")
        form |= {"checksum": checksum, "checksum-algorithm": kind}
    path = api_path("nodes", place.node, "storage", place.storage, "download-url")
    return _fetch(source, place, filename, Call("POST", path, form))


def template_place(source: Source, storage: str | None, node: str | None) -> Place:
    """Return the storage for templates: the named one, or the only one there is; raises UsageError naming them."""
    found = resources(source)
    takers = [row for row in rows_of(found, "storage") if "vztmpl" in content_kinds(row)]
    names = sorted({text(row, "storage") or "" for row in takers})
    if storage is None:
        if len(names) != 1:
            raise UsageError(
                f"which storage? for templates there are: {', '.join(names)}", hint="say --storage STORAGE"
            )
        storage = names[0]
    if storage not in names:
        raise NotFound(f"there is no storage {storage!r} for templates", hint=f"there are: {', '.join(names)}")
    where = places(source, found, storage, node, "vztmpl")
    if not where.value:
        raise NodeUnreachable(f"storage {storage} cannot be reached" + (f" on {node}" if node else ""))
    if len(where.value) > 1:
        nodes = ", ".join(place.node for place in where.value)
        raise UsageError(f"each node has a storage {storage} of its own", hint=f"say --node, one of: {nodes}")
    return where.value[0]


def _fetch(source: Source, place: Place, name: str, call: Call) -> Plan:
    volid = f"{place.storage}:vztmpl/{name}"
    there = Template(volid, place, None, None)
    if _has(source, there):
        return Plan("template download", (Keep(there.target, f"{volid} is there already"),))
    removal = Send(Call("DELETE", there.path), there.target, "remove", f"remove {volid} again")
    send = Send(call, there.target, "transfer", f"download {name} to {place.storage}", undo=Undo((removal,)))
    return Plan("template download", (send, Probe(f"{volid} is there", _is_there(there), there.target, 10)))


def plan_delete(source: Source, names: Sequence[str], node: str | None, *, missing_ok: bool, many: bool) -> Plan:
    """Return the plan that removes templates from storages; containers made from them stay as they are."""
    steps: list[Step] = []
    for named in dict.fromkeys(names):
        try:
            found = find_template(source, named, node)
        except NotFound:
            if not missing_ok:
                raise
            steps.append(Keep(Target("template", named), f"there is no template {named}"))
            continue
        if len(found) > 1:
            where = ", ".join(f"{one.volid} on {one.place.node}" for one in found)
            raise UsageError(f"{named} is in several places: {where}", hint="name the volume, and the node by --node")
        one = found[0]
        send = Send(
            Call("DELETE", one.path),
            one.target,
            "remove",
            f"remove the template {one.volid}",
            undo=Undo(why_not=f"it can be downloaded again: pmpc ct template download {one.name}"),
        )
        steps += [send, Probe(f"{one.volid} is gone", _is_gone(one), one.target, 10)]
    return Plan("template delete", tuple(steps), many)


def _has(source: Source, template: Template) -> bool:
    query = template.place.query({"content": "vztmpl"})
    return any(text(row, "volid") == template.volid for row in as_rows(source.read(query.path, query.params)))


def _is_there(template: Template) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        return None if _has(source, template) else "it is not there"

    return check


def _is_gone(template: Template) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        return "it is still there" if _has(source, template) else None

    return check
