"""What each family of read commands needs of Proxmox VE, and whether somebody has it."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading, Source
from proxmox_mpc.services.privileges import Need, grants, held, needed, read_permissions, release_of

_ROW = (
    Field("commands", "string", "the commands that need it"),
    Field("privilege", "string", "what is needed"),
    Field("path", "string", "where"),
    Field("held", "string", "everywhere below the path, somewhere, or nowhere", choices=("yes", "partly", "no")),
    Field("basic", "boolean", "whether the role PVEAuditor holds it", level="wide"),
    Field("changes", "boolean", "whether PVE lets its holder change something too"),
    Field("sees", "string", "what stays hidden without it"),
)
NEEDS_PAGE = item(
    Field("holder", "string", "the user or token"),
    Field("complete", "boolean", "whether it holds all that PVEAuditor holds, on everything"),
    Field("needs", "rows", "what reading needs", fields=_ROW, title="What reading needs"),
    Field("grants", "string?", "commands, for a shell on a node, that give what is missing of it"),
    Field(
        "further_grants",
        "string?",
        "commands that give the rest as well; look at the column CHANGES first",
        title="further grants",
    ),
    doc="What reading needs, what somebody holds of it, and how he is given what is missing.",
)


def check_needs(source: Source, holder: str, who: str | None = None) -> Reading[JsonObject]:
    """Return what ``holder`` has of what reading needs; ``who`` is asked about, None for who is asking."""
    permissions = read_permissions(source, who)
    release = release_of(text(as_object(source.read("/version"), "the version"), "version"))
    needs = needed(release)
    lacking = [need for need in needs if held(permissions, need) != "yes"]
    basic = [need for need in lacking if need.basic]
    return Reading(
        {
            "holder": holder,
            "complete": not basic,
            "needs": [*rows_of(permissions, needs)],
            "grants": "\n".join(grants(basic, holder)) or None,
            "further_grants": "\n".join(grants([need for need in lacking if not need.basic], holder)) or None,
        }
    )


def rows_of(permissions: JsonObject, needs: Sequence[Need]) -> list[JsonObject]:
    """Return each need with whether it is held."""
    return [
        {
            "commands": need.commands,
            "privilege": need.privilege,
            "path": need.path,
            "held": held(permissions, need),
            "basic": need.basic,
            "changes": need.changes,
            "sees": need.sees,
        }
        for need in needs
    ]
