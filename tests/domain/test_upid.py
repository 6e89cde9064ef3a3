"""Task ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import UsageError

TEXT = "UPID:pve-1:0003F2A1:01C2D3E4:66F0A1B2:qmstart:101:root@pam!ci:"


def test_a_upid_says_where_its_task_runs() -> None:
    upid = Upid.parse(TEXT)
    assert (upid.node, upid.type, upid.id, upid.user) == ("pve-1", "qmstart", "101", "root@pam!ci")
    assert (upid.pid, upid.pstart, upid.started) == (0x3F2A1, 0x1C2D3E4, 0x66F0A1B2)
    assert str(upid) == TEXT


def test_the_path_is_encoded_and_leads_to_its_node() -> None:
    assert Upid.parse(TEXT).path("log") == (
        "/nodes/pve-1/tasks/UPID%3Apve-1%3A0003F2A1%3A01C2D3E4%3A66F0A1B2%3Aqmstart%3A101%3Aroot%40pam%21ci%3A/log"
    )


hexes = st.integers(0, 0xFFFFFFFF).map(lambda number: f"{number:08X}")
words = st.from_regex(r"[^:\s]{1,12}", fullmatch=True)


@given(
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?", fullmatch=True),
    hexes,
    st.integers(0, 0xFFFFFFFFF).map(lambda number: f"{number:08X}"),
    hexes,
    words,
    words | st.just(""),
    words,
)
def test_every_upid_comes_back_as_it_was(
    node: str, pid: str, pstart: str, started: str, kind: str, subject: str, user: str
) -> None:
    text = f"UPID:{node}:{pid}:{pstart}:{started}:{kind}:{subject}:{user}:"
    upid = Upid.parse(text)
    assert str(upid) == text
    assert (upid.node, upid.type, upid.id, upid.user) == (node, kind, subject, user)
    assert Upid.of(text) == upid


@pytest.mark.parametrize(
    "text",
    ["", "UPID:", TEXT[:-1], TEXT + "\n", f" {TEXT}", TEXT.replace("pve-1", "../x"), TEXT.replace("0003F2A1", "3F2A1")],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        Upid.parse(text)
    assert Upid.of(text) is None


@pytest.mark.parametrize("value", [None, 7, ["x"], {"upid": TEXT}])
def test_an_answer_may_name_no_task(value: object) -> None:
    assert Upid.of(value) is None
