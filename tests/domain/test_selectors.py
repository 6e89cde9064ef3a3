from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.guests import GuestRef, Kind
from proxmox_mpc.domain.selectors import Selection, find, nothing_selected, select
from proxmox_mpc.errors import NotFound, UsageError


def guest(vmid: int, name: str | None, kind: str = "qemu", **more: object) -> GuestRef:
    return GuestRef(
        vmid,
        "lxc" if kind == "lxc" else "qemu",
        str(more.get("node", "pve1")),
        name,
        str(more.get("status", "running")),
        tags=tuple(str(more.get("tags", "")).split()),
        pool=str(more["pool"]) if "pool" in more else None,
    )


GUESTS = [
    guest(100, "router", tags="infra"),
    guest(101, "web-1", tags="prod web", pool="shop"),
    guest(102, "web-2", tags="Prod", node="pve2", status="stopped"),
    guest(110, "db"),
    guest(111, "db", node="pve2"),
    guest(200, "dns", "lxc", tags="infra"),
    guest(201, "Proxy", "lxc", node="pve2", status="stopped"),
    guest(300, None, status="unknown"),
]


def ids(*words: str, kind: Kind | None = None, **options: list[str]) -> list[int]:
    return [one.vmid for one in select(GUESTS, Selection(words, **options), kind)]


@pytest.mark.capability("2.4", "10.2")
@pytest.mark.parametrize(
    ("text", "vmid"), [("101", 101), ("0101", 101), ("web-1", 101), ("WEB-1", 101), ("proxy", 201)]
)
def test_a_guest_is_named_by_id_or_name(text: str, vmid: int) -> None:
    assert find(GUESTS, text).vmid == vmid


@pytest.mark.capability("7.4")
def test_digits_beyond_every_id_name_nothing() -> None:
    endless = "1" * 5000
    for words in ((endless,), (f"{endless}-{endless}1",)):
        with pytest.raises(NotFound):
            select(GUESTS, Selection(words))
    assert ids(f"100-{endless}") == [one.vmid for one in GUESTS]


def test_digits_are_an_id_even_where_a_name_looks_like_one() -> None:
    with pytest.raises(NotFound):
        find([guest(100, "999")], "999")


@pytest.mark.capability("7.4", "10.2")
def test_an_ambiguous_name_is_an_error_that_lists_the_candidates() -> None:
    with pytest.raises(UsageError) as caught:
        find(GUESTS, "db", "vm")
    assert "110 (vm on pve1), 111 (vm on pve2)" in caught.value.message
    assert caught.value.details["candidates"] == [110, 111]


def test_a_name_is_ambiguous_only_among_guests_of_the_kind() -> None:
    both = [guest(100, "web"), guest(200, "web", "lxc")]
    assert find(both, "web", "vm").vmid == 100
    assert find(both, "web", "ct").vmid == 200
    with pytest.raises(UsageError, match="not unique"):
        find(both, "web")


@pytest.mark.capability("10.2")
def test_a_container_named_to_vm_says_which_command_to_use() -> None:
    with pytest.raises(UsageError) as caught:
        find(GUESTS, "200", "vm", "snapshot list")
    assert caught.value.message == "200 is a container, not a virtual machine"
    assert caught.value.hint == "use: pmpc ct snapshot list 200"
    with pytest.raises(UsageError, match="web-1 is a virtual machine"):
        find(GUESTS, "web-1", "ct")


@pytest.mark.capability("10.2")
def test_an_unknown_guest_is_not_found_with_near_names() -> None:
    with pytest.raises(NotFound) as caught:
        find(GUESTS, "wbe-1", "vm")
    assert caught.value.message == "there is no virtual machine wbe-1"
    assert "web-1 (101)" in (caught.value.hint or "")
    with pytest.raises(NotFound, match="there is no guest 999"):
        find(GUESTS, "999")
    assert "pmpc ct list" in (nothing_selected("ct").hint or "")


@pytest.mark.capability("2.3", "2.8")
def test_words_add_up_and_options_narrow() -> None:
    assert ids() == [100, 101, 102, 110, 111, 200, 201, 300]
    assert ids(kind="ct") == [200, 201]
    assert ids("100-101", "dns") == [100, 101, 200]
    assert ids("web-*", "101") == [101, 102]
    assert ids("WEB-?", kind="vm") == [101, 102]
    assert ids(tags=["prod"]) == [101, 102]
    assert ids(tags=["web", "infra"]) == [100, 101, 200]
    assert ids(tags=["prod"], statuses=["stopped"]) == [102]
    assert ids("100-199", nodes=["pve2"]) == [102, 111]
    assert ids(pools=["shop"]) == [101]
    assert ids(names=["*b*"], kind="vm") == [101, 102, 110, 111]
    assert ids(statuses=["Unknown"]) == [300]


def test_options_that_match_nothing_give_an_empty_list_and_words_an_error() -> None:
    assert ids(tags=["nothing"]) == []
    for word in ("150-199", "nothing-*", "nothing"):
        with pytest.raises(NotFound, match=word.replace("*", r"\*")):
            ids("101", word)
    with pytest.raises(NotFound):
        ids("200-299", kind="vm")


@pytest.mark.capability("7.4")
def test_nonsense_is_refused_before_anything_is_done() -> None:
    with pytest.raises(UsageError) as caught:
        ids("119-100")
    assert caught.value.hint == "write 100-119"
    with pytest.raises(UsageError) as caught:
        ids(statuses=["runing"])
    assert "running" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="is a container"):
        ids("101", "200", kind="vm")


def test_an_empty_selection_is_false() -> None:
    assert not Selection()
    assert Selection(["1"]) and Selection(tags=["x"])


@given(st.lists(st.integers(100, 160), unique=True, min_size=1), st.integers(100, 160), st.integers(0, 40))
def test_a_range_means_the_ids_in_it_whatever_the_order_of_guests(vmids: list[int], first: int, length: int) -> None:
    guests = [guest(vmid, f"g{vmid}") for vmid in vmids]
    expected = sorted(vmid for vmid in vmids if first <= vmid <= first + length)
    selection = Selection([f"{first}-{first + length}"])
    if expected:
        assert [one.vmid for one in select(guests, selection)] == expected
    else:
        with pytest.raises(NotFound):
            select(guests, selection)
