"""Changing high availability and replication: the manager and the scheduler act a little later."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import Session, session

HA = "/cluster/ha/resources"


def guest_of(lab: Session, vmid: int) -> dict[str, object]:
    rows = lab.data("GET", "/cluster/resources", type="vm")
    return next(row for row in rows if row["vmid"] == vmid)


def wait(lab: Session, seconds: float = 30) -> None:
    """Let time pass in steps, so that one thing follows from another."""
    for _ in range(10):
        lab.clock.advance(seconds / 10)
        lab.data("GET", "/version")


@pytest.mark.capability("4.2")
def test_a_managed_guest_reaches_the_state_that_is_wanted(lab: Session) -> None:
    world = lab.sim.world
    vmid = next(
        v for v, g in world.guests.items() if not g.running and not g.template and g.kind == "qemu" and not g.lock
    )
    lab.data("POST", HA, sid=f"vm:{vmid}", state="started", comment="new")
    assert lab.data("GET", f"{HA}/vm:{vmid}")["comment"] == "new"
    assert guest_of(lab, vmid)["hastate"] == "queued"
    wait(lab)
    assert guest_of(lab, vmid)["status"] == "running"
    lab.data("PUT", f"{HA}/vm:{vmid}", state="stopped")
    wait(lab)
    assert guest_of(lab, vmid)["status"] == "stopped"
    lab.data("DELETE", f"{HA}/{vmid}")
    assert "hastate" not in guest_of(lab, vmid)


def test_the_manager_is_told_to_migrate(lab: Session) -> None:
    lab.data("PUT", "/cluster/ha/rules/k8s-apart", type="resource-affinity", disable=1)
    answer = lab.data("POST", f"{HA}/vm:105/migrate", node="pve2")
    assert (answer["sid"], answer["requested-node"]) == ("vm:105", "pve2")
    wait(lab)
    assert lab.sim.world.guests[105].node == "pve2"
    assert guest_of(lab, 105)["status"] == "running"


def test_a_rule_keeps_guests_apart(lab: Session) -> None:
    answer = lab.data("POST", f"{HA}/vm:105/migrate", node="pve2")
    assert answer["blocking-resources"] == [{"sid": "vm:106", "cause": "resource-affinity"}]
    wait(lab)
    assert lab.sim.world.guests[105].node == "pve1"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sid": "vm:101"}, "create resource failed: resource ID 'vm:101' already defined"),
        ({"sid": "vm:9999"}, "resource 'vm:9999' does not exist in cluster"),
        ({"sid": "ct:101"}, "resource 'ct:101' does not exist in cluster"),
    ],
)
def test_resources_that_are_refused(lab: Session, params: dict[str, str], said: str) -> None:
    assert lab.refused("POST", HA, **params)[:2] == (500, said)


def test_rules_name_what_is_there(lab: Session) -> None:
    rules = "/cluster/ha/rules"
    assert (
        "unmanaged resource(s) vm:102"
        in lab.refused("POST", rules, rule="r1", type="node-affinity", resources="vm:102", nodes="pve1")[1]
    )
    assert (
        "non-existent node(s) pve9"
        in lab.refused("POST", rules, rule="r1", type="node-affinity", resources="vm:105", nodes="pve9:2")[1]
    )
    assert "nodes" in lab.refused("POST", rules, rule="r1", type="node-affinity", resources="vm:105")[2]
    assert lab.refused("POST", rules, rule="r1", type="node-affinity", resources="vm:101", nodes="pve1")[0] == 400
    lab.data("POST", rules, rule="r1", type="node-affinity", resources="vm:105", nodes="pve1")
    digest = lab.data("GET", f"{rules}/r1")["digest"]
    lab.data("PUT", f"{rules}/r1", type="node-affinity", strict=1, digest=digest)
    assert "detected modified" in lab.refused("PUT", f"{rules}/r1", type="node-affinity", strict=0, digest=digest)[1]
    lab.data("DELETE", f"{rules}/r1")
    lab.data("DELETE", f"{HA}/vm:107")
    assert lab.data("GET", f"{rules}/k8s-apart")["resources"] == "vm:105,vm:106"


def test_groups_belong_to_pve_8() -> None:
    new, old = session("homelab"), session("homelab8")
    assert "migrated to rules" in new.refused("POST", "/cluster/ha/groups", group="g1", nodes="pve1")[1]
    old.data("POST", "/cluster/ha/groups", group="g1", nodes="pve1:2,pve2")
    old.data("PUT", "/cluster/ha/groups/g1", restricted=1)
    assert old.data("GET", "/cluster/ha/groups/g1")["restricted"] == 1
    assert "used by services" in old.refused("DELETE", "/cluster/ha/groups/big-nodes")[1]
    old.data("DELETE", "/cluster/ha/groups/g1")
    assert (
        old.refused("POST", "/cluster/ha/rules", rule="rr", type="node-affinity", resources="vm:101", nodes="pve1")[0]
        == 501
    )


@pytest.mark.capability("4.2")
def test_a_replication_job_runs_when_told_and_goes_with_its_copies(lab: Session) -> None:
    lab.data("POST", "/nodes/pve1/replication/200-0/schedule_now")
    wait(lab, 5)
    state = lab.data("GET", "/nodes/pve1/replication/200-0/status")
    assert state["fail_count"] == 0
    assert "error" not in state
    assert any(v.node == "pve2" and v.vmid == 200 for v in lab.sim.world.volumes.values())
    lab.data("DELETE", "/cluster/replication/200-0")
    assert lab.data("GET", "/cluster/replication/200-0")["remove_job"] == "full"
    wait(lab, 5)
    assert "no such replication job" in lab.refused("GET", "/cluster/replication/200-0")[1]
    assert not any(v.node == "pve2" and v.vmid == 200 for v in lab.sim.world.volumes.values())


def test_a_replication_to_a_dead_node_fails_again(lab: Session) -> None:
    lab.sim.world.nodes["pve1"].online = False
    lab.data("POST", "/nodes/pve2/replication/102-0/schedule_now")
    wait(lab, 5)
    assert lab.data("GET", "/nodes/pve2/replication/102-0/status")["fail_count"] == 1


def test_replication_jobs_that_are_refused(lab: Session) -> None:
    make = ("POST", "/cluster/replication")
    assert "already exists" in lab.refused(*make, id="200-0", target="pve3", type="local")[1]
    assert lab.refused(*make, id="200-1", target="pve1", type="local")[0] == 400
    assert "no replicatable volumes" in lab.refused(*make, id="105-0", target="pve2", type="local")[1]
    assert lab.refused(*make, id="200-1", target="pve2", type="local", schedule="never")[0] == 400
    assert lab.refused("PUT", "/cluster/replication/200-0", delete="nothing")[1].endswith("no such option 'nothing'")
