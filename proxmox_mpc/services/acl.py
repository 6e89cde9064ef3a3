"""Who may do what: the access control list, realms, effective permissions and second factors."""

from __future__ import annotations

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Reading, Source
from proxmox_mpc.errors import UsageError

ACL_FIELDS = (
    Field("path", "string", "the path it is granted on"),
    Field("type", "string", "whom it is granted to: user, group or token"),
    Field("ugid", "string", "the id of the user, group or token", title="USER OR GROUP"),
    Field("roleid", "string", "the role that is granted", title="ROLE"),
    Field("propagate", "boolean", "whether it holds below the path too"),
)
TFA_FIELDS = (
    Field("userid", "string", "the user"),
    Field("type", "string?", "totp, webauthn, recovery, u2f, yubico"),
    Field("id", "string?", "id of the second factor", level="wide"),
    Field("description", "string?", "what its user calls it"),
    Field("created", "time?", "when it was set up"),
    Field("enabled", "boolean", "whether it is switched on"),
    Field("locked", "boolean", "whether it is locked after too many failures"),
)
ACL_ROWS = rows(*ACL_FIELDS, doc="Entries of the access control list, by path.")
TFA_ROWS = rows(*TFA_FIELDS, doc="Second factors, by user; never their secrets.")
REALM_ROWS = rows(
    Field("realm", "string", "the realm"),
    Field("type", "string?", "pam, pve, ldap, ad, openid"),
    Field("default", "boolean", "whether the login page offers it first"),
    Field("tfa", "string?", "the second factor that it demands"),
    Field("comment", "string?", "its comment"),
    doc="Authentication realms, by name.",
)
PERMISSION_ROWS = rows(
    Field("path", "string", "the path"),
    Field("privilege", "string", "what is allowed there"),
    Field("propagate", "boolean", "whether it holds below the path too"),
    doc="Effective permissions, by path and privilege.",
)


def list_acl(source: Source, path: str | None = None) -> Reading[list[JsonObject]]:
    """Return the entries of the access control list by path; of one path those on it and those that reach it."""
    found = [acl_row(row) for row in as_rows(source.read("/access/acl"), "the access control list")]
    if path is not None:
        wanted = checked(path)
        found = [row for row in found if _reaches(row, wanted)]
    return Reading(sorted(found, key=lambda row: (str(row["path"]), str(row["ugid"]), str(row["roleid"]))))


def list_realms(source: Source) -> Reading[list[JsonObject]]:
    """Return the realms, by name."""
    found: list[JsonObject] = [
        {
            "realm": text(row, "realm") or "",
            "type": text(row, "type"),
            "default": boolean(row, "default"),
            "tfa": text(row, "tfa"),
            "comment": text(row, "comment"),
        }
        for row in as_rows(source.read("/access/domains"), "the realms")
    ]
    return Reading(sorted(found, key=lambda row: str(row["realm"])))


def list_permissions(source: Source, who: str | None = None, path: str | None = None) -> Reading[list[JsonObject]]:
    """Return what ``who`` (a user, or a token USER@REALM!NAME; None: who is asking) is allowed.

    Without a path PVE names each path at which something changes; below, what propagates holds on.
    """
    params = {"userid": who, "path": None if path is None else checked(path)}
    found = as_object(source.read("/access/permissions", params), "the permissions")
    made: list[JsonObject] = [
        {"path": where, "privilege": privilege, "propagate": boolean(as_object(held), privilege)}
        for where, held in sorted(found.items())
        for privilege in sorted(as_object(held))
    ]
    return Reading(made)


def list_tfa(source: Source) -> Reading[list[JsonObject]]:
    """Return the second factors of all users; PVE refuses this to API tokens (PermissionDenied)."""
    return Reading(tfa_rows(source.read("/access/tfa")))


def acl_row(row: JsonObject) -> JsonObject:
    """Turn one entry of PVE's list into a row of ACL_ROWS."""
    return {
        "path": text(row, "path") or "/",
        "type": text(row, "type") or "",
        "ugid": text(row, "ugid") or "",
        "roleid": text(row, "roleid") or "",
        "propagate": boolean(row, "propagate", True),
    }


def tfa_rows(found: Json) -> list[JsonObject]:
    """Turn PVE's list of users with second factors into rows of TFA_ROWS."""
    made: list[JsonObject] = [
        {
            "userid": text(user, "userid") or "",
            "type": text(entry, "type"),
            "id": text(entry, "id"),
            "description": text(entry, "description"),
            "created": iso(integer(entry, "created")),
            "enabled": boolean(entry, "enable", True),
            "locked": bool(integer(user, "tfa-locked-until"))
            or (text(entry, "type") == "totp" and boolean(user, "totp-locked")),
        }
        for user in as_rows(found, "the second factors")
        for entry in as_rows(user.get("entries") or [], "the second factors")
    ]
    return sorted(made, key=lambda row: (str(row["userid"]), str(row["type"]), str(row["id"])))


def checked(path: str) -> str:
    """Return a path of the access control tree without a slash at its end; raises UsageError for none."""
    if not path.startswith("/"):
        raise UsageError(
            f"{path!r} is no path of the access control tree",
            hint="paths begin with /: /, /vms/100, /nodes/pve1, /storage/local, /pool/web, /sdn/zones/ZONE, /access",
        )
    return path.rstrip("/") or "/"


def _reaches(row: JsonObject, path: str) -> bool:
    at = str(row["path"]).rstrip("/")
    return (at or "/") == path or (bool(row["propagate"]) and path.startswith(f"{at}/"))
