"""workspace replicate: what is declared for one cluster, declared for another one, and pushed there if wanted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import Outcome, Pmpc

NODES = tuple(part for at in (1, 2, 3) for part in ("--map", f"node:pve{at}=pve00{1 if at == 1 else 2}"))
PLACES = (*NODES, "--vmid-offset", "5000")
ALONE = (*PLACES, "--map", "bridge:k8s=vmbr0")
"""For guests without the vnet that they are on."""


@dataclass
class Two:
    """A workspace in which the homelab is declared, and one of another cluster in which nothing is."""

    here: Pmpc
    there: Path

    def __call__(self, *argv: str) -> Outcome:
        outcome = self.here("workspace", "replicate", "--to", str(self.there), *argv, "-o", "json")
        if outcome.stdout:
            schema = json.loads(self.here("schema", "workspace", "replicate").stdout)
            jsonschema.Draft202012Validator(schema).validate(outcome.json)
        return outcome

    def other(self, *argv: str) -> Any:
        return self.here("-w", str(self.there), *argv, "-o", "json").json

    def text(self, kind: str, start: str) -> str:
        (path,) = (self.there / "infra" / kind).glob(f"{start}*.yml")
        return path.read_text()

    def files(self) -> list[str]:
        infra = self.there / "infra"
        return sorted(str(path.relative_to(infra)) for path in infra.rglob("*.yml")) if infra.is_dir() else []


@pytest.fixture
def two(lab: Pmpc, declared_infra: Path, made_workspace: Callable[[str], Path], tmp_path: Path) -> Two:
    shutil.copytree(declared_infra, lab.cwd / "infra", dirs_exist_ok=True)
    other = tmp_path / "other"
    shutil.copytree(made_workspace("datacenter:2:8:3"), other, symlinks=True)
    return Two(lab, other)


def codes(outcome: Outcome) -> set[str]:
    return {event["warning"]["code"] for event in outcome.events if "warning" in event}


@pytest.mark.capability("6.6", "7.8", "9.9")
def test_what_the_other_cluster_lacks_is_refused_all_at_once(two: Two) -> None:
    outcome = two()
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (6, "", "conflict"), outcome
    problems = outcome.error["details"]["problems"]
    assert {(one["what"], one["old"]) for one in problems} >= {
        ("node", "pve1"), ("node", "pve2"), ("node", "pve3"), ("storage", "tank"), ("bridge", "vmbr1"), ("vmid", "101"),
    }  # fmt: skip
    assert "--map node:pve1=pve00" in outcome.error["hint"]
    assert two.files() == []


@pytest.mark.capability("6.6", "7.8")
def test_manifests_are_written_under_the_other_clusters_names(two: Two) -> None:
    chosen = ("101", "105", "106", "pool", "ha-resource/vm:101", "sdn-zone", "sdn-vnet")
    shown = two(*PLACES, *chosen, "--dry-run")
    assert shown.status == 0, shown
    assert two.files() == []
    done = two(*PLACES, *chosen)
    assert done.status == 0, done
    assert done.json == shown.json
    assert {"disks_empty"} <= codes(done)
    rows = {(row["kind"], row["id"]): row for row in done.json}
    web = rows["vm", "5101"]
    assert (web["source"], web["action"], web["file"], web["status"]) == ("101", "written", "vm/5101-web.yml", None)
    assert "create VM 5101 (web)" in web["steps"][0]
    text = two.text("vm", "5101")
    assert "node: pve001" in text and "5101/vm-5101-disk-0" in text and "tags: prod;web" in text
    assert "BC:24:11" not in text and "net0: virtio,bridge=vmbr0" in text
    assert two.text("ha-resource", "vm%3A5101")
    assert two.here("-w", str(two.there), "sync", "validate").status == 0
    before = {path: (two.there / "infra" / path).read_text() for path in two.files()}
    again = two(*PLACES, *chosen)
    assert {row["action"] for row in again.json} == {"unchanged"}
    assert {path: (two.there / "infra" / path).read_text() for path in two.files()} == before


@pytest.mark.capability("6.6", "7.8", "9.9")
def test_a_push_goes_through_the_other_workspaces_guard(two: Two) -> None:
    wanted = (*ALONE, "105", "pool/lab", "--push")
    refused = two(*wanted)
    assert (refused.status, refused.error["code"]) == (9, "refused"), refused
    done = two(*wanted, "--yes")
    assert done.status == 0, done
    assert [(row["id"], row["status"], row["error"]) for row in done.json] == [
        ("lab", "done", None), ("5105", "done", None),
    ]  # fmt: skip
    there = {row["vmid"]: row for row in two.other("vm", "list")}
    assert (there[5105]["name"], there[5105]["node"], there[5105]["pool"]) == ("k8s-cp1", "pve001", "lab")
    assert two.other("sync", "diff") == []
    assert [row["action"] for row in two.other("audit", "list")] == ["push"]
    assert two.here("audit", "list", "-o", "json").json == []
    again = two(*wanted, "--yes")
    assert (again.status, {row["action"] for row in again.json}) == (0, {"unchanged"})
    assert {row["status"] for row in again.json} == {None}


def test_maps_come_from_a_file_too(two: Two) -> None:
    (two.here.cwd / "to-lab.map").write_text("# nodes\nnode:pve1=pve002\nvmid:105=700\nbridge:k8s=vmbr0\n")
    assert two("--map-file", "to-lab.map", "105", "pool/lab").status == 0
    assert "node: pve002" in two.text("vm", "700")
    assert two("--map-file", "nowhere.map").status == 2
    assert two("--map", "colour:red=blue", "105").status == 2
    everything = two("--map", "node:pve7=pve001")
    assert "pve7" not in everything.stderr  # it is refused for what is missing, before anything is warned of


def test_macs_are_kept_where_that_is_said(two: Two) -> None:
    assert two(*ALONE, "105", "pool/lab", "--keep-macs").status == 0
    assert "BC:24:11" in two.text("vm", "5105")


def test_storages_are_replicated_only_where_they_are_named(two: Two) -> None:
    assert two(*PLACES, "pool").status == 0
    assert not any(path.startswith("storage/") for path in two.files())
    named = two(*PLACES, "storage/tank")
    assert [(row["kind"], row["id"]) for row in named.json] == [("storage", "tank")], named


@pytest.mark.capability("9.9")
def test_what_is_declared_otherwise_or_there_already_is_left_alone(two: Two) -> None:
    assert two(*ALONE, "105", "pool/lab").status == 0
    (path,) = (two.there / "infra" / "vm").glob("5105*")
    path.write_text(path.read_text() + "freeze: 1\n")
    outcome = two(*ALONE, "105", "pool/lab")
    assert (outcome.status, "5105" in outcome.error["message"]) == (6, True), outcome
    users = two(*PLACES, "user/root@pam")
    assert [(row["action"], row["file"]) for row in users.json] == [("present", None)]


def test_what_cannot_be_meant_is_refused(two: Two) -> None:
    same = two.here("workspace", "replicate", "--to", str(two.here.cwd), "-o", "json")
    assert (same.status, "this very workspace" in same.error["message"]) == (2, True)
    environment = two.here("workspace", "replicate", "--to", str(two.there), env={"PMPC_URL": "sim://tiny"})
    assert environment.status in (2, 3)
    shutil.rmtree(two.here.cwd / "infra")
    assert two().status == 2
