"""The door of ``--declare``: a plan becomes edits of manifests, and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxmox_mpc.cli.commands.sync_args import session_of
from proxmox_mpc.cli.door import Door
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.errors import UsageError
from proxmox_mpc.safety.guard import Report
from proxmox_mpc.services.declaring import apply_edits, edits_of

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context


class DeclareDoor(Door):
    """Takes plans as the guard does."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._session = session_of(context)

    def perform(self, plan: Plan, *, undo_of: int | None = None) -> Report:
        """Write what the plan would change into manifests; raises UsageError for what no manifest can say."""
        context = self._context
        rows = apply_edits(self._session, edits_of(plan, context.live), dry_run=context.options.dry_run)
        for row in rows:
            if row["status"] == "done":
                context.streams.note(f"wrote {row.pop('file')}; pmpc sync push makes it so")
            row.pop("file", None)
        if not rows and not plan.many:
            raise UsageError("--declare: there is nothing to change")
        return Report(rows, [{} for _ in rows], plan.warnings)
