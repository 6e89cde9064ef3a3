"""The messages of commits that sync makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.services.sync_commit import Change, commit_message


def change(label: str, *lines: str) -> Change:
    return Change(f"{label}.yml", label, lines)


@pytest.mark.capability("5.8")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([], "sync: what was agreed"),
        ([change("vm 101", "memory: 1 -> 2")], "sync: vm 101 memory: 1 -> 2\n\nvm 101: memory: 1 -> 2\n"),
        ([change("vm 101", "a: 1 -> 2", "b: 1 -> 2")], "sync: vm 101 2 keys\n\nvm 101: a: 1 -> 2\nvm 101: b: 1 -> 2\n"),
        (
            [change("vm 101", "declared"), change("ct 201", "no longer declared")],
            "sync: 2 manifests changed\n\nvm 101: declared\nct 201: no longer declared\n",
        ),
    ],
)
def test_the_message_says_what_changed(changes: list[Change], message: str) -> None:
    assert commit_message(changes) == message


@pytest.mark.capability("5.8")
@given(st.lists(st.lists(st.text(st.characters(categories=("L", "N", "Zs")), max_size=90), min_size=1), max_size=50))
def test_a_message_stays_readable(lines: list[list[str]]) -> None:
    message = commit_message([change(f"vm {number}", *some) for number, some in enumerate(lines)])
    subject, *rest = message.split("\n")
    assert 0 < len(subject) <= 72
    assert len(rest) <= 33
    if sum(map(len, lines)) > 30:
        assert message.endswith(f"… and {sum(map(len, lines)) - 30} more\n")
