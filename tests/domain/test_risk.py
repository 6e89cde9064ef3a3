"""The risk of every effect, as the safety contract lists it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.risk import BULK, EFFECTS, LEVELS, NO_FACTS, Effect, Facts, Level, Risk, assess

CRITICAL = ("guest_delete", "disk_delete", "storage_delete", "rollback", "restore_over", "raw_delete")
HIGH = (
    "create", "clone", "migrate", "restore", "network", "snapshot_delete", "backup_delete", "rule_delete", "nic_delete",
    "boot_disk",    "agent_exec", "agent_write", "raw", "template", "access", "node_power", "remove",
)  # fmt: skip
LOW = ("ping",)


def expected(effect: Effect) -> Level:
    if effect in CRITICAL:
        return "critical"
    return "high" if effect in HIGH else "low" if effect in LOW else "medium"


@pytest.mark.capability("4.2")
@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_has_its_level(effect: Effect) -> None:
    assert assess(effect, NO_FACTS).level == expected(effect)


@pytest.mark.parametrize("effect", ["stop", "reset"])
def test_a_hard_stop_of_a_running_guest_is_high(effect: Effect) -> None:
    assert assess(effect, Facts(running=True)).level == "high"
    assert assess("shutdown", Facts(running=True)).level == "medium"


def test_many_targets_are_high_and_management_is_critical() -> None:
    assert assess("start", NO_FACTS, targets=BULK).level == "medium"
    assert assess("start", NO_FACTS, targets=BULK + 1).level == "high"
    assert assess("network", Facts(touches_management=True)).level == "critical"
    assert assess("ping", Facts(running=True), targets=1000).level == "low"


facts = st.builds(
    Facts, running=st.booleans(), protection=st.booleans(), ha=st.booleans(), touches_management=st.booleans()
)


@given(st.sampled_from(EFFECTS), facts, st.integers(1, 100))
def test_protected_is_always_critical_and_nothing_lowers_a_risk(effect: Effect, known: Facts, targets: int) -> None:
    assert assess(effect, known, protected=True, targets=targets).level == "critical"
    least = LEVELS.index(assess(effect, NO_FACTS).level)
    assert LEVELS.index(assess(effect, known, targets=targets).level) >= least


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_the_worse_of_two_is_the_same_from_both_sides(one: Level, other: Level) -> None:
    worse = Risk(one, ("a",)).worse(Risk(other, ("b",)))
    assert worse.level == Risk(other, ("b",)).worse(Risk(one, ("a",))).level
    assert LEVELS.index(worse.level) == max(LEVELS.index(one), LEVELS.index(other))
