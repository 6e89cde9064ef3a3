"""The examples do what they are for, on the simulated cluster."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Pmpc, Served
from tests.docs.pages import ROOT
from tests.docs.shell import bash, example

EXAMPLES = ROOT / "examples"
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here")


@pytest.mark.capability("10.3", "10.5")
def test_the_demo_shows_the_main_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    outcome = example(EXAMPLES / "demo.sh", tmp_path, {"TMPDIR": str(tmp_path)})
    assert outcome.status == 0, outcome
    for expected in (
        "workspace homelab in",
        "memory  ",
        "4096 → 6144",
        "nothing changed",
        "(exit status 5)",
        "(exit status 9)",
        "(exit status 10)",
        "memory: 4096  # enough for the shop",
        '"ansible_host": "10.10.20.104"',
    ):
        assert expected in outcome.stdout
    assert "Traceback" not in outcome.stderr
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tmp.")] == []


@needs_jq
@pytest.mark.capability("2.3", "10.4")
def test_the_inventory_is_a_csv_of_all_guests_but_templates(lab: Pmpc) -> None:
    outcome = example(EXAMPLES / "inventory.sh", lab.cwd)
    assert outcome.status == 0, outcome
    rows = list(csv.DictReader(io.StringIO(outcome.stdout)))
    expected = lab.ok("guest", "list", "--filter", "template=false")
    assert [row["id"] for row in rows] == [str(guest["vmid"]) for guest in expected]
    assert rows[1]["name"] == "web" and rows[1]["memory_gib"] == "4" and rows[1]["tags"] == "prod web"


@needs_jq
@pytest.mark.capability("10.4")
def test_the_inventory_of_a_cluster_with_a_node_down_is_whole_and_ends_with_11(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve("homelab", faults=[{"kind": "offline", "node": "pve2"}])
    outcome = example(EXAMPLES / "inventory.sh", tmp_path, served.environ)
    assert outcome.status == 11
    assert {row["status"] for row in csv.DictReader(io.StringIO(outcome.stdout)) if row["node"] == "pve2"} == {
        "unknown"
    }


@needs_jq
@pytest.mark.capability("2.1", "2.2", "2.6", "10.4")
@pytest.mark.parametrize(
    ("script", "address"), [("cloud-init-vm.sh", "admin@10.10.20.50"), ("container.sh", "root@10.10.20.60")]
)
def test_a_guest_is_made_from_nothing_and_nothing_is_left_of_it(script: str, address: str, lab: Pmpc) -> None:
    """Storages have to take images before; the scripts say so."""
    lab.ok("storage", "set", "local", "--content", "backup,iso,snippets,vztmpl,import", "--yes")
    before = {guest["vmid"] for guest in lab.ok("guest", "list")}
    (lab.cwd / "key.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKXlWTjmEY5ys5yAr6j8jCPRGBEnwGV2zmYzVCoZsWh0 me\n"
    )
    outcome = bash(f"bash {EXAMPLES / script} demo key.pub", lab.cwd)
    assert outcome.status == 0, outcome
    assert f"runs on pve1: ssh {address}" in outcome.stdout
    assert outcome.stdout.splitlines()[-1] == "delete: done"
    assert {guest["vmid"] for guest in lab.ok("guest", "list")} == before


@pytest.mark.capability("10.2", "10.4")
def test_the_check_for_cron_speaks_only_when_something_is_wrong(
    lab: Pmpc, made_workspace: Callable[[str], Path], serve: Callable[..., Served], tmp_path: Path
) -> None:
    well = example(EXAMPLES / "cron-check.sh", made_workspace("empty"))
    assert (well.status, well.stdout, well.stderr) == (0, "", "")

    ill = example(EXAMPLES / "cron-check.sh", lab.cwd)
    assert ill.status == 1
    assert re.search(r"^warning: local on pve3 is \d+ % full$", ill.stdout, re.MULTILINE)

    served = serve("homelab", faults=[{"kind": "offline", "node": "pve2"}])
    down = example(EXAMPLES / "cron-check.sh", tmp_path, served.environ)
    assert down.status == 1
    assert "critical: node pve2 does not answer" in down.stdout
    assert down.stdout.endswith("warning: not everything could be read\n")

    gone = example(EXAMPLES / "cron-check.sh", tmp_path, {**served.environ, "PMPC_URL": "https://127.0.0.1:9"})
    assert gone.status == 1
    assert gone.stdout.startswith("critical: the server does not answer")

    nothing = example(EXAMPLES / "cron-check.sh", tmp_path)
    assert nothing.status == 3
    assert nothing.stdout == "critical: pmpc status ended with 3\n"


@pytest.mark.capability("2.3", "10.4")
def test_the_workflow_runs_step_by_step(tmp_path: Path) -> None:
    workflow = yaml.safe_load((EXAMPLES / "ci.yml").read_text("utf-8"))
    job = workflow["jobs"]["scripts"]
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert len(steps) == 2
    variables = tmp_path / "variables"
    script = f"""
        set -e
        trap 'kill %1' EXIT
        {steps[0]}
        while read -r line; do export "$line"; done < {variables}
        {steps[1]}
    """
    outcome = bash(script, tmp_path, {**job["env"], "GITHUB_ENV": str(variables)})
    assert outcome.status == 0, outcome
    guests = json.loads((tmp_path / "guests.json").read_text("utf-8"))
    assert {guest["name"] for guest in guests} == {"web", "db", "docker", "proxy"}
