"""Changing the datacenter's options and the device mappings."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, locked

routes = Routes()


@routes.put("/cluster/options")
def change_options(call: Call) -> Json:
    """Change the datacenter's options."""
    options = changed(call, call.world.options)
    if "registered-tags" in options:
        tags = {tag for tag in str(options["registered-tags"]).split(";") if tag}
        options["registered-tags"] = ";".join(sorted(tags))
    call.world.options = options
    return None


def _register(kind: str) -> None:
    """Register the changes of one kind of device mapping."""

    @routes.post(f"/cluster/mapping/{kind}")
    def create(call: Call) -> Json:
        known, name = call.world.mappings.setdefault(kind, {}), call.text("id")
        with locked(f"create {kind} mapping failed"):
            if name in known:
                raise failed(f"{kind} ID '{name}' already defined")
            known[name] = given(call, "id")
        return None

    @routes.put(f"/cluster/mapping/{kind}/{{id}}")
    def change(call: Call) -> Json:
        known, name = call.world.mappings.get(kind, {}), call.text("id")
        with locked(f"update {kind} mapping failed"):
            check_digest(call.text("digest"), dict(known))
            if name not in known:
                raise failed(f"{kind} ID '{name}' does not exist")
            known[name] = changed(call, known[name], "id", fixed=("map",))
        return None

    @routes.delete(f"/cluster/mapping/{kind}/{{id}}")
    def delete(call: Call) -> Json:
        call.world.mappings.get(kind, {}).pop(call.text("id"), None)
        return None


for _kind in ("dir", "pci", "usb"):
    _register(_kind)
