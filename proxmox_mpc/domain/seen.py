"""What stands at a path, key by key: what a write is compared with, before and after.

Some of PVE's answers are lists in which one write concerns some entries: the members of a pool, what is granted,
a node's certificates. Here each entry has a key, so that what others change beside it does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, boolean, text


def pool_path(pool: str) -> str:
    """Return where a pool is seen; by a parameter, since the id of a nested one holds a slash (PVE 8.1)."""
    return f"/pools?poolid={quote(pool, safe='')}"


def member_key(kind: str, ident: int | str) -> str:
    """Return the key of a member of a pool, a ``guest`` or a ``storage``."""
    return f"{kind} {ident}"


def grant_key(path: str, kind: str, holder: str, role: str) -> str:
    """Return the key of what is granted: a role on a path to a ``user``, ``group`` or ``token``."""
    return f"{path} {kind} {holder} {role}"


def query_of(path: str) -> tuple[str, dict[str, Param]]:
    """Return a path without its parameters, and those."""
    bare, _, query = path.partition("?")
    return bare, dict(parse_qsl(query))


def seen(path: str, params: Mapping[str, Param], found: Json) -> JsonObject | None:
    """Return what was read at a path as an object: other lists under the key ``list``, None for what is not there."""
    if path == "/pools" and "poolid" in params:
        return _pool(str(params["poolid"]), found)
    if path == "/access/acl":
        return {_key_of(row): int(boolean(row, "propagate", True)) for row in as_rows(found, path)}
    if path.endswith("/certificates/info"):
        return {text(row, "filename") or "": text(row, "fingerprint") for row in as_rows(found, path)}
    return found if isinstance(found, dict) else {"list": found}


def _key_of(row: JsonObject) -> str:
    return grant_key(*(text(row, key) or "" for key in ("path", "type", "ugid", "roleid")))


def _pool(pool: str, found: Json) -> JsonObject | None:
    row = next((row for row in as_rows(found, "/pools") if text(row, "poolid") == pool), None)
    if row is None:
        return None
    shown: JsonObject = {"poolid": pool, "comment": text(row, "comment") or ""}
    for member in as_rows(row.get("members") or [], "members"):
        stored = text(member, "type") == "storage"
        shown[member_key("storage", text(member, "storage") or "") if stored else
              member_key("guest", text(member, "vmid") or "")] = 1  # fmt: skip
    return shown
