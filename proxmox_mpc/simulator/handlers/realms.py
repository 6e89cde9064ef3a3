"""Changing the realms that users come from, and syncing those that a directory holds."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, locked, needed

routes = Routes()
REALM = "/access/domains/{realm}"
SYNCED = frozenset(["ldap", "ad"])
_NEEDS = {
    "ldap": ("base_dn", "server1", "user_attr"),
    "ad": ("domain", "server1"),
    "openid": ("issuer-url", "client-id"),
}
_SECRET = ("password", "client-key", "check-connection")


@routes.post("/access/domains")
def create(call: Call) -> Json:
    """Define a realm; pam and pve are there already."""
    name, kind = call.text("realm"), call.text("type")
    with locked("add auth server failed"):
        if name in call.world.realms:
            raise failed(f"domain '{name}' already exists")
        if kind in {"pam", "pve"}:
            raise failed(f"unable to create builtin type '{kind}'")
        entry = given(call, "realm", *_SECRET)
        needed(entry, *_NEEDS.get(kind, ()))
        _set_default(call, entry)
        call.world.realms[name] = entry
    return None


def _set_default(call: Call, entry: JsonObject) -> None:
    """Let only one realm be the one that the login form offers first."""
    if entry.get("default"):
        for other in call.world.realms.values():
            other.pop("default", None)


def _realm(call: Call) -> JsonObject:
    name = call.text("realm")
    if name not in call.world.realms:
        raise failed(f"domain '{name}' does not exist")
    return call.world.realms[name]


@routes.put(REALM)
def change(call: Call) -> Json:
    """Change a realm."""
    with locked("update auth server failed"):
        entry = _realm(call)
        check_digest(call.text("digest"), dict(call.world.realms))
        entry = changed(call, entry, "realm", *_SECRET, fixed=_NEEDS.get(str(entry["type"]), ()))
        _set_default(call, given(call))
        call.world.realms[call.text("realm")] = entry
    return None


@routes.delete(REALM)
def delete(call: Call) -> Json:
    """Remove a realm; its users stay and cannot log in."""
    with locked("delete auth server failed"):
        if _realm(call)["type"] in {"pam", "pve"}:
            raise failed(f"unable to delete realm '{call.text('realm')}' - built-in realms cannot be removed")
        del call.world.realms[call.text("realm")]
    return None


@routes.post(f"{REALM}/sync")
def sync(call: Call) -> Json:
    """Take users and groups over from a realm's directory, in a task."""
    realm, name = _realm(call), call.text("realm")
    if realm["type"] not in SYNCED:
        raise failed(f"Cannot sync realm type '{realm['type']}'! Only LDAP/AD realms can be synced.")
    defaults = dict(
        part.split("=", 1) for part in str(realm.get("sync-defaults-options", "")).split(",") if "=" in part
    )
    scope = call.text("scope") or defaults.get("scope")
    if scope is None:
        raise invalid({"scope": "property is missing and it is not optional"})
    test = call.flag("dry-run")
    job: JsonObject = {
        "realm": name, "scope": scope, "test": test,
        "vanished": call.text("remove-vanished") or defaults.get("remove-vanished", "none"),
        "enable": call.flag("enable-new", default=defaults.get("enable-new", "1") == "1"),
    }  # fmt: skip
    return tasks.start(
        call.world, call.clock.now(), kind="auth-realm-sync-test" if test else "auth-realm-sync", guest=name,
        user=call.caller.authid, node=call.local_node, job=job,
    )  # fmt: skip
