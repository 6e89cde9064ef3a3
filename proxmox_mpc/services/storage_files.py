"""Files on storages: fetched from a URL, with names and checksums that PVE takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.json import text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, UsageError
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.setting_tables import matched
from proxmox_mpc.services.storage_volume_writes import volume_at, volume_is
from proxmox_mpc.services.storages import content_kinds, places

FETCHED = ("iso", "vztmpl", "import")
ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~-]{0,254}")
_ENDINGS = {
    "iso": (".iso", ".img"),
    "vztmpl": (".tar.gz", ".tar.xz", ".tar.zst", ".tgz"),
    "import": (".qcow2", ".raw", ".vmdk", ".ova", ".ovf"),
}


def download(
    source: Source,
    storage: str,
    url: str,
    content: str,
    *,
    node: str | None = None,
    filename: str | None = None,
    checksum: str | None = None,
    verify: bool = True,
    if_missing: bool = False,
) -> Plan:
    """Plan that a node fetches a file from a URL; a checksum is checked by the node before the file is kept."""
    matched("url", "URL", url)
    name = checked_file(filename or urlsplit(url).path.rpartition("/")[2], content)
    on = place_for(source, storage, content, node)
    volid = f"{storage}:{content}/{name}"
    target = Target("volume", volid, None, on)
    if volume_at(source, on, storage, volid) is not None:
        if if_missing:
            return Plan("download", (Keep(target, "it is there already"),))
        raise Conflict(f"{volid} is there already", hint="--if-missing leaves it as it is")
    form: dict[str, FormValue] = {"url": url, "content": content, "filename": name}
    form |= checked_sum(checksum)
    if not verify:
        form["verify-certificates"] = False
    path = api_path("nodes", on, "storage", storage)
    notes = () if checksum else ("no --checksum: nobody checks that the file is the one that was meant",)
    undo = Undo((Send(Call("DELETE", f"{path}/content" + api_path(volid)), target, "disk_delete", f"delete {volid}"),))
    send = Send(
        Call("POST", f"{path}/download-url", form), target, "transfer", f"fetch {name} onto {storage} ({on})", undo=undo
    )
    return Plan(
        "download", (send, Probe(f"{volid} is there", volume_is(on, storage, volid), target, 30.0)), notes=notes
    )


def place_for(source: Source, storage: str, content: str, node: str | None) -> str:
    """Return the node through which a storage is filled; raises where it does not take such content."""
    if content not in FETCHED:
        raise UsageError(f"--content: {content!r} is not one of {', '.join(FETCHED)}")
    rows = [row for row in resources(source) if row.get("type") == "storage" and text(row, "storage") == storage]
    if not rows:
        raise NotFound(f"there is no storage {storage!r}", hint="pmpc storage list")
    if content not in content_kinds(rows[0]):
        kinds = ", ".join(str(kind) for kind in content_kinds(rows[0]))
        hint = f"pmpc storage set {storage} --content {','.join([*map(str, content_kinds(rows[0])), content])}"
        raise UsageError(f"storage {storage} takes {kinds}, and not {content}", hint=hint)
    where = places(source, rows + [row for row in resources(source) if row.get("type") == "node"], storage, node).value
    if not where:
        raise NotFound(f"storage {storage} is not available on {node or 'any node'}", hint="pmpc storage list")
    if len(where) > 1:
        nodes = ", ".join(place.node for place in where)
        raise UsageError(f"each of {nodes} has a storage {storage} of its own", hint="say which: --on-node NODE")
    return where[0].node


def checked_file(name: str, content: str) -> str:
    """Return a file's name on a storage; raises UsageError for what PVE does not take."""
    if _FILE.fullmatch(name) is None:
        raise UsageError(f"{name[:80]!r} cannot be a file's name", hint="letters, digits and . _ + ~ -; say --filename")
    endings = _ENDINGS.get(content, ())
    if endings and not name.lower().endswith(endings):
        hint = f"a file for {content} ends in {', '.join(endings)}; say --filename"
        raise UsageError(f"{name!r} does not look like {content}", hint=hint)
    return name


def checked_sum(checksum: str | None) -> dict[str, FormValue]:
    """Return the parameters of a checksum, written ALGORITHM:HEX or HEX; raises UsageError."""
    if checksum is None:
        return {}
    algorithm, colon, digits = checksum.rpartition(":")
    digits = digits.lower()
    found = ALGORITHMS.get(len(digits)) if re.fullmatch(r"[0-9a-f]+", digits) else None
    if found is None or (colon and algorithm.lower() != found):
        raise UsageError(f"--checksum: {checksum[:40]!r} is none", hint="sha256:HEX, sha512:HEX … or only the digits")
    return {"checksum": digits, "checksum-algorithm": found}
