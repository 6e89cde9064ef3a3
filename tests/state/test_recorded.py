"""The database answers the paths of the API as the server did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxmox_mpc.domain.json import Json, JsonObject, as_rows
from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import NotFound, NotRecorded, PmpcError
from proxmox_mpc.services.pull import pull
from proxmox_mpc.state import RecordedSource, StateStore, light
from proxmox_mpc.state.documents import MASK, canonical
from proxmox_mpc.state.recorded_routes import ROUTES
from tests.services.fake_source import FakeSource

NOW = 1795377421


@pytest.fixture(scope="module")
def source() -> FakeSource:
    """The cluster that was pulled."""
    made = FakeSource()
    made.pending[101] = {"memory": {"pending": "8192"}, "cores": {"delete": 1}, "onboot": {"pending": 1}}
    made.configs[101]["parent"] = "s1"
    made.snapshots[101] = [{"name": "s1", "snaptime": 5, "description": "before"}]
    return made


@pytest.fixture(scope="module")
def path(source: FakeSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that it was pulled into, twice."""
    made = tmp_path_factory.mktemp("recorded") / "state.db"
    with StateStore.open(made) as store:
        pull(source, store, now=lambda: NOW - 3600)
        source.guests[102]["status"] = "running"
        pull(source, store, now=lambda: NOW)
    return made


@pytest.fixture
def recorded(path: Path) -> Iterator[RecordedSource]:
    made = RecordedSource(path, now=lambda: NOW + 60)
    yield made
    made.close()


def plain(value: Json) -> Json:
    """Forget what the database does not keep: digests, moving values, what only computes."""
    dropped = ("digest", "used", "next-run", "comment")
    if isinstance(value, list):
        return sorted((plain(row) for row in value), key=canonical)
    if isinstance(value, dict):
        kept: JsonObject = {key: plain(part) for key, part in value.items() if key not in dropped}
        for key in ("content", "privs"):
            if isinstance(kept.get(key), str):
                kept[key] = ",".join(sorted(str(kept[key]).split(",")))
        return kept
    return value


@pytest.mark.capability("3.5", "2.3", "2.4")
@pytest.mark.parametrize(
    "asked",
    [
        "/version",
        "/cluster/status",
        "/cluster/resources",
        "/cluster/options",
        "/cluster/tasks",
        "/cluster/backup",
        "/cluster/replication",
        "/cluster/ha/resources",
        "/cluster/ha/rules",
        "/cluster/ha/status/current",
        "/cluster/sdn/zones",
        "/cluster/sdn/vnets",
        "/cluster/sdn/vnets/v1/subnets",
        "/cluster/firewall/options",
        "/cluster/firewall/rules",
        "/cluster/firewall/aliases",
        "/cluster/firewall/ipset",
        "/cluster/firewall/ipset/admins",
        "/cluster/firewall/groups",
        "/cluster/firewall/groups/web",
        "/nodes/pve1/firewall/options",
        "/nodes/pve1/firewall/rules",
        "/nodes/pve1/qemu/101/firewall/rules",
        "/nodes/pve1/status",
        "/nodes/pve1/network",
        "/nodes/pve1/storage/local/content",
        "/nodes/pve1/storage/nfs/content",
        "/nodes/pve1/qemu/101/config",
        "/nodes/pve1/qemu/101/pending",
        "/nodes/pve1/qemu/101/snapshot",
        "/nodes/pve2/qemu/102/pending",
        "/nodes/pve1/lxc/200/config",
        "/nodes/pve1/lxc/200/pending",
        "/storage",
        "/access/groups",
        "/access/roles",
        "/access/domains",
        "/access/acl",
        "/access/permissions",
        "/pools",
    ],
)
def test_the_answer_is_the_server_s(source: FakeSource, recorded: RecordedSource, asked: str) -> None:
    live, kept = plain(masked(source.read(asked))), plain(recorded.read(asked))
    if asked == "/cluster/resources":
        kept = without(kept, "ip", "nodeid", "pveversion", "kversion", "cpu_model", "ssl_fingerprint")
    if asked.endswith("/config") and "101" in asked:
        # The fake's config lacks what is pending; PVE's has it applied.
        assert isinstance(live, dict)
        live = {**live, "memory": "8192", "onboot": 1}
        del live["cores"]
    assert plain(kept) == plain(live)


