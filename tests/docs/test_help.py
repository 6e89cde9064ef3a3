"""Help leads to every command, explains every option, and hints name commands that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperOption

from proxmox_mpc.cli.main import root_group
from tests.conftest import Pmpc
from tests.docs.pages import ROOT
from tests.docs.test_pages import complaint
from tests.tools.tree import groups, leaves

_NAMED = re.compile(r"(?:^|[:(]\s?|\bby |, )pmpc (?!(?:never|is|has|itself|ended)\b)([a-z][^,;:()\n]*)", re.MULTILINE)


@pytest.mark.capability("10.1", "10.3")
def test_the_help_of_every_group_lists_what_is_in_it_with_a_line_each(pmpc: Pmpc) -> None:
    for path, group in groups():
        text = " ".join(pmpc(*path, "--help").stdout.split())
        for name, member in group.members.items():
            assert f" {name} {member.help}" in text, f"pmpc {' '.join(path)}"


@pytest.mark.capability("10.1")
@pytest.mark.parametrize("words", [words for words, _ in leaves()], ids=" ".join)
def test_every_command_explains_itself_and_its_options(words: tuple[str, ...], pmpc: Pmpc) -> None:
    asked = pmpc("help", *words)
    assert asked.status == 0
    assert asked.stdout == pmpc(*words, "--help").stdout
    assert asked.stdout.startswith(f"Usage: pmpc {' '.join(words)} ")
    assert all(len(line) <= 100 for line in asked.stdout.splitlines())

    command = root_group()
    context = command.context_class(command, info_name="pmpc")
    for word in words:
        found = command.get_command(context, word)
        assert found is not None
        context = found.context_class(found, info_name=word, parent=context)
        command = found  # type: ignore[assignment]
    for param in command.get_params(context):
        assert getattr(param, "help", None), f"{param.name} has no help"
        if isinstance(param, TyperOption):
            assert param.opts[0] in asked.stdout


@pytest.mark.capability("10.1", "10.2")
@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        ("vm lst", "did you mean 'list'"),
        ("snapshots", "pmpc --help"),
        ("vm list --filtr a=b", "pmpc vm list --help"),
        ("vm list --columns nam", "did you mean 'name'?"),
        ("vm show 201", "use: pmpc ct show 201"),
        ("vm show wbe", "web"),
        ("ct enter 201", "pct enter"),
    ],
)
def test_a_mistake_is_answered_with_what_was_meant(argv: str, meant: str, lab: Pmpc) -> None:
    outcome = lab(*argv.split())
    assert outcome.status != 0 and outcome.stdout == ""
    assert meant in outcome.stderr


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module, with NAME in place of what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "NAME" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


@pytest.mark.capability("10.2")
def test_commands_that_messages_and_hints_name_exist() -> None:
    found = [
        (path.name, named.rstrip(".'\""))
        for path in sorted((ROOT / "proxmox_mpc").rglob("*.py"))
        for text in texts(path)
        for named in _NAMED.findall(text)
    ]
    assert len(found) > 50
    wrong = [f"{name}: pmpc {line}: {bad}" for name, line in found if (bad := complaint(line.split()))]
    assert not wrong, "\n".join(wrong)
