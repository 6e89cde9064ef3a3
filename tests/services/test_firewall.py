"""Firewall: every level, what refers to what, and what a token without rights is told."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, UsageError
from proxmox_mpc.services import firewall, firewall_sets
from proxmox_mpc.services.firewall import CLUSTER, Level, group_level, level_of
from tests.services.answers import Answers

RESOURCES: list[Json] = [
    {"type": "node", "node": "pve1", "status": "online"},
    {"type": "node", "node": "pve2", "status": "offline"},
    {"type": "qemu", "vmid": 101, "name": "web", "node": "pve1", "status": "running"},
    {"type": "lxc", "vmid": 201, "name": "proxy", "node": "pve2", "status": "unknown"},
]
VM = "/nodes/pve1/qemu/101/firewall"


def rule(pos: int, **keys: Json) -> JsonObject:
    return {"pos": pos, "type": "in", "action": "ACCEPT", "enable": 1, "digest": "d", **keys}


def cluster() -> Answers:
    return Answers(
        {
            "/cluster/resources": RESOURCES,
            "/cluster/firewall/rules": [rule(1, dport="443", proto="tcp"), rule(0, macro="SSH", source="+management")],
            "/cluster/firewall/groups": [{"group": "web", "comment": "what it needs"}, {"group": "mail"}],
            "/cluster/firewall/groups/web": [rule(0, macro="HTTP")],
            "/cluster/firewall/groups/mail": [],
            "/cluster/firewall/options": {"enable": 0, "digest": "d"},
            "/cluster/firewall/aliases": [{"name": "nas", "cidr": "10.0.0.9"}, {"name": "desk", "cidr": "10.0.0.8"}],
            "/cluster/firewall/ipset": [{"name": "management", "comment": "who may"}],
            "/cluster/firewall/ipset/management": [{"cidr": "10.0.0.0/24"}, {"cidr": "10.0.0.53", "nomatch": 1}],
            "/cluster/sdn/vnets": [{"vnet": "k8s"}],
            "/cluster/sdn/vnets/k8s/firewall/rules": [rule(0, type="forward", action="DROP")],
            "/nodes/pve1/firewall/rules": [],
            "/nodes/pve1/firewall/options": {"enable": 1, "nosmurfs": 1},
            f"{VM}/rules": [{"type": "group", "action": "web", "enable": 0, "pos": 0, "icmp-type": "echo-request"}],
            f"{VM}/options": {"enable": 1, "policy_in": "REJECT"},
            f"{VM}/aliases": [{"name": "admin", "cidr": "10.0.0.8"}],
            f"{VM}/ipset": [],
        }
    )


@pytest.mark.capability("9.8")
@pytest.mark.parametrize(
    ("options", "label", "path"),
    [
        ({}, "cluster", "/cluster/firewall/rules"),
        ({"cluster": True}, "cluster", "/cluster/firewall/rules"),
        ({"node": "pve1"}, "node pve1", "/nodes/pve1/firewall/rules"),
        ({"guest": "101"}, "vm 101", f"{VM}/rules"),
        ({"guest": "web"}, "vm 101", f"{VM}/rules"),
        ({"vnet": "k8s"}, "vnet k8s", "/cluster/sdn/vnets/k8s/firewall/rules"),
        ({"group": "web"}, "group web", "/cluster/firewall/groups/web"),
        ({"group": "../x"}, "group ../x", "/cluster/firewall/groups/..%2Fx"),
    ],
)
def test_each_level_is_named_by_its_option(options: dict[str, str], label: str, path: str) -> None:
    level = level_of(cluster(), **options)  # type: ignore[arg-type]
    assert (level.label, level.rules) == (label, path)


def test_two_levels_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="--node and --guest"):
        level_of(cluster(), node="pve1", guest="101")


def test_levels_that_do_not_exist_are_not_found() -> None:
    for options in ({"node": "pve9"}, {"guest": "999"}):
        with pytest.raises(NotFound):
            level_of(cluster(), **options)  # type: ignore[arg-type]
    source = cluster()
    source.table["/cluster/firewall/groups/nix"] = NotFound("no such security group 'nix'")
    with pytest.raises(NotFound, match="there is no group nix") as caught:
        firewall.list_rules(source, group_level("nix"))
    assert caught.value.hint == "pmpc firewall group list"
    with pytest.raises(NotFound, match="no security group 'nix'"):
        firewall.show_group(source, "nix")


def test_a_guest_whose_node_is_silent_is_not_asked() -> None:
    with pytest.raises(NodeUnreachable):
        level_of(cluster(), guest="201")


@pytest.mark.capability("9.8")
def test_rules_stand_in_their_order_and_keep_pves_words() -> None:
    first, second = firewall.list_rules(cluster(), CLUSTER).value
    assert (first["pos"], first["macro"], first["source"], first["enabled"]) == (0, "SSH", "+management", True)
    assert (second["proto"], second["dport"], second["level"]) == ("tcp", "443", "cluster")
    assert list(first) == [field.key for field in firewall.RULE_ROWS.fields]


@pytest.mark.capability("9.8")
def test_the_overview_has_every_level_and_names_the_silent_node() -> None:
    reading = firewall.list_all_rules(cluster())
    assert [row["level"] for row in reading.value] == ["cluster", "cluster", "group web", "vnet k8s", "vm 101"]
    group = reading.value[-1]
    assert (group["type"], group["action"], group["enabled"], group["icmp_type"]) == (
        "group",
        "web",
        False,
        "echo-request",
    )
    assert reading.partial
    assert [warn.code for warn in reading.warnings] == ["node_offline"]


def test_many_refusals_are_one_warning() -> None:
    source = cluster()
    guests: list[Json] = [
        {"type": "qemu", "vmid": vmid, "node": "pve1", "status": "running"} for vmid in range(300, 340)
    ]
    source.table["/cluster/resources"] = [RESOURCES[0], *guests]
    for vmid in range(300, 340):
        source.table[f"/nodes/pve1/qemu/{vmid}/firewall/rules"] = PermissionDenied("no VM.Audit")
    reading = firewall.list_all_rules(source)
    assert len(reading.value) == 4
    (warn,) = reading.warnings
    assert warn.message.startswith("the rules of vm 300, vm 301, vm 302 and 37 more could not be read")


def test_the_overview_of_an_old_server_lacks_nothing() -> None:
    source = cluster()
    source.table["/cluster/resources"] = RESOURCES[:1]
    for path in [path for path in source.table if "/sdn/" in path]:
        del source.table[path]
    reading = firewall.list_all_rules(source)
    assert not reading.warnings
    source.table["/cluster/sdn/vnets"] = [{"vnet": "k8s"}]
    assert not firewall.list_all_rules(source).partial
    with pytest.raises(NotFound, match="no firewall for vnets"):
        firewall.list_rules(source, level_of(source, vnet="k8s"))


@pytest.mark.capability("9.8")
def test_options_are_shown_with_pves_defaults() -> None:
    page = firewall_sets.show_options(cluster(), CLUSTER)
    assert (page.value["enabled"], page.value["policy_in"], page.value["policy_out"]) == (False, "DROP", "ACCEPT")
    assert page.value["options"] == {"enable": 0}
    assert not page.warnings


def test_a_guests_firewall_does_nothing_while_the_clusters_is_off() -> None:
    source = cluster()
    level = level_of(source, guest="101")
    page = firewall_sets.show_options(source, level)
    assert (page.value["enabled"], page.value["policy_in"], page.value["policy_forward"]) == (True, "REJECT", None)
    assert [warn.code for warn in page.warnings] == ["firewall_off"]
    source.table["/cluster/firewall/options"] = {"enable": 1}
    assert not firewall_sets.show_options(source, level).warnings
    source.table["/cluster/firewall/options"] = PermissionDenied("no")
    assert not firewall_sets.show_options(source, level).warnings


def test_a_security_group_has_no_options() -> None:
    with pytest.raises(UsageError, match="no options"):
        firewall_sets.show_options(cluster(), group_level("web"))


@pytest.mark.capability("9.8")
def test_aliases_and_sets_of_cluster_and_guest() -> None:
    source = cluster()
    assert [row["name"] for row in firewall_sets.list_aliases(source, CLUSTER).value] == ["desk", "nas"]
    level = level_of(source, guest="101")
    assert firewall_sets.list_aliases(source, level).value == [
        {"level": "vm 101", "name": "admin", "cidr": "10.0.0.8", "comment": None}
    ]
    assert firewall_sets.list_ipsets(source, level).value == []
    page = firewall_sets.show_ipset(source, CLUSTER, "management").value
    assert page["entries"] == [
        {"cidr": "10.0.0.0/24", "nomatch": False, "comment": None},
        {"cidr": "10.0.0.53", "nomatch": True, "comment": None},
    ]
    with pytest.raises(NotFound, match="no IP set 'nix'"):
        firewall_sets.show_ipset(source, CLUSTER, "nix")
    with pytest.raises(UsageError, match="node pve1 has no aliases"):
        firewall_sets.list_aliases(source, level_of(source, node="pve1"))


NODE = Level("node", "pve1", "/nodes/pve1/firewall")


@pytest.mark.capability("9.8")
def test_the_last_lines_of_a_log() -> None:
    lines: list[Json] = [{"n": at + 1, "t": f"line {at + 1}"} for at in range(120)]
    source = Answers({"/nodes/pve1/firewall/log": lines})
    reading = firewall_sets.read_log(source, NODE, 3, 1000.5)
    assert [row["line"] for row in reading.value] == [118, 119, 120]
    assert {params["since"] for _, params in source.asked} == {1000}


@pytest.mark.parametrize("answer", [[], [{"n": 1, "t": "no content"}]])
def test_an_empty_log_is_empty(answer: list[Json]) -> None:
    assert firewall_sets.read_log(Answers({"/nodes/pve1/firewall/log": answer}), NODE, 50, None).value == []


def test_only_nodes_and_guests_have_a_log() -> None:
    with pytest.raises(UsageError, match="no firewall log"):
        firewall_sets.read_log(cluster(), CLUSTER, 50, None)
