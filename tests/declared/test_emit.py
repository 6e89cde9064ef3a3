"""A text written as a YAML scalar is the same text to every reader."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.declared.emit import Style, scalar
from proxmox_mpc.declared.manifest import Scalar
from proxmox_mpc.declared.yaml_nodes import read_nodes
from tests.declared.strategies import AWKWARD, texts

STYLES: tuple[Style, ...] = ("", "'", '"', "|")


def read(text: str) -> str | None:
    value = read_nodes(text)["key"]
    assert isinstance(value, Scalar)
    return value.text


@given(texts, st.sampled_from(STYLES))
def test_what_is_written_is_read(text: str, style: Style) -> None:
    written = scalar(text, style)
    assert read(f"key: {written}\n") == text
    assert read(f"# c\nother: 1\nkey: {written}\nlast: 2\n") == text


@given(texts, st.sampled_from(STYLES))
def test_readers_of_yaml_1_1_take_it_for_the_same_text(text: str, style: Style) -> None:
    found = yaml.safe_load(f"key: {scalar(text, style)}\n")["key"]
    if isinstance(found, (int, float)):
        assert scalar(text, style) == text
        assert re.fullmatch(r"-?\d+(\.\d+)?", text)
        assert float(text) == found
    elif "\ud800" <= max(text, default="") <= "\udfff" or any("\ud800" <= char <= "\udfff" for char in text):
        pass  # PyYAML makes one character of two halves
    else:
        assert found == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_stay_on_lines_that_cannot_be_misread(text: str) -> None:
    written = scalar(text)
    assert read(f"key: {written}\n") == text
    for word in ("yes", "12:30", "010", "null", "", " lead", "trail "):
        assert scalar(word).startswith('"')


def test_what_needs_no_quotes_has_none() -> None:
    for text in ("web", "4", "-1", "1.5", "virtio=BC:24:11:00:00:01,bridge=vmbr0", "local-lvm:32,ssd=1", "10.0.0.1/24"):
        assert scalar(text) == text


def test_several_lines_are_a_block() -> None:
    assert scalar("# web\n\nruns nginx\n") == "|\n  # web\n\n  runs nginx"
    assert scalar("one\ntwo") == "|-\n  one\n  two"
