"""Disk images for new virtual machines: one that a storage holds, or one to be downloaded to it first."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.json import JsonObject, as_rows, split_list, text
from proxmox_mpc.domain.plan import Send, Target, Undo
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import Conflict, NotFound, UsageError
from proxmox_mpc.services.reads import rows_of

_DIGESTS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_KINDS = ("qcow2", "raw", "vmdk")
_PACKED = {"gz": "gz", "xz": "xz", "bz2": "bz2", "zst": "zst"}
CONTENT = "import"
"""The content of a storage from which a disk may be imported (qemu-server refuses ISO images as a source)."""


class Image(NamedTuple):
    """Where the image will be, and what must be sent for it to be there; None where it is already."""

    volume: str
    download: Send | None = None
    warning: Warn | None = None


def image_volume(source: Source, volume: str, node: str) -> Image:
    """Return an image that a storage holds; raises NotFound where the node does not see it."""
    if ":" not in volume:
        raise UsageError(
            f"--image: {volume[:80]!r} is neither a volume nor a web address", hint="as in local:import/x.qcow2"
        )
    check_volume(source, volume, node, "--image")
    return Image(volume)


def check_volume(source: Source, volume: str, node: str, option: str) -> None:
    """Raise NotFound for a volume that a node does not see, UsageError for what is none."""
    storage, colon, _ = volume.partition(":")
    if not colon:
        raise UsageError(f"{option}: {volume[:80]!r} is no volume", hint="as in local:iso/debian.iso")
    rows = as_rows(source.read(api_path("nodes", node, "storage", storage, "content")), "the storage's content")
    if not any(text(row, "volid") == volume for row in rows):
        raise NotFound(f"node {node} sees no volume {volume}", hint=f"see: pmpc storage content {storage}")


def image_from_url(
    source: Source,
    found: list[JsonObject],
    url: str,
    node: str,
    target: Target,
    *,
    storage: str | None,
    checksum: str | None,
) -> Image:
    """Return an image that is downloaded, unless a file of its name is there; raises UsageError, Conflict, NotFound.

    ``found`` are the rows of /cluster/resources; ``checksum`` is ``sha256:HEX`` or the digest alone.
    """
    name, packed = file_name(url)
    place = _storage(found, node, storage)
    volume = f"{place}:{CONTENT}/{name}"
    content = source.read(api_path("nodes", node, "storage", place, "content"), {"content": CONTENT})
    if any(text(row, "volid") == volume for row in as_rows(content, "the storage's content")):
        return Image(volume, None, _not_checked(volume) if checksum else None)
    form: dict[str, FormValue] = {"content": CONTENT, "filename": name, "url": url}
    if packed:
        form["compression"] = packed
    if checksum:
        algorithm, digest = digest_of(checksum)
        form |= {"checksum": digest, "checksum-algorithm": algorithm}
    path = api_path("nodes", node, "storage", place, "download-url")
    back = Call("DELETE", api_path("nodes", node, "storage", place, "content", volume))
    undo = Undo((Send(back, target, "disk_delete", f"remove the image {volume}"),))
    return Image(volume, Send(Call("POST", path, form), target, "transfer", f"download {url} to {place}", undo=undo))


def _not_checked(volume: str) -> Warn:
    return Warn(
        "image_present",
        f"{volume} is there already and is used as it is: its checksum cannot be looked up",
        f"to download it again: pmpc storage volume delete {volume}",
        {"volume": volume},
    )


def file_name(url: str) -> tuple[str, str | None]:
    """Return the name under which an image is kept, and how it is packed; PVE imports qcow2, raw and vmdk files."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"--image: {url[:80]!r} is neither a volume nor a web address")
    name = unquote(parts.path.rpartition("/")[2])
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    stem, _, ending = name.rpartition(".")
    packed = _PACKED.get(ending)
    if packed:
        name = stem
        stem, _, ending = name.rpartition(".")
    if ending == "img":
        # Most distributions call their qcow2 images so; PVE looks at the ending alone.
        name, ending = f"{stem}.qcow2", "qcow2"
    if not stem or ending not in _KINDS:
        raise UsageError(
            f"--image: {name or url} is no disk image by its name", hint=f"it must end in .img, .{', .'.join(_KINDS)}"
        )
    return name, packed


def digest_of(checksum: str) -> tuple[str, str]:
    """Return algorithm and digest; without an algorithm the length says it. Raises UsageError."""
    algorithm, colon, digest = checksum.rpartition(":")
    digest = digest.strip().lower()
    by_length = _DIGESTS.get(len(digest)) if re.fullmatch(r"[0-9a-f]+", digest) else None
    if by_length is None or (colon and algorithm.lower() != by_length):
        raise UsageError("--checksum: that is no digest", hint="as in sha256:9f86d081…")
    return by_length, digest


def _storage(found: list[JsonObject], node: str, wanted: str | None) -> str:
    here = [row for row in rows_of(found, "storage") if row.get("node") == node]
    fit = [row for row in here if CONTENT in split_list(text(row, "content"))]
    if wanted is not None:
        row = next((row for row in here if row.get("storage") == wanted), None)
        if row is None:
            raise NotFound(f"node {node} has no storage {wanted}", hint=f"see: pmpc storage list --node {node}")
        if row not in fit:
            raise _no_import(row, f"storage {wanted} takes no images to import")
        return wanted
    names = sorted(str(row["storage"]) for row in fit if row.get("status") in ("available", None))
    if not names:
        files = next((row for row in here if "iso" in (text(row, "content") or "")), {})
        raise _no_import(files, f"no storage of node {node} takes images to import")
    return names[0]


def _no_import(row: JsonObject, message: str) -> Conflict:
    name, content = text(row, "storage") or "STORAGE", text(row, "content") or "…"
    return Conflict(message, hint=f"let a file storage take them: pvesm set {name} --content {content},{CONTENT}")
