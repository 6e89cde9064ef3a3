"""``--declare``: create and set write the manifest, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Pmpc
from tests.matrix.bench import open_bench

pytestmark = pytest.mark.capability("2.1", "2.2", "2.5", "5.8")


def manifest(lab: Pmpc, kind: str, ident: int) -> str:
    found = [*(lab.cwd / "infra" / kind).glob(f"{ident}*.yml")]
    assert len(found) == 1
    return found[0].read_text()


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_new_vm_is_written_then_pushed(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_bench(lab, monkeypatch)
    done = bench("vm", "create", "app", "--declare", "--on-node", "pve2", "--memory", "1G", "--disk", "local-lvm:8",
                 "--nic", "vmbr0,vlan=20", "--tag", "prod", "--start", "-o", "json")  # fmt: skip
    assert done.status == 0, done
    row = done.json
    assert (row["action"], row["kind"], row["id"], row["status"], row["changed"]) == (
        "declare",
        "vm",
        110,
        "done",
        True,
    )
    assert bench.sent == []
    written = lines(manifest(lab, "vm", 110))
    assert {"name: app", "node: pve2", "memory: 1024", "scsi0: local-lvm:8", "track: [status]"} <= {*written}
    assert "net0: virtio,bridge=vmbr0,tag=20" in written

    # The next one takes the next id, though nothing of the first is on the cluster yet.
    assert bench("vm", "create", "second", "--declare", "-o", "json").json["id"] == 111
    # What is declared already can be changed before it is there.
    assert bench("vm", "set", "app", "--memory", "2G", "--declare").status == 0
    assert "memory: 2048" in lines(manifest(lab, "vm", 110))
    assert bench.sent == []

    assert bench("sync", "push", "110", "--yes").status == 0
    assert bench.ok("vm", "show", "110")["status"] == "running"
    assert bench.ok("sync", "diff", "110") == []


def test_a_change_is_made_on_what_is_declared(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_bench(lab, monkeypatch)
    assert bench("sync", "declare", "101", "201").status == 0
    path = next((lab.cwd / "infra" / "vm").glob("101*.yml"))
    path.write_text(path.read_text().replace("memory: 8192", "memory: 16384  # wished"))
    # 8192 is what the cluster has: against the manifest it is a change, and its comment stays.
    assert bench("vm", "set", "101", "--memory", "8G", "--delete", "onboot", "--declare").status == 0
    assert "memory: 8192  # wished" in manifest(lab, "vm", 101)
    assert "onboot" not in manifest(lab, "vm", 101)
    assert bench("ct", "set", "201", "--memory", "4G", "--declare").status == 0
    assert "memory: 4096" in lines(manifest(lab, "ct", 201))
    assert bench.sent == []
    assert [(row["id"], row["key"], row["action"]) for row in bench.ok("sync", "diff")] == [
        ("101", "onboot", "push"),
        ("201", "memory", "push"),
    ]


def test_what_no_manifest_can_say_is_refused(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_bench(lab, monkeypatch)
    before = sorted(path.name for path in Path(lab.cwd).rglob("*.yml"))
    bench.environ["PW"] = "secret"
    for argv, status, said in (
        (("vm", "create", "x", "--declare", "--password-from", "env:PW"), 2, "a manifest holds no secret"),
        (("vm", "create", "x", "--declare", "--ha"), 2, "no manifest can say"),
        (("vm", "set", "101", "--declare", "--cores", "2"), 5, "has no manifest"),
    ):
        done = bench(*argv)
        assert (done.status, done.stdout) == (status, ""), done
        assert said in done.stderr
    assert bench.sent == []
    assert sorted(path.name for path in Path(lab.cwd).rglob("*.yml")) == before


def test_a_dry_run_writes_nothing(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_bench(lab, monkeypatch)
    done = bench("vm", "create", "x", "--declare", "--dry-run", "-o", "json")
    assert (done.status, done.json["status"], done.json["changed"]) == (0, "planned", False)
    assert not [*lab.cwd.glob("infra/vm/*")]
