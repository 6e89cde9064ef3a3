"""Cloud-init of a virtual machine: what is set, what the drive does not hold yet, and the files that PVE generates."""

from __future__ import annotations

import re

from proxmox_mpc.domain.guest_config import MASK, cloud_init
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Query, Reading, Source
from proxmox_mpc.errors import NotFound, PmpcError
from proxmox_mpc.services.guest_details import PENDING_FIELDS, changes, pending_row
from proxmox_mpc.services.guest_page_shape import CLOUDINIT_FIELDS
from proxmox_mpc.services.reads import Notes

FILES = {"user": "user_data", "network": "network_config", "meta": "meta_data"}
CLOUDINIT_PAGE = item(
    Field("vmid", "integer", "the VM's id"),
    Field("name", "string?", "the VM's name"),
    *CLOUDINIT_FIELDS,
    Field("changes", "rows", "what the drive does not hold yet", fields=PENDING_FIELDS),
    Field("user_data", "string?", "the generated user data, passwords replaced"),
    Field("network_config", "string?", "the generated network configuration"),
    Field("meta_data", "string?", "the generated meta data"),
    doc="What cloud-init sets up.",
)

_PASSWORD = re.compile(r"^(\s*(?:- )?(?:password|passwd|plain_text_passwd|hashed_passwd|AdminPass)\s*[:=]\s*).+$", re.M)
# crypt(5): $5$salt$hash; PVE hashes cipassword with SHA-256.
_HASH = re.compile(r"\$(?:1|2[aby]?|5|6|y|gy|7)\$[./A-Za-z0-9$=,]{8,}")


def cloudinit(source: Source, ref: GuestRef) -> Reading[JsonObject]:
    """Return a VM's cloud-init; raises NotFound where it has none. A file that cannot be generated is left out."""
    settings = cloud_init(as_object(source.read(ref.path("config")), "the configuration"))
    if settings is None:
        raise NotFound(
            f"{ref.label} has no cloud-init", hint=f"add a drive: qm set {ref.vmid} --ide2 STORAGE:cloudinit"
        )
    queries = [
        Query(ref.path("cloudinit")),
        *(Query(ref.path("cloudinit", "dump"), {"type": kind}) for kind in FILES),
    ]
    waiting, *dumps = source.read_many(queries)
    notes = Notes()
    if isinstance(waiting, PmpcError):
        notes.failed("what the cloud-init drive holds", waiting)
        waiting = []
    rows = [pending_row(row) for row in as_rows(waiting or [], "the cloud-init changes")]
    page: JsonObject = {
        "vmid": ref.vmid,
        "name": ref.name,
        **settings,
        "changes": [row for row in rows if changes(row)],
    }
    for (kind, key), dump in zip(FILES.items(), dumps, strict=True):
        if isinstance(dump, PmpcError):
            notes.failed(f"the generated {kind} data", dump)
        page[key] = _without_passwords(dump)
    return Reading(page, *notes.values())


def _without_passwords(dump: Json | PmpcError) -> str | None:
    if not isinstance(dump, str):
        return None
    return _HASH.sub(MASK, _PASSWORD.sub(rf"\g<1>{MASK}", dump))
