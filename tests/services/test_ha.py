"""High availability: what is wanted and what is, rules of PVE 9, groups of PVE 8."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NotFound, PermissionDenied, ServerError, UsageError
from proxmox_mpc.services import ha
from tests.services.answers import Answers

STATUS: list[Json] = [
    {"id": "quorum", "type": "quorum", "node": "pve1", "status": "OK", "quorate": 1},
    {"id": "master", "type": "master", "node": "pve2", "status": "pve2 (active, Sun Nov 22 20:39:43 2026)",
     "timestamp": 1795379983},
    {"id": "lrm:pve2", "type": "lrm", "node": "pve2", "status": "pve2 (idle, Sun Nov  2 20:39:43 2026)",
     "timestamp": 1795379983},
    {"id": "lrm:pve1", "type": "lrm", "node": "pve1",
     "status": "pve1 (old timestamp - dead?, Sun Nov 22 20:00:00 2026)", "timestamp": 1795377600},
    {"id": "service:vm:101", "type": "service", "sid": "vm:101", "node": "pve1", "state": "started",
     "request_state": "started", "crm_state": "started", "status": "vm:101 (pve1, started)"},
    {"id": "service:ct:201", "type": "service", "node": "pve2", "state": "error", "request_state": "started",
     "status": "ct:201 (pve2, error)"},
    {"id": "fencing", "type": "fencing", "node": "pve1", "armed-state": "armed", "status": "armed"},
]  # fmt: skip
RESOURCES: list[Json] = [
    {"sid": "ct:201", "type": "ct", "state": "started", "max_relocate": "3", "failback": 0, "group": "big"},
    {"sid": "vm:101", "type": "vm", "max_restart": 0, "comment": "the shop"},
]
RULES: list[Json] = [
    {"rule": "stay", "type": "node-affinity", "resources": "vm:101,vm:1010", "nodes": "pve1:2,pve2", "strict": 1},
    {"rule": "apart", "type": "resource-affinity", "resources": "ct:201, vm:1010", "affinity": "negative",
     "disable": 1, "errors": {"resources": ["vm:1010 does not exist"]}},
]  # fmt: skip
GUESTS: list[Json] = [{"type": "lxc", "vmid": 201, "name": "proxy", "node": "pve2", "status": "running"}]


def cluster(**more: Json) -> Answers:
    return Answers(
        {
            "/cluster/ha/resources": RESOURCES,
            "/cluster/ha/status/current": STATUS,
            "/cluster/ha/rules": RULES,
            "/cluster/ha/groups": ServerError("cannot index groups: ha groups have been migrated to rules"),
            "/cluster/resources": GUESTS,
            **more,
        }
    )


@pytest.mark.capability("4.2")
def test_resources_show_what_is_wanted_and_what_is() -> None:
    shop, proxy = ha.list_resources(cluster()).value
    assert (shop["sid"], shop["requested"], shop["state"], shop["node"]) == ("vm:101", "started", "started", "pve1")
    assert (shop["vmid"], shop["max_restart"], shop["max_relocate"], shop["failback"]) == (101, 0, 1, True)
    assert (proxy["state"], proxy["max_relocate"], proxy["failback"], proxy["group"]) == ("error", 3, False, "big")


def test_where_the_state_is_denied_the_resources_are_still_listed() -> None:
    source = cluster()
    source.table["/cluster/ha/status/current"] = PermissionDenied("no")
    reading = ha.list_resources(source)
    assert [row["state"] for row in reading.value] == [None, None]
    assert reading.partial
    assert reading.warnings[0].code == "permission"


@pytest.mark.capability("4.2")
@pytest.mark.parametrize("named", ["ct:201", "201", "proxy"])
def test_a_resource_is_named_by_sid_id_or_name(named: str) -> None:
    page = ha.show_resource(cluster(), named).value
    assert page["sid"] == "ct:201"
    assert isinstance(page["rules"], list)
    assert [rule["rule"] for rule in page["rules"] if isinstance(rule, dict)] == ["apart"]


def test_a_rule_about_another_id_that_begins_the_same_is_not_about_it() -> None:
    rules = ha.show_resource(cluster(), "vm:101").value["rules"]
    assert isinstance(rules, list)
    assert [rule["rule"] for rule in rules if isinstance(rule, dict)] == ["stay"]


@pytest.mark.parametrize("named", ["vm:999", "999"])
def test_a_guest_that_is_not_managed_is_not_found(named: str) -> None:
    with pytest.raises(NotFound, match="not managed"):
        ha.show_resource(cluster(), named)


@pytest.mark.capability("4.2")
def test_rules_of_both_kinds() -> None:
    apart, stay = ha.list_rules(cluster()).value
    assert (apart["enabled"], apart["affinity"], apart["strict"]) == (False, "negative", None)
    assert apart["errors"] == ["resources: vm:1010 does not exist"]
    assert apart["resources"] == ["ct:201", "vm:1010"]
    assert (stay["nodes"], stay["strict"], stay["affinity"]) == (["pve1:2", "pve2"], True, None)
    assert ha.show_rule(cluster(), "stay").value == stay
    with pytest.raises(NotFound, match="no HA rule 'nix'"):
        ha.show_rule(cluster(), "nix")


@pytest.mark.capability("4.2")
def test_pve_9_has_turned_groups_into_rules() -> None:
    with pytest.raises(UsageError, match="turned them into rules") as caught:
        ha.list_groups(cluster())
    assert caught.value.hint == "pmpc ha rule list"


@pytest.mark.capability("4.2")
def test_pve_8_has_groups_and_no_rules() -> None:
    old = cluster()
    del old.table["/cluster/ha/rules"]
    old.table["/cluster/ha/groups"] = [{"group": "big", "nodes": "pve1:2,pve2", "restricted": 1, "nofailback": "0"}]
    assert ha.list_groups(old).value == [
        {"group": "big", "nodes": ["pve1:2", "pve2"], "restricted": True, "nofailback": False, "comment": None}
    ]
    with pytest.raises(UsageError, match="came with PVE 9") as caught:
        ha.list_rules(old)
    assert caught.value.hint == "PVE 8 has groups: pmpc ha group list"
    page = ha.show_resource(old, "ct:201")
    assert (page.value["group"], page.value["rules"], page.partial) == ("big", [], False)


def test_another_failure_of_groups_is_not_taken_for_pve_9() -> None:
    source = cluster()
    source.table["/cluster/ha/groups"] = ServerError("disk full")
    with pytest.raises(ServerError):
        ha.list_groups(source)


@pytest.mark.capability("4.2")
def test_the_status_tells_manager_nodes_and_services() -> None:
    page = ha.show_status(cluster()).value
    assert (page["quorate"], page["manager"], page["manager_state"]) == (True, "pve2", "active")
    assert (page["manager_seen"], page["fencing"]) == ("2026-11-22T20:39:43Z", "armed")
    assert page["nodes"] == [
        {"node": "pve1", "state": "old timestamp - dead?", "seen": "2026-11-22T20:00:00Z"},
        {"node": "pve2", "state": "idle", "seen": "2026-11-22T20:39:43Z"},
    ]
    services = page["services"]
    assert isinstance(services, list)
    assert [one["sid"] for one in services if isinstance(one, dict)] == ["vm:101", "ct:201"]


@pytest.mark.parametrize(
    ("rows", "quorate"), [([], None), ([{"type": "quorum", "quorate": "0"}], False), (STATUS[:1], True)]
)
def test_a_cluster_without_ha_has_a_status_too(rows: list[Json], quorate: bool | None) -> None:
    page = ha.show_status(cluster(**{"/cluster/ha/status/current": rows})).value
    assert (page["quorate"], page["manager"], page["nodes"], page["services"]) == (quorate, None, [], [])


@pytest.mark.parametrize("row", [{}, {"sid": "odd"}, {"type": "service", "id": "service:vm:7"}])
def test_odd_resources(row: JsonObject) -> None:
    assert list(ha.resource_row(row, {})) == [field.key for field in ha.RESOURCE_ROWS.fields]
