"""Collects, from a run of the tests, which capability ids were proven: by a passing test, and by none that failed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

AREAS = {
    "1": 8, "2": 8, "3": 8, "4": 10, "5": 8, "6": 8, "7": 8, "8": 8, "9": 9, "10": 8,
}  # fmt: skip
ALL_IDS = [f"{area}.{number}" for area, count in AREAS.items() for number in range(1, count + 1)]


class Evidence:
    """A pytest plugin; ``outcomes`` maps an id to the outcomes of the tests that name it."""

    def __init__(self, *, show: bool) -> None:
        self.show = show
        self.outcomes: dict[str, list[str]] = defaultdict(list)

    def merge(self, worker: Mapping[str, Any]) -> None:
        """Take over what a worker process of the run has seen."""
        for capability, seen in worker.get("capabilities", {}).items():
            self.outcomes[capability].extend(seen)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.when == "call" or report.outcome != "passed":
            for marker in item.iter_markers("capability"):
                for capability in marker.args:
                    if capability not in ALL_IDS:
                        raise pytest.UsageError(f"{item.nodeid}: there is no capability {capability!r}")
                    self.outcomes[capability].append(report.outcome)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["capabilities"] = dict(self.outcomes)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.show:
            return
        proven = [one for one in ALL_IDS if "passed" in self.outcomes[one] and "failed" not in self.outcomes[one]]
        terminalreporter.section("capabilities")
        for capability in ALL_IDS:
            seen = self.outcomes[capability]
            state = "proven" if capability in proven else "FAILED" if "failed" in seen else "not proven"
            terminalreporter.line(
                f"{capability:>5}  {state:<10}  {seen.count('passed')} passed, {len(seen) - seen.count('passed')} other"
            )
        terminalreporter.line(
            f"{len(proven)} of {len(ALL_IDS)} capabilities are proven by tests that passed in this run"
        )


def required_ids(text: str) -> list[str]:
    """Return the capability ids that a requirements page lists."""
    return re.findall(r"^- (\d+\.\d+) ", text, re.MULTILINE)


def requirements(root: Path) -> Path:
    """Return where the requirements page is, when it lies beside the checkout."""
    return root.parent / "shared" / "capabilities.md"
