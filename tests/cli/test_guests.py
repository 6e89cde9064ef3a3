"""Guests at the command line, on the simulated homelab."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]
OFFLINE = [{"kind": "offline", "node": "pve3"}]


@pytest.mark.capability("2.3", "2.8")
def test_selectors_and_options_narrow_a_list(lab: Pmpc) -> None:
    def ids(*words: str) -> list[int]:
        return [row["vmid"] for row in lab.ok(*words)]

    assert ids("guest", "list", "100-102", "dns") == [100, 101, 102, 200]
    assert ids("vm", "list", "--tag", "prod", "--node", "pve1") == [101]
    assert ids("vm", "list", "k8s-*", "--sort", "-vmid") == [107, 106, 105]
    assert ids("guest", "list", "--name", "w*", "--name", "dn*") == [101, 103, 200]
    assert ids("ct", "list", "--status", "stopped") == [203]
    assert ids("vm", "list", "--pool", "no-such-pool") == []
    assert ids("vm", "list", "101", "--offline") == [101]
    assert ids("vm", "ls", "web") == [101]


@pytest.mark.capability("7.4", "10.2")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("vm", "list", "999"), 5, "there is no virtual machine 999"),
        (("vm", "list", "--node", "pve9"), 5, "pve1, pve2, pve3"),
        (("vm", "list", "--status", "runing"), 2, "running"),
        (("vm", "list", "119-100"), 2, "100-119"),
        (("vm", "show", "201"), 2, "pmpc ct show 201"),
        (("vm", "snapshot", "list", "201"), 2, "pmpc ct snapshot list 201"),
        (("guest", "show", "wbe"), 5, "web (101)"),
        (("vm", "config", "101", "--current", "--snapshot", "x"), 2, "exclude"),
        (("vm", "config", "101", "--snapshot", "nope"), 5, "pmpc vm snapshot list 101"),
        (("vm", "snapshot", "show", "101", "nope"), 5, "pmpc vm snapshot list 101"),
        (("vm", "snapshot", "list", "--older-than", "soon"), 2, "30d"),
        (("vm", "metrics", "101", "--timeframe", "decade"), 2, "decade"),
        (("vm", "interfaces", "103"), 6, "not running"),
        (("vm", "agent", "info", "103"), 6, "not running"),
        (("vm", "cloudinit", "show", "100"), 5, "has no cloud-init"),
        (("ct", "exec", "200", "ls"), 2, "pct exec"),
        (("ct", "enter", "200"), 2, "pct enter"),
    ],
)
def test_what_goes_wrong_says_what_to_do(words: tuple[str, ...], status: int, said: str, lab: Pmpc) -> None:
    outcome = lab(*words)
    assert (outcome.status, outcome.stdout) == (status, "")
    assert said in outcome.stderr


@pytest.mark.capability("2.4")
def test_the_page_of_a_vm(lab: Pmpc) -> None:
    page = lab.ok("vm", "show", "web")
    assert (page["vmid"], page["type"], page["node"], page["status"]) == (101, "vm", "pve1", "running")
    assert [disk["key"] for disk in page["disks"]] == ["scsi0", "ide2"]
    assert page["nics"][0]["vlan"] == 20
    assert any(row["scope"] == "global" for row in page["addresses"])
    assert page["agent"]["answers"] is True
    assert page["snapshots"]["count"] == 4
    assert page["backups"]["complete"] and page["backups"]["last"]["storage"] == "pbs"
    assert {row["key"] for row in page["pending"]} == {"balloon", "cores", "memory"}
    assert page["cpu"]["total"] == 2, "what is in effect, not what a restart brings"
    assert page["ha"] == {"managed": True, "state": "started", "group": None}
    text = lab("vm", "show", "web")
    assert (text.status, text.stderr) == (0, "")
    for part in ("VM:          101 web", "UUID:", "Disks", "Network", "Addresses", "Waiting for a restart"):
        assert part in text.stdout
    assert lab("vm", "describe", "web").stdout.splitlines()[0] == text.stdout.splitlines()[0]


@pytest.mark.capability("2.4")
def test_pages_of_other_guests(lab: Pmpc) -> None:
    container = lab.ok("ct", "show", "201")
    assert (container["agent"], container["cloud_init"], container["unprivileged"]) == (None, None, True)
    assert container["disks"][0]["mount"] == "/"
    template = lab("vm", "show", "9000").stdout
    assert "template:    yes" in template and "Cloud-init" in template
    stopped = lab.ok("guest", "show", "win11")
    assert (stopped["status"], stopped["addresses"], stopped["bios"]) == ("stopped", [], "ovmf")
    assert {disk["media"] for disk in stopped["disks"]} >= {"EFI variables", "TPM state", "cdrom"}


@pytest.mark.capability("2.4", "3.5")
def test_the_page_from_the_database_says_what_only_the_server_knows(lab: Pmpc) -> None:
    live, recorded = lab.ok("vm", "show", "101"), lab.ok("vm", "show", "101", "--offline")
    assert set(live) == set(recorded)
    assert (recorded["disks"], recorded["nics"], recorded["pending"]) == (live["disks"], live["nics"], live["pending"])
    assert (recorded["addresses"], recorded["agent"]["answers"]) == ([], None)


@pytest.mark.capability("2.4", "8.1")
def test_a_page_takes_few_requests(pmpc: Pmpc, serve: Serve) -> None:
    served = serve()
    pmpc.ok("vm", "show", "101", env=served.environ)
    assert served.requests <= 11
    before = served.requests
    pmpc.ok("vm", "config", "web", env=served.environ)
    assert served.requests - before == 2


@pytest.mark.capability("4.9", "9.9")
def test_what_a_token_may_not_see_is_said(pmpc: Pmpc, serve: Serve) -> None:
    served = serve()
    outcome = pmpc("vm", "show", "101", "-o", "json", env=served.as_token("auditor@pve!readonly"))
    assert outcome.status == 0
    backups = outcome.json["backups"]
    assert (backups["count"], backups["complete"], backups["last"]) == (0, False, None)
    assert any("VM.Backup on /vms/101" in note for note in outcome.json["notes"])
    listed = pmpc("vm", "backups", "101", "-o", "json", env=served.as_token("auditor@pve!readonly"))
    assert (listed.status, listed.json) == (11, [])
    hidden = pmpc("vm", "show", "101", "-o", "json", env=served.as_token("nobody@pve!nothing"))
    assert (hidden.status, hidden.stdout, hidden.error["code"]) == (5, "", "not_found")


@pytest.mark.capability("7.3", "4.9")
def test_a_guest_on_a_silent_node_points_to_the_database(pmpc: Pmpc, serve: Serve) -> None:
    served = serve(faults=OFFLINE)
    before = served.requests
    outcome = pmpc("vm", "show", "107", "-o", "json", env=served.environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "node_unreachable")
    assert outcome.error["hint"] == "what was last seen of it: pmpc vm show 107 --offline"
    assert served.requests - before == 1, "a node that is known to be down is not waited for"
    snapshots = pmpc("vm", "snapshot", "list", "-o", "json", env=served.environ)
    assert snapshots.status == 11
    assert {row["vmid"] for row in snapshots.json} == {101, 104}
    assert [event["warning"]["details"]["node"] for event in snapshots.events] == ["pve3"]


@pytest.mark.capability("4.7")
def test_snapshots_of_one_guest_are_a_tree_and_of_all_a_list(lab: Pmpc) -> None:
    tree = lab("vm", "listsnapshot", "101")
    assert tree.status == 0
    title, _, *lines = tree.stdout.splitlines()
    assert title == "VM 101 web"
    assert [line.split("  20")[0].rstrip() for line in lines[:3]] == [
        "before-upgrade",
        "└ after-upgrade",
        "  └ pre-shop-release",
    ]
    assert lines[3].startswith("    └ (now)")
    everything = lab.ok("guest", "snapshot", "list")
    assert {row["vmid"] for row in everything} == {101, 104, 108, 202}
    old = lab.ok("guest", "snapshot", "list", "--older-than", "100d")
    assert old and all(row["age"] > 100 * 86400 for row in old)
    assert lab.ok("guest", "snapshot", "list", "--tag", "docker") == [row for row in everything if row["vmid"] == 104]
    shown = lab.ok("vm", "snapshot", "show", "101", "before-upgrade")
    assert (shown["vmid"], shown["name"], shown["config"]["name"]) == (101, "before-upgrade", "web")


@pytest.mark.capability("2.5")
def test_configuration_in_effect_and_with_what_a_restart_brings(lab: Pmpc) -> None:
    assert lab.ok("vm", "config", "101")["cores"] == 4
    current = lab.ok("vm", "config", "101", "--current")
    assert (current["cores"], bool(current["digest"])) == (2, True)
    assert list(current) == sorted(current, key=lambda key: (key.rstrip("0123456789"), key))
    assert [row["key"] for row in lab.ok("vm", "pending", "101")] == ["balloon", "cores", "memory"]
    assert len(lab.ok("vm", "pending", "101", "--all")) > 10
    assert lab.ok("vm", "pending", "100") == []


@pytest.mark.capability("4.8")
def test_load_as_rows_and_as_a_chart(lab: Pmpc) -> None:
    rows = lab.ok("ct", "metrics", "200", "--timeframe", "day", "--cf", "max")
    assert len(rows) > 20 and all(set(row) == set(rows[0]) for row in rows)
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    plain = lab("ct", "metrics", "200").stdout.splitlines()
    assert plain[0].split()[0] == "TIME"
    chart = lab("ct", "metrics", "200", "--chart").stdout
    assert "METRIC" in chart and any(block in chart for block in "▁▂▃▄▅▆▇█")


@pytest.mark.capability("9.6")
def test_inside_a_vm_no_password_is_shown(lab: Pmpc) -> None:
    outcome = lab("vm", "cloudinit", "show", "docker", "-o", "json")
    assert (outcome.json["user"], outcome.json["password_set"]) == ("admin", True)
    assert "$5$" not in outcome.stdout and "cipassword" not in outcome.stdout
    agent = lab.ok("vm", "agent", "info", "101")
    assert (agent["hostname"], agent["filesystems"][0]["mount"]) == ("web", "/")
