"""sync plan --trial: the push carried out on a simulated cluster that begins as the real one was recorded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.plan import Plan
    from proxmox_mpc.domain.source import Source
    from proxmox_mpc.services.sync_compare import Merge
    from proxmox_mpc.services.sync_push import Wanted
    from proxmox_mpc.services.sync_session import Session


def tried(
    context: Context,
    session: Session,
    merges: Sequence[Merge],
    wanted: Wanted,
    plan_on: Callable[[Source], Plan],
) -> Result:
    """Return the rows of a plan with what became of each; ``plan_on`` makes the plan for a source.

    It ends with 8 where a step failed. Nothing of the workspace is written: journal and database of the trial are in a
    directory that is removed again.
    """
    from proxmox_mpc.cli.door import brake_of
    from proxmox_mpc.errors import PartFailed
    from proxmox_mpc.services.pull import pull
    from proxmox_mpc.services.recorded_documents import recorded_documents
    from proxmox_mpc.services.sync_plan_rows import plan_rows
    from proxmox_mpc.services.sync_push import is_pushed
    from proxmox_mpc.services.sync_session import Session
    from proxmox_mpc.services.sync_trial import FAILED, Stage, play, trial_rows, trial_warnings
    from proxmox_mpc.state.recorded import RecordedSource
    from proxmox_mpc.state.store import StateStore

    rehearsal = context.rehearse(recorded_documents(context.recorded))
    made = plan_on(rehearsal.api)
    rows = [*plan_rows(made, merges, wanted)]
    if not rows:
        return Result([], made.warnings)
    home = Path(mkdtemp(prefix="pmpc-trial-"))
    try:
        file = home / "state.db"
        with StateStore.open(file) as store:
            stage = Stage(rehearsal.api, store, home, rehearsal.now, rehearsal.pause)
            played = play(made, stage, context.settings.safety, brake_of(context))
            kinds = {one.kind for one in merges if is_pushed(one, wanted)}
            pull(rehearsal.api, store, only=session.groups(kinds), now=rehearsal.now)
            source = RecordedSource(file, now=rehearsal.now)
            try:
                after = {one.ident_pair: one for one in Session(session.infra, lambda: source).look()}
            finally:
                source.close()
    finally:
        rehearsal.api.close()
        shutil.rmtree(home, ignore_errors=True)
    found = trial_rows(rows, played, merges, wanted, after)
    warnings = (*played.warnings, *trial_warnings(found, rehearsal.assumed))
    failed = [f"{row['kind']} {row['id']}" for row in found if row["status"] not in ("done", "unchanged")]
    error = None
    if failed:
        error = PartFailed(
            f"{len(failed)} of {len(found)} failed in the trial: {', '.join(failed[:5])}{' …' if failed[5:] else ''}",
            hint="nothing was sent to the cluster; the rows say what went wrong",
            details={"failed": [*failed]},
        )
    return Result([*found], warnings, status=FAILED if failed else 0, error=error)
