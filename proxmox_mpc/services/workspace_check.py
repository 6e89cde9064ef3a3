"""Whether a workspace can do its work: its files, its database, the server, the credentials, the cluster."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.domain.connection import Connection
from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import CheckFailed, PmpcError
from proxmox_mpc.services.identity import Identity, confirm
from proxmox_mpc.services.privileges import grants, missing_for_reading, read_permissions

CHECKS = rows(
    Field("check", "string", "what was looked at", choices=("files", "database", "server", "cluster", "privileges")),
    Field("status", "string", "how it is", choices=("ok", "warning", "failed", "skipped")),
    Field("message", "string", "what was found"),
    Field("hint", "string?", "what to do about it", level="wide"),
)


class Findings:
    """Collects what checks say; a check that fails lets those that build on it be skipped."""

    def __init__(self) -> None:
        self.rows: list[JsonObject] = []
        self.error: PmpcError | None = None

    @property
    def failure(self) -> CheckFailed | None:
        """What a command that only checks ends with: the failed checks by name, the first with its cause and hint."""
        if self.error is None:
            return None
        failed = [str(row["check"]) for row in self.rows if row["status"] == "failed"]
        return CheckFailed(
            f"failed: {', '.join(dict.fromkeys(failed))}: {self.error.message}",
            hint=self.error.hint,
            details={"failed": failed, "cause": self.error.code},
        )

    def say(self, check: str, status: str, message: str, hint: str | None = None) -> None:
        """Add one finding."""
        self.rows.append({"check": check, "status": status, "message": message, "hint": hint})

    def run(self, check: str, look: Callable[[], str | None]) -> bool:
        """Run one check, whose text says what is well (None: it has said so itself); returns whether it passed."""
        try:
            found = look()
        except PmpcError as error:
            self.error = self.error or error
            self.say(check, "failed", error.message, error.hint)
            return False
        if found is not None:
            self.say(check, "ok", found)
        return True


def check_server(findings: Findings, source: Source, connection: Connection, recorded: JsonObject | None) -> None:
    """Look at server, credentials, cluster and privileges, each only where the one before it passed."""
    holder = connection.holder

    def version() -> str:
        found = as_object(source.read("/version"), "/version")
        endpoint = ", ".join(connection.endpoints)
        return f"{endpoint} answers as {holder}: Proxmox VE {text(found, 'version') or 'of unknown version'}"

    def cluster() -> str | None:
        if not recorded:
            findings.say("cluster", "warning", "bound to no cluster: config.yml has no cluster.identity")
            return None
        confirm(source, recorded)
        return f"it is the cluster of this workspace: {Identity.of_data(recorded).describe()}"

    def privileges() -> str | None:
        missing = missing_for_reading(read_permissions(source))
        if not missing:
            return f"{holder} may see everything"
        hidden = ", ".join(f"{gap.privilege} on {gap.path}" for gap in missing)
        lines = "\n".join(grants(missing, holder))
        findings.say("privileges", "warning", f"{holder} lacks {hidden}", f"as root on any node:\n{lines}")
        return None

    names: tuple[str, ...] = ("server", "cluster", "privileges")
    checks = (version, cluster, privileges)
    for position, (name, look) in enumerate(zip(names, checks, strict=True)):
        if not findings.run(name, look):
            for skipped in names[position + 1 :]:
                findings.say(skipped, "skipped", f"not looked at, because the check of {name} failed")
            return
