"""A gap in the journal that a repair has recorded is counted; any other one is a problem."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.journal import START, Entry, canonical, chained
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.safety.verify import Verdict, gaps_of, verify

Chain = list[tuple[Entry, str]]


def chain(length: int, last: JsonObject) -> Chain:
    before, rows = START, []
    for seq in range(1, length + 1):
        body: JsonObject = last if seq == length else {"number": seq}
        event = "repaired" if seq == length else "note"
        entry = Entry(seq, "2026-11-22T20:00:00Z", 0, 0, event, body)
        before = chained(before, entry, canonical(body))
        rows.append((Entry(seq, entry.at, 0, 0, event, body, before), canonical(body)))
    return rows


def recorded(*gaps: tuple[int, int]) -> JsonObject:
    lost: list[Json] = [{"first": first, "last": last} for first, last in gaps]
    return {"lost": lost}


def judged(rows: Chain, checkpoints: dict[int, str] | None = None) -> Verdict:
    head = (rows[-1][0].seq, rows[-1][0].hash)
    return verify(rows, head, checkpoints=checkpoints or {}, exported={}, lost=gaps_of(rows))


@pytest.mark.capability("7.2")
def test_recorded_gaps_are_counted_wherever_they_are() -> None:
    whole = chain(12, recorded((1, 2), (5, 6), (10, 11)))
    found = judged([row for row in whole if row[0].seq not in (1, 2, 5, 6, 10, 11)])
    assert found.problems == [] and found.lost == 6 and found.rows == 6


@pytest.mark.capability("7.2", "9.7")
@pytest.mark.parametrize("missing", [3, 7, 9])
def test_a_further_row_that_is_missing_is_found(missing: int) -> None:
    whole = chain(12, recorded((5, 6)))
    found = judged([row for row in whole if row[0].seq not in (5, 6, missing)])
    assert any("missing" in problem for _, problem in found.problems)


def test_a_row_edited_beside_a_gap_is_found_by_the_one_behind_it() -> None:
    whole = chain(12, recorded((5, 6)))
    rows = [row for row in whole if row[0].seq not in (5, 6)]
    at = next(place for place, row in enumerate(rows) if row[0].seq == 8)
    rows[at] = (rows[at][0], canonical({"number": 88}))
    assert [row for row, _ in judged(rows).problems] == [8]


def test_a_gap_behind_what_was_pruned_is_counted() -> None:
    whole = chain(12, recorded((4, 5)))
    found = judged([row for row in whole if row[0].seq > 5], {3: whole[2][0].hash})
    assert found.problems == [] and (found.pruned, found.lost) == (3, 2)
