"""``make bench``: install pmpc as a user does, and print ratios to ``python -c pass`` beside their targets."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.measure import Run, alternately, ratio, run

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = int(os.environ.get("RUNS", "15"))
PULL_RUNS = 3
DIFF_RUNS = 3


class Report:
    """The lines of the report, and whether each held."""

    def __init__(self) -> None:
        self.missed = 0

    def line(self, what: str, value: float, target: float | None, unit: str = "x") -> None:
        """Print one measured figure beside its target."""
        verdict = "" if target is None else "ok" if value <= target else "MISSED"
        self.missed += verdict == "MISSED"
        goal = "" if target is None else f"<= {target:g} {unit}"
        print(f"{what:<58} {value:9.2f} {unit:<4} {goal:<12} {verdict}", flush=True)


@contextmanager
def server(pmpc: str, world: str, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Serve a world in a process of its own; yields the PMPC_ variables that lead to it."""
    process = subprocess.Popen(
        [pmpc, "sim", "serve", "--world", world, "-o", "json"], stdout=subprocess.PIPE, env=dict(environ), text=True
    )
    try:
        assert process.stdout is not None
        reach = json.loads(process.stdout.readline())
        yield {
            **environ,
            "PMPC_URL": reach["url"],
            "PMPC_FINGERPRINT": reach["fingerprint"],
            "PMPC_TOKEN_ID": reach["token_id"],
            "PMPC_TOKEN_SECRET": reach["token_secret"],
        }
    finally:
        process.terminate()
        process.wait()


