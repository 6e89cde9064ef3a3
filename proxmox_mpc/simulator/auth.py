"""Who is calling: API tokens, tickets with their CSRF token, and second factors (PVE::AccessControl)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from urllib.parse import quote, unquote

from proxmox_mpc.simulator.call import Caller
from proxmox_mpc.simulator.errors import ApiError
from proxmox_mpc.simulator.http import Request
from proxmox_mpc.simulator.world import User, World

TICKET_LIFETIME = 2 * 3600
GRACE = 300
_WORLD_PATHS = {("GET", "/access/domains"), ("GET", "/access/ticket"), ("POST", "/access/ticket")}


def _sign(world: World, text: str) -> str:
    digest = hmac.new(world.ticket_key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def make_ticket(world: World, data: str, now: float) -> str:
    """Return a ticket for ``data`` (a user id, or ``!tfa!…`` while the second factor is still to come)."""
    plain = f"PVE:{data}:{int(now):08X}"
    return f"{plain}::{_sign(world, plain)}"


def read_ticket(world: World, ticket: str, now: float) -> str | None:
    """Return what a ticket was made for; None when it is forged or older than two hours and the grace time."""
    plain, found, signature = ticket.partition("::")
    if not found or not hmac.compare_digest(signature, _sign(world, plain)):
        return None
    data, _, made = plain.removeprefix("PVE:").rpartition(":")
    age = now - int(made, 16)
    return data if -GRACE < age < TICKET_LIFETIME + GRACE else None


def make_csrf(world: World, user: str, now: float) -> str:
    """Return the token that a ticket's holder sends with every write."""
    stamp = f"{int(now):08X}"
    return f"{stamp}:{_sign(world, f'csrf:{stamp}:{user}')}"


def _csrf_is_good(world: World, user: str, token: str, now: float) -> bool:
    stamp, _, signature = token.partition(":")
    if not hmac.compare_digest(signature, _sign(world, f"csrf:{stamp}:{user}")):
        return False
    return -GRACE < now - int(stamp, 16) < TICKET_LIFETIME + GRACE


def authenticate(world: World, request: Request, method: str, path: str, now: float) -> Caller:
    """Return the caller; raises the 401 with an empty body that every bad or missing credential gets."""
    if (method, path) in _WORLD_PATHS or path.startswith("/access/openid/"):
        return Caller("")
    given = request.headers.get("authorization", "")
    if given.startswith("PVEAPIToken"):
        return _by_token(world, given, now)
    ticket = _cookie(request.headers.get("cookie", ""))
    if not ticket:
        raise _denied("No ticket")
    user = read_ticket(world, ticket, now)
    if user is None or user.startswith("!tfa!"):
        raise _denied("permission denied - invalid PVE ticket")
    if method != "GET" and not _csrf_is_good(world, user, request.headers.get("csrfpreventiontoken", ""), now):
        raise _denied("Permission denied - invalid csrf token")
    if not is_active(world.users.get(user), now):
        raise _denied(f"user '{user}' is disabled or expired")
    return Caller(user)


def _denied(text: str) -> ApiError:
    return ApiError(401, text, empty=True)


def _cookie(header: str) -> str:
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == "PVEAuthCookie":
            return unquote(value)
    return ""


def _by_token(world: World, header: str, now: float) -> Caller:
    """Read ``PVEAPIToken=user@realm!name=secret``; PVE also takes a blank instead of the first ``=``."""
    full, _, secret = header[len("PVEAPIToken") :].lstrip(" =").partition("=")
    userid, _, name = full.partition("!")
    user = world.users.get(userid)
    token = user.tokens.get(name) if user else None
    good = token is not None and len(name) > 1 and hmac.compare_digest(token.secret.encode(), secret.encode())
    if not good or token is None or not is_active(user, now) or (token.expire and token.expire < now):
        raise _denied("Authentication failed!")
    return Caller(userid, name)


def is_active(user: User | None, now: float) -> bool:
    """Return whether a user may log in at all."""
    return user is not None and user.enable and not (user.expire and user.expire < now)


def check_password(world: World, user: User, password: str, now: float) -> bool:
    """Return whether ``password`` is the user's, or a ticket of his that is still good (renewal)."""
    if password.startswith("PVE:"):
        return read_ticket(world, password, now) == user.userid
    return user.password is not None and hmac.compare_digest(user.password.encode(), password.encode())


def tfa_challenge(user: User) -> str:
    """Return the data of a ticket that still lacks the second factor: which kinds the user has."""
    kinds = {str(entry.get("type")) for entry in user.tfa}
    asked = {"totp": "totp" in kinds, "recovery": "available" if "recovery" in kinds else "unavailable"}
    return "!tfa!" + quote(json.dumps({**asked, "user": user.userid}), safe="")


def challenged_user(data: str) -> str:
    """Return the user of a ticket's ``!tfa!`` data."""
    return str(json.loads(unquote(data.removeprefix("!tfa!")))["user"])


def check_second_factor(user: User, answer: str, now: float) -> bool:
    """Return whether ``totp:123456`` or ``recovery:…`` answers the challenge; a recovery key is used up."""
    kind, _, code = answer.partition(":")
    for entry in user.tfa:
        if entry.get("type") != kind:
            continue
        if kind == "totp" and code in {totp(str(entry["secret"]), now + drift) for drift in (-30, 0, 30)}:
            return True
        keys = entry.get("keys")
        if kind == "recovery" and isinstance(keys, list) and code in keys:
            keys.remove(code)
            return True
    return False


def totp(secret: str, now: float) -> str:
    """Return the six digits of a base32 secret at a time (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(now) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