def masked(answer: Json) -> Json:
    """Mask the fake's one secret wherever it is, also in the row of a pending list."""
    made: Json = json.loads(json.dumps(answer).replace("hunter2", MASK).replace("x!**", "**"))
    return made


def without(value: Json, *names: str) -> Json:
    return [{key: part for key, part in row.items() if key not in names} for row in as_rows(value)]


def test_what_runs_now_is_told_apart_from_what_waits(recorded: RecordedSource) -> None:
    current = recorded.read("/nodes/pve1/qemu/101/config", {"current": 1})
    assert isinstance(current, dict)
    assert (current["memory"], current["cores"], "onboot" in current) == ("2048", 2, False)


def test_parameters_narrow_the_answer(recorded: RecordedSource) -> None:
    assert {row["type"] for row in as_rows(recorded.read("/cluster/resources", {"type": "vm"}))} == {"qemu", "lxc"}
    assert {row["type"] for row in as_rows(recorded.read("/cluster/resources", {"type": "sdn"}))} == {"sdn"}
    content = "/nodes/pve2/storage/nfs/content"
    assert [row["vmid"] for row in as_rows(recorded.read(content, {"content": "backup"}))] == [101]
    assert [row["content"] for row in as_rows(recorded.read(content, {"vmid": 102}))] == ["images"]
    assert [row["storage"] for row in as_rows(recorded.read("/storage", {"type": "nfs"}))] == ["nfs"]
    users = as_rows(recorded.read("/access/users", {"full": 1}))
    assert users[0]["tokens"] == [{"tokenid": "ci", "privsep": 1, "expire": 0}]
    assert as_rows(recorded.read("/nodes/pve1/tasks", {"vmid": 101, "limit": 1}))[0]["type"] == "qmstart"
    assert as_rows(recorded.read("/nodes/pve1/tasks", {"errors": 1})) == []
    pools = as_rows(recorded.read("/pools", {"poolid": "team/web"}))
    assert [row.get("vmid") or row.get("storage") for row in as_rows(pools[0]["members"])] == [101, "nfs"]


def test_single_objects_are_answered(recorded: RecordedSource) -> None:
    assert recorded.read("/storage/nfs") == {
        "storage": "nfs",
        "type": "nfs",
        "content": "backup,images",
        "shared": 1,
        "server": "10.0.0.9",
    }
    status = recorded.read("/nodes/pve1/qemu/101/status/current")
    assert isinstance(status, dict) and status["cpus"] == 2 and status["ha"] == {"managed": 1}
    assert recorded.read("/nodes/pve1/version") == {"version": "9.2.11", "release": "9.2", "repoid": "abc"}
    assert recorded.read("/access/users/root%40pam") == {
        "enable": 1,
        "expire": 0,
        "keys": "**********",
        "groups": ["ops"],
        "tokens": {"ci": {"privsep": 1, "expire": 0}},
    }
    assert recorded.read("/access/roles/PVEAuditor") == {"VM.Audit": 1, "Sys.Audit": 1}
    assert [row["vmid"] for row in as_rows(recorded.read("/nodes/pve2/qemu"))] == [102]
    node_storage = as_rows(recorded.read("/nodes/pve1/storage", {"storage": "nfs"}))[0]
    assert (node_storage["total"], node_storage["used"], node_storage["avail"], node_storage["active"]) == (
        100,
        10,
        90,
        1,
    )


