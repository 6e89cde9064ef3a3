"""What holds for the output of every command, on the simulated homelab."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
import yaml

from proxmox_mpc.cli.tree import Leaf
from tests.architecture.test_tree import verb_of
from tests.cli.samples import CHANGING, EMPTY, NOT_CALLED, REFUSED, arguments
from tests.conftest import Outcome, Pmpc
from tests.tools.tree import leaves

CALLED = [
    pytest.param(words, leaf, id=" ".join(words))
    for words, leaf in leaves()
    if " ".join(words) not in NOT_CALLED | REFUSED and not verb_of(leaf).mutating
]
LISTS = [one for one in CALLED if verb_of(one.values[1]).shape.many and one.id not in EMPTY]  # type: ignore[arg-type]
OFFLINE = [one for one in CALLED if verb_of(one.values[1]).offline]  # type: ignore[arg-type]


def call(pmpc: Pmpc, words: tuple[str, ...], *options: str) -> Outcome:
    return pmpc(*words, *arguments(pmpc, words), *options)


def schema(pmpc: Pmpc, words: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(pmpc("schema", *words).stdout)
    jsonschema.Draft202012Validator.check_schema(made)
    return made


@pytest.mark.capability("2.3", "2.4", "10.4")
@pytest.mark.parametrize(("words", "leaf"), CALLED)
def test_json_is_what_the_schema_says_and_yaml_is_the_same(words: tuple[str, ...], leaf: Leaf, lab: Pmpc) -> None:
    outcome = call(lab, words, "-o", "json")
    assert outcome.status in (0, 11), outcome
    assert outcome.stderr == "" or all(set(event) == {"warning"} for event in outcome.events)
    validator = jsonschema.Draft202012Validator(schema(lab, words), format_checker=jsonschema.FormatChecker())
    validator.validate(outcome.json)
    if verb_of(leaf).shape.many:
        assert bool(outcome.json) != (" ".join(words) in EMPTY), "the homelab has something of nearly everything"
    if " ".join(words) not in CHANGING:
        as_yaml = call(lab, words, "-o", "yaml")
        assert type(yaml.safe_load(as_yaml.stdout)) is type(outcome.json)


@pytest.mark.capability("2.3")
@pytest.mark.parametrize(("words", "leaf"), CALLED)
def test_people_see_a_table_or_a_page(words: tuple[str, ...], leaf: Leaf, lab: Pmpc) -> None:
    outcome = call(lab, words)
    assert outcome.status in (0, 11), outcome
    assert outcome.stdout.strip() or " ".join(words) in EMPTY
    assert "Traceback" not in outcome.stderr and "bug" not in outcome.stderr
    assert all(char.isprintable() or char == "\n" for char in outcome.stdout)


@pytest.mark.capability("2.3")
@pytest.mark.parametrize(("words", "leaf"), LISTS)
def test_every_list_takes_filter_sort_columns_and_query(words: tuple[str, ...], leaf: Leaf, lab: Pmpc) -> None:
    keys = [field.key for field in verb_of(leaf).shape.fields]
    first = keys[0]
    rows = call(lab, words, "-o", "json", "--sort", f"-{first}", "--columns", first).json
    assert all(list(row) == [first] for row in rows)
    kept = call(
        lab,
        words,
        "-o",
        "json",
        "--filter",
        f"{first}=no such thing at all" if isinstance(rows[0][first], str) else f"{first}=-987654321",
    )
    assert kept.json == []
    assert int(call(lab, words, "--query", "length(@)").stdout) >= len(rows) - 1
    assert call(lab, words, "--columns", "no-such-key").status == 2
    heading, *_ = call(lab, words, "--columns", first).stdout.splitlines()
    assert heading.split() == next(field.heading for field in verb_of(leaf).shape.fields if field.key == first).split()
    assert heading not in call(lab, words, "--columns", first, "--no-header").stdout.splitlines()


@pytest.mark.capability("3.5", "3.8")
@pytest.mark.parametrize(("words", "leaf"), OFFLINE)
def test_the_database_answers_in_the_same_shape(words: tuple[str, ...], leaf: Leaf, lab: Pmpc) -> None:
    live, offline = call(lab, words, "-o", "json"), call(lab, words, "-o", "json", "--offline")
    assert offline.status in (0, 11), offline
    jsonschema.Draft202012Validator(schema(lab, words)).validate(offline.json)
    if isinstance(live.json, list):
        assert len(offline.json) == len(live.json)


@pytest.mark.parametrize(("words", "leaf"), CALLED)
def test_outside_a_workspace_it_works_or_says_what_is_missing(words: tuple[str, ...], leaf: Leaf, pmpc: Pmpc) -> None:
    outcome = call(pmpc, words, "-o", "json")
    assert outcome.status in (0, 3, 5, 8), outcome
    if outcome.status in (3, 5):
        assert (outcome.stdout, bool(outcome.error["hint"])) == ("", True)


def test_a_list_piped_into_head_ends_without_a_word(lab: Pmpc) -> None:
    program = f"set -o pipefail; {sys.executable} -m proxmox_mpc guest list -o json | head -n 1"
    done = subprocess.run(["bash", "-c", program], cwd=lab.cwd, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")
