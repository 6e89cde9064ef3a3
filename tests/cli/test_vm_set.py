"""vm set: what is sent, what is refused before anything is, what waits for a restart, and taking it back."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


@pytest.mark.capability("2.5", "4.3")
def test_a_change_is_sent_with_the_digest_and_read_back(lab: Pmpc) -> None:
    digest = lab.ok("vm", "config", 107)["digest"]
    planned = lab.ok("vm", "set", 107, "--cores", 3, "--set", "numa=yes", "--dry-run")
    assert planned["status"] == "planned" and planned["changed"] is False
    (call,) = planned["calls"]
    assert call["path"] == "/nodes/pve3/qemu/107/config"
    assert call["params"] == {"cores": 3, "numa": 1, "digest": digest}
    assert lab.ok("vm", "config", 107)["digest"] == digest, "a dry run sends nothing"
    done = lab.ok("vm", "set", 107, "--cores", 3, "--set", "numa=yes", "--yes")
    assert (done["action"], done["id"], done["status"], done["changed"]) == ("set", 107, "done", True)
    config = lab.ok("vm", "config", 107)
    assert (config["cores"], config["numa"]) == (3, 1)
    again = lab.ok("vm", "set", 107, "--cores", 3, "--set", "numa=1", "--yes")
    assert (again["status"], again["changed"], again["operation"]) == ("unchanged", False, None)


@pytest.mark.capability("2.5", "9.9")
def test_without_a_confirmation_nothing_is_sent(lab: Pmpc) -> None:
    before = lab.ok("vm", "config", 107)
    outcome = lab("vm", "set", 107, "--cores", 3, "-o", "json")
    assert (outcome.status, outcome.stdout) == (9, "")
    assert lab.ok("vm", "config", 107) == before


@pytest.mark.capability("7.4", "9.3")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "corse=2"), "'corse'"),
        (("--set", "net0=virtio,vlan=3"), "no property 'vlan'"),
        (("--delete", "corse"), "'corse'"),
        (("--revert", "corse"), "'corse'"),
        (("--cores", "2", "--set", "cores=3"), "said twice"),
        (("--cores", "2", "--delete", "cores"), "set and deleted"),
        (("--cores", "2", "--revert", "all"), "stands alone"),
        (("--memory", "much"), "no size"),
        (("--memory", "512B"), "whole number of MiB"),
        (("--set", "cipassword=hunter2"), "not given on the command line"),
        (("--password-from", "hunter2"), "must name where the secret comes from"),
        (("--ssh-keys", "no-such-file"), "cannot be read"),
        ((), "what is to be changed?"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_sent(words: tuple[str, ...], said: str, lab: Pmpc) -> None:
    outcome = lab("vm", "set", 107, *words, "--yes", "-o", "json")
    assert outcome.status == 2, outcome
    assert said in outcome.error["message"]
    assert "hunter2" not in outcome.stderr


@pytest.mark.capability("2.5")
def test_what_a_running_vm_takes_over_and_what_waits_is_said_and_can_be_dropped(lab: Pmpc) -> None:
    outcome = lab("vm", "set", 104, "--memory", "12G", "--description", "two\nlines", "--yes", "-o", "json")
    assert outcome.status == 0, outcome
    (warning,) = [event["warning"] for event in outcome.events if event["warning"]["code"] == "pending"]
    assert warning["details"] == {"vmid": 104, "keys": ["memory"]}
    planned = lab("vm", "set", 104, "--cores", 8, "--onboot", "--dry-run")
    assert "takes effect" in planned.stdout
    (row,) = lab.ok("vm", "pending", 104)
    assert (row["key"], row["pending"]) == ("memory", "12288")
    assert lab.ok("vm", "set", 104, "--revert", "memory", "--yes")["changed"] is True
    assert lab.ok("vm", "pending", 104) == []
    assert lab.ok("vm", "set", 104, "--revert", "all", "--yes")["status"] == "unchanged"


@pytest.mark.capability("2.8")
def test_many_are_changed_alike_and_those_that_are_so_already_stay(lab: Pmpc) -> None:
    lab.ok("vm", "set", 105, "--description", "k8s", "--yes")
    rows = lab.ok("vm", "set", "105-106", "--description", "k8s", "--yes")
    assert {row["id"]: row["changed"] for row in rows} == {105: False, 106: True}


@pytest.mark.capability("9.6")
def test_secrets_come_from_sources_and_are_never_shown(lab: Pmpc) -> None:
    (lab.cwd / "key.pub").write_text("ssh-ed25519 AAAAC3Nza+/= me@host\n")
    words = ("vm", "set", 104, "--password-from", "env:CI", "--ssh-keys", "key.pub", "--ciuser", "zoe")
    planned = lab(*words, "--dry-run", "-o", "json", env={"CI": "hunter2"})
    params = planned.json["calls"][0]["params"]
    assert params["cipassword"] == "***"
    assert params["sshkeys"] == "ssh-ed25519%20AAAAC3Nza%2B%2F%3D%20me%40host%0A"
    done = lab(*words, "--yes", "-o", "json", "-vv", env={"CI": "hunter2"})
    assert done.status == 0, done
    assert "hunter2" not in done.stdout + done.stderr + planned.stdout
    assert lab("vm", "cloudinit", "show", 104, "-o", "json").json["ssh_keys"] == ["ssh-ed25519 me@host"]


@pytest.mark.capability("2.5", "7.4")
def test_deleting_a_key_and_one_that_is_not_set(lab: Pmpc) -> None:
    assert "onboot" in lab.ok("vm", "config", 101)
    assert lab.ok("vm", "set", 101, "--delete", "onboot,numa", "--yes")["changed"] is True
    assert "onboot" not in lab.ok("vm", "config", 101)
    assert lab.ok("vm", "set", 101, "--delete", "onboot", "--yes")["changed"] is False
