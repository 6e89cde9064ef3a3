"""What the guest agent tells about the inside of a virtual machine."""

from __future__ import annotations

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import Conflict, PmpcError, ServerError
from proxmox_mpc.services.guest_network import must_run, silent_agent

_FILESYSTEMS = (
    Field("mount", "string", "where it is mounted"),
    Field("type", "string?", "its type"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("used", "integer?", "what is in use", unit="bytes"),
    Field("device", "string?", "the device in the guest"),
)
_USERS = (
    Field("user", "string", "who is logged in"),
    Field("domain", "string?", "the domain (Windows)"),
    Field("since", "time?", "since when"),
)
AGENT_INFO = item(
    Field("vmid", "integer", "the VM's id"),
    Field("name", "string?", "the VM's name"),
    Field("version", "string?", "the agent's release"),
    Field("hostname", "string?", "the host name inside"),
    Field("os", "string?", "the operating system"),
    Field("kernel", "string?", "its kernel"),
    Field("architecture", "string?", "its architecture"),
    Field("timezone", "string?", "its time zone"),
    Field("filesystems", "rows", "mounted file systems", fields=_FILESYSTEMS),
    Field("users", "rows", "who is logged in", fields=_USERS),
    Field("commands", "list", "the agent's commands that are allowed"),
    Field("disabled", "list", "the agent's commands that are not allowed"),
    doc="What the guest agent tells.",
)


def agent_info(source: Source, ref: GuestRef) -> JsonObject:
    """Return what the agent says; what it cannot answer is null or empty.

    Raises Conflict when the VM or its agent does not run.
    """
    must_run(ref)
    names = ("info", "get-osinfo", "get-host-name", "get-timezone", "get-fsinfo", "get-users")
    try:
        info = as_object(_result(source.read(ref.path("agent", names[0]))) or {}, "the agent's answer")
    except (Conflict, ServerError) as error:
        raise silent_agent(ref, error) from error
    answers = source.read_many([Query(ref.path("agent", name)) for name in names[1:]])
    system, host, zone, filesystems, users = (
        # An agent need not know every command, and an administrator may forbid some.
        None if isinstance(answer, PmpcError) else _result(answer)
        for answer in answers
    )
    described = as_object(system or {}, "the agent's answer")
    commands = as_rows(info.get("supported_commands") or [], "the agent's commands")
    allowed = {text(row, "name") or "": boolean(row, "enabled", default=True) for row in commands}
    return {
        "vmid": ref.vmid,
        "name": ref.name,
        "version": text(info, "version"),
        "hostname": text(as_object(host or {}, "the agent's answer"), "host-name"),
        "os": text(described, "pretty-name") or text(described, "name"),
        "kernel": text(described, "kernel-release"),
        "architecture": text(described, "machine"),
        "timezone": text(as_object(zone or {}, "the agent's answer"), "zone"),
        "filesystems": [_filesystem(row) for row in as_rows(filesystems or [], "the agent's file systems")],
        "users": [_user(row) for row in as_rows(users or [], "the agent's users")],
        "commands": [*sorted(name for name, enabled in allowed.items() if enabled)],
        "disabled": [*sorted(name for name, enabled in allowed.items() if not enabled)],
    }


def _result(answer: Json) -> Json:
    """Return what PVE wraps in ``result``; an agent that failed answers ``error`` there."""
    result = as_object(answer, "the agent's answer").get("result")
    return None if isinstance(result, dict) and "error" in result else result


def _filesystem(row: JsonObject) -> JsonObject:
    return {
        "mount": text(row, "mountpoint") or "",
        "type": text(row, "type"),
        "size": integer(row, "total-bytes"),
        "used": integer(row, "used-bytes"),
        "device": text(row, "name"),
    }


def _user(row: JsonObject) -> JsonObject:
    return {
        "user": text(row, "user") or "",
        "domain": text(row, "domain"),
        "since": iso(number(row, "login-time")),
    }
