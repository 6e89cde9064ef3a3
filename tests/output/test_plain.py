from __future__ import annotations

import io
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from proxmox_mpc.domain.json import Json
from proxmox_mpc.output.plain import to_json, to_yaml

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TRAPS = [
    "yes", "on", "12:30", "010", "null", "~", "1e3", "0x10",
    "", " a", "a ", "a: b", "a #b", "- x", "2026-01-01", "é",
    '\x85', '\u2028', '\ufeff', '\x00', "=", "<<", "!a", "&a",
    "*a", "1_000", "no", "N", ".inf", "😀",
]  # fmt: skip


@given(VALUES)
def test_json_is_read_back_as_it_was(value: Json) -> None:
    assert json.loads(to_json(value)) == value


@given(VALUES)
def test_yaml_is_read_back_as_it_was_by_both_kinds_of_reader(value: Json) -> None:
    text = to_yaml(value)
    assert yaml.safe_load(text) == value
    assert YAML(typ="safe", pure=True).load(io.StringIO(text)) == value


@pytest.mark.capability("2.3")
@pytest.mark.parametrize("trap", TRAPS)
def test_no_string_turns_into_something_else(trap: str) -> None:
    for value in ({"key": trap}, {trap: "value"}, [trap], trap):
        assert yaml.safe_load(to_yaml(value)) == value  # type: ignore[arg-type]
        assert YAML(typ="safe", pure=True).load(to_yaml(value)) == value  # type: ignore[arg-type]


def test_a_list_has_a_line_a_row() -> None:
    assert to_json([{"a": 1}, {"a": 2}]) == '[\n  {"a": 1},\n  {"a": 2}\n]'
    assert to_json([]) == "[]"
    assert to_yaml([]) == "[]"
