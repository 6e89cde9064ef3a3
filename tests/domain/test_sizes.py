"""Sizes and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.sizes import (
    format_size,
    parse_size,
    whole,
)
from proxmox_mpc.errors import UsageError

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "unit", "size"),
    [
        ("32", "G", 32 * GIB),
        ("512", "M", GIB // 2),
        ("512", "B", 512),
        ("32G", "M", 32 * GIB),
        ("1.5G", "B", 3 * GIB // 2),
        ("32GiB", "B", 32 * GIB),
        ("32gb", "B", 32 * GIB),
        ("4 MiB", "B", 4 << 20),
        ("100B", "G", 100),
        ("2T", "B", 2 << 40),
        ("0", "G", 0),
        (" 8K ", "B", 8192),
    ],
)
def test_sizes_are_read_in_every_spelling(text: str, unit: str, size: int) -> None:
    assert parse_size(text, unit) == size


@pytest.mark.capability("7.4")
@pytest.mark.parametrize("text", ["", "G", "-1G", "+1G", "1,5G", "1e3", "1GG", "0x10", "1.G", "٣G", "1iB G"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


@given(st.integers(0, 1 << 60))
def test_a_size_is_written_without_loss(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (32 * GIB, "32G"), (3 * GIB // 2, "1536M"), (1 << 40, "1T"), (1000, "1000")]
)
def test_sizes_are_written_as_pve_does(size: int, text: str) -> None:
    assert format_size(size) == text


def test_a_fraction_of_a_unit_is_refused() -> None:
    assert whole(2 * GIB, "M") == 2048
    with pytest.raises(UsageError, match="memory must be a whole number of MiB"):
        whole(1000, "M", "memory")
