"""network, sdn, firewall, ha: what an administrator asks of them, and what he gets for nonsense."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Pmpc


@pytest.fixture
def lab8(tmp_path: Path, made_workspace: Callable[[str], Path]) -> Pmpc:
    """pmpc in a workspace on the simulated homelab of PVE 8."""
    shutil.copytree(made_workspace("homelab8"), tmp_path / "lab8", symlinks=True)
    return Pmpc(tmp_path / "lab8", {})


@pytest.mark.capability("4.6")
def test_bridges_of_all_nodes_with_their_addresses(lab: Pmpc) -> None:
    rows = lab.ok("network", "list", "--filter", "iface=vmbr0")
    assert [(row["node"], row["addresses"], row["vlan_aware"]) for row in rows] == [
        ("pve1", ["10.10.0.11/24"], True),
        ("pve2", ["10.10.0.12/24"], True),
        ("pve3", ["10.10.0.13/24"], True),
    ]
    assert {row["node"] for row in lab.ok("network", "list", "--node", "pve2")} == {"pve2"}
    page = lab.ok("network", "show", "pve1", "vmbr0.40")
    assert (page["vlan"], page["ports"], page["mtu"], page["pending"]) == (40, ["vmbr0"], 9000, None)


@pytest.mark.capability("4.6")
def test_sdn_shows_what_is_not_applied(lab: Pmpc) -> None:
    (row,) = lab.ok("sdn", "vnet", "list", "--filter", "state=new")
    assert (row["vnet"], row["zone"], row["tag"]) == ("iot", "campus", 35)
    page = lab.ok("sdn", "zone", "show", "lab")
    assert [vnet["vnet"] for vnet in page["vnets"]] == ["k8s"]
    assert [row["node"] for row in page["status"]] == ["pve1", "pve2", "pve3"]
    (subnet,) = lab.ok("sdn", "subnet", "list", "k8s")
    assert subnet["dhcp_ranges"] == ["10.50.0.100-10.50.0.199"]


@pytest.mark.capability("9.8")
def test_firewall_rules_of_each_level_and_of_all(lab: Pmpc) -> None:
    levels = {
        (): "cluster",
        ("--cluster",): "cluster",
        ("--node", "pve1"): "node pve1",
        ("--guest", "web"): "vm 101",
        ("--guest", "201"): "ct 201",
        ("--vnet", "k8s"): "vnet k8s",
        ("--group", "webserver"): "group webserver",
    }
    single: list[dict[str, Any]] = []
    for options, label in levels.items():
        rows = lab.ok("firewall", "rule", "list", *options)
        assert {row["level"] for row in rows} == {label}
        single += rows if options else []
    everything = lab.ok("firewall", "rule", "list", "--all")
    assert all(row in everything for row in single)
    assert {row["level"] for row in everything} == {*levels.values(), "group monitoring", "ct 202"}


@pytest.mark.capability("9.8")
def test_ipsets_aliases_and_options(lab: Pmpc) -> None:
    entries = lab.ok("firewall", "ipset", "show", "management")["entries"]
    assert {"cidr": "10.10.0.53", "nomatch": True, "comment": None} in entries
    assert lab.ok("firewall", "ipset", "show", "ipfilter-net0", "--guest", "101")["entries"]
    assert [row["name"] for row in lab.ok("firewall", "alias", "list", "--guest", "web")] == ["admin"]
    assert lab.ok("firewall", "options", "--guest", "202")["enabled"] is False
    (line,) = lab.ok("firewall", "log", "--guest", "101", "--limit", "1")
    assert "tap101i0-IN" in line["text"]


@pytest.mark.capability("4.2")
def test_ha_of_pve_9_has_rules(lab: Pmpc) -> None:
    assert lab.ok("ha", "status")["manager"] == "pve2"
    assert [rule["rule"] for rule in lab.ok("ha", "resource", "show", "101")["rules"]] == ["big-nodes", "shop-together"]
    outcome = lab("ha", "group", "list", "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["hint"]) == (2, "", "pmpc ha rule list")


@pytest.mark.capability("4.2")
def test_ha_of_pve_8_has_groups(lab8: Pmpc) -> None:
    (group,) = lab8.ok("ha", "group", "list")
    assert (group["group"], group["nodes"]) == ("big-nodes", ["pve1:2", "pve2:1"])
    assert lab8.ok("ha", "group", "list", "--offline") == [group]
    assert lab8.ok("ha", "resource", "show", "vm:101")["group"] == "big-nodes"
    outcome = lab8("ha", "rule", "list", "-o", "json")
    assert (outcome.status, outcome.error["hint"]) == (2, "PVE 8 has groups: pmpc ha group list")


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("argv", "status"),
    [
        ("network list --node nix", 5),
        ("network show pve1 nix", 5),
        ("network show nix vmbr0", 5),
        ("network show pve1 ../../vmbr0", 5),
        ("sdn zone show nix", 5),
        ("sdn vnet show ../x", 5),
        ("sdn subnet list nix", 5),
        ("sdn subnet show 10.0.0.0/8", 5),
        ("firewall rule list --node nix", 5),
        ("firewall rule list --guest 999", 5),
        ("firewall rule list --vnet nix", 5),
        ("firewall rule list --group nix", 5),
        ("firewall rule list --all --node pve1", 2),
        ("firewall rule list --cluster --guest 101", 2),
        ("firewall ipset show nix", 5),
        ("firewall group show ../options", 5),
        ("firewall log", 2),
        ("firewall log --node pve1 --limit 0", 2),
        ("firewall log --node pve1 --since yesterday", 2),
        ("ha resource show 100", 5),
        ("ha resource show nix", 5),
        ("ha rule show nix", 5),
    ],
)
def test_nonsense_is_refused_in_words(argv: str, status: int, lab: Pmpc) -> None:
    outcome = lab(*argv.split(), "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, "")
    assert outcome.error["message"]
    assert outcome.error["hint"]


def test_the_database_of_a_pve_9_has_no_ha_groups_either(lab: Pmpc) -> None:
    live, recorded = lab("ha", "group", "list"), lab("ha", "group", "list", "--offline")
    assert (recorded.status, recorded.stdout, recorded.stderr) == (live.status, live.stdout, live.stderr)
