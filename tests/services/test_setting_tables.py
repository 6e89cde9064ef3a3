"""Tables of settings: what they refuse names key, value and remedy; what is the same is no change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services.setting_tables import Given, as_form, checked_deletes, gathered, read_keys, same

KEYS = read_keys("""
    comment text
    content ~names *
    enable bool
    cidr ~cidr
    mtu int(1280..65520)
    mode on|off
    password text ?
    path ~path !
    range ~dhcprange []
""")


@pytest.mark.capability("7.4")
def test_options_and_pairs_become_a_form_as_pve_takes_it() -> None:
    secret = Secret("hunter2")
    options: dict[str, Given] = {
        "enable": True,
        "content": ["iso", "backup"],
        "comment": None,
        "password": secret,
        "path": "/srv",
    }
    form = gathered(KEYS, options, ["mtu=9000", "range=start-address=10.0.0.1,end-address=10.0.0.9"])
    assert form == {
        "enable": 1,
        "content": "iso,backup",
        "password": secret,
        "path": "/srv",
        "mtu": 9000,
        "range": ["start-address=10.0.0.1,end-address=10.0.0.9"],
    }


@pytest.mark.capability("7.4", "9.3")
@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["mtuu=1"], "mtuu"),
        (["mtu=9"], "at least 1280"),
        (["enable=maybe"], "maybe"),
        (["mode=half"], "on, off"),
        (["cidr=10.0.0.300"], "10.0.0.300"),
        (["path=srv"], "srv"),
        (["comment=a\nb"], "control character"),
        (["password=hunter2"], "command line"),
        (["noequals"], "KEY=VALUE"),
        (["mtu=1500", "mtu=1400"], "twice"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(pairs: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        gathered(KEYS, {}, pairs)
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_what_is_fixed_at_creation_cannot_be_changed_or_deleted() -> None:
    with pytest.raises(UsageError, match="path"):
        gathered(KEYS, {"path": "/srv"}, creating=False)
    with pytest.raises(UsageError, match="path"):
        checked_deletes(KEYS, ["path"], {})
    with pytest.raises(UsageError, match="at once"):
        checked_deletes(KEYS, ["mtu"], {"mtu": 1500})
    assert checked_deletes(KEYS, ["mtu,comment", "mtu"], {}) == ["mtu", "comment"]


@pytest.mark.capability("2.5")
def test_other_spellings_are_the_same() -> None:
    assert same(KEYS, "enable", "1", 1)
    assert same(KEYS, "content", "backup,iso", "iso,backup")
    assert same(KEYS, "comment", "hi\n", "hi")
    assert not same(KEYS, "content", "backup", "iso,backup")
    assert not same(KEYS, "comment", None, "")
    assert not same(KEYS, "password", "x", Secret("x"))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers(0, 99), min_size=1))
def test_an_object_that_was_read_is_sent_as_a_property_string(value: dict[str, int]) -> None:
    sent = as_form(KEYS, "comment", {**value})
    assert isinstance(sent, str)
    assert dict(part.split("=") for part in sent.split(",")) == {key: str(one) for key, one in value.items()}
    assert same(KEYS, "comment", {**value}, sent)
