"""What holds for every writing verb, on the simulated homelab."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.architecture.test_tree import verb_of
from tests.cli.write_samples import SAMPLES, Sample
from tests.conftest import Outcome, Pmpc
from tests.contract.requests import request_problems
from tests.matrix.bench import Bench, agrees, open_bench, planned_calls
from tests.tools.tree import leaves

MUTATING = {" ".join(words): leaf for words, leaf in leaves() if verb_of(leaf).mutating}
WRITES = [pytest.param(SAMPLES[verb], id=verb) for verb in MUTATING if verb in SAMPLES]
_ROW = ("action", "kind", "id", "name", "node", "status", "changed", "upid", "duration", "error", "operation")


def test_every_writing_verb_has_a_sample() -> None:
    assert sorted(MUTATING) == sorted(SAMPLES)


def refused(outcome: Outcome) -> None:
    assert (outcome.status, outcome.stdout) == (9, ""), outcome
    assert outcome.error["hint"]


@pytest.mark.capability("4.2", "9.9")
@pytest.mark.parametrize("sample", WRITES)
def test_what_is_refused_reaches_nobody(sample: Sample, lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_bench(lab, monkeypatch)
    bench.prepare(sample)
    before = bench.state()
    refused(bench.do(sample))
    if sample.confirm is not None:
        refused(bench.do(sample, "--yes", *sample.extra))
        refused(bench.do(sample, "--yes", "--confirm", "something else", *sample.extra))
    bench.ok("safety", "freeze", "--reason", "somebody looks at it")
    refused(bench.sure(sample))
    bench.ok("safety", "thaw")
    bench.ok("workspace", "config", "set", "safety.mode", "read-only")
    refused(bench.sure(sample))
    assert bench.sent == []
    assert bench.state() == before


@pytest.mark.capability("2.3", "4.2", "4.5", "9.1")
@pytest.mark.parametrize("sample", WRITES)
def test_a_dry_run_shows_what_is_then_sent_and_done_once(
    sample: Sample, lab: Pmpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_bench(lab, monkeypatch)
    bench.prepare(sample)
    before = bench.state()
    planned = bench.do(sample, "--dry-run", *sample.extra)
    assert planned.status == 0, planned
    assert bench.sent == []
    assert bench.state() == before, "a dry run changes nothing"
    check_shape(bench, sample, planned)
    shown = planned_calls(planned)
    assert shown, "a sample does something"
    assert "correct horse" not in planned.stdout

    done = bench.sure(sample)
    assert done.status == sample.ends, done
    assert "correct horse" not in done.stdout + done.stderr
    check_sent(bench, shown)
    if sample.ends:
        assert bench.state() == before
        return
    check_shape(bench, sample, done)
    assert bench.state() != before or sample.again == "anew"
    assert sample.task == last_task(bench)
    check_journal(bench)
    check_second_time(bench, sample)


def check_shape(bench: Bench, sample: Sample, outcome: Outcome) -> None:
    """The output is what the schema says, its rows what every write prints."""
    schema = json.loads(bench.pmpc("schema", *sample.verb.split()).stdout)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(outcome.json)
    rows = outcome.json if isinstance(outcome.json, list) else [outcome.json]
    assert rows
    if "changed" in schema.get("items", schema).get("properties", {}):
        for row in rows:
            assert set(_ROW) <= set(row)
            assert row["error"] is None


def check_sent(bench: Bench, shown: list[dict[str, Any]]) -> None:
    """What arrived is what was shown: every call once, in any order of targets, nothing else, valid by the schema."""
    left = list(bench.sent)
    for call in shown:
        match = next((one for one in left if matches(call, one.method, one.quoted, one.form)), None)
        assert match is not None, f"not sent: {call}, but {left}"
        left.remove(match)
    assert left == [], "sent, but not shown"
    for sent in bench.sent:
        assert list(request_problems(sent.method, sent.quoted, sent.form)) == []


def matches(call: dict[str, Any], method: str, path: str, form: dict[str, object]) -> bool:
    params = call["params"]
    return (
        call["method"] == method
        and agrees(call["path"], path)
        and set(params) == set(form)
        and all(agrees(value, form[key]) for key, value in params.items())
    )


def last_task(bench: Bench) -> str | None:
    """Return the type of the last task that an answer named."""
    data = [json.loads(answer.body)["data"] for answer in bench.answers]
    types = [one.split(":")[5] for one in data if isinstance(one, str) and one.startswith("UPID:")]
    return types[-1] if types else None


def check_journal(bench: Bench) -> None:
    """Each request has its intent and its outcome in the journal, and the chain is whole."""
    told = bench.operation()
    assert told["status"] == "done", told
    assert told["ended"] is not None
    assert [step["state"] for step in told["steps"]] == ["done"] * len(told["steps"])
    assert len(told["steps"]) == len(bench.sent)
    assert "correct horse" not in json.dumps(told)
    assert bench.ok("audit", "verify")["ok"] is True


def check_second_time(bench: Bench, sample: Sample) -> None:
    bench.sent.clear()
    again = bench.sure(sample)
    if isinstance(sample.again, int):
        assert (again.status, again.stdout) == (sample.again, ""), again
        assert again.error["hint"]
        assert bench.sent == []
        return
    assert again.status == 0, again
    rows = again.json if isinstance(again.json, list) else [again.json]
    if sample.again == "unchanged":
        assert [(row["changed"], row["status"]) for row in rows] == [(False, "unchanged")] * len(rows)
    assert bool(bench.sent) == (sample.again == "anew")
