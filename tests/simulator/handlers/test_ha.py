"""High availability: rules since PVE 9, groups before."""

from __future__ import annotations

from tests.simulator.asking import answer, get, row, simulate


def test_resources_by_type_and_by_id() -> None:
    sim = simulate()
    assert {item["sid"] for item in get(sim, "/cluster/ha/resources", type="ct")} == {"ct:201"}
    assert get(sim, "/cluster/ha/resources/101") == get(sim, "/cluster/ha/resources/vm:101")
    assert get(sim, "/cluster/ha/resources/201")["type"] == "ct"
    assert answer(sim, "/cluster/ha/resources/vm:100")[0] == 500


def test_groups_have_been_migrated_to_rules() -> None:
    status, reason, _ = answer(simulate(), "/cluster/ha/groups")
    assert (status, "migrated to rules" in reason) == (500, True)
    assert [item["group"] for item in get(simulate("homelab8"), "/cluster/ha/groups")] == ["big-nodes"]
    assert get(simulate("homelab8"), "/cluster/ha/resources/vm:101")["group"] == "big-nodes"


def test_rules_do_not_exist_before_nine() -> None:
    assert answer(simulate("homelab8"), "/cluster/ha/rules")[0] == 501


def test_rules_by_type_and_by_resource() -> None:
    sim = simulate()
    assert [item["rule"] for item in get(sim, "/cluster/ha/rules", type="node-affinity")] == ["big-nodes"]
    assert [item["rule"] for item in get(sim, "/cluster/ha/rules", resource="vm:106")] == ["k8s-apart"]
    assert get(sim, "/cluster/ha/rules/shop-together")["disable"] == 1


def test_the_managers_view() -> None:
    sim = simulate()
    rows = get(sim, "/cluster/ha/status/current")
    assert row(rows, id="quorum")["quorate"] == 1
    assert row(rows, sid="vm:107")["node"] == "pve3"
    sim.world.nodes["pve3"].online = False
    assert "dead" in row(get(sim, "/cluster/ha/status/current"), id="lrm:pve3")["status"]
    assert get(sim, "/cluster/ha/status/manager_status")["manager_status"]["node_status"]["pve3"] == "unknown"


def test_without_managed_guests_the_manager_stands_by() -> None:
    rows = get(simulate("tiny"), "/cluster/ha/status/current")
    assert [item["type"] for item in rows] == ["quorum", "fencing"]
    assert row(rows, type="fencing")["armed-state"] == "standby"