@pytest.mark.parametrize(
    ("asked", "params", "error"),
    [
        ("/nodes/pve1/qemu/101/rrddata", {"timeframe": "hour"}, NotRecorded),
        ("/nodes/pve1/syslog", {}, NotRecorded),
        ("/nodes/pve1/qemu/101/config", {"snapshot": "s1"}, NotRecorded),
        ("/nodes/pve1/qemu/999/config", {}, NotFound),
        ("/nodes/pve2/qemu/101/config", {}, NotFound),
        ("/storage/none", {}, NotFound),
        ("/pools", {"poolid": "none"}, NotFound),
        ("/nodes/pve9/status", {}, NotRecorded),
    ],
)
def test_what_is_not_kept_says_so(
    recorded: RecordedSource, asked: str, params: dict[str, str], error: type[PmpcError]
) -> None:
    with pytest.raises(error) as caught:
        recorded.read(asked, params)
    answers = recorded.read_many([Query("/version"), Query(asked, params)])
    assert isinstance(answers[0], dict) and type(answers[1]) is type(caught.value)


@pytest.mark.capability("2.7")
def test_objects_can_be_seen_as_they_were(path: Path) -> None:
    then = RecordedSource(path, at=Moment("then", NOW - 1800))
    status = {row["vmid"]: row["status"] for row in as_rows(then.read("/cluster/resources", {"type": "vm"}))}
    then.close()
    assert status[102] == "stopped"
    with pytest.raises(NotRecorded, match="nothing is recorded of long ago: the history begins with run 1"):
        RecordedSource(path, at=Moment("long ago", NOW - 7200))


def test_nothing_pulled_is_no_empty_list(fresh: object, blank: Path) -> None:
    recorded = RecordedSource(blank)
    for route in ROUTES:
        path = "/" + "/".join("x1" if part.startswith("{") else part for part in route.pattern)
        with pytest.raises((NotRecorded, NotFound)):
            recorded.read(path)
    with pytest.raises(NotRecorded):
        recorded.last_pull()
    recorded.close()


def test_no_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotRecorded) as caught:
        RecordedSource(tmp_path / "state.db")
    assert caught.value.hint == "run: pmpc sync pull" and not (tmp_path / "state.db").exists()


def test_age_is_that_of_the_last_pull(recorded: RecordedSource) -> None:
    last = recorded.last_pull()
    assert (last.run, last.outcome, last.age, last.finished) == (2, "done", 60, "2026-11-22T19:57:01Z")


def test_it_is_a_source(recorded: RecordedSource) -> None:
    as_source: Source = recorded
    assert as_source.live is False and as_source.answer("/cluster/tasks").total == 1


@pytest.mark.capability("8.8")
def test_reading_needs_no_orm() -> None:
    code = (
        "import sys, proxmox_mpc.state.recorded, proxmox_mpc.state.light;"
        "heavy = {'sqlalchemy', 'sqlmodel', 'alembic', 'pydantic', 'httpx'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.capability("1.6")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("guest", ["101", "102", "200"]),
        ("vm", ["101", "102"]),
        ("ct", ["200"]),
        ("name", ["db", "proxy", "web"]),
        ("node", ["pve1", "pve2"]),
        ("storage", ["local", "nfs", "smb"]),
        ("bridge", ["v1", "vmbr0"]),
        ("pool", ["team/web"]),
        ("zone", ["lab"]),
        ("vnet", ["v1"]),
        ("user", ["root@pam"]),
        ("role", ["PVEAuditor"]),
        ("realm", ["pam"]),
        ("tag", []),
        ("run", ["2", "1"]),
    ],
)
def test_names_for_completion(path: Path, kind: str, expected: list[str]) -> None:
    assert [name for name, _ in light.names(path, kind)] == expected


def test_completion_is_silent_where_nothing_is_recorded(tmp_path: Path) -> None:
    assert light.names(tmp_path / "none.db", "guest") == []
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    assert light.names(tmp_path / "noise.db", "guest") == []
