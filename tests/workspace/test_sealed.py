"""An encrypted stream opens with its passphrase only, and only as it was written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxmox_mpc.errors import SecretError, StateDamaged
from proxmox_mpc.workspace.sealed import PIECE, SealedReader, SealedWriter, is_sealed

ENTROPY = bytes(range(100, 123))
WORK = 2


def sealed(content: bytes, passphrase: str = "open") -> bytes:
    stream = io.BytesIO()
    writer = SealedWriter(stream, passphrase, ENTROPY, WORK)
    for start in range(0, len(content), 50_000):
        writer.write(content[start : start + 50_000])
    writer.close()
    return stream.getvalue()


def opened(data: bytes, passphrase: str = "open") -> bytes:
    return SealedReader(io.BytesIO(data), passphrase).read()


@pytest.mark.capability("6.7")
@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 200_000])
def test_what_was_sealed_opens(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    data = sealed(content)
    assert is_sealed(data) and opened(data) == content
    assert size < 16 or content[:16] not in data[37:]


@pytest.mark.capability("6.7")
@settings(max_examples=40)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_byte_can_be_changed(place: int, change: int) -> None:
    data = bytearray(sealed(b"x" * 70_000))
    data[place % len(data)] ^= change
    with pytest.raises((StateDamaged, SecretError)):
        opened(bytes(data))


@settings(max_examples=30)
@given(st.integers(min_value=0))
def test_nothing_can_be_cut_off(length: int) -> None:
    data = sealed(b"y" * 140_000)
    with pytest.raises(StateDamaged):
        opened(data[: length % len(data)])


def test_pieces_cannot_be_cut_off_or_exchanged() -> None:
    data = sealed(b"a" * PIECE + b"b" * PIECE + b"c")
    head = len(data) - 2 * (PIECE + 16) - 17
    first, second, last = data[head : head + PIECE + 16], data[head + PIECE + 16 : -17], data[-17:]
    for other in (first, first + second, second + first + last, first + last):
        with pytest.raises(StateDamaged):
            opened(data[:head] + other)


@pytest.mark.capability("6.7")
def test_another_passphrase_is_told_from_damage() -> None:
    with pytest.raises(SecretError, match="does not open"):
        opened(sealed(b"z"), "shut")
