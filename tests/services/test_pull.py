"""What a pull records, what it believes, and what it never forgets."""

from __future__ import annotations

import re

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.source import STALE
from proxmox_mpc.errors import (
    AuthenticationError,
    Conflict,
    NotFound,
    PermissionDenied,
    RequestTimeout,
    Unreachable,
    UsageError,
)
from proxmox_mpc.services.pull import PullReport, pull
from proxmox_mpc.state import RecordedSource
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.history import current_digests, documents, guest_history, runs, versions
from proxmox_mpc.state.kinds import GROUPS, KINDS
from proxmox_mpc.state.tables import METADATA
from tests.databases import Database
from tests.services.fake_source import ALL_PRIVILEGES, FakeSource

START = 1795377421


class Lab:
    """A fake cluster and the database that it is pulled into, an hour apart."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.source = FakeSource()
        self.store = database.open()
        self.time = float(START)

    def pull(self, *only: str, node: str | None = None) -> PullReport:
        self.time += 3600
        return pull(self.source, self.store, only=only, node=node, now=lambda: self.time)

    def changed(self, *only: str) -> list[str]:
        """Pull, and return what changed as short lines."""
        lines = []
        for change in self.pull(*only).changes:
            keys = [f"{key.key}: {key.old} -> {key.new}" for key in change.keys]
            lines.append(" ".join([change.action, change.kind, change.key, *keys]))
        return lines

    def guests(self) -> dict[int, JsonObject]:
        recorded = RecordedSource(self.database.target)
        rows = recorded.read("/cluster/resources", {"type": "vm"})
        recorded.close()
        assert isinstance(rows, list)
        return {int(str(row["vmid"])): row for row in rows if isinstance(row, dict)}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.database.rows(query)


@pytest.fixture
def lab(database: Database) -> Lab:
    """A cluster that nobody has pulled yet."""
    return Lab(database)


# What is recorded


@pytest.mark.postgresql
@pytest.mark.capability("3.1", "3.2", "3.3", "3.4", "3.5")
def test_a_first_pull_records_every_kind(lab: Lab) -> None:
    report = lab.pull()
    assert report.first and not report.partial and report.warnings == ()
    assert report.run.ran.outcome == "done"
    assert {change.action for change in report.changes} == {"added"}
    expected = {kind.name for kind in KINDS.values() if kind.history} - {"pending", "snapshot", "ha_group"}
    assert {change.kind for change in report.changes} == expected
    assert report.run.added == len(report.changes)


@pytest.mark.postgresql
@pytest.mark.capability("3.2", "3.3", "3.4")
def test_guests_are_mapped_to_nodes_disks_nics_bridges_pools_and_backups(lab: Lab) -> None:
    lab.pull()
    assert lab.rows(
        "SELECT g.name, g.node, d.slot, d.bytes, v.size FROM guest g JOIN disk d ON d.guest = g.key"
        " LEFT JOIN volume v ON v.volid = d.volid WHERE g.vmid = 102"
    ) == [("db", "pve2", "scsi0", 32 * 2**30, 5)]
    assert lab.rows(
        "SELECT g.name, n.mac, n.vlan, n.firewall, w.cidr FROM nic n JOIN guest g ON g.key = n.guest"
        " JOIN network w ON w.iface = n.bridge AND w.node = g.node ORDER BY g.vmid"
    ) == [("web", "BC:24:11:00:00:01", 20, 1, "10.0.0.1/24"), ("proxy", "BC:24:11:00:00:03", None, 0, "10.0.0.1/24")]
    assert lab.rows("SELECT pool, member FROM pool_member ORDER BY member") == [
        ("team/web", "guest/101"),
        ("team/web", "storage/nfs"),
    ]
    assert lab.rows("SELECT b.notes FROM backup b JOIN guest g ON g.vmid = b.vmid WHERE g.name = 'web'") == [("web",)]


@pytest.mark.postgresql
@pytest.mark.capability("3.5", "2.7")
def test_a_second_pull_with_nothing_changed_writes_no_history(lab: Lab) -> None:
    lab.pull()
    before = lab.rows("SELECT * FROM object_version ORDER BY kind, key")
    report = lab.pull()
    assert report.changes == []
    assert lab.rows("SELECT * FROM object_version ORDER BY kind, key") == before
    assert [run.id for run in runs(lab.store)] == [2, 1]


@pytest.mark.postgresql
@pytest.mark.capability("2.7", "3.5")
def test_changes_are_told_key_by_key(lab: Lab) -> None:
    lab.pull()
    lab.source.configs[101] |= {"memory": "4096", "onboot": 1}
    del lab.source.configs[101]["cores"]
    lab.source.guests[101]["status"] = "stopped"
    lab.source.add(300, "new", "pve2")
    lab.source.remove(102)
    assert lab.changed("guest") == [
        "changed guest 101 status: running -> stopped",
        "removed guest 102",
        "added guest 300",
        "changed config 101 cores: 2 -> None memory: 2048 -> 4096 onboot: None -> 1",
        "removed config 102",
        "added config 300",
    ]


@pytest.mark.postgresql
def test_use_and_counters_are_no_history_but_are_shown(lab: Lab) -> None:
    lab.pull()
    lab.source.guests[101] |= {"cpu": 0.93, "mem": 77, "uptime": 12}
    assert lab.changed() == []
    assert lab.guests()[101]["cpu"] == 0.93


def test_a_guest_is_read_with_one_request_and_its_snapshots_only_when_it_has_some(lab: Lab) -> None:
    lab.source.configs[101]["parent"] = "s1"
    lab.source.snapshots[101] = [{"name": "s1", "snaptime": 5, "description": "before"}]
    lab.pull("guest")
    asked = [path for path in lab.source.asked if path.startswith("/nodes/")]
    assert sorted(asked) == [
        "/nodes/pve1/lxc/200/config",
        "/nodes/pve1/lxc/200/pending",
        "/nodes/pve1/qemu/101/pending",
        "/nodes/pve1/qemu/101/snapshot",
        "/nodes/pve2/qemu/102/pending",
    ]
    lab.source.asked.clear()
    lab.pull("guest")
    assert sorted(path for path in lab.source.asked if path.startswith("/nodes/")) == [
        "/nodes/pve1/lxc/200/config",
        "/nodes/pve1/qemu/101/pending",
        "/nodes/pve2/qemu/102/pending",
    ]


@pytest.mark.postgresql
@pytest.mark.capability("4.7")
def test_snapshots_come_and_go_with_their_tree(lab: Lab) -> None:
    lab.pull("guest")
    lab.source.configs[101]["parent"] = "s2"
    lab.source.snapshots[101] = [{"name": "s1", "snaptime": 5}, {"name": "s2", "snaptime": 6, "parent": "s1"}]
    assert lab.changed("guest") == [
        "changed config 101 parent: None -> s2",
        "added snapshot 101/s1",
        "added snapshot 101/s2",
    ]
    lab.source.configs[101]["parent"] = "s1"
    lab.source.snapshots[101].pop()
    assert lab.changed("guest") == ["changed config 101 parent: s2 -> s1", "removed snapshot 101/s2"]
    del lab.source.configs[101]["parent"]
    lab.source.snapshots[101].clear()
    assert lab.changed("guest") == ["changed config 101 parent: s1 -> None", "removed snapshot 101/s1"]


def test_pending_changes_are_recorded_beside_the_configuration(lab: Lab) -> None:
    lab.pull("guest")
    lab.source.pending[101] = {"memory": {"pending": "8192"}, "cores": {"delete": 1}}
    assert lab.changed("guest") == [
        "changed config 101 cores: 2 -> None memory: 2048 -> 8192",
        "added pending 101",
    ]
    assert documents(lab.store, "pending", ["101"])["101"] == {
        "memory": {"value": "2048", "pending": "8192"},
        "cores": {"value": 2, "delete": 1},
    }
    lab.source.pending.clear()
    assert lab.changed("guest")[-1] == "removed pending 101"


@pytest.mark.postgresql
@pytest.mark.capability("9.6", "9.4")
def test_no_secret_is_in_the_file(lab: Lab) -> None:
    lab.source.pending[102] = {"cipassword": {"pending": "hunter2"}}
    lab.pull()
    lab.store.close()
    for file in lab.database.home.iterdir():
        assert b"hunter2" not in file.read_bytes(), file
    for table in METADATA.tables:
        assert "hunter2" not in str(lab.rows(f'SELECT * FROM "{table}"')), table
    assert documents(lab.database.open(), "config", ["102"])["102"]["cipassword"] == "**********"


def test_pve_8_has_groups_and_9_has_rules(lab: Lab) -> None:
    lab.source.release = "8.4.1"
    kinds = {change.kind for change in lab.pull("ha").changes}
    assert kinds == {"ha_resource", "ha_group"}
    lab.source.release = "9.2.11"
    assert lab.changed("ha") == ["added ha_rule keep", "removed ha_group main"]


# Absence is not deletion


@pytest.mark.postgresql
@pytest.mark.capability("7.3", "3.5")
def test_a_silent_node_keeps_what_it_holds_as_last_seen(lab: Lab) -> None:
    lab.pull()
    seen = lab.rows("SELECT max(finished) FROM run")[0][0]
    lab.source.nodes["pve1"] = "offline"
    report = lab.pull()
    assert report.partial and report.run.ran.outcome == "partial"
    assert [warning.code for warning in report.warnings if warning.details.get("node") == "pve1"] == ["node_offline"]
    assert [(change.kind, change.key) for change in report.changes] == [("node", "pve1")]
    web = lab.guests()[101]
    assert (web["name"], web["status"], web[STALE]) == ("web", "running", seen)
    assert STALE not in lab.guests()[102]
    lab.source.nodes["pve1"] = "online"
    back = lab.pull()
    assert not back.partial and [change.kind for change in back.changes] == ["node"]
    assert STALE not in lab.guests()[101] and back.run.stale == 0


@pytest.mark.capability("7.3")
def test_a_node_that_is_called_online_but_does_not_answer_loses_nothing(lab: Lab) -> None:
    lab.pull()
    from proxmox_mpc.errors import NodeUnreachable

    for path in ("/nodes/pve1/status", "/nodes/pve1/qemu/101/pending"):
        lab.source.refused[path] = NodeUnreachable("no route")
    report = lab.pull()
    assert report.partial and report.changes == []
    assert STALE in lab.guests()[101]
    assert "/nodes/pve1/qemu/101/pending" not in lab.source.asked[-40:]


@pytest.mark.capability("3.5")
def test_a_guest_on_an_offline_node_is_not_removed(lab: Lab) -> None:
    lab.pull()
    lab.source.nodes["pve1"] = "offline"
    lab.source.remove(101)
    report = lab.pull()
    assert "guest" not in {change.kind for change in report.changes}
    assert 101 in lab.guests()
    lab.source.nodes["pve1"] = "online"
    assert "removed guest 101" in lab.changed()


@pytest.mark.capability("3.5")
def test_without_quorum_nothing_counts_as_removed(lab: Lab) -> None:
    lab.pull()
    lab.source.quorate = False
    lab.source.remove(101)
    lab.source.lists["/storage"] = []
    report = lab.pull()
    assert report.run.removed == 0 and report.partial
    assert {"no_quorum", "absence_not_believed"} <= {warning.code for warning in report.warnings}
    assert lab.guests()[101][STALE]


@pytest.mark.capability("3.5")
def test_quorum_that_cannot_be_read_counts_as_unknown(lab: Lab) -> None:
    lab.pull()
    lab.source.refused["/cluster/status"] = PermissionDenied("Permission check failed (/, Sys.Audit)")
    lab.source.remove(101)
    report = lab.pull()
    assert report.run.removed == 0 and 101 in lab.guests()


@pytest.mark.capability("3.5")
@pytest.mark.parametrize(
    "permissions",
    [
        pytest.param({}, id="none at all"),
        pytest.param({"/": {"Sys.Audit": 1}}, id="role without VM.Audit"),
        pytest.param({"/": dict(ALL_PRIVILEGES), "/vms/101": {}}, id="no access to this guest"),
        pytest.param({"/vms/102": {"VM.Audit": 1}}, id="only another guest"),
    ],
)
def test_rights_taken_away_lose_nothing(lab: Lab, permissions: dict[str, JsonObject]) -> None:
    lab.pull()
    lab.source.permissions = permissions
    report = lab.pull()
    assert report.run.removed == 0 and report.partial
    assert set(lab.guests()) == {101, 102, 200}
    assert lab.guests()[101][STALE]
    lab.source.permissions = {"/": dict(ALL_PRIVILEGES)}
    assert [change for change in lab.pull().changes if change.kind == "guest"] == []


@pytest.mark.capability("3.5")
def test_an_unknown_status_never_overwrites_what_was_known(lab: Lab) -> None:
    lab.pull()
    known = lab.source.guests[101]
    lab.source.guests[101] = {"type": "qemu", "vmid": 101, "node": "pve2", "status": "unknown"}
    changes = lab.changed("guest")
    assert changes == ["changed guest 101 node: pve1 -> pve2"]
    row = lab.guests()[101]
    assert (row["name"], row["status"], row["maxcpu"], row["node"]) == ("web", "running", 2, "pve2")
    assert STALE in row
    lab.source.guests[101] = known
    assert lab.changed("guest") == ["changed guest 101 node: pve2 -> pve1"]


@pytest.mark.postgresql
@pytest.mark.capability("3.5")
def test_another_guest_under_the_same_number_is_removed_and_added(lab: Lab) -> None:
    lab.pull("guest")
    lab.source.configs[101]["smbios1"] = "uuid=99999999-0000-4000-8000-000000000000"
    assert lab.changed("guest") == [
        "removed guest 101",
        "added guest 101",
        "removed config 101",
        "added config 101",
    ]
    assert [(version.run, version.born) for version in versions(lab.store, "config", "101")] == [(2, 2), (1, 1)]


@pytest.mark.postgresql
def test_a_storage_that_fails_keeps_its_volumes_and_one_that_is_gone_takes_them_along(lab: Lab) -> None:
    lab.pull()
    path = "/nodes/pve1/storage/nfs/content"
    lab.source.refused[path] = RequestTimeout("no answer in 30 s")
    report = lab.pull()
    assert report.partial and report.changes == []
    assert lab.rows("SELECT count(*) FROM backup WHERE stale_since IS NOT NULL") == [(1,)]
    del lab.source.refused[path]
    contents = lab.source.lists[path]
    assert isinstance(contents, list)
    contents.pop(0)
    assert lab.changed() == ["removed backup /nfs:backup/vzdump-qemu-101-2026_11_20.vma.zst"]


def test_a_kind_that_cannot_be_read_keeps_what_it_had(lab: Lab) -> None:
    lab.pull()
    lab.source.refused["/cluster/backup"] = PermissionDenied("Permission check failed (/, Sys.Audit)")
    report = lab.pull()
    assert report.partial and report.changes == []
    assert any("/cluster/backup" in warning.message for warning in report.warnings)
    assert set(current_digests(lab.store, "backup_job")) == {"nightly"}


def test_one_guest_that_may_not_be_read_is_counted_and_kept(lab: Lab) -> None:
    lab.pull()
    lab.source.refused["/nodes/pve2/qemu/102/pending"] = PermissionDenied(
        "Permission check failed (/vms/102, VM.Audit)"
    )
    report = lab.pull()
    assert report.partial and report.changes == []
    assert any("configuration of 1 guest" in warning.message for warning in report.warnings)
    assert set(current_digests(lab.store, "config")) == {"101", "102", "200"}


def test_a_snapshot_list_that_failed_is_read_again_next_time(lab: Lab) -> None:
    lab.source.configs[101]["parent"] = "s1"
    lab.source.snapshots[101] = [{"name": "s1", "snaptime": 5}]
    lab.source.refused["/nodes/pve1/qemu/101/snapshot"] = RequestTimeout("slow")
    assert lab.pull("guest").partial
    lab.source.refused.clear()
    assert lab.changed("guest") == ["added snapshot 101/s1"]


# Scope


@pytest.mark.capability("3.5")
@pytest.mark.parametrize("group", GROUPS)
def test_only_one_kind_leaves_the_others_as_they_are(lab: Lab, group: str) -> None:
    lab.pull()
    lab.source.remove(101)
    lab.source.lists = {path: [] for path in lab.source.lists}
    kinds = {change.kind for change in lab.pull(group).changes}
    assert all(KINDS[kind].group == group for kind in kinds)


def test_one_node_is_pulled_alone(lab: Lab) -> None:
    lab.pull()
    lab.source.remove(102)
    lab.source.remove(200)
    lab.source.configs[101]["memory"] = "512"
    report = lab.pull(node="pve1")
    assert {(change.action, change.kind, change.key) for change in report.changes} == {
        ("changed", "config", "101"),
        ("removed", "guest", "200"),
        ("removed", "config", "200"),
    }
    assert not any(path.startswith("/nodes/pve2") for path in lab.source.asked[-15:])
    assert set(lab.guests()) == {101, 102}


@pytest.mark.parametrize(
    ("only", "node", "error"),
    [(("nonsense",), None, UsageError), (("sdn",), "pve1", UsageError), ((), "pve9", NotFound)],
)
def test_nonsense_is_refused(lab: Lab, only: tuple[str, ...], node: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        lab.pull(*only, node=node)


# Failures


@pytest.mark.capability("7.1", "3.6")
@pytest.mark.parametrize("error", [AuthenticationError("no"), Unreachable("connection refused")])
@pytest.mark.parametrize("path", ["/cluster/resources", "/nodes/pve1/qemu/101/pending", "/cluster/tasks"])
def test_what_fails_everything_ends_the_pull_and_leaves_the_state(lab: Lab, error: Exception, path: str) -> None:
    lab.pull()
    before = lab.rows("SELECT * FROM object_version")
    lab.source.configs[102]["memory"] = "1"
    lab.source.refused[path] = error  # type: ignore[assignment]
    with pytest.raises(type(error)):
        lab.pull()
    assert lab.rows("SELECT * FROM object_version") == before
    last = runs(lab.store, 1)[0]
    assert (last.ran.outcome, last.ran.error) == ("failed", str(error))


@pytest.mark.postgresql
@pytest.mark.capability("7.7")
def test_two_pulls_do_not_run_at_once(lab: Lab) -> None:
    with lab.store.sync_lock(START), pytest.raises(Conflict, match=re.escape(caller())):
        lab.pull()
    lab.pull()


def test_progress_is_told(lab: Lab) -> None:
    told: list[tuple[str, int, int]] = []
    pull(lab.source, lab.store, now=lambda: START, progress=lambda *step: told.append(step))
    assert ("guests", 3, 3) in told and all(done <= total for _, done, total in told)


# History


@pytest.mark.postgresql
@pytest.mark.capability("2.7")
def test_the_history_of_a_guest_is_told_newest_first(lab: Lab) -> None:
    lab.pull("guest")
    lab.source.configs[101]["memory"] = "4096"
    lab.pull("guest")
    lab.source.guests[101]["node"] = "pve2"
    lab.pull("guest")
    lab.source.remove(101)
    lab.pull("guest")
    told = [(run.id, change.action, change.kind) for run, change in guest_history(lab.store, 101)]
    assert told == [
        (4, "removed", "guest"),
        (4, "removed", "config"),
        (3, "changed", "guest"),
        (2, "changed", "config"),
        (1, "added", "guest"),
        (1, "added", "config"),
    ]
