"""Logging in: tickets for passwords, renewal, second factors; changing a password."""

from __future__ import annotations

from proxmox_mpc.simulator import auth
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import ApiError, invalid
from proxmox_mpc.simulator.handlers.access import find_user
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import User

routes = Routes()
routes.index("/access/openid", "auth-url", "login")


@routes.get("/access/ticket")
def login_form(_call: Call) -> Json:
    """Answer nothing; the path is there for the login page."""
    return None


@routes.post("/access/ticket")
def login(call: Call) -> Json:
    """Return a ticket for a password, a ticket (renewal) or the answer to a second factor's challenge."""
    name = call.text("username")
    if "@" not in name:
        name = f"{name}@{call.text('realm') or 'pam'}"
    user, now = call.world.users.get(name), call.clock.now()
    if user is None or not auth.is_active(user, now):
        raise _failed_login()
    challenge = call.text("tfa-challenge")
    if challenge:
        data = auth.read_ticket(call.world, challenge, now) or ""
        known = data.startswith("!tfa!") and auth.challenged_user(data) == name
        if not known or not auth.check_second_factor(user, call.text("password"), now):
            raise _failed_login()
        return _ticket(call, user)
    if not auth.check_password(call.world, user, call.text("password"), now):
        raise _failed_login()
    renewed = call.text("password").startswith("PVE:")
    if user.tfa and not renewed:
        ticket = auth.make_ticket(call.world, auth.tfa_challenge(user), now)
        return {"ticket": ticket, "username": name, "NeedTFA": 1, "CSRFPreventionToken": _csrf(call, name)}
    return _ticket(call, user)


def _failed_login() -> ApiError:
    return ApiError(401, "authentication failure\n")


def _csrf(call: Call, name: str) -> str:
    return auth.make_csrf(call.world, name, call.clock.now())


def _ticket(call: Call, user: User) -> JsonObject:
    now, name = call.clock.now(), user.userid
    answer: JsonObject = {
        "ticket": auth.make_ticket(call.world, name, now), "CSRFPreventionToken": _csrf(call, name), "username": name,
        "cap": _capabilities(call, name),
    }  # fmt: skip
    return answer if call.world.cluster is None else answer | {"clustername": call.world.cluster}


def _capabilities(call: Call, name: str) -> Json:
    """Return what the web interface shows a user: privileges by the first part of their path."""
    found: JsonObject = {}
    for part, path in (
        ("vms", "/vms"), ("storage", "/storage"), ("access", "/access"), ("nodes", "/nodes"), ("dc", "/"),
        ("sdn", "/sdn"), ("mapping", "/mapping"),
    ):  # fmt: skip
        found[part] = dict.fromkeys(sorted(call.permissions.on(name, None, path)), 1)
    return found


@routes.put("/access/password")
def change_password(call: Call) -> Json:
    """Set a user's password; everyone but root confirms it with his own."""
    user = find_user(call)
    confirmed = call.world.users.get(call.caller.user)
    now = call.clock.now()
    if not call.caller.is_root and (
        confirmed is None or not auth.check_password(call.world, confirmed, call.text("confirmation-password"), now)
    ):
        raise invalid({"confirmation-password": "password confirmation failed"})
    user.password = call.text("password")
    return None
