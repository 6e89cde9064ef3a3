"""vm agent: ping, exec, file-read, file-write, fsfreeze."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served


@pytest.mark.capability("4.3")
def test_a_program_runs_in_a_guest(lab: Pmpc) -> None:
    done = lab("vm", "agent", "exec", 104, "--yes", "-o", "json", "--", "echo", "two  words", "--yes").json
    assert (done["exitcode"], done["out"], done["status"]) == (0, "two  words --yes\n", "done")
    assert lab("vm", "agent", "exec", 104, "--yes", "--", "echo", "\x1b[31mred").stdout == "\\x1b[31mred\n"
    failed = lab("vm", "agent", "exec", 104, "--yes", "-o", "json", "--", "false")
    assert (failed.status, failed.json["exitcode"], failed.json["changed"]) == (8, 1, True)
    assert failed.error["details"] == {"exitcode": 1, "signal": None}
    fed = lab("vm", "agent", "exec", 104, "--yes", "--input", "-", "-o", "json", "--", "cat", stdin="hunter2")
    assert fed.json["out"] == "hunter2"
    shown = lab("audit", "show", fed.json["operation"], "-o", "json")
    assert "hunter2" not in shown.stdout
    assert lab("vm", "agent", "exec", 104, "--", "ls").status == 9
    assert "high risk" in lab("vm", "agent", "exec", 104, "-o", "json", "--", "ls").error["message"]


@pytest.mark.capability("4.3")
def test_a_file_is_written_and_read(lab: Pmpc) -> None:
    written = lab("vm", "agent", "file-write", 104, "/etc/motd", "--from", "-", "--yes", "-o", "json", stdin="Grüße\n")
    assert written.json["status"] == "done"
    assert lab.ok("vm", "agent", "file-read", 104, "/etc/motd")["content"] == "Grüße\n"
    assert lab("vm", "agent", "file-read", 104, "/etc/motd").stdout == "Grüße\n"
    assert lab("vm", "agent", "file-read", 104, "/none").status == 8
    assert lab("vm", "agent", "file-write", 104, "/etc/motd", "--from", "absent", "--yes").status == 2


@pytest.mark.capability("4.3")
def test_file_systems_are_frozen_and_thawed(lab: Pmpc) -> None:
    assert lab.ok("vm", "agent", "fsfreeze", "status", 104)["filesystems"] == "thawed"
    assert lab("vm", "agent", "fsfreeze", "freeze", 104).status == 9
    frozen = lab.ok("vm", "agent", "fsfreeze", "freeze", 104, "--yes")
    assert lab.ok("vm", "agent", "fsfreeze", "status", 104)["filesystems"] == "frozen"
    lab.ok("audit", "undo", frozen["operation"], "--yes")
    assert lab.ok("vm", "agent", "fsfreeze", "status", 104)["filesystems"] == "thawed"
    assert lab.ok("vm", "agent", "fsfreeze", "thaw", 104, "--yes")["status"] == "done"


@pytest.mark.capability("4.3", "7.4")
def test_an_agent_that_does_not_answer_says_what_to_do(lab: Pmpc) -> None:
    assert lab.ok("vm", "agent", "ping", 104) == {"vmid": 104, "name": "docker", "node": "pve2", "agent": "answers"}
    for argv in (("ping", "105"), ("exec", "105", "--yes", "--", "ls"), ("file-read", "105", "/x")):
        outcome = lab("vm", "agent", *argv[:2], "-o", "json", *argv[2:])
        assert (outcome.status, "qemu-guest-agent" in outcome.error["hint"]) == (6, True), outcome
    assert lab("vm", "agent", "ping", 103).status == 6
    assert lab("vm", "agent", "ping", 200).status == 2


@pytest.mark.capability("4.3", "9.9")
def test_what_is_sent_is_what_was_shown(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("homelab")
    planned = pmpc("vm", "agent", "exec", 104, "--dry-run", "-o", "json", "--", "ls", "-l", env=served.environ)
    (call,) = planned.json["calls"]
    assert call["params"] == {"command": ["ls", "-l"]}
    assert served.writes == []
