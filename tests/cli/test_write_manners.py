"""Manners of writing verbs with odd input and odd answers: nothing made of nothing, nothing that moves a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served
from tests.matrix.bench import Bench, open_bench

MEAN = "\x1b[31mred\x1b[0m \x9b2J"


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


@pytest.mark.capability("2.1", "2.2")
@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "---\n", "{}"])
@pytest.mark.parametrize("kind", ["vm", "ct"])
def test_a_file_that_says_nothing_makes_no_guest(kind: str, content: str, bench: Bench) -> None:
    (bench.pmpc.cwd / "empty.yml").write_text(content)
    refused = bench(kind, "create", "--from", "empty.yml", "--yes")
    assert (refused.status, bench.sent) == (2, [])
    assert "says nothing" in refused.error["message"]


@pytest.mark.capability("2.5")
@pytest.mark.parametrize(("kind", "guest"), [("vm", "101"), ("ct", "200")])
def test_set_with_name_alone_says_which_option_renames(kind: str, guest: str, bench: Bench) -> None:
    refused = bench(kind, "set", guest, "--name", "fresh", "--yes")
    assert (refused.status, bench.sent) == (2, [])
    assert "--new-name" in refused.error["hint"]


@pytest.mark.capability("9.7")
def test_what_a_task_says_cannot_move_a_terminal(pmpc: Pmpc, serve: Callable[..., Served]) -> None:
    served = serve(faults=[{"kind": "task-fails", "type": "qmstart", "text": f"{MEAN} failed"}])
    for words in (("vm", "start", "103", "--yes"), ("audit", "show", "1"), ("audit", "show", "1", "--report")):
        for form in ("table", "json", "yaml"):
            told = pmpc(*words, "-o", form, env=served.environ)
            assert not {"\x1b", "\x9b"} & {*told.stdout, *told.stderr}, (words, form)
    assert MEAN in pmpc.ok("audit", "show", "1", "--report", env=served.environ)["steps"][0]["log"][0]


@pytest.mark.capability("9.7", "9.9")
@pytest.mark.parametrize("words", [("audit", "show"), ("audit", "undo"), ("vm", "stop", "101", "--retry-failed")])
def test_a_number_that_no_database_holds_is_a_usage_error(words: tuple[str, ...], bench: Bench) -> None:
    assert bench(*words, 10**20).status == 2
    assert bench.sent == []


@pytest.mark.capability("9.9")
def test_a_frozen_workspace_refuses_a_locked_guest_as_frozen(lab: Pmpc) -> None:
    assert lab("safety", "freeze", "--reason", "somebody looks").status == 0
    outcome = lab("vm", "set", 108, "--memory", "2G", "--yes", "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (9, "", "frozen")


@pytest.mark.capability("7.4", "9.3")
def test_a_line_break_makes_no_two_tags(lab: Pmpc) -> None:
    outcome = lab("vm", "tag", "add", 101, "a\nb", "--yes")
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "is no tag" in outcome.stderr
