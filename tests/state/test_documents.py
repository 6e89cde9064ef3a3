"""Documents: canonical, without secrets, and their differences."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.state.documents import MASK, canonical, difference, digest, is_secret, without_secrets

KEYS = st.sampled_from(["name", "memory", "net0", "tags", "x"])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


def applied(document: JsonObject, changes: list[tuple[str, Any]]) -> JsonObject:
    """Set every changed key, the dotted ones at their depth."""
    made: JsonObject = {**document}
    for key, value in changes:
        head, dot, rest = key.partition(".")
        if dot:
            inner = made.get(head)
            made[head] = applied(inner if isinstance(inner, dict) else {}, [(rest, value)])
        else:
            made[head] = value
    return made


@given(DOCUMENTS, DOCUMENTS)
def test_difference_names_every_change_and_no_other(old: JsonObject, new: JsonObject) -> None:
    changes = difference(old, new)
    made = applied(old, [(change.key, change.new) for change in changes])
    assert without_nulls(made) == without_nulls(new)
    assert (canonical(old) == canonical(new)) == (not changes)
    assert [change.key for change in changes] == sorted({change.key for change in changes})


@given(DOCUMENTS, DOCUMENTS)
def test_difference_backwards_swaps_old_and_new(old: JsonObject, new: JsonObject) -> None:
    forward = [(change.key, change.old, change.new) for change in difference(old, new)]
    backward = [(change.key, change.new, change.old) for change in difference(new, old)]
    assert forward == backward


def without_nulls(value: Any) -> Any:
    """Absent and null are one in a difference, as PVE writes no null into a configuration."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return value


@given(DOCUMENTS)
def test_equal_documents_have_one_digest_whatever_the_order(document: JsonObject) -> None:
    turned = dict(reversed(list(document.items())))
    assert digest(canonical(document)) == digest(canonical(turned))


def test_one_and_true_are_two_values() -> None:
    assert [change.key for change in difference({"onboot": 1}, {"onboot": True})] == ["onboot"]


@pytest.mark.capability("9.6")
@pytest.mark.parametrize(
    "name", ["password", "cipassword", "PASSWORD", "encryption-key", "client-key", "token", "bind_password", "secret"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["sshkeys", "tokenid", "fingerprint", "name", "keyboard", "master-pub-key"])
def test_public_names_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_masked_at_any_depth_and_set_stays_apart_from_unset() -> None:
    row: JsonObject = {
        "cipassword": {"value": "a", "pending": "b"},
        "list": [{"password": "c", "user": "d"}],
        "token": "",
    }
    assert without_secrets(row) == {
        "cipassword": {"value": MASK, "pending": MASK},
        "list": [{"password": MASK, "user": "d"}],
        "token": "",
    }
