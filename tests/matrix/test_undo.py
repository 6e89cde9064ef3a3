"""What an undo brings back beside the thing itself."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc
from tests.matrix.bench import Bench, open_bench


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


def undone(bench: Bench, *words: str) -> None:
    done = bench.ok(*words, "--yes")
    number = (done[0] if isinstance(done, list) else done)["operation"]
    bench.settle()
    assert bench("audit", "undo", number, "--yes").status == 0
    bench.settle()


@pytest.mark.capability("9.8")
def test_a_disk_comes_back_to_its_place_in_the_boot_order(bench: Bench) -> None:
    before = bench.world.guests[103].config["boot"]
    undone(bench, "vm", "disk", "detach", "103", "scsi0")
    assert "scsi0" in str(before)
    assert bench.world.guests[103].config["boot"] == before


@pytest.mark.capability("9.8")
def test_a_resource_comes_back_into_the_rules_that_named_it(bench: Bench) -> None:
    bench.ok("ha", "rule", "create", "alone", "--resources", "vm:105", "--nodes", "pve1:2", "--yes")
    before = {name: dict(rule) for name, rule in bench.world.ha.rules.items()}
    planned = bench("ha", "resource", "delete", "vm:105", "--dry-run")
    assert planned.status == 0
    undone(bench, "ha", "resource", "delete", "vm:105")
    undone(bench, "ha", "resource", "delete", "vm:101")
    after = bench.world.ha.rules
    assert {name: set(str(rule["resources"]).split(",")) for name, rule in after.items()} == {
        name: set(str(rule["resources"]).split(",")) for name, rule in before.items()
    }
    assert after["alone"]["nodes"] == before["alone"]["nodes"]


@pytest.mark.capability("9.8")
def test_a_rule_that_loses_several_at_once_is_told_of(bench: Bench) -> None:
    shown = bench.pmpc("ha", "resource", "delete", "vm:101", "ct:201", "--dry-run")
    assert "rule big-nodes goes with" in shown.stdout
    assert "rule shop-together as it was does not" in shown.stdout


@pytest.mark.capability("9.8")
def test_what_is_staged_after_an_undo_says_the_same_as_what_is_in_use(bench: Bench) -> None:
    undone(bench, "network", "set", "pve1", "vmbr1", "--mtu", "1400")
    assert bench.ok("network", "revert", "pve1", "--yes")["changed"] is False


@pytest.mark.capability("9.8")
def test_the_undo_of_a_replication_says_that_the_copies_are_lost(bench: Bench) -> None:
    done = bench.ok("replication", "delete", "200-0", "--yes")
    (step,) = bench.operation()["steps"]
    assert step["state"] == "done"
    bench.settle()
    shown = bench.pmpc("audit", "undo", str(done["operation"]), "--dry-run")
    assert "its copies do not come back" in shown.stdout


@pytest.mark.capability("9.8")
def test_guests_under_high_availability_are_started_again(bench: Bench) -> None:
    managed = [
        guest.vmid for guest in bench.world.guests_on("pve3")
        if guest.running and f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}" in bench.world.ha.resources
    ]  # fmt: skip
    assert managed
    undone(bench, "node", "stop-all", "pve3")
    assert all(bench.world.guests[vmid].running for vmid in managed)
