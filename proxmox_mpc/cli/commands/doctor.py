"""doctor: everything that pmpc needs, looked at."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import typer

from proxmox_mpc._version import __version__
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.doctor import (
    CHECKS,
    DOCTOR_ROWS,
    Presented,
    check_certificates,
    check_credentials,
    check_live,
    check_space,
)
from proxmox_mpc.services.workspace_check import Findings


@local(DOCTOR_ROWS)
def doctor(ctx: typer.Context) -> Result:
    """Check all that pmpc needs: program, configuration, files, database, server, credentials, privileges, clock.

    Ends with status 8 when one of them fails.
    """
    context = context_of(ctx)
    findings = Findings()
    python = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    findings.say("program", "ok", f"pmpc {__version__}, {python}")
    if findings.run("configuration", lambda: _configuration(context)):
        _files(context, findings)
        _server(context, findings)
    _skip_rest(findings)
    return Result([*findings.rows], error=findings.failure)


def _configuration(context: Context) -> str:
    settings = context.settings
    endpoints = ", ".join(settings.connection.endpoints)
    if settings.workspace is None:
        return f"no workspace; {endpoints} from the environment"
    found = f"workspace {settings.text('name') or ''} at {settings.workspace.root} (found by {settings.found_by})"
    return f"{found}; {endpoints} from {settings.connection_origin}"


def _files(context: Context, findings: Findings) -> None:
    settings = context.settings
    doubts = [warn for warn in settings.warnings if warn.code == "config_readable"]
    if settings.workspace is None:
        findings.say("files", "skipped", "there is no workspace")
    elif doubts:
        findings.say("files", "warning", doubts[0].message, doubts[0].hint)
    else:
        findings.say("files", "ok", f"{settings.workspace.directory} is open to nobody else")
    findings.run("database", lambda: _database(context, findings))
    there = _existing(settings.state.path.parent)
    check_space(findings, shutil.disk_usage(there).free, str(there))


def _database(context: Context, findings: Findings) -> str | None:
    from proxmox_mpc.state.light import health

    found = health(context.place, context.now)
    if found.error is None and found.last_pull is None:
        findings.say("database", "warning", "nothing has been recorded yet", "pmpc sync pull")
        return None
    store = context.store
    store.check(context.now())
    return f"{store.where} is sound"


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _server(context: Context, findings: Findings) -> None:
    settings = context.settings
    connection = settings.connection
    if not check_credentials(findings, connection):
        return
    check_certificates(findings, connection, _presented, context.now)

    def look() -> None:
        check_live(findings, context.api, connection, settings.identity, context.now)

    findings.run("server", look)


def _presented(endpoint: str) -> Presented:
    from proxmox_mpc.api import split_endpoint
    from proxmox_mpc.api.tls import fetch_certificate

    certificate = fetch_certificate(*split_endpoint(endpoint))
    return Presented(certificate.fingerprint, certificate.not_after)


def _skip_rest(findings: Findings) -> None:
    seen = {row["check"] for row in findings.rows}
    for check in CHECKS:
        if check not in seen:
            findings.say(check, "skipped", "not looked at, because a check before it failed")
