"""Bringing files to a storage: uploads, and downloads from URLs.

There is no network behind the simulator. A URL stands for a file whose content is the URL's own text (its checksum is
that of the text) and whose size is made up from it. A host below ``.invalid`` does not resolve, and what a path names
``missing…`` is not found on its server.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import ApiError, failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.handlers.storage import STORE, usable
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.storages import FILE_STORAGES
from proxmox_mpc.simulator.world import Storage

routes = Routes()
_ENDINGS = {
    "iso": r"\.(?:iso|img)", "vztmpl": r"\.tar\.(?:gz|xz|zst|bz2)", "import": r"\.(?:ova|ovf|qcow2|raw|vmdk)",
}  # fmt: skip
_MIB = 1 << 20


def _target(call: Call) -> tuple[Storage, str]:
    """Return the storage and the safe name of the file to come; raises PVE's errors for what it will not take."""
    storage, content = usable(call, call.text("storage")), call.text("content")
    if storage.kind not in FILE_STORAGES:
        raise failed(f"can't upload to storage type '{storage.kind}', not a file based storage!")
    if content not in storage.content:
        raise failed(f"storage '{storage.name}' does not support '{content}' content")
    name = re.sub(r"[^\w.+=-]", "_", re.split(r"[/\\]", call.text("filename"))[-1])
    if not re.search(rf"{_ENDINGS[content]}\Z", name, re.IGNORECASE):
        raise invalid({"filename": "wrong file extension"})
    return storage, name


def _job(call: Call, storage: Storage, name: str, size: int) -> JsonObject:
    return {
        "storage": storage.name, "content": call.text("content"), "filename": name, "size": size,
        "algorithm": call.text("checksum-algorithm"), "expected": call.text("checksum").lower(),
    }  # fmt: skip


@routes.post(f"{STORE}/upload")
def upload(call: Call) -> Json:
    """Take a file that came as multipart, and copy it to the storage in a task."""
    storage, name = _target(call)
    if call.upload is None:
        raise ApiError(400, "upload: no file in the request\n")
    job = _job(call, storage, name, len(call.upload))
    if call.text("checksum"):
        job["actual"] = hashlib.new(call.text("checksum-algorithm"), call.upload).hexdigest()
    return start_task(call, "imgcopy", "", job)


@routes.post(f"{STORE}/download-url")
def download(call: Call) -> Json:
    """Download a file from a URL in a task."""
    storage, name = _target(call)
    url = call.text("url")
    if call.text("compression") and call.text("content") == "vztmpl":
        raise invalid({"compression": "decompression not supported for vztmpl"})
    job = _job(call, storage, name, size_of(url)) | {"url": url, "problem": problem_of(url)}
    if call.text("checksum"):
        job["actual"] = hashlib.new(call.text("checksum-algorithm"), url.encode()).hexdigest()
    return start_task(call, "download", name, job)


def size_of(url: str) -> int:
    """Return the size of the file behind a URL: between 200 and 1000 MiB, always the same."""
    return (200 + int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") % 800) * _MIB


def problem_of(url: str) -> str:
    """Return why a URL cannot be fetched, or nothing."""
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".invalid"):
        return f"500 Can't connect to {parts.hostname}:{parts.port or 443} (Name or service not known)"
    return "404 Not Found" if parts.path.rsplit("/", 1)[-1].startswith("missing") else ""
