from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, Shape, item
from proxmox_mpc.output.human import byte_size, cell, span, visible
from proxmox_mpc.output.tables import columns_of, page, table

NAME = Field("name", "string", "name")
SIZE = Field("size", "integer", "size", unit="bytes")
NOTE = Field("note", "string?", "note")


@pytest.mark.capability("10.8")
def test_columns_line_up_and_numbers_stand_right() -> None:
    rows: list[JsonObject] = [
        {"name": "1e3", "size": 1024**3, "note": None},
        {"name": "web", "size": 512, "note": "日本"},
    ]
    assert table(rows, [NAME, SIZE, NOTE], header=True, width=None).splitlines() == [
        "NAME   SIZE  NOTE",
        "1e3   1 GiB  -",
        "web   512 B  日本",
    ]
    assert table(rows, [NAME], header=False, width=None) == "1e3\nweb"


@pytest.mark.capability("9.3")
@pytest.mark.parametrize("nasty", ["\x1b]0;title\x07", "a\nb", "\x9b31m", "x\u202ey", "\r", "\x00", "\ud800"])
def test_text_from_a_server_cannot_reach_the_terminal(nasty: str) -> None:
    shown = table([{"name": nasty}], [NAME], header=False, width=None)
    assert len(shown.splitlines()) == 1
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r\x00\ud800\n")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.integers(30, 120))
def test_a_table_fits_the_terminal(texts: list[str], width: int) -> None:
    rows: list[JsonObject] = [{"name": text, "size": 1, "note": text * 2} for text in texts]
    for line in table(rows, [NAME, SIZE, NOTE], header=True, width=width).splitlines():
        assert wcswidth(line) <= width


def test_a_table_is_never_cut_without_a_terminal() -> None:
    assert "x" * 500 in table([{"name": "x" * 500}], [NAME], header=True, width=None)


def test_wide_adds_columns_and_open_rows_show_what_they_hold() -> None:
    shape = Shape(
        "rows",
        (NAME, Field("more", "string", "more", level="wide"), Field("raw", "string", "raw", level="data")),
        open=True,
    )
    keys = [field.key for field in columns_of(shape, wide=False, rows=[{"name": "x", "extra": 1}])]
    assert keys == ["name", "extra"]
    assert [field.key for field in columns_of(shape, wide=True)] == ["name", "more"]


def test_a_page_has_a_line_a_value_and_a_table_a_list() -> None:
    shape = item(NAME, Field("description", "string?", "text"), Field("disks", "rows", "disks", fields=(NAME, SIZE)))
    data: JsonObject = {"name": "web", "description": "one\n\x1btwo", "disks": [{"name": "scsi0", "size": 1024}]}
    assert page(data, shape, width=None).splitlines() == [
        "name:        web",
        "description:",
        "    one",
        "    \\x1btwo",
        "",
        "Disks",
        "  NAME    SIZE",
        "  scsi0  1 KiB",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.50 KiB"),
        (1024**3 * 12.25, "12.2 GiB"),
        (1024**4 - 1, "1.00 TiB"),
    ],
)
def test_sizes_have_three_digits_that_count(value: float, text: str) -> None:
    assert byte_size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (61, "1m 1s"),
        (86400 * 3 + 3600 * 4 + 5, "3d 4h"),
        (3600, "1h"),
        (3605, "1h"),
        (-90, "-1m 30s"),
    ],
)
def test_a_span_names_its_two_largest_parts(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_cells_say_dash_yes_and_no() -> None:
    assert [cell(None, None), cell(None, []), cell(None, True), cell(None, ["a", "b"]), cell(None, {"k": 1})] == [
        "-",
        "-",
        "yes",
        "a, b",
        "k=1",
    ]


@given(st.text())
def test_visible_leaves_printable_text_alone_and_escapes_the_rest(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or any(not char.isprintable() for char in text)
    if text.isprintable():
        assert shown == text or any(char in text for char in "\u061c\u200e\u200f")


def test_a_number_of_no_unit_is_read_without_an_exponent() -> None:
    assert [cell(None, value) for value in (834912.4, 0.2871, 12.0, 1234, float("inf"))] == [
        "834912",
        "0.2871",
        "12",
        "1234",
        "inf",
    ]
