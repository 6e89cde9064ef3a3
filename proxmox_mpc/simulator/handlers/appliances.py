"""Container templates to download, and what a node finds out about a URL."""

from __future__ import annotations

from urllib.parse import urlsplit

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.handlers.storage import usable
from proxmox_mpc.simulator.handlers.uploads import problem_of, size_of
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes

routes = Routes()
_TYPES = {"iso": "application/x-iso9660-image", "img": "application/octet-stream", "zst": "application/zstd"}


@routes.post("/nodes/{node}/aplinfo")
def download_template(call: Call) -> Json:
    """Download a container template of PVE's list in a task."""
    listed = call.node.documents.get("aplinfo")
    known = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    found = next((row for row in known if row["template"] == call.text("template")), None)
    if found is None:
        raise invalid({"template": "no such template"})
    storage = usable(call, call.text("storage"))
    if "vztmpl" not in storage.content:
        raise failed(f"storage '{storage.name}' does not support templates")
    url = str(found.get("location"))
    job: JsonObject = {
        "storage": storage.name, "content": "vztmpl", "filename": call.text("template"), "size": size_of(url) // 8,
        "url": url, "problem": "", "algorithm": "", "expected": "",
    }  # fmt: skip
    return start_task(call, "download", "", job)


@routes.get("/nodes/{node}/query-url-metadata")
def url_metadata(call: Call) -> Json:
    """Return the name, size and type of the file behind a URL."""
    url = call.text("url")
    problem = problem_of(url)
    if problem:
        raise invalid({"url": f"invalid server response: '{problem}'"})
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    row: JsonObject = {
        "size": size_of(url),
        "mimetype": _TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream"),
    }
    return row | ({"filename": name} if name else {})
