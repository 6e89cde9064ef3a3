"""What runs by itself: backup jobs, replication, realm syncs; and what is measured."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.simulator.asking import answer, get, row, simulate


@pytest.mark.capability("4.7")
def test_backup_jobs_know_when_they_run_next() -> None:
    sim = simulate()
    rows = get(sim, "/cluster/backup")
    assert sim.world.created < row(rows, id="backup-prod")["next-run"] <= sim.world.created + 86_400
    assert "next-run" not in row(rows, id="backup-gitea")
    assert row(rows, id="backup-prod")["prune-backups"] == {"keep-last": 3}
    assert answer(sim, "/cluster/backup/nope")[2]["errors"] == {"id": "No such job 'nope'"}


def test_what_a_job_includes() -> None:
    sim = simulate()
    tree = get(sim, "/cluster/backup/backup-prod/included_volumes")["children"]
    assert [guest["id"] for guest in tree] == [101, 102, 104, 201]
    disks = {disk["id"]: disk["included"] for disk in row(tree, id=102)["children"]}
    assert disks == {"scsi0": 1, "scsi1": 1, "scsi2": 0}


@pytest.mark.capability("4.7")
def test_guests_that_no_job_covers() -> None:
    sim = simulate()
    bare = {item["vmid"] for item in get(sim, "/cluster/backup-info/not-backed-up")}
    assert bare == {103, 105, 106, 107, 108, 109, 203, 9000}
    sim.world.backup_jobs["all"] = {"id": "all", "all": 1, "exclude": "108,203", "storage": "pbs"}
    assert {item["vmid"] for item in get(sim, "/cluster/backup-info/not-backed-up")} == {108, 203}


def test_a_backup_gives_back_its_guests_configuration() -> None:
    sim = simulate()
    volume = next(volid.lstrip("/") for volid in sim.world.volumes if "pbs:backup/vm/101/" in volid)
    assert "name: web\n" in get(sim, "/nodes/pve1/vzdump/extractconfig", volume=volume)
    assert answer(sim, "/nodes/pve1/vzdump/extractconfig", volume="pbs:backup/vm/1/x")[0] == 500


def test_replication_tells_success_and_failure() -> None:
    sim = simulate()
    assert {item["id"] for item in get(sim, "/cluster/replication")} == {"102-0", "200-0"}
    (good,) = get(sim, "/nodes/pve2/replication")
    assert (good["fail_count"], "error" in good) == (0, False)
    bad = get(sim, "/nodes/pve1/replication/200-0/status")
    assert (bad["fail_count"], bad["vmtype"]) == (5, "lxc")
    assert "got timeout" in get(sim, "/nodes/pve1/replication/200-0/log")[-1]["t"]
    assert get(sim, "/nodes/pve1/replication", guest=102) == []
    assert get(sim, "/cluster/replication", "nobody@pve!nothing") == []
    assert answer(sim, "/cluster/replication/101-0")[0] == 500


def test_realm_syncs_and_schedules() -> None:
    sim = simulate()
    (job,) = get(sim, "/cluster/jobs/realm-sync")
    assert job["next-run"] > sim.world.created
    assert get(sim, "/cluster/jobs/realm-sync/ldap-nightly")["realm"] == "lab-ldap"
    assert answer(sim, "/cluster/jobs/realm-sync/none")[0] == 400
    times = get(sim, "/cluster/jobs/schedule-analyze", schedule="*/15", iterations=3)
    assert [b["timestamp"] - a["timestamp"] for a, b in pairwise(times)] == [900, 900]
    assert answer(sim, "/cluster/jobs/schedule-analyze", schedule="now and then")[0] == 400


@pytest.mark.capability("4.8")
@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/nodes/pve1", {"cpu", "memused", "memtotal", "netin", "rootused", "loadavg"}),
        ("/nodes/pve1/qemu/101", {"cpu", "mem", "maxmem", "netin", "diskwrite", "memhost"}),
        ("/nodes/pve1/lxc/200", {"cpu", "mem", "disk", "netout"}),
        ("/nodes/pve1/storage/nas", {"total", "used"}),
    ],
)
def test_metrics_are_rows_of_the_same_distance_up_to_now(path: str, keys: set[str]) -> None:
    sim = simulate()
    rows = get(sim, f"{path}/rrddata", timeframe="hour")
    times = [item["time"] for item in rows]
    assert {b - a for a, b in pairwise(times)} == {60}
    assert 0 <= sim.clock.now() - times[-1] < 60
    assert keys <= set(rows[-1])
    assert rows == get(sim, f"{path}/rrddata", timeframe="hour")


def values(rows: list[dict[str, Any]], key: str) -> list[float]:
    return [item[key] for item in rows if key in item]


@pytest.mark.capability("4.8")
def test_the_last_measure_is_what_the_list_shows() -> None:
    sim = simulate()
    listed = row(get(sim, "/cluster/resources"), vmid=101)
    last = get(sim, "/nodes/pve1/qemu/101/rrddata", timeframe="hour")[-1]
    assert last["cpu"] == pytest.approx(listed["cpu"], rel=0.2)
    assert last["maxmem"] == listed["maxmem"]


def test_time_without_measures_is_a_row_without_keys() -> None:
    sim = simulate()
    rows = get(sim, "/nodes/pve3/rrddata", timeframe="week")
    assert [set(item) for item in rows if "cpu" not in item] == [{"time"}]
    young = get(sim, "/nodes/pve1/qemu/105/rrddata", timeframe="year")
    assert set(young[0]) == {"time"}
    sim.world.nodes["pve3"].online = False
    assert not values(get(sim, "/nodes/pve3/rrddata", timeframe="hour"), "cpu")


def test_peaks_lie_above_means_and_a_stopped_guest_uses_nothing() -> None:
    sim = simulate()
    means = values(get(sim, "/nodes/pve1/qemu/101/rrddata", timeframe="day"), "cpu")
    peaks = values(get(sim, "/nodes/pve1/qemu/101/rrddata", timeframe="day", cf="MAX"), "cpu")
    assert all(peak > mean for mean, peak in zip(means, peaks, strict=True))
    assert set(values(get(sim, "/nodes/pve1/qemu/103/rrddata", timeframe="hour"), "cpu")) == {0}


def test_timeframes_are_those_of_the_release() -> None:
    assert len(get(simulate("homelab8"), "/nodes/pve1/rrddata", timeframe="day")) == 70
    assert len(get(simulate(), "/nodes/pve1/rrddata", timeframe="decade")) == 570
    assert answer(simulate(), "/nodes/pve1/qemu/101/rrddata", timeframe="decade")[0] == 400
    assert answer(simulate(), "/nodes/pve1/rrddata")[0] == 400
    assert answer(simulate(), "/nodes/pve1/qemu/999/rrddata", timeframe="hour")[0] == 500


def test_metric_servers() -> None:
    sim = simulate()
    assert row(get(sim, "/cluster/metrics/server"), id="influx")["disable"] == 1
    assert get(sim, "/cluster/metrics/server/graphite")["path"] == "proxmox"
    assert answer(sim, "/cluster/metrics/server/none")[0] == 500
