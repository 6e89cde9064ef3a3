"""Changing second factors; API tokens may not."""

from __future__ import annotations

from proxmox_mpc.simulator import auth
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import ApiError, failed, forbidden, invalid
from proxmox_mpc.simulator.handlers.access import find_user
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.property_strings import new_uuid
from proxmox_mpc.simulator.router import Routes

routes = Routes()
ENTRY = "/access/tfa/{userid}/{id}"
RECOVERY_KEYS = 10


def _confirmed(call: Call) -> None:
    """Raise the 403 of whoever does not confirm with his password; root need not."""
    user = call.world.users.get(call.caller.user)
    if call.caller.is_root:
        return
    if user is None or not auth.check_password(call.world, user, call.text("password"), call.clock.now()):
        raise forbidden("password verification failed")


@routes.post("/access/tfa/{userid}")
def add(call: Call) -> Json:
    """Add a TOTP secret (proved by a code of it) or recovery keys, which are shown this once."""
    user, kind = find_user(call), call.text("type")
    _confirmed(call)
    name = f"{kind}-{new_uuid(call.world.random('tfa'))[:8]}"
    entry: JsonObject = {
        "type": kind, "id": name, "description": call.text("description"), "created": call.now, "enable": 1,
    }  # fmt: skip
    match kind:
        case "totp":
            secret = _secret(call)
            if call.text("value") not in {auth.totp(secret, call.clock.now() + drift) for drift in (-30, 0, 30)}:
                raise failed("failed to verify TOTP challenge")
            user.tfa.append({**entry, "secret": secret})
            return {"id": name}
        case "recovery":
            if any(other["type"] == "recovery" for other in user.tfa):
                raise failed("user already has recovery keys")
            random = call.world.random("recovery")
            keys = ["-".join(f"{random.randrange(1 << 16):04x}" for _ in range(4)) for _ in range(RECOVERY_KEYS)]
            user.tfa.append({**entry, "id": "recovery", "keys": [*keys]})
            return {"id": "recovery", "recovery": [*keys]}
        case _:
            raise failed(f"adding a factor of type '{kind}' needs a browser")


def _secret(call: Call) -> str:
    """Return the secret of an ``otpauth://`` URI."""
    for part in call.text("totp").partition("?")[2].split("&"):
        if part.startswith("secret="):
            return part.removeprefix("secret=")
    raise invalid({"totp": "not a valid otpauth URI"})


def _entry(call: Call) -> JsonObject:
    for entry in find_user(call).tfa:
        if entry["id"] == call.text("id"):
            return entry
    raise ApiError(404, f"no such entry '{call.text('id')}'\n")


@routes.put(ENTRY)
def change(call: Call) -> Json:
    """Change a factor's description, or whether it counts."""
    entry = _entry(call)
    _confirmed(call)
    if "description" in call.params:
        entry["description"] = call.text("description")
    if "enable" in call.params:
        entry["enable"] = int(call.flag("enable"))
    return None


@routes.delete(ENTRY)
def delete(call: Call) -> Json:
    """Remove a factor."""
    entry = _entry(call)
    _confirmed(call)
    find_user(call).tfa.remove(entry)
    return None


@routes.put("/access/users/{userid}/unlock-tfa")
def unlock(call: Call) -> Json:
    """Let a user try again who gave too many wrong codes; answers whether he was locked."""
    find_user(call)
    locked = call.world.documents.get("/access/locked")
    if isinstance(locked, list) and call.text("userid") in locked:
        locked.remove(call.text("userid"))
        return True
    return False
