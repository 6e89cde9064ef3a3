"""Calls as values: slots are filled or shown, secrets never show, no value leaves its place in a path."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.call import Call, Joined, Slot
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.source import api_path

VMID = Slot("vmid", "next free id")
TOKEN = Slot("token", "the token's secret")


def test_slots_are_filled_wherever_they_stand() -> None:
    call = Call(
        "POST",
        api_path("nodes", "pve1", "qemu", VMID, "config"),
        {"vmid": VMID, "name": Joined(("vm-", VMID)), "key": Joined(("id=", TOKEN)), "cores": 2, "gone": None},
    )
    assert call.open_slots == {"vmid", "token"}
    with pytest.raises(ValueError, match="token, vmid"):
        _ = call.params
    half = call.filled({"vmid": 105})
    assert (half.path, set(half.open_slots)) == ("/nodes/pve1/qemu/105/config", {"token"})
    whole = half.filled({"token": Secret("hunter2")})
    assert whole.params == {"vmid": 105, "name": "vm-105", "key": Secret("id=hunter2"), "cores": 2, "gone": None}


def test_what_is_shown_has_previews_and_no_secret() -> None:
    call = Call(
        "PUT",
        api_path("a", VMID),
        {"p": Secret("hunter2"), "v": VMID, "j": Joined(("x", Secret("hunter2"))), "l": ["a"]},
    )
    assert call.shown({"vmid": "next free id"}) == {
        "method": "PUT",
        "path": "/a/<next free id>",
        "params": {"p": "***", "v": "<next free id>", "j": "x***", "l": ["a"]},
    }
    assert "hunter2" not in repr(call) + repr(call.shown())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.text(min_size=1))
def test_no_segment_can_pose_as_a_slot_and_no_value_leaves_its_place(segments: list[str], value: str) -> None:
    path = api_path(*segments, VMID)
    filled = Call("POST", path).filled({"vmid": value})
    parts = filled.path.split("/")[1:]
    assert [unquote(part) for part in parts] == [*segments, value]
    assert Call("POST", path).open_slots == {"vmid"}
