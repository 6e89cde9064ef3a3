"""The firewalls of a pull: cluster and nodes always, guests where there are few or where they are asked for.

A guest's firewall takes four requests and nothing tells whether it has changed, so reading it for thousands of guests
would cost several times what all the rest does.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, text
from proxmox_mpc.domain.source import Query, api_path
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.pull_guests import guest_paths
from proxmox_mpc.services.pull_reader import Pulling

FEW_GUESTS = 100
"""Up to so many guests have their firewall read without ``--only firewall``."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A firewall: the scope in its keys, its API path, the sections it has."""

    scope: str
    path: str
    sections: tuple[str, ...]


def pull_firewall(pulling: Pulling) -> None:
    """Read options, rules, aliases, ipsets with their entries and security groups with their rules."""
    places = [_Place("cluster", "/cluster", ("options", "rules", "aliases", "ipset", "groups"))]
    places += [_Place(f"node:{node}", api_path("nodes", node), ("options", "rules")) for node in sorted(pulling.online)]
    places += _vnets(pulling)
    guests = guest_paths(pulling)
    if pulling.explicit or len(guests) <= FEW_GUESTS:
        sections = ("options", "rules", "aliases", "ipset")
        places += [_Place(f"guest:{vmid}", path, sections) for vmid, path in guests]
    asked = [(place, section) for place in places for section in place.sections]
    queries = [Query(f"{place.path}/firewall/{section}") for place, section in asked]
    listed: list[tuple[_Place, str, str, JsonObject]] = []
    read: set[str] = set()
    for chunk in pulling.read_chunks(queries, "firewalls"):
        for index, answer in chunk:
            place, section = asked[index]
            if isinstance(answer, PmpcError):
                pulling.unread(f"the firewall {section} of {place.scope.replace(':', ' ')}", answer)
            elif section in ("ipset", "groups"):
                read.add(f"{place.scope}/{section}")
                listed += [
                    (place, section, name, row)
                    for row in as_rows(answer)
                    if (name := text(row, "name") or text(row, "group")) is not None
                ]
            else:
                read.add(f"{place.scope}/{section}")
                _keep(pulling, place, section, None, answer)
    _named(pulling, listed)
    _settle(pulling, read)
    pulling.covered("firewall")


def _vnets(pulling: Pulling) -> list[_Place]:
    """Return the firewalls of the vnets, which came with PVE 9."""
    if pulling.release < 9:
        return []
    listed = pulling.read("/cluster/sdn/vnets")
    if isinstance(listed, PmpcError):
        pulling.unread("the vnets and their firewalls", listed)
        return []
    names = sorted(str(row.get("vnet")) for row in as_rows(listed))
    return [_Place(f"vnet:{name}", api_path("cluster", "sdn", "vnets", name), ("options", "rules")) for name in names]


def _named(pulling: Pulling, listed: list[tuple[_Place, str, str, JsonObject]]) -> None:
    """Read what ipsets and security groups hold."""
    queries = [Query(f"{place.path}/firewall/{section}{api_path(name)}") for place, section, name, _ in listed]
    for chunk in pulling.read_chunks(queries, "firewalls"):
        for index, answer in chunk:
            place, section, name, row = listed[index]
            if isinstance(answer, PmpcError):
                pulling.unread(f"the firewall {section} {name} of {place.scope.replace(':', ' ')}", answer)
                pulling.found("firewall").stale.add(f"{place.scope}/{section}/{name}")
            else:
                _keep(pulling, place, section, name, answer, text(row, "comment"))


def _keep(
    pulling: Pulling, place: _Place, section: str, name: str | None, answer: Json, comment: str | None = None
) -> None:
    row: JsonObject = {"scope": place.scope, "section": section}
    if name is not None:
        row["name"] = name
    if comment is not None:
        row["comment"] = comment
    row["options" if section == "options" else "entries"] = _without_digest(answer)
    key = "/".join(part for part in (place.scope, section, name) if part)
    pulling.see("firewall", key, row)


def _without_digest(answer: Json) -> Json:
    """Leave out the digest of the whole file, which every row repeats."""
    if isinstance(answer, list):
        return [_without_digest(row) for row in answer]
    if isinstance(answer, dict):
        return {name: value for name, value in answer.items() if name != "digest"}
    return answer


def _settle(pulling: Pulling, read: set[str]) -> None:
    findings = pulling.found("firewall")
    vanished = pulling.vanished("firewall") - findings.stale
    of_removed = {key for key in vanished if _guest_of(key) in pulling.gone_guests}
    findings.gone |= of_removed
    # What was not asked for this time stays as it is; a section that was read in full shows what has gone.
    pulling.settle("firewall", {key for key in vanished - of_removed if "/".join(key.split("/")[:2]) in read})


def _guest_of(key: str) -> str | None:
    scope = key.partition("/")[0]
    return scope.removeprefix("guest:") if scope.startswith("guest:") else None
