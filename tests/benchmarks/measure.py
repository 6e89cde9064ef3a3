"""Runs whole processes and reads what the operating system says of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One finished process: seconds of wall clock and of CPU, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def run(argv: Sequence[str], environ: Mapping[str, str], cwd: str | None = None) -> Run:
    """Run a process to its end; raises RuntimeError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        list(argv), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(environ), cwd=cwd
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{argv} ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def alternately(runs: int, *makers: Callable[[], Run]) -> list[list[Run]]:
    """Run the makers in turn, ``runs`` times after one warm-up: a machine that changes its pace hits all alike."""
    for maker in makers:
        maker()
    return [list(column) for column in zip(*[[maker() for maker in makers] for _ in range(runs)], strict=True)]


def ratio(measured: Sequence[Run], base: Sequence[Run]) -> float:
    """Return the median of the ratios of wall clock, pair by pair."""
    return statistics.median(one.wall / other.wall for one, other in zip(measured, base, strict=True))
