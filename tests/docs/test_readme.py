"""The shell sessions of the pages, run in order: each command ends well and prints what the page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Step, session
from tests.docs.shell import bash

_MARK = "\x1e"
# What is another at every run: moments, ages, shares, measured sizes; and how much there is in the simulated cluster.
_MOVING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?"), "TIME"),
    (re.compile(r"\b\d+[smhd]( \d+[smhd])?\b"), "AGE"),
    (re.compile(r"\d+(\.\d+)? %"), "SHARE"),
    (re.compile(r"\b\d+ added"), "N added"),
    (re.compile(r"\d+\.\d+ ([KMGT]?i?B)\b"), r"N \1"),
)


def still(line: str) -> str:
    """Return a line without what changes from run to run."""
    for pattern, stand_in in _MOVING:
        line = pattern.sub(stand_in, line)
    return " ".join(line.split())


def pattern_of(shown: str) -> re.Pattern[str]:
    """Return what a line of a page stands for; an ellipsis in it is anything."""
    return re.compile(".*".join(re.escape(part.strip()) for part in still(shown).split("…")))


def check(step: Step, printed: list[str]) -> None:
    """Assert that the lines shown stand in the output in this order; a line that is an ellipsis leaves lines out."""
    whole = "…" not in step.shown
    rest = [still(line) for line in printed if not whole or line.strip()]
    for line in step.shown:
        if line == "…" or not line.strip():
            continue
        wanted = pattern_of(line)
        at = next((at for at, one in enumerate(rest) if wanted.fullmatch(one)), None)
        assert at is not None and (at == 0 or not whole), f"$ {step.command}\nshows: {line}\nprints:\n" + "\n".join(
            rest
        )
        rest = rest[at + 1 :]
    assert not (whole and rest), f"$ {step.command}\nprints more than the page shows:\n" + "\n".join(rest)


@pytest.mark.capability("10.3", "10.4", "10.5")
@pytest.mark.parametrize(
    "page", ["README.md", "docs/tutorial.md", "docs/safety.md", "docs/bulk.md", "docs/sync.md", "docs/recovery.md"]
)
def test_the_sessions_of_a_page_end_well_and_print_what_it_shows(page: str, tmp_path: Path) -> None:
    steps = session((ROOT / page).read_text("utf-8"))
    assert len(steps) > 4
    if not shutil.which("jq"):
        steps = [step for step in steps if "| jq" not in step.command]
    script = "".join(f"{step.command}\nprintf '{_MARK}%s{_MARK}' $?\n" for step in steps)
    parts = bash(script, tmp_path).stdout.split(_MARK)
    printed, statuses = parts[0:-1:2], parts[1::2]
    assert len(printed) == len(steps)
    for step, text, status in zip(steps, printed, statuses, strict=True):
        assert status == "0", f"$ {step.command} ended with {status}"
        check(step, text.splitlines())


def test_a_session_that_shows_another_output_is_found_out() -> None:
    step = Step("pmpc vm list", ["VMID  NAME", " 100  router"])
    check(step, ["VMID  NAME", " 100    router"])
    for printed in (["VMID  NAME", " 100  other"], ["VMID  NAME"], ["VMID  NAME", " 100  router", " 101  web"]):
        with pytest.raises(AssertionError, match="pmpc vm list"):
            check(step, printed)
