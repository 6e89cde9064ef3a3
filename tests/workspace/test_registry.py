"""The user's list of workspaces."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from proxmox_mpc.errors import NotFound, UsageError, WorkspaceError
from proxmox_mpc.workspace.registry import Registry
from tests.workspace.helpers import make


@pytest.mark.capability("6.6")
def test_names_are_given_chosen_changed_and_forgotten(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "state")
    assert registry.entries() == []
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    assert registry.add("one", one) == "one"
    assert registry.add("two", two) == "two"
    registry.use("two")
    assert registry.current() == two
    registry.rename("two", "second")
    assert registry.current() == two
    assert [(entry.name, entry.path, entry.current, entry.stale) for entry in registry.entries()] == [
        ("one", one, False, False),
        ("second", two, True, False),
    ]
    assert registry.name_of(two) == "second"
    assert registry.remove("second") == two
    assert registry.current() is None
    assert (tmp_path / "state/workspaces.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.capability("6.6")
def test_a_name_in_use_is_not_taken_and_a_stale_one_is(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "state")
    first, second = make(tmp_path / "a/lab"), make(tmp_path / "b/lab")
    assert registry.add("lab", first) == "lab"
    assert registry.add("lab", second) == "lab-2"
    assert registry.add("lab", first) == "lab"
    with pytest.raises(WorkspaceError, match="is taken by"):
        registry.rename("lab-2", "lab")
    first.rename(tmp_path / "moved")
    assert [entry.stale for entry in registry.entries()] == [True, False]
    assert registry.add("lab", second) == "lab"
    assert [entry.name for entry in registry.entries()] == ["lab"]


def test_what_is_not_there_or_no_name_is_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "state")
    for attempt in (lambda: registry.use("x"), lambda: registry.rename("x", "y"), lambda: registry.remove("x")):
        with pytest.raises(NotFound):
            attempt()
    for name in ("", "a/b", "-x", ".hidden", "a b", "x" * 64):
        with pytest.raises(UsageError):
            registry.add(name, tmp_path)


@pytest.mark.parametrize("junk", ["", "[]", '{"workspaces": []}', "{"])
def test_a_damaged_list_is_said_with_its_remedy(tmp_path: Path, junk: str) -> None:
    file = tmp_path / "state/workspaces.json"
    file.parent.mkdir()
    file.write_text(junk)
    with pytest.raises(WorkspaceError, match="damaged") as caught:
        Registry(tmp_path / "state").entries()
    assert str(file) in str(caught.value.hint)


@pytest.mark.capability("7.7")
def test_commands_at_the_same_time_lose_no_entry(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=Registry(tmp_path / "state").add, args=(f"n{number}", tmp_path / f"d{number}"))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Registry(tmp_path / "state").entries()) == 12
