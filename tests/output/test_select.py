from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.select import keep, order, pick_columns, query

SHAPE = rows(
    Field("vmid", "integer", "id"),
    Field("name", "string?", "name"),
    Field("memory", "integer?", "memory", unit="bytes"),
    Field("uptime", "integer?", "uptime", unit="seconds"),
    Field("cpu", "number?", "cpu", unit="fraction"),
    Field("tags", "list", "tags"),
    Field("template", "boolean", "template"),
    Field("seen", "time?", "seen"),
)


def row(vmid: int, **values: object) -> JsonObject:
    base: JsonObject = {
        "vmid": vmid,
        "name": None,
        "memory": None,
        "uptime": None,
        "cpu": None,
        "tags": [],
        "template": False,
        "seen": None,
    }
    return {**base, **values}  # type: ignore[dict-item]


ROWS = [
    row(
        100, name="web-2", memory=4 * 1024**3, uptime=90000, cpu=0.5, tags=["prod", "web"], seen="2026-01-02T00:00:00Z"
    ),
    row(101, name="web-10", memory=512 * 1024**2, uptime=10, cpu=0.01, tags=["test"], template=True),
    row(102, name="DB", memory=8 * 1024**3),
]


def kept(*filters: str) -> list[object]:
    return [one["vmid"] for one in keep(ROWS, filters, SHAPE)]


@pytest.mark.capability("2.3")
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("vmid=100", [100]),
        ("vmid!=100", [101, 102]),
        ("vmid>=101", [101, 102]),
        ("memory>1G", [100, 102]),
        ("memory=512M", [101]),
        ("memory<=4GiB", [100, 101]),
        ("uptime>1d", [100]),
        ("cpu>10%", [100]),
        ("cpu<0.1", [101]),
        ("name=db", [102]),
        ("name~^web", [100, 101]),
        ("tags=prod", [100]),
        ("tags!=prod", [101, 102]),
        ("tags=", [102]),
        ("template=true", [101]),
        ("template=no", [100, 102]),
        ("seen>2026-01-01", [100]),
        ("name=", []),
    ],
)
def test_filter_keeps_the_rows_that_satisfy_it(condition: str, expected: list[int]) -> None:
    assert kept(condition) == expected


@pytest.mark.capability("2.3")
def test_several_filters_must_all_hold() -> None:
    assert kept("name~web", "memory>1G") == [100]


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("nonsense", "--filter: 'nonsense' is no condition"),
        ("nmae=x", "--filter: there is no column 'nmae'"),
        ("name~(", "--filter: 'name~(' holds no regular expression"),
        ("memory>much", "--filter: 'much' cannot be compared"),
    ],
)
def test_a_filter_that_cannot_be_used_says_why(condition: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        kept(condition)
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_a_misspelt_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        kept("nmae=x")
    assert (caught.value.hint or "").startswith("did you mean 'name'?")


@pytest.mark.capability("2.3")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["-memory"], [102, 100, 101]),
        (["memory"], [101, 100, 102]),
        (["name"], [102, 100, 101]),
        (["-uptime"], [100, 101, 102]),
        (["uptime"], [101, 100, 102]),
        (["template,-vmid"], [102, 100, 101]),
        (["template", "-vmid"], [102, 100, 101]),
    ],
)
def test_sort_orders_by_value_and_puts_null_last(keys: list[str], expected: list[int]) -> None:
    assert [one["vmid"] for one in order(ROWS, keys, SHAPE)] == expected


def test_columns_come_in_the_order_asked_for() -> None:
    assert pick_columns("name, vmid,name", ROWS, SHAPE) == ["name", "vmid"]
    with pytest.raises(UsageError):
        pick_columns(",", ROWS, SHAPE)
    with pytest.raises(UsageError):
        pick_columns("vmid,nope", ROWS, SHAPE)


def test_query_is_jmespath_and_a_broken_one_is_a_usage_error() -> None:
    assert query("[?memory > `1`].vmid | sort(@) | [0]", list(ROWS)) == 100
    with pytest.raises(UsageError, match="--query"):
        query("[?", list(ROWS))
    with pytest.raises(UsageError, match="--query"):
        query("length(`1`)", list(ROWS))


@given(st.lists(st.integers(0, 50)), st.lists(st.sampled_from(["vmid", "-vmid", "name"]), max_size=3))
def test_sorting_loses_and_invents_nothing(ids: list[int], keys: list[str]) -> None:
    given_rows = [row(one, name=str(one % 7) if one % 3 else None) for one in ids]
    assert sorted(str(one) for one in order(given_rows, keys, SHAPE)) == sorted(str(one) for one in given_rows)


@given(st.text(max_size=20))
def test_no_filter_text_breaks_it(text: str) -> None:
    try:
        keep(ROWS, [text], SHAPE)
    except UsageError as error:
        assert error.message.startswith("--filter:")
