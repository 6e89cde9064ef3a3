"""sync run, once or again and again: one at a time, figures for Prometheus, a command that hears of differences."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proxmox_mpc.cli.commands.sync_args import workspace_of
from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.moments import duration
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError, SyncConflict, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_metrics import Figures, metrics_text
from proxmox_mpc.workspace.files import write_private
from proxmox_mpc.workspace.turn import turn

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.shape import Shape

_SHORTEST = 5.0
"""Seconds between two turns, at least: a cluster has other things to do."""
_PATIENCE = 300.0
"""Seconds that --notify's command may take."""
_METRICS_MODE = 0o644
Once = Callable[[], Result]


@dataclass
class Watch:
    """What is done besides: figures, and a command that hears of differences; ``told`` is what it heard last."""

    context: Context
    notify: str | None
    metrics: str | None
    figures: Figures = field(default_factory=Figures)
    told: str = "[]"

    def turn(self, once: Once) -> Result:
        """Do one turn, note how it went, and tell of differences; raises what the turn raised."""
        begun = self.context.clock()
        error: PmpcError | None = None
        result: Result | None = None
        try:
            with turn(workspace_of(self.context).directory / "run.sync", "sync run", self.context.now()):
                result = once()
        except PmpcError as failed:
            error = failed
        rows, conflicts = _differences(result, error)
        self.figures = self.figures.after(
            ended=self.context.now(),
            seconds=self.context.clock() - begun,
            status=error.exit_status if error is not None else result.status if result is not None else 0,
            differences=len(rows),
            conflicts=conflicts,
        )
        self._keep_figures()
        self._tell(rows)
        if error is not None:
            raise error
        assert result is not None
        return result

    def _keep_figures(self) -> None:
        if self.metrics is not None:
            write_private(self.context.cwd / self.metrics, metrics_text(self.figures), _METRICS_MODE)

    def _tell(self, rows: list[Json]) -> None:
        """Run --notify's command with the rows as JSON on its input, where they are not those of the turn before."""
        text = json.dumps(rows, sort_keys=True)
        if self.notify is None or text == self.told:
            return
        self.told = text
        if not rows:
            return
        environ = {**os.environ, "PMPC_DIFFERENCES": str(len(rows))}
        try:
            ended = subprocess.run(
                shlex.split(self.notify), input=text, text=True, env=environ, timeout=_PATIENCE, check=False,
                capture_output=True,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as failed:
            self.context.warn(Warn("notify", f"--notify: {failed}"))
            return
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip()[:200]
            self.context.warn(Warn("notify", f"--notify ended with {ended.returncode}{f': {said}' if said else ''}"))


def watched(context: Context, notify: str | None, metrics: str | None, once: Once) -> Result:
    """Do one turn."""
    return Watch(context, _command(notify), metrics).turn(once)


def looped(context: Context, every: str, notify: str | None, metrics: str | None, once: Once, shape: Shape) -> Result:
    """Do turns until the process is told to end; one that fails is reported, and the next one tries again."""
    pause = duration(every, "--every")
    if pause < _SHORTEST:
        raise UsageError(f"--every {every}: that is too often", hint=f"at least {_SHORTEST:g} seconds")
    if not (context.options.yes or context.options.dry_run):
        raise UsageError("--every asks nobody", hint="say --yes, or --dry-run to only watch")
    watch = Watch(context, _command(notify), metrics)
    while True:
        try:
            result = watch.turn(once)
            context.show(shape, result, line=True)
            for warn in result.warnings:
                context.warn(warn)
        except PmpcError as error:
            context.log("error", code=error.code, message=error.message, status=error.exit_status)
            context.streams.error(error.code, error.message, error.hint, error.details)
        context.sleep(pause)


def _command(notify: str | None) -> str | None:
    if notify is not None:
        try:
            if not shlex.split(notify):
                raise ValueError("it is empty")
        except ValueError as error:
            raise UsageError(f"--notify {notify!r}: {error}") from error
    return notify


def _differences(result: Result | None, error: PmpcError | None) -> tuple[list[Json], int]:
    """Return what differed, done or not, and how many conflicts there are among it."""
    if isinstance(error, SyncConflict):
        conflicts = error.details.get("conflicts")
        done = error.details.get("done")
        held = list(conflicts) if isinstance(conflicts, list) else []
        return [*held, *(done if isinstance(done, list) else [])], len(held)
    rows = result.data if result is not None and isinstance(result.data, list) else []
    return [row for row in rows if isinstance(row, dict) and row.get("status") != "unchanged"], 0
