"""Whether a backup, or the workspace itself, is whole: files, configuration, database, schema, journal."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.errors import StateDamaged, StateError
from proxmox_mpc.safety.verify import lost_rows, verify
from proxmox_mpc.services.workspace_check import Findings
from proxmox_mpc.state import copying, migrate
from proxmox_mpc.workspace.archive import Manifest, Passphrase, read_manifest, unpack
from proxmox_mpc.workspace.config import read_text
from proxmox_mpc.workspace.contents import AUDIT_HEAD, CONFIG_FILE, STATE

VERIFIED = rows(
    Field(
        "check",
        "string",
        "what was looked at",
        choices=("backup", "files", "config", "database", "schema", "journal"),
    ),
    Field("status", "string", "how it is", choices=("ok", "warning", "failed", "skipped")),
    Field("message", "string", "what was found"),
    Field("hint", "string?", "what to do about it", level="wide"),
    doc="A backup, or the workspace, was checked.",
)


def verify_backup(path: Path, passphrase: Passphrase) -> Findings:
    """Check a backup from its first byte to its last, and what is in it as if it were in use."""
    findings = Findings()
    with suppress(StateDamaged):  # a missing file and a wrong passphrase are no damage
        read_manifest(path, passphrase)
    with tempfile.TemporaryDirectory(prefix="pmpc-verify-") as place:
        into = Path(place)
        made: list[Manifest] = []

        def whole() -> str:
            made.append(unpack(path, passphrase, into))
            return f"{path}: made {made[0].about.get('made')}, {len(made[0].files)} files, every SHA-256 is right"

        if findings.run("backup", whole):
            check_parts(findings, into, made[0].about.get("state") == "url")
        else:
            for skipped in ("config", "database", "schema", "journal"):
                findings.say(skipped, "skipped", "not looked at, because the backup is damaged")
    return findings


def check_parts(findings: Findings, root: Path, on_server: bool) -> None:
    """Check the configuration, the database and the journal of a workspace that lies in ``root``."""
    findings.run("config", lambda: _config(root / CONFIG_FILE))
    state = root / STATE
    if on_server:
        findings.say("database", "skipped", "it is on a server (state.url)")
        return
    if not state.exists():
        findings.say("database", "skipped", "nothing has been recorded: there is no database")
        return
    found: list[copying.Examined] = []

    def sound() -> str:
        found.append(copying.examine(state))
        return f"sound: {found[0].runs} runs, {found[0].guests} guests"

    if not findings.run("database", sound):
        for skipped in ("schema", "journal"):
            findings.say(skipped, "skipped", "not looked at, because the database cannot be used")
        return
    revision = found[0].revision
    if migrate.needed(revision, str(state)):
        findings.say(
            "schema", "warning", f"{revision}, and the newest is {migrate.HEAD}", hint="pmpc workspace upgrade"
        )
    else:
        findings.say("schema", "ok", f"{revision}, the newest")
    findings.run("journal", lambda: _journal(findings, state, root / AUDIT_HEAD))


def check_journal(findings: Findings, state: Path, head: Path) -> bool:
    """Check the chain of the journal against audit.head."""
    return findings.run("journal", lambda: _journal(findings, state, head))


def read_head(path: Path) -> tuple[int, str] | None:
    """Return number and hash that an audit.head holds, None where there is none; raises StateError."""
    try:
        said = json.loads(path.read_text("ascii"))
        return int(said["count"]), str(said["hash"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} cannot be read: {error}", hint="pmpc audit verify says more") from error


def _config(path: Path) -> str:
    from proxmox_mpc.workspace.config_edit import check_text

    problems = check_text(read_text(path), path).problems
    if problems:
        raise problems[0]
    return f"{path.name} has no mistake"


def _journal(findings: Findings, state: Path, head: Path) -> str | None:
    checkpoints, gaps = _told(copying.journal(state))
    found = verify(copying.journal(state), read_head(head), checkpoints=checkpoints, exported={}, lost=gaps)
    if found.problems:
        raise StateDamaged(f"the journal is not whole: {found.problems[0][1]}", hint="pmpc audit verify")
    if found.lost:
        findings.say("journal", "warning", f"{found.rows} rows; {found.lost} were lost to damage, as a repair recorded")
        return None
    return f"{found.rows} rows in an unbroken chain"


def _told(entries: Iterable[tuple[Entry, str]]) -> tuple[dict[int, str], dict[int, int]]:
    """Return the last rows of prunings, and the rows that repairs have recorded as lost."""
    checkpoints: dict[int, str] = {}
    gaps: dict[int, int] = {}
    for entry, _ in entries:
        body: JsonObject = entry.body
        if entry.event == "checkpoint":
            checkpoints[int(str(body["through"]))] = str(body["hash"])
        elif entry.event == "repaired":
            gaps |= lost_rows(body)
    return checkpoints, gaps
