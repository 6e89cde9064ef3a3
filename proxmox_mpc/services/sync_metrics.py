"""Figures of continuous sync in Prometheus' text format, for the node exporter's textfile collector."""

from __future__ import annotations

from typing import NamedTuple


class Figures(NamedTuple):
    """How sync goes: counters since the process began, and the last turn. Moments in epoch seconds."""

    turns: int = 0
    failures: int = 0
    ended: float = 0.0
    succeeded: float = 0.0
    seconds: float = 0.0
    status: int = 0
    differences: int = 0
    conflicts: int = 0

    def after(self, *, ended: float, seconds: float, status: int, differences: int, conflicts: int) -> Figures:
        """Return the figures with one more turn in them."""
        return Figures(
            self.turns + 1,
            self.failures + (status != 0),
            ended,
            ended if status == 0 else self.succeeded,
            seconds,
            status,
            differences,
            conflicts,
        )


def metrics_text(figures: Figures) -> str:
    """Return the figures in the text format (exposition format 0.0.4)."""
    rows = (
        ("pmpc_sync_turns_total", "counter", "Turns since the process began.", figures.turns),
        ("pmpc_sync_failures_total", "counter", "Turns that did not end with 0.", figures.failures),
        ("pmpc_sync_last_end_timestamp_seconds", "gauge", "When the last turn ended.", round(figures.ended, 3)),
        ("pmpc_sync_last_success_timestamp_seconds", "gauge", "When one ended with 0.", round(figures.succeeded, 3)),
        ("pmpc_sync_duration_seconds", "gauge", "How long the last turn took.", round(figures.seconds, 3)),
        ("pmpc_sync_status", "gauge", "The exit status of the last turn.", figures.status),
        ("pmpc_sync_differences", "gauge", "Differences that the last turn found.", figures.differences),
        ("pmpc_sync_conflicts", "gauge", "Conflicts that the last turn left alone.", figures.conflicts),
    )  # fmt: skip
    return "".join(f"# HELP {name} {doc}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, doc, value in rows)
