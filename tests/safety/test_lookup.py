"""What became of a write: which errors leave it open, and what is concluded from what stands there now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.seen import member_key, pool_path
from proxmox_mpc.errors import (
    AuthenticationError,
    Conflict,
    NodeUnreachable,
    PmpcError,
    RequestTimeout,
    ServerBusy,
    ServerError,
    TlsError,
    UnexpectedAnswer,
    Unreachable,
)
from proxmox_mpc.safety.lookup import agrees, is_open, look, same, task_types
from tests.safety.fakes import FakeCluster, Time


@pytest.mark.parametrize(
    ("error", "left_open"),
    [
        (RequestTimeout("no answer"), True),
        (Unreachable("the connection broke"), True),
        (Unreachable("nobody there", details={"endpoints": {}}), False),
        (NodeUnreachable("", details={"status": 595}), False),
        (NodeUnreachable("", details={"status": 596}), True),
        (ServerBusy("", details={"status": 503}), True),
        (UnexpectedAnswer("cut off"), True),
        (UnexpectedAnswer("redirected", details={"status": 301}), False),
        (TlsError("changed"), False),
        (AuthenticationError("no"), False),
        (Conflict("locked"), False),
        (ServerError("it failed"), False),
    ],
)
def test_which_errors_leave_it_open(error: PmpcError, left_open: bool) -> None:
    assert is_open(error) == left_open


@pytest.mark.parametrize(
    ("method", "path", "types"),
    [
        ("POST", "/nodes/pve1/qemu/101/status/start", ("qmstart", "vzstart", "hastart")),
        ("POST", "/nodes/pve1/qemu", ("qmcreate", "qmrestore")),
        ("DELETE", "/nodes/pve1/lxc/200", ("vzdestroy",)),
        ("DELETE", "/nodes/pve1/qemu/101/snapshot/before", ("qmdelsnapshot", "vzdelsnapshot")),
        ("PUT", "/nodes/pve1/qemu/101/config", ()),
        ("POST", "/pools", ()),
        ("PUT", "/cluster/sdn", ("reloadnetworkall",)),
    ],
)
def test_which_task_a_call_starts(method: str, path: str, types: tuple[str, ...]) -> None:
    assert task_types(method, path)[: len(types) or 1] == types


RULE: JsonObject = {"type": "in", "action": "ACCEPT", "pos": 0, "digest": "a"}
OTHER: JsonObject = {"type": "out", "action": "DROP", "pos": 1, "digest": "a"}


@pytest.mark.parametrize(
    ("method", "before", "asked", "now", "became"),
    [
        ("PUT", {"cores": 1}, {"cores": 2}, {"cores": 2}, "done"),
        ("PUT", {"cores": 1}, {"cores": 2}, {"cores": 1}, "not done"),
        ("PUT", {"cores": 1}, {"cores": 2}, {"cores": 3}, "unknown"),
        ("PUT", {"tags": "a;b"}, {"tags": "a"}, {"tags": "a;b"}, "not done"),
        ("PUT", {"cores": 1}, {"cores": None}, {"memory": "1"}, "done"),
        ("PUT", {}, {"net0": "virtio,bridge=vmbr0"}, {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}, "done"),
        ("POST", None, {"poolid": "a"}, {"comment": ""}, "done"),
        ("POST", None, {"poolid": "a"}, None, "not done"),
        ("DELETE", {"comment": ""}, {}, None, "done"),
        ("DELETE", {"comment": ""}, {}, {"comment": ""}, "not done"),
        ("POST", {"list": [OTHER]}, {"type": "in", "action": "ACCEPT"}, {"list": [RULE, OTHER]}, "done"),
        ("POST", {"list": [OTHER]}, {"type": "in", "action": "ACCEPT"}, {"list": [{**OTHER, "pos": 0}]}, "not done"),
        ("POST", {"list": [OTHER]}, {"type": "in", "action": "DROP"}, {"list": [RULE, OTHER]}, "unknown"),
        ("DELETE", {"list": [RULE, OTHER]}, {}, {"list": [{**OTHER, "pos": 0, "digest": "b"}]}, "done"),
    ],
)
def test_what_is_concluded_from_what_stands_there(
    method: str, before: JsonObject | None, asked: JsonObject, now: JsonObject | None, became: str
) -> None:
    cluster = FakeCluster(Time())
    if now is not None:
        cluster.objects["/thing"] = now
    call: JsonObject = {"method": method, "path": "/thing", "params": {}}
    if isinstance(now, dict) and "list" in now:
        cluster.read = lambda path, params=None: now["list"]  # type: ignore[method-assign]
    intent: JsonObject = {"call": call, "watch": "/thing", "before": before, "asked": asked}
    assert look(cluster, intent, sent=0, now=0, known_tasks=frozenset()).became == became


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_value_is_the_same_as_itself_and_agrees_with_what_was_asked(value: Json) -> None:
    assert same(value, value)
    if isinstance(value, (str, int)):
        assert agrees(value, value)


def test_a_longer_list_of_tags_is_not_the_same() -> None:
    assert not same("a", "a;b")
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert same(2, "2")


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(
    ("watch", "there", "before", "expects", "became"),
    [
        (pool_path("a/b"), [{"poolid": "a/b", "members": [{"type": "qemu", "vmid": 101}]}], None, 1, "done"),
        (pool_path("a/b"), [{"poolid": "a/b", "members": [{"type": "lxc", "vmid": 102}]}], None, 1, "not done"),
        (pool_path("a/b"), [{"poolid": "a/b", "members": [{"type": "lxc", "vmid": 102}]}], 1, None, "done"),
        (pool_path("a/b"), [{"poolid": "other"}], None, 1, "unknown"),
    ],
)
def test_what_others_change_in_a_list_does_not_count(
    watch: str, there: Json, before: int | None, expects: int | None, became: str
) -> None:
    cluster = FakeCluster(Time())
    cluster.read = lambda path, params=None: there  # type: ignore[method-assign]
    key = member_key("guest", 101)
    call: JsonObject = {"method": "PUT", "path": "/pools", "params": {}}
    intent: JsonObject = {"call": call, "watch": watch, "before": {key: before}, "expects": {key: expects}}
    assert look(cluster, intent, sent=0, now=0, known_tasks=frozenset()).became == became


@pytest.mark.parametrize(
    ("rows", "became"),
    [([OTHER, RULE], "not done"), ([RULE, OTHER], "done"), ([RULE], "unknown")],
)
def test_a_rule_that_is_moved_is_told_by_the_order(rows: list[Json], became: str) -> None:
    cluster = FakeCluster(Time())
    cluster.read = lambda path, params=None: rows  # type: ignore[method-assign]
    intent: JsonObject = {
        "call": {"method": "PUT", "path": "/rules/1", "params": {}},
        "watch": "/rules",
        "before": {"list": [OTHER, RULE]},
        "expects": {"list": [{**RULE, "pos": 7}, OTHER]},
    }
    assert look(cluster, intent, sent=0, now=0, known_tasks=frozenset()).became == became


def test_a_disk_that_is_to_be_made_agrees_with_the_volume_that_was_made() -> None:
    assert agrees("local-lvm:4,mp=/srv", "local-lvm:vm-200-disk-1,mp=/srv,size=4G")
    assert not agrees("nas:4,mp=/srv", "local-lvm:vm-200-disk-1,mp=/srv,size=4G")
    assert not agrees("8000:8010", "8000:9000")
