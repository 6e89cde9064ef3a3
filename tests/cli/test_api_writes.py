"""Raw calls held against the server's own schema, as a user meets it, and their completion."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served


@pytest.mark.capability("4.2", "10.2")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("create", "/nodes/pve1/qemu", "vmid=300", "memori=512"), 2, "memori is no parameter here (did you mean mem"),
        (("create", "/nodes/pve1/qemu", "vmid=300", "onboot=yes"), 2, "onboot cannot be 'yes': 0 or 1"),
        (("create", "/pools", "comment=x"), 2, "poolid is missing"),
        (("set", "/nodes/pve1/qemu", "x=1"), 2, "takes no set (PUT)"),
        (("delete", "/cluster/resources"), 2, "takes no delete (DELETE)"),
        (("create", "/nodes/pve1/qemuu"), 5, "no path /nodes/pve1/qemuu"),
        (("get", "/nodes/pve1/qemu/7/config"), 2, "vmid cannot be '7'"),
        (("get", "/cluster/resources", "type=vms"), 2, "one of vm, storage, node, sdn"),
    ],
)
def test_what_the_server_does_not_know_is_said_and_nothing_is_sent(
    words: tuple[str, ...], status: int, said: str, pmpc: Pmpc, serve: Callable[..., Served]
) -> None:
    served = serve()
    agreed = () if words[0] == "get" else ("--yes", "--confirm", words[1])
    outcome = pmpc("api", *words, *agreed, "-o", "json", env=served.environ)
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert said in outcome.error["message"]
    assert outcome.error["hint"]
    assert served.writes == []


@pytest.mark.capability("4.2")
def test_a_secret_that_cannot_be_is_not_shown(lab: Pmpc) -> None:
    words = ("api", "create", "/access/users", "userid=x@pve", "--secret", "password=env:SHORT", "--yes")
    outcome = lab(*words, "-o", "json", env={"SHORT": "hush"})
    assert outcome.status == 2
    assert "password cannot be ***" in outcome.error["message"] and "hush" not in outcome.stderr


@pytest.mark.capability("4.2")
def test_no_check_sends_it_as_it_is(pmpc: Pmpc, serve: Callable[..., Served]) -> None:
    served = serve()
    words = ("api", "create", "/pools", "poolid=new", "colour=red", "--yes", "-o", "json")
    assert pmpc(*words, env=served.environ).status == 2
    assert served.writes == []
    refused = pmpc(*words, "--no-check", env=served.environ)
    assert (refused.status, refused.error["code"]) == (2, "invalid_value")
    assert served.writes == ["POST /api2/json/pools"]


@pytest.mark.capability("4.2")
def test_the_schema_is_kept_and_where_there_is_none_only_v_says_so(
    pmpc: Pmpc, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxmox_mpc.simulator import apidoc

    monkeypatch.setattr(apidoc, "PATH", "/somewhere/else")
    served = serve()
    words = ("api", "get", "/version", "colour=red", "-o", "json")
    quiet, told = pmpc(*words, env=served.environ), pmpc(*words, "-v", env=served.environ)
    assert (quiet.status, told.status) == (2, 2)
    assert "not checked" not in quiet.stderr and "the parameters are not checked" in told.stderr
    assert "no parameter here" not in quiet.stderr, "the server has refused it, not its schema"
    monkeypatch.undo()
    before = served.requests
    pmpc.ok("api", "get", "/version", env=served.environ)
    assert served.requests - before == 3
    before = served.requests
    pmpc.ok("api", "get", "/version", env=served.environ)
    assert served.requests - before == 2


@pytest.mark.capability("10.6")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("get", "no"), ["nodes", "nodes/"]),
        (("get", "/nodes/pve1/qemu/10"), None),
        (("get", "/nodes/pve1/lxc/200/con"), ["/nodes/pve1/lxc/200/config"]),
        (("create", "nodes/pve1/lxc/200/st"), ["nodes/pve1/lxc/200/status/"]),
        (("get", "cluster/resources", "ty"), ["type="]),
        (("get", "cluster/resources", "type=s"), ["type=storage", "type=sdn"]),
        (("create", "/nodes/pve1/qemu", "onboot="), ["onboot=0", "onboot=1"]),
        (("get", "/nope/"), []),
        (("get", "/nope", "x"), []),
    ],
)
def test_paths_and_parameters_complete_from_the_kept_schema_and_the_database(
    words: tuple[str, ...], expected: list[str] | None, lab: Pmpc
) -> None:
    def complete() -> list[str]:
        return [line.partition("\t")[0] for line in lab("__complete", "api", *words).stdout.splitlines()]

    assert complete() == [], "nothing is fetched for a completion"
    lab.ok("api", "get", "/version")
    if expected is None:
        vms = [str(row["vmid"]) for row in lab.ok("vm", "list", "--offline") if str(row["vmid"]).startswith("10")]
        expected = [f"/nodes/pve1/qemu/{vmid}{end}" for vmid in vms for end in ("", "/")]
    assert complete() == expected


@pytest.mark.capability("4.2")
def test_a_dry_run_is_checked_too(lab: Pmpc) -> None:
    planned = json.loads(lab("api", "set", "/pools", "poolid=prod", "comment=hi", "--dry-run", "-o", "json").stdout)
    assert planned["status"] == "planned"
    assert lab("api", "set", "/pools", "poolid=prod", "coment=hi", "--dry-run").status == 2
