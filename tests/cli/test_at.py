"""--at: what every list and page said at a past pull, it says again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from proxmox_mpc.cli.tree import Leaf
from tests.architecture.test_tree import verb_of
from tests.cli.samples import arguments
from tests.cli.test_every_command import OFFLINE, call, schema
from tests.cli.test_sync import Cluster, still
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]

# What is only known as it is: they say so, and never show today's under an old date.
WITHOUT_HISTORY = frozenset({"cluster show", "ha status", "access permissions", "sdn status"})
RECORDED = [one for one in OFFLINE if one.id not in WITHOUT_HISTORY]


@pytest.mark.capability("3.5", "2.3")
@pytest.mark.parametrize(("words", "leaf"), RECORDED)
def test_every_offline_verb_answers_about_the_past_in_its_shape(words: tuple[str, ...], leaf: Leaf, lab: Pmpc) -> None:
    outcome = call(lab, words, "-o", "json", "--at", "run:1")
    assert outcome.status in (0, 11), outcome
    assert outcome.stderr == "" or all(set(event) == {"warning"} for event in outcome.events)
    jsonschema.Draft202012Validator(schema(lab, words), format_checker=jsonschema.FormatChecker()).validate(
        outcome.json
    )
    if verb_of(leaf).shape.many:
        assert len(outcome.json) == len(call(lab, words, "-o", "json", "--offline").json)


@pytest.mark.capability("3.5")
@pytest.mark.parametrize("words", sorted(WITHOUT_HISTORY))
def test_what_has_no_history_says_so(words: str, lab: Pmpc) -> None:
    outcome = lab(*words.split(), "-o", "json", "--at", "run:1")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "not_recorded")
    assert "has no history" in outcome.error["message"] and "--offline" in outcome.error["hint"]


def all_that_is_listed(pmpc: Pmpc, *options: str) -> dict[str, Any]:
    """Return what every verb with a history prints."""
    found = {}
    # What PVE answers raw holds moving values under whatever name; manifests need a workspace.
    for one in (one for one in RECORDED if one.id not in ("api get", "sync diff")):
        words: tuple[str, ...] = one.values[0]  # type: ignore[assignment]
        outcome = pmpc(*words, *arguments(pmpc, words), "-o", "json", *options)
        assert outcome.status in (0, 5, 11), (words, outcome)
        found[" ".join(words)] = still(outcome.json) if outcome.stdout else outcome.status
    return found


# Read from answers without history (the nodes' own status), or about the database as it is.
PARTS = {
    "sdn zone show": ("status",),
    "node list": ("disk",),
    "ha resource list": ("state", "node"),
    "ha resource show": ("state", "node"),
    "node show": ("version", "kernel", "boot_mode", "secure_boot", "cpu_model", "sockets", "cores", "cpus", "swap",
                  "swap_used", "ksm_shared", "ip", "nodeid", "fingerprint", "storages", "disk"),
    "storage list": ("status", "total", "used_fraction"),
    "storage show": ("usage",),
    "status": ("time", "cluster", "nodes", "database", "problems", "unread", "health", "full"),
}  # fmt: skip


def comparable(said: dict[str, Any]) -> dict[str, Any]:
    return {verb: without(value, PARTS.get(verb, ())) for verb, value in said.items()}


def without(value: Any, keys: tuple[str, ...]) -> Any:
    """Leave out keys that have no history, and the storages that are members of pools, which have a state."""
    if isinstance(value, list):
        kept = [one for one in value if not (isinstance(one, dict) and one.get("type") == "storage")]
        return [without(one, keys) for one in kept]
    if isinstance(value, dict):
        return {key: without(part, keys) for key, part in value.items() if key not in (*keys, "digest")}
    return value


@pytest.mark.capability("2.7", "3.5", "3.8")
def test_a_list_says_of_a_run_what_it_said_then(pmpc: Pmpc, serve: Serve) -> None:
    cluster = Cluster(pmpc, serve())
    world, run = cluster.world, cluster.pmpc
    said = []
    for step in range(3):
        if step == 1:
            world.guests[102].config["memory"] = "16384"
            world.guests[101].config["name"] = "frontend"
            del world.guests[103]
        if step == 2:
            world.guests[101].config["tags"] = "moved"
            del world.guests[104]
        assert run("sync", "pull").status == 0
        said.append(comparable(all_that_is_listed(run, "--offline")))
    assert said[0] != said[1] != said[2]
    for number, then in enumerate(said, start=1):
        now = comparable(all_that_is_listed(run, "--at", f"run:{number}"))
        different = {verb: (now[verb], expected) for verb, expected in then.items() if now[verb] != expected}
        assert different == {}, number


@pytest.mark.capability("7.4", "3.5")
@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("nonsense", 2, "usage"),
        ("2099-01-01", 2, "usage"),
        ("run:99", 5, "not_found"),
        ("2020-01-01", 3, "not_recorded"),
        ("400d", 3, "not_recorded"),
    ],
)
def test_a_moment_without_record_is_refused(lab: Pmpc, at: str, status: int, code: str) -> None:
    outcome = lab("vm", "list", "--at", at, "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (status, "", code)
    assert outcome.error["hint"]
    if status == 3:
        first = lab.ok("sync", "log")[-1]
        assert outcome.error["details"] == {"first_run": first["run"], "first_time": first["finished"]}
        assert first["finished"] in outcome.error["message"]


@pytest.mark.capability("3.5", "7.3")
def test_the_run_that_answers_is_named_and_a_partial_one_warned_of(pmpc: Pmpc, serve: Serve) -> None:
    cluster = Cluster(pmpc, serve())
    cluster.pmpc("sync", "pull")
    cluster.world.nodes["pve2"].online = False
    assert cluster.pmpc("sync", "pull").status == 11
    before = cluster.served.requests
    first, second = (cluster.pmpc("guest", "list", "--at", f"run:{number}") for number in (1, 2))
    assert cluster.served.requests == before
    assert first.stderr.startswith("as run 1 recorded it, 20") and "could not read everything" not in first.stderr
    assert "run 2 could not read everything" in second.stderr and second.status == 0
    assert first.stdout.count("running") > 5


@pytest.mark.capability("2.3")
def test_a_raw_answer_says_what_it_lacks(lab: Pmpc) -> None:
    outcome = lab("api", "get", "/cluster/resources", "--at", "run:1", "-o", "json")
    assert outcome.status == 0 and {row["type"] for row in outcome.json} == {"node", "qemu", "lxc", "storage"}
    assert [event["warning"]["code"] for event in outcome.events] == ["no_history"]
    assert lab("api", "get", "/cluster/resources", "--offline", "-o", "json").stderr == ""
    refused = lab("api", "get", "/cluster/resources", "type=pool", "--at", "run:1", "-o", "json")
    assert (refused.status, refused.error["code"]) == (3, "not_recorded")


@pytest.mark.capability("2.7")
def test_ages_are_those_of_then(lab: Pmpc) -> None:
    page = lab.ok("status", "--at", "run:1")
    assert page["time"] == lab.ok("sync", "log")[0]["finished"]
    assert (page["source"], page["database"], page["full"]) == ("database", None, [])
    assert page["guests"]["total"] == 13 and page["inactive"] == []


@pytest.mark.capability("10.6")
def test_moments_are_completed(lab: Pmpc) -> None:
    offered = lab("__complete", "vm", "list", "--at", "").stdout.split()
    assert offered == ["today", "yesterday", "run:1"]
