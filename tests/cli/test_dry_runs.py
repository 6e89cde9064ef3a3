"""A dry run ends as the command itself would end now, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Pmpc
from tests.matrix.bench import Bench, open_bench

NOT_NOW = "this would be refused now: "


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


def ends_alike(bench: Bench, *words: str | int, confirm: str | None = None) -> dict[str, Any]:
    """Run with --dry-run and in earnest; both end alike, nothing is sent, and the dry run's error is returned."""
    dry = bench(*words, "--dry-run")
    done = bench(*words, "--yes", *(("--confirm", confirm) if confirm else ()))
    assert (dry.status, dry.stdout) == (done.status, ""), (dry, done)
    assert dry.error["code"] == done.error["code"]
    assert dry.error["message"] == f"{NOT_NOW}{done.error['message']}"
    assert bench.sent == []
    return dry.error


@pytest.mark.capability("4.1", "4.3")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("vm", "start", 108), 6, "is locked"),
        (("vm", "migrate", 108, "--to", "pve2"), 6, "is locked"),
        (("vm", "start", 9000), 6, "is a template"),
        (("vm", "disk", "resize", 104, "scsi0", "1G"), 2, "cannot be made smaller"),
        (("ct", "volume", "resize", 200, "rootfs", "1G"), 2, "cannot be made smaller"),
        (("vm", "migrate", 102, "--to", "pve3"), 6, "no storage tank"),
        (("vm", "migrate", 102, "--to", "pve1"), 6, "has disks that only"),
        (("vm", "migrate", 102, "--to", "pve1", "--with-local-disks", "--storage", "nope"), 6, "has no storage nope"),
        (("ct", "migrate", 200, "--to", "pve2"), 6, "moves only stopped"),
    ],
)
def test_what_would_be_refused_now_is_said_with_the_status_of_the_refusal(
    words: tuple[str | int, ...], status: int, said: str, bench: Bench
) -> None:
    error = ends_alike(bench, *words)
    assert said in error["message"]
    assert error["hint"]
    (row,) = error["details"]["plan"]
    assert (row["status"], row["error"], row["calls"]) == ("failed", error["message"], [])
    assert bench(*words, "--dry-run").status == status
    told = bench.pmpc(*words, "--dry-run", env=bench.environ)
    assert NOT_NOW in told.stderr and "nothing was sent (dry run)" in told.stderr


@pytest.mark.capability("4.1", "9.9")
def test_what_protects_refuses_a_dry_run_too_and_shows_what_it_would_have_sent(bench: Bench) -> None:
    bench.world.guests[103].config["protection"] = 1
    error = ends_alike(bench, "vm", "delete", 103, "--without-backup", confirm="win11")
    assert error["details"]["plan"][0]["calls"][0]["method"] == "DELETE"
    bench.ok("safety", "freeze", "--reason", "look")
    assert "frozen" in ends_alike(bench, "vm", "start", 103)["message"]
    bench.ok("safety", "thaw")
    bench.ok("workspace", "config", "set", "safety.mode", "read-only")
    assert "read-only" in ends_alike(bench, "vm", "start", 103)["message"]
    bench.ok("workspace", "config", "set", "safety.mode", "normal")
    bench.ok("workspace", "config", "set", "safety.policy.medium", "deny")
    assert "denies" in ends_alike(bench, "vm", "start", 103)["message"]


@pytest.mark.capability("2.8", "4.1")
def test_of_several_those_that_would_be_refused_are_named_with_8(bench: Bench) -> None:
    words = ("node", "drain", "pve2", "--to", "pve1,pve3")
    dry, done = bench(*words, "--dry-run"), bench(*words, "--yes")
    assert dry.status == 8, dry
    assert "would be refused now" in dry.error["message"]
    refused = [row["id"] for row in dry.json if row["error"]]
    assert refused and all(row["error"].startswith(NOT_NOW) for row in dry.json if row["error"])
    assert (done.status, done.error["details"]["failed"]) == (8, refused)


@pytest.mark.capability("4.3")
def test_a_bridge_that_is_not_there_stops_a_running_guest_and_warns_for_one_that_is_off(bench: Bench) -> None:
    for vmid in (105, 103):
        bench.world.guests[vmid].config["net0"] = "virtio=BC:24:11:00:00:01,bridge=vmbr7"
    error = ends_alike(bench, "vm", "migrate", 105, "--to", "pve2")
    assert "node pve2 has no bridge vmbr7" in error["message"]
    moved = bench("vm", "migrate", 103, "--to", "pve2", "--dry-run")
    warnings = [event["warning"]["code"] for event in moved.events if "warning" in event]
    assert (moved.status, warnings) == (0, ["bridge_missing"]), moved


@pytest.mark.capability("4.3")
def test_a_container_that_holds_a_folder_of_its_node_stays_there(bench: Bench) -> None:
    bench.world.guests[200].config["mp3"] = "/srv/media,mp=/media"
    assert "(mp3)" in ends_alike(bench, "ct", "migrate", 200, "--to", "pve2", "--restart")["message"]
    bench.world.guests[200].config["mp3"] = "/srv/media,mp=/media,shared=1"
    assert bench("ct", "migrate", 200, "--to", "pve2", "--restart", "--dry-run").status == 0


@pytest.mark.capability("9.3")
def test_isolating_a_container_can_be_taken_back(bench: Bench) -> None:
    done = bench.ok("ct", "isolate", 200, "--yes")
    assert "link_down=1" in str(bench.world.guests[200].config["net0"])
    assert bench.ok("guest", "isolate", 200, "--yes")["changed"] is False
    bench.ok("audit", "undo", done["operation"], "--yes")
    assert "link_down=1" not in str(bench.world.guests[200].config["net0"])


@pytest.mark.capability("2.5", "4.2")
def test_the_agent_of_a_container_a_switch_of_an_agent_and_a_missing_disc(bench: Bench) -> None:
    asked = bench("vm", "agent", "ping", 200)
    assert (asked.status, "pct exec 200" in asked.error["hint"]) == (2, True)
    bench.world.guests[103].config["agent"] = "1,fstrim_cloned_disks=1,type=virtio"
    (call,) = bench("vm", "set", 103, "--no-agent", "--dry-run").json["calls"]
    assert call["params"]["agent"] == "0,fstrim_cloned_disks=1,type=virtio"
    assert bench("vm", "set", 103, "--agent", "--dry-run").json["status"] == "unchanged"
    assert bench("vm", "set", 103, "--agent", "--set", "agent=0", "--yes").status == 2
    disc = bench("vm", "create", "new", "--iso", "local:iso/nope.iso", "--on-node", "pve1", "--yes")
    assert (disc.status, "local:iso/nope.iso" in disc.error["message"]) == (5, True)


@pytest.mark.capability("4.2")
@pytest.mark.parametrize("words", [("vm", "nic", "set", 103, "net0", "vlan=9"), ("vm", "disk", "detach", 103, "scsi0")])
def test_what_a_guest_hangs_on_is_high(words: tuple[str | int, ...], bench: Bench) -> None:
    assert "high risk" in bench(*words).error["message"]


@pytest.mark.capability("4.3")
def test_a_secret_that_was_lost_on_its_way_can_be_taken_back(bench: Bench) -> None:
    bench.wire = lambda _number: "lost"
    lost = bench("access", "token", "create", "root@pam!lost", "--yes")
    bench.wire = None
    assert (lost.status, lost.error["code"]) == (8, "unexpected_answer")
    assert "pmpc audit undo" in lost.error["hint"]
    assert "not done" not in lost.error["hint"]
