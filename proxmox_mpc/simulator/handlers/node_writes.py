"""Changing what a node says of itself: services, packages, name servers, time, certificates, subscription, notes."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxmox_mpc.simulator import certificates
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest, digest_of
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.sections import changed

routes = Routes()
SERVICE = "/nodes/{node}/services/{service}"
CUSTOM = "/nodes/{node}/certificates/custom"
_ESSENTIAL = frozenset(["pveproxy", "pvedaemon", "pve-cluster"])
"""Services without which the API would not answer: they are never stopped, and reloaded instead of restarted."""


def _act(action: str) -> Handler:
    def act(call: Call) -> Json:
        name = call.text("service")
        if not any(name in {row["service"], row["name"]} for row in call.node.services):
            raise failed(f"no such service '{name}'")
        if name in _ESSENTIAL and action == "stop":
            raise invalid({"service": f"invalid service cmd '{name} {action}': ERROR"})
        kind = "reload" if name in _ESSENTIAL and action == "restart" else action
        return start_task(call, f"srv{kind}", name, {"service": name})

    return act


for _action in ("start", "stop", "restart", "reload"):
    routes.post(f"{SERVICE}/{_action}")(_act(_action))


@routes.post("/nodes/{node}/apt/update")
def refresh_packages(call: Call) -> Json:
    """Read the package lists anew, in a task."""
    return start_task(call, "aptupdate", "", {})


@routes.put("/nodes/{node}/dns")
def change_dns(call: Call) -> Json:
    """Set the search domain and the name servers."""
    call.node.dns = {key: call.text(key) for key in ("search", "dns1", "dns2", "dns3") if key in call.params}
    return None


@routes.put("/nodes/{node}/time")
def change_time_zone(call: Call) -> Json:
    """Set the time zone."""
    zone = call.text("timezone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid({"timezone": f"No such timezone: '{zone}'"}) from error
    call.node.timezone = zone
    return None


@routes.post("/nodes/{node}/hosts")
def change_hosts(call: Call) -> Json:
    """Write /etc/hosts."""
    if call.text("digest") and call.text("digest") != digest_of(call.node.hosts):
        raise failed("detected modified configuration - file changed by other user? Try again.")
    call.node.hosts = call.text("data")
    return None


@routes.get("/nodes/{node}/config")
def config(call: Call) -> Json:
    """Return a node's own settings: notes, how to wake it, its share of memory for ballooning."""
    kept = _config(call)
    name = call.text("property")
    if name:
        kept = {name: kept[name]} if name in kept else {}
    return {**kept, "digest": digest_of(_config(call))}


def _config(call: Call) -> JsonObject:
    kept = call.node.documents.get("config")
    return kept if isinstance(kept, dict) else {}


@routes.put("/nodes/{node}/config")
def change_config(call: Call) -> Json:
    """Change a node's own settings."""
    kept = _config(call)
    check_digest(call.text("digest"), kept)
    call.node.documents["config"] = changed(call, kept, "node")
    return None


@routes.post(CUSTOM)
def upload_certificate(call: Call) -> Json:
    """Put a certificate in place of the cluster's own; ``force`` replaces one that was put there before."""
    node = call.node
    if any(row.get("filename") == "pveproxy-ssl.pem" for row in node.certificates) and not call.flag("force"):
        raise invalid({"force": "Custom certificate exists but 'force' is not set."})
    if not call.text("key") and not node.documents.get("certificates/key"):
        raise invalid({"key": "Attempted to upload custom certificate without (existing) key."})
    try:
        described = certificates.describe(call.text("certificates"))
    except ValueError as error:
        raise invalid({"certificates": f"invalid format - {error}\n"}) from error
    node.documents["certificates/key"] = True
    row: JsonObject = {**described, "filename": "pveproxy-ssl.pem"}
    node.certificates = [row, *(r for r in node.certificates if r.get("filename") != "pveproxy-ssl.pem")]
    return row


@routes.delete(CUSTOM)
def remove_certificate(call: Call) -> Json:
    """Go back to the cluster's own certificate."""
    node = call.node
    node.certificates = [row for row in node.certificates if row.get("filename") != "pveproxy-ssl.pem"]
    node.documents.pop("certificates/key", None)
    return None


@routes.put("/nodes/{node}/subscription")
def set_subscription(call: Call) -> Json:
    """Set a subscription key; the simulated shop knows every key."""
    key = call.text("key").strip()
    level = {"c": "Community", "b": "Basic", "s": "Standard", "p": "Premium"}[key[4]]
    row: JsonObject = {
        "status": "active", "key": key, "level": key[4], "productname": f"Proxmox VE {level} Subscription",
        "sockets": int(key[3]), "checktime": call.now, "serverid": "0" * 32,
    }  # fmt: skip
    call.node.documents["subscription"] = row
    call.node.level = key[4]
    return None


@routes.post("/nodes/{node}/subscription")
def refresh_subscription(call: Call) -> Json:
    """Ask the shop about the key anew."""
    known = call.node.documents.get("subscription")
    if isinstance(known, dict) and "key" in known:
        known["checktime"] = call.now
    return None


@routes.delete("/nodes/{node}/subscription")
def remove_subscription(call: Call) -> Json:
    """Remove the key."""
    call.node.documents.pop("subscription", None)
    call.node.level = ""
    return None
