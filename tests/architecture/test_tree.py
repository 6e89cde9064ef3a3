"""What holds for every command of the tree."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from proxmox_mpc.cli.tree import Leaf
from proxmox_mpc.cli.verbs import Verb
from tests.conftest import Pmpc
from tests.tools.tree import groups, leaves

LEAVES = [pytest.param(words, leaf, id=" ".join(words)) for words, leaf in leaves()]
GROUPS = [pytest.param(path, id=" ".join(path)) for path, _ in groups() if path]


def verb_of(leaf: Leaf) -> Verb:
    module, _, attribute = leaf.target.partition(":")
    verb = getattr(import_module(f"proxmox_mpc.cli.commands.{module}"), attribute)
    assert isinstance(verb, Verb)
    return verb


@pytest.mark.capability("1.4", "10.1")
@pytest.mark.parametrize(("words", "leaf"), LEAVES)
def test_the_table_and_the_function_say_the_same(words: tuple[str, ...], leaf: Leaf) -> None:
    doc = inspect.getdoc(verb_of(leaf).run) or ""
    assert doc.splitlines()[0].rstrip(".") == leaf.help


@pytest.mark.capability("10.1")
@pytest.mark.parametrize(("words", "leaf"), LEAVES)
def test_every_command_has_help_and_a_schema(words: tuple[str, ...], leaf: Leaf, pmpc: Pmpc) -> None:
    helped = pmpc(*words, "--help")
    assert (helped.status, helped.stderr) == (0, "")
    assert helped.stdout.startswith(f"Usage: pmpc {' '.join(words)}")
    schema = pmpc("schema", *words)
    assert schema.status == 0
    assert schema.json["title"] == " ".join(["pmpc", *words])


@pytest.mark.parametrize(("words", "leaf"), LEAVES)
def test_an_option_that_does_not_exist_is_refused(words: tuple[str, ...], leaf: Leaf, pmpc: Pmpc) -> None:
    outcome = pmpc(*words, "--no-such-option", "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (2, "", "usage")
    assert "--no-such-option" in outcome.error["message"]
    assert outcome.error["hint"] == f"see: pmpc {' '.join(words)} --help"


@pytest.mark.parametrize("path", GROUPS)
def test_a_group_without_a_verb_is_a_usage_error_that_names_the_verbs(path: tuple[str, ...], pmpc: Pmpc) -> None:
    outcome = pmpc(*path)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "--help" in outcome.stderr


@pytest.mark.parametrize(
    ("path", "group"), [pytest.param(path, group, id=" ".join(path) or "pmpc") for path, group in groups()]
)
def test_sections_and_aliases_name_members(path: tuple[str, ...], group: object, pmpc: Pmpc) -> None:
    from proxmox_mpc.cli.tree import Group

    assert isinstance(group, Group)
    named = [name for _, names in group.sections for name in names]
    assert set(named) <= set(group.members)
    for alias in group.aliases:
        assert pmpc(*path, alias, "--help").status == 0, alias
    assert not set(group.aliases) & set(group.members)
    assert not set(group.elsewhere) & (set(group.members) | set(group.aliases))
