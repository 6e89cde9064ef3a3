"""Nothing but the guard sends a write: held on the syntax tree of the whole package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import proxmox_mpc

PACKAGE = Path(proxmox_mpc.__file__).parent
DOOR = "safety/lane.py"
"""The one module that calls ``send``, once."""
CLIENT = ("api/wire.py", "api/client.py")
"""The modules that exchange requests."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("simulator/"):
            yield name, ast.parse(path.read_text("utf-8"), name)


def uses(tree: ast.AST, attribute: str) -> list[int]:
    """Return the lines on which an attribute of that name is read, called or not, also by its name as a text."""
    found = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == attribute]
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("getattr", "methodcaller")
        ):
            found += [node.lineno for one in node.args if isinstance(one, ast.Constant) and one.value == attribute]
    return found


@pytest.mark.capability("4.1")
def test_only_the_guard_sends() -> None:
    found = {name: lines for name, tree in modules() if (lines := uses(tree, "send"))}
    assert list(found) == [DOOR], found
    assert len(found[DOOR]) == 1


def test_only_the_client_exchanges_requests() -> None:
    """The transport below ``send`` is reached from nowhere else; import-linter keeps httpx out of other packages."""
    for name, tree in modules():
        if name in CLIENT:
            continue
        assert not uses(tree, "exchange"), name
        assert not uses(tree, "handle_request"), name


def test_the_lane_runner_is_reached_through_the_guard_alone() -> None:
    for name, tree in modules():
        made = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Runner", "Crew")
        ]
        assert not made or name in ("safety/guard.py", "safety/crew.py"), (name, made)


def test_the_one_call_of_send_comes_after_the_intent_in_the_same_function() -> None:
    tree = dict(modules())[DOOR]
    function = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and uses(node, "send") and node.name != "run"
    )
    intent = [
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and any(isinstance(one, ast.Constant) and one.value == "intent" for one in node.args)
    ]
    (send,) = uses(function, "send")
    assert len(intent) == 1 and intent[0] < send
