"""What besides guests is declared: carried both ways, made again, and deleted only when that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sync_lab import SyncLab

# A manifest of the homelab, a key of it, a value for each side, and the call that changes it on the cluster.
CHANGED = {
    "pool/prod.yml": ("comment", "/pools", ("poolid=prod",)),
    "user/zoe@pve.yml": ("comment", "/access/users/zoe@pve", ()),
    "group/operators.yml": ("comment", "/access/groups/operators", ()),
    "backup-job/backup-prod.yml": ("comment", "/cluster/backup/backup-prod", ()),
    "ha-resource/vm%3A101.yml": ("comment", "/cluster/ha/resources/vm:101", ()),
    "ha-rule/k8s-apart.yml": ("comment", "/cluster/ha/rules/k8s-apart", ()),
    "replication/102-0.yml": ("comment", "/cluster/replication/102-0", ()),
    "sdn-vnet/people.yml": ("alias", "/cluster/sdn/vnets/people", ()),
}


def write(path: Path, key: str, value: str | None) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")]
    path.write_text("\n".join([*lines, *([f"{key}: {value}"] if value is not None else [])]) + "\n")


@pytest.mark.capability("1.2", "2.7")
def test_changes_go_both_ways(sync: SyncLab) -> None:
    for name, (key, _, _) in CHANGED.items():
        write(sync.infra / name, key, "from-the-file")
    differing = sync.ok("diff")
    assert len(differing) == len(CHANGED) and {row["action"] for row in differing} == {"push"}
    pushed = sync("push", "--yes", "--confirm", len(CHANGED))
    assert pushed.status == 0, pushed
    assert sync.diff() == []
    for name, (key, api, more) in CHANGED.items():
        rule = ("type=resource-affinity", "affinity=negative", "resources=vm:105,vm:106") if "rule" in name else ()
        done = sync.bench("api", "set", api, *more, *rule, f"{key}=from-the-cluster", "--yes")
        assert done.status == 0, (name, done)
    assert sync.run().status == 0
    for name, (key, _, _) in CHANGED.items():
        assert f"{key}: from-the-cluster\n" in (sync.infra / name).read_text()
    assert sync.diff() == []


NEW = {
    "pool/fresh.yml": "comment: x\n",
    "pool/fresh/inner.yml": "",
    "user/new@pve.yml": "comment: x\ngroups: operators\nenable: true\n",
    "group/fresh.yml": "comment: x\n",
    "role/Fresh.yml": "privs: VM.Audit,VM.PowerMgmt\n",
    "storage/extra.yml": "type: dir\npath: /srv/extra\ncontent: images,iso\n",
    "backup-job/fresh.yml": "schedule: '02:00'\nstorage: nas-backup\nvmid: 101,104\nmode: snapshot\nenabled: true\n",
    "ha-resource/vm%3A100.yml": "state: started\nmax_restart: 2\n",
    "sdn-zone/fresh.yml": "type: simple\n",
}


@pytest.mark.whole
@pytest.mark.capability("1.2", "3.6", "9.9")
@pytest.mark.parametrize("name", [name for name in NEW if "inner" not in name])
def test_a_new_manifest_becomes_an_object_and_goes_again(name: str, sync: SyncLab) -> None:
    path = sync.infra / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(NEW[name])
    assert [row["action"] for row in sync.ok("diff")] == ["create"]
    ident = sync.ok("diff")[0]["id"]
    made = sync("push", "--yes", "--confirm", ident)
    assert made.status == 0, made
    assert sync.diff() == []
    sync.quiet()
    assert sync.run().json == []
    assert sync.sent == []
    path.unlink()
    assert sync("push", "--yes").status == 0
    assert sync.sent == []
    gone = sync("push", "--prune", "--yes", "--confirm", ident, "--without-backup")
    assert gone.status == 0, gone
    assert sync.sent != [] and sync.diff() == []


@pytest.mark.capability("1.2", "7.4")
def test_everything_at_once_in_the_order_of_need(sync: SyncLab) -> None:
    for name, text in NEW.items():
        (sync.infra / name).parent.mkdir(exist_ok=True)
        (sync.infra / name).write_text(text)
    sync.new(150, name="one", node="pve1", memory=512, scsi0="local-lvm:1", pool="fresh")
    done = sync("push", "--yes", "--confirm", len(NEW) + 1)
    assert done.status == 0, done
    assert sync.diff() == []
    paths = [one.path for one in sync.sent]
    assert paths.index("/pools") < paths.index("/nodes/pve1/qemu")
    for name in NEW:
        (sync.infra / name).unlink()
    sync.file(150).unlink()
    sync.quiet()
    assert sync.push().status == 0
    assert sync.sent == []
    gone = sync("push", "--prune", "--yes", "--confirm", len(NEW) + 1, "--without-backup")
    assert gone.status == 0, gone
    paths = [one.path for one in sync.sent if one.method == "DELETE"]
    assert paths.index("/nodes/pve1/qemu/150") < paths.index("/pools")
    assert sync.diff() == []


@pytest.mark.capability("7.4", "1.2")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pool/fresh.yml", "members: 101\n"),
        ("storage/extra.yml", "type: dir\npath: /srv\nnonsense: 1\n"),
        ("backup-job/fresh.yml", "mode: sideways\n"),
        ("realm/x.yml", "type: pam\n"),
        ("ha-resource/vm%3A100.yml", "max_restart: many\n"),
    ],
)
def test_what_pve_would_not_take_is_told_before_anything_is_sent(name: str, text: str, sync: SyncLab) -> None:
    path = sync.infra / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    sync.edit(104, onboot=0)
    outcome = sync("push", "--yes", "--confirm", 2)
    assert (outcome.status, outcome.stdout, sync.sent) == (3, "", []), outcome
    assert name in outcome.error["message"]
