"""Everything that pmpc needs, looked at in the order in which it is needed; a check that fails says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from proxmox_mpc.domain.connection import Connection, Login
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, number, text
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import PermissionDenied, PmpcError
from proxmox_mpc.services.health import CERTIFICATE_DAYS
from proxmox_mpc.services.nodes import old_release
from proxmox_mpc.services.workspace_check import Findings, check_server

CHECKS = (
    "program",
    "configuration",
    "files",
    "database",
    "disk",
    "credentials",
    "certificate",
    "server",
    "cluster",
    "privileges",
    "release",
    "clock",
)
DOCTOR_ROWS = rows(
    Field("check", "string", "what was looked at", choices=CHECKS),
    Field("status", "string", "how it is", choices=("ok", "warning", "failed", "skipped")),
    Field("message", "string", "what was found"),
    Field("hint", "string?", "what to do about it"),
    doc="One row a check, in the order in which commands need them.",
)

SKEW_SECONDS = 30
FREE_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Presented:
    """The certificate that an endpoint presents."""

    fingerprint: str
    not_after: datetime


Fetch = Callable[[str], Presented]
"""Return the certificate of an endpoint; raises Unreachable and TlsError."""


def check_space(findings: Findings, free: int, where: str) -> None:
    """Look at the room that the database has to grow; ``free`` in bytes."""
    if free < FREE_BYTES:
        message = f"only {free // (1024 * 1024)} MiB are free at {where}"
        findings.say("disk", "warning", message, "make room before you pull or change anything")
    else:
        findings.say("disk", "ok", f"{free // (1024 * 1024)} MiB are free at {where}")


def check_credentials(findings: Findings, connection: Connection) -> bool:
    """Ask the source of the secret for it, without sending it anywhere; returns whether there is one."""

    def look() -> str:
        credentials = connection.credentials
        if isinstance(credentials, Login):
            credentials.password()
            return f"{credentials.username} logs in with a password"
        credentials.secret()
        return f"token {credentials.token_id}"

    return findings.run("credentials", look)


def check_certificates(findings: Findings, connection: Connection, fetch: Fetch, now: Now) -> None:
    """Look at what each endpoint presents; that it is accepted is found out by the check of the server."""
    tls = connection.tls
    for endpoint in connection.endpoints:
        if not endpoint.startswith("https://"):
            findings.say("certificate", "skipped", f"{endpoint} is answered inside this process")
            continue
        try:
            presented = fetch(endpoint)
        except PmpcError as error:
            findings.say("certificate", "failed", f"{endpoint}: {error.message}", error.hint)
            findings.error = findings.error or error
            continue
        left = int((presented.not_after.timestamp() - now()) // 86400)
        accepted = "its fingerprint is pinned" if tls.fingerprint else "it is verified" if tls.verify else ""
        if not accepted:
            findings.say(
                "certificate",
                "warning",
                f"{endpoint}: certificates are not verified, so anybody between here and there can read the secret",
                f"pin it: pmpc workspace config set cluster.tls.fingerprint {presented.fingerprint}",
            )
        elif left < CERTIFICATE_DAYS:
            expires = "has expired" if left < 0 else f"expires in {left} days"
            findings.say("certificate", "warning", f"{endpoint}: {accepted}, and {expires}", "renew it on the node")
        else:
            findings.say("certificate", "ok", f"{endpoint}: {accepted}, valid for {left} days")


def check_live(
    findings: Findings, source: Source, connection: Connection, recorded: JsonObject | None, now: Now
) -> None:
    """Look at server, cluster, privileges, release and clock."""
    failed = findings.error
    findings.error = None
    check_server(findings, source, connection, recorded)
    reached = findings.error is None
    findings.error = failed or findings.error
    if not reached:
        for check in ("release", "clock"):
            findings.say(check, "skipped", "not looked at, because a check before it failed")
        return
    findings.run("release", lambda: _release(findings, source))
    findings.run("clock", lambda: _clock(findings, source, now))


def _release(findings: Findings, source: Source) -> str | None:
    version = text(as_object(source.read("/version"), "/version"), "version")
    for warn in old_release(version):
        findings.say("release", "warning", warn.message, warn.hint)
        return None
    return f"Proxmox VE {version}"


def _clock(findings: Findings, source: Source, now: Now) -> str | None:
    """Compare with the node that answers; a clock that is off makes tickets expire and ages wrong."""
    try:
        members = as_rows(source.read("/cluster/status"), "/cluster/status")
        node = next((text(row, "name") for row in members if boolean(row, "local")), None) or "localhost"
        before = now()
        theirs = number(as_object(source.read(api_path("nodes", node, "time")), "the time"), "time")
    except PermissionDenied as error:
        findings.say("clock", "skipped", f"not looked at: {error.message}")
        return None
    # PVE tells whole seconds, and the answer took its way.
    skew = abs((theirs or 0) - (before + now()) / 2)
    if theirs is None or skew > SKEW_SECONDS + (now() - before):
        message = f"the clock of {node} differs by {skew:.0f} s from this machine's"
        findings.say("clock", "warning", message, "set both by NTP (chrony)")
        return None
    return f"the clock of {node} agrees with this machine's"