def installed(home: Path) -> Path:
    """Install the project in a new environment, as a user would; returns its bin directory."""
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    pip = [
        str(home / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        str(ROOT / "constraints.txt"),
        str(ROOT),
    ]
    subprocess.run(pip, check=True)
    return home / "bin"


def cold_start(report: Report, bin_: Path, home: Path, environ: dict[str, str]) -> None:
    """Measure what a user waits for when a command starts."""
    python, pmpc = str(bin_ / "python"), str(bin_ / "pmpc")
    lab = home / "lab"
    with server(pmpc, "homelab", environ) as reach:
        reached = ["--url", reach["PMPC_URL"], "--fingerprint", reach["PMPC_FINGERPRINT"]]
        token = ["--token-id", reach["PMPC_TOKEN_ID"], "--token-secret-from", "env:SECRET"]
        subprocess.run(
            [pmpc, "workspace", "init", lab, *reached, *token, "--no-input", "--pull"],
            env={**environ, "SECRET": reach["PMPC_TOKEN_SECRET"]},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        inside = {**environ, "SECRET": reach["PMPC_TOKEN_SECRET"]}
        base, version, helped, listed, in_workspace, offline, completed = alternately(
            RUNS,
            lambda: run([python, "-c", "pass"], environ),
            lambda: run([pmpc, "--version"], environ),
            lambda: run([pmpc, "--help"], environ),
            lambda: run([pmpc, "vm", "list", "-o", "json"], reach),
            lambda: run([pmpc, "vm", "list", "-o", "json"], inside, str(lab)),
            lambda: run([pmpc, "vm", "list", "-o", "json", "--offline"], inside, str(lab)),
            lambda: run([pmpc, "__complete", "vm", "show", ""], inside, str(lab)),
        )
        trace = home / "trace.jsonl"
        run([pmpc, "vm", "list", "-o", "json", "--log-file", str(trace)], inside, str(lab))
    requests = sum(1 for line in trace.read_text().splitlines() if json.loads(line)["event"] == "request")
    bare = statistics.median(one.wall for one in base) * 1000
    print(f"python -c pass: {bare:.1f} ms, medians of {RUNS} alternating runs")
    report.line("pmpc --version", ratio(version, base), 2.0)
    report.line("pmpc --help", ratio(helped, base), 7.5)
    report.line("vm list -o json over loopback TLS, by environment", ratio(listed, base), 14.5)
    report.line("vm list -o json over loopback TLS, in a workspace", ratio(in_workspace, base), 18.0)
    report.line("vm list: HTTP requests", requests, 1, "")
    report.line("vm list: peak memory", max(one.peak for one in [*listed, *in_workspace]), 45, "MiB")
    report.line("vm list --offline against live, in a workspace", ratio(offline, in_workspace), 1.0)
    report.line("vm list: CPU seconds", statistics.median(one.cpu for one in in_workspace), None, "s")
    report.line(
        "completion of a guest (100 ms asked)", statistics.median(one.wall for one in completed) * 1000, 100, "ms"
    )


def pulls(report: Report, bin_: Path, home: Path, environ: dict[str, str]) -> None:
    """Measure a pull of 10,000 guests against a bare loop of the same requests, and lists from its database."""
    python, pmpc = str(bin_ / "python"), str(bin_ / "pmpc")
    driver = str(ROOT / "tests" / "benchmarks" / "pull.py")
    log = home / "requests.json"
    with server(pmpc, "datacenter:50:10000:1", environ) as reach:
        run([python, driver, "trace", str(home / "trace.db"), str(log)], reach)
        counted = json.loads(log.read_text())
        first: list[Run] = []
        again: list[Run] = []
        bare: list[Run] = []
        bare_again: list[Run] = []
        log_again = home / "requests-again.json"
        for number in range(PULL_RUNS):
            database, copy = str(home / f"pull-{number}.db"), str(home / f"copy-{number}.db")
            first.append(run([python, driver, "pull", database], reach))
            bare.append(run([python, driver, "bare", str(log)], reach))
            run([python, driver, "touch", str(number)], reach)
            shutil.copy(database, copy)
            again.append(run([python, driver, "pull", database], reach))
            run([python, driver, "trace", copy, str(log_again)], reach)
            bare_again.append(run([python, driver, "bare", str(log_again)], reach))
        done = subprocess.run([python, driver, "pull", database], env=reach, capture_output=True, text=True, check=True)
        report.line("first pull of 10,000 guests against the bare loop", ratio(first, bare), 1.6)
        report.line("next pull, 1 % changed, against the bare loop", ratio(again, bare_again), 1.3)
        report.line("pull: peak memory", max(one.peak for one in [*first, *again]), 250, "MiB")
        report.line("pull: seconds", statistics.median(one.wall for one in first), None, "s")
        report.line("pull: CPU seconds", statistics.median(one.cpu for one in first), None, "s")
        report.line("pull: HTTP requests", len(counted["queries"]), None, "")
        report.line("pull: statements on the database", counted["statements"], None, "")
        report.line("changes recorded by a pull with nothing changed", json.loads(done.stdout)["changes"], 0, "")

        run([pmpc, "sync", "pull"], reach)
        live, offline = alternately(
            PULL_RUNS,
            lambda: run([pmpc, "vm", "list", "-o", "json"], reach),
            lambda: run([pmpc, "vm", "list", "-o", "json", "--offline"], reach),
        )
        more = statistics.median(one.wall for one in offline) - statistics.median(one.wall for one in live)
        report.line("vm list of 10,000, live", statistics.median(one.wall for one in live), None, "s")
        report.line("vm list --offline of 10,000, more than live", more, 0.6, "s")


def diffs(report: Report, bin_: Path, home: Path, environ: dict[str, str]) -> None:
    """Measure sync diff of 10,000 declared guests, 100 of them changed, against a pull alone."""
    pmpc = str(bin_ / "pmpc")
    declared = home / "declared"
    with server(pmpc, "datacenter:50:10000:1", environ) as reach:
        reached = ["--url", reach["PMPC_URL"], "--fingerprint", reach["PMPC_FINGERPRINT"]]
        token = ["--token-id", reach["PMPC_TOKEN_ID"], "--token-secret-from", "env:SECRET"]
        inside = {**environ, "SECRET": reach["PMPC_TOKEN_SECRET"]}
        subprocess.run(
            [pmpc, "workspace", "init", declared, *reached, *token, "--no-input"],
            env=inside,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        wrote = run([pmpc, "sync", "declare", "vm", "ct"], inside, str(declared))
        manifests = sorted((declared / "infra").glob("[vc][mt]/*.yml"))
        for path in manifests[::100]:
            path.write_text(f"{path.read_text()}startup: order=7\n")
        pulled, differing = alternately(
            DIFF_RUNS,
            lambda: run([pmpc, "sync", "pull"], reach),
            lambda: run([pmpc, "sync", "diff"], inside, str(declared)),
        )
    report.line("sync diff of 10,000 guests, 100 changed, against a pull", ratio(differing, pulled), 3.0)
    report.line("sync diff: peak memory", max(one.peak for one in differing), 400, "MiB")
    report.line("sync diff: seconds", statistics.median(one.wall for one in differing), None, "s")
    report.line("sync pull: seconds", statistics.median(one.wall for one in pulled), None, "s")
    report.line("sync declare of 10,000 guests: seconds", wrote.wall, None, "s")
    report.line("sync declare of 10,000 guests: peak memory", wrote.peak, 400, "MiB")


def main() -> int:
    """Return 1 when a target was missed."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="pmpc-bench-") as made:
        home = Path(made)
        bin_ = installed(home / "venv")
        environ = {"PATH": f"{bin_}:{os.environ['PATH']}", "HOME": made, "LANG": "C.UTF-8"}
        cold_start(report, bin_, home, environ)
        if "--quick" not in sys.argv:
            pulls(report, bin_, home, environ)
            diffs(report, bin_, home, environ)
    print("every target held" if not report.missed else f"{report.missed} targets were missed")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
