"""The spellings in which PVE writes one and the same value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json, as_object, as_rows, boolean, integer, number, split_list, text
from proxmox_mpc.errors import UnexpectedAnswer


@pytest.mark.parametrize("value", [1, "1", True, "on", "yes", "True"])
def test_true_in_every_spelling(value: Json) -> None:
    assert boolean({"onboot": value}, "onboot")


@pytest.mark.parametrize("value", [0, "0", False, "off", "", "no"])
def test_false_in_every_spelling(value: Json) -> None:
    assert not boolean({"onboot": value}, "onboot", default=True)


def test_an_absent_boolean_is_the_default() -> None:
    assert boolean({"enabled": None}, "enabled", default=True) and not boolean({}, "enabled")


@given(st.integers(min_value=-(2**60), max_value=2**60))
def test_an_integer_means_the_same_as_text(value: int) -> None:
    assert integer({"a": value}, "a") == integer({"a": str(value)}, "a") == value


@pytest.mark.parametrize("value", [None, "", "N/A", "nan", "inf", float("inf"), [], {}])
def test_what_is_no_number_is_none(value: Json) -> None:
    assert number({"wearout": value}, "wearout") is None
    assert integer({"wearout": value}, "wearout") is None


@pytest.mark.parametrize(
    ("value", "wanted"), [("a", "a"), (7, "7"), (True, "1"), (False, "0"), (None, None), ([], None)]
)
def test_text_of_what_pve_sends_as_a_number(value: Json, wanted: str | None) -> None:
    assert text({"cpus": value}, "cpus") == wanted


@pytest.mark.parametrize(
    ("written", "parts"),
    [("a;b", ["a", "b"]), ("a, b", ["a", "b"]), ("a b", ["a", "b"]), (";a;", ["a"]), ("", []), (None, [])],
)
def test_a_list_with_any_separator(written: str | None, parts: list[str]) -> None:
    assert split_list(written) == parts


@pytest.mark.parametrize("value", [None, "x", [], [1]])
def test_an_answer_of_another_form_is_refused(value: Json) -> None:
    with pytest.raises(UnexpectedAnswer):
        as_object(value)
    with pytest.raises(UnexpectedAnswer):
        as_rows([value])
