"""The merge loses no change, invents none, is symmetric in its conflicts, and settles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.merge import BaseKeys, KeyMerge, advanced, merge, settled

pytestmark = pytest.mark.capability("1.2", "2.7", "7.5")

KEYS = ["cores", "memory", "net0", "tags"]
VALUES = ["1", "2", "3"]
documents = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
bases = st.none() | st.dictionaries(st.sampled_from(KEYS), st.none() | st.sampled_from(VALUES))


def equal(key: str, declared: str | None, live: str | None) -> bool:
    return declared == live


def by_key(merged: list[KeyMerge]) -> dict[str, KeyMerge]:
    return {one.key: one for one in merged}


def applied(merged: list[KeyMerge]) -> tuple[dict[str, str], dict[str, str]]:
    """Live and declared after both directions were carried out, conflicts left alone."""
    live = {m.key: m.declared if m.verdict == "push" else m.live for m in merged}
    declared = {m.key: m.live if m.verdict == "pull" else m.declared for m in merged}
    return (
        {key: value for key, value in live.items() if value is not None},
        {key: value for key, value in declared.items() if value is not None},
    )


@given(bases, documents, documents)
def test_each_key_is_judged_once_and_rightly(
    base: BaseKeys | None, live: dict[str, str], declared: dict[str, str]
) -> None:
    merged = merge(base, live, declared, equal)
    assert len({one.key for one in merged}) == len(merged)
    assert {one.key for one in merged} == {*live, *declared, *(base or ())}
    for one in merged:
        never = base is None or base.get(one.key, "") is None
        if live.get(one.key) == declared.get(one.key):
            assert one.verdict in ("same", "agreed")
        elif never:
            assert one.verdict == "conflict"
        else:
            assert base is not None
            was = base.get(one.key)
            moved = (live.get(one.key) != was, declared.get(one.key) != was)
            assert one.verdict == {(True, False): "pull", (False, True): "push", (True, True): "conflict"}[moved]


@given(bases, documents, documents)
def test_no_change_is_lost_and_none_is_invented(
    base: BaseKeys | None, live: dict[str, str], declared: dict[str, str]
) -> None:
    merged = merge(base, live, declared, equal)
    new_live, new_declared = applied(merged)
    for one in merged:
        sides = {live.get(one.key), declared.get(one.key)}
        assert new_live.get(one.key) in sides
        assert new_declared.get(one.key) in sides
        if one.verdict != "conflict":
            assert new_live.get(one.key) == new_declared.get(one.key)
            if one.based and base is not None:
                changed = {value for value in sides if value != base.get(one.key)}
                assert not changed or new_live.get(one.key) in changed
        else:
            assert (new_live.get(one.key), new_declared.get(one.key)) == (live.get(one.key), declared.get(one.key))


@given(bases, documents, documents)
def test_the_sides_are_alike(base: BaseKeys | None, live: dict[str, str], declared: dict[str, str]) -> None:
    there = by_key(merge(base, live, declared, equal))
    back = by_key(merge(base, declared, live, equal))
    mirror = {"pull": "push", "push": "pull"}
    assert {key: mirror.get(one.verdict, one.verdict) for key, one in there.items()} == {
        key: one.verdict for key, one in back.items()
    }


@given(bases, documents, documents)
def test_a_second_look_finds_only_the_conflicts(
    base: BaseKeys | None, live: dict[str, str], declared: dict[str, str]
) -> None:
    first = merge(base, live, declared, equal)
    new_live, new_declared = applied(first)
    after = merge(base, new_live, new_declared, equal)
    new_base = advanced(after, base)
    second = merge(new_base, new_live, new_declared, equal)
    conflicts = {one.key for one in first if one.verdict == "conflict"}
    assert {one.key for one in second if one.verdict == "conflict"} == conflicts
    assert {one.verdict for one in second} <= {"same", "conflict"}
    assert advanced(second, new_base) == new_base


@given(bases, documents, documents)
def test_the_base_moves_only_where_both_sides_are_equal(
    base: BaseKeys | None, live: dict[str, str], declared: dict[str, str]
) -> None:
    merged = merge(base, live, declared, equal)
    moved = advanced(merged, base)
    for one in merged:
        if live.get(one.key) == declared.get(one.key):
            assert moved.get(one.key, None) == live.get(one.key)
            assert (one.key in moved) == (one.key in live)
        elif base is None or base.get(one.key, "") is None:
            assert moved[one.key] is None
        else:
            assert moved.get(one.key) == base.get(one.key)
    # Looking twice moves nothing further: a pull cannot swallow a conflict.
    assert advanced(merge(moved, live, declared, equal), moved) == moved


@given(bases, documents, documents, st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["declared", "live"])))
def test_deciding_concerns_conflicts_alone(
    base: BaseKeys | None, live: dict[str, str], declared: dict[str, str], winners: dict[str, str]
) -> None:
    merged = merge(base, live, declared, equal)
    decided = settled(merged, {key: "declared" if side == "declared" else "live" for key, side in winners.items()})
    for before, after in zip(merged, decided, strict=True):
        if before.verdict == "conflict" and before.key in winners:
            assert after == before._replace(verdict="push" if winners[before.key] == "declared" else "pull")
        else:
            assert after == before


def test_a_tolerant_comparison_settles() -> None:
    """``local-lvm:32`` asks for a volume; the one it became is what the base keeps."""

    def loose(key: str, declared: str | None, live: str | None) -> bool:
        return declared == live or (declared == "local-lvm:32" and live == "local-lvm:vm-1-disk-0,size=32G")

    live = {"scsi0": "local-lvm:vm-1-disk-0,size=32G"}
    merged = merge(None, live, {"scsi0": "local-lvm:32"}, loose)
    assert [one.verdict for one in merged] == ["agreed"]
    base = advanced(merged, None)
    assert base == {"scsi0": "local-lvm:vm-1-disk-0,size=32G"}
    assert [one.verdict for one in merge(base, live, {"scsi0": "local-lvm:32"}, loose)] == ["same"]
    grown = {"scsi0": "local-lvm:vm-1-disk-0,size=40G"}
    assert [one.verdict for one in merge(base, grown, {"scsi0": "local-lvm:32"}, loose)] == ["pull"]
