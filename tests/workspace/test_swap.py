"""An exchange of parts is whole or taken back, and never done by two at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxmox_mpc.errors import Conflict, WorkspaceError
from proxmox_mpc.workspace import swap
from proxmox_mpc.workspace.layout import EXCHANGE

PARTS = (".proxmox/state.db", "infra", "templates", ".proxmox/frozen")


class Killed(BaseException):
    """Stands for a process that is gone: nothing after it is run."""


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "backups" not in path.parts and ".work" not in str(path) and path.suffix != ".lock"
    }


def prepared(root: Path) -> Path:
    staged = root / ".proxmox" / ".work-1"
    for base, content in ((root, "old"), (staged, "new")):
        for name in (".proxmox/state.db", "infra/a", f"infra/{content}"):
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(content)
    (root / "templates").mkdir()
    (root / "templates" / "t").write_text("old")
    (staged / ".proxmox" / "frozen").write_text("new")
    return staged


@pytest.mark.capability("6.7", "3.6")
def test_every_moment_of_an_exchange_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = tmp_path / "reference"
    prepared(reference)
    before = tree(reference)
    move = os.rename
    for moment in range(20):
        root = tmp_path / str(moment)
        staged = prepared(root)
        left = [moment]

        def counted(source: Path, target: Path, left: list[int] = left) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            move(source, target)

        monkeypatch.setattr(os, "rename", counted)
        try:
            swap.replace(root / ".proxmox", staged, PARTS, root / ".proxmox/backups/aside")
        except Killed:
            monkeypatch.setattr(os, "rename", move)
            assert swap.recover(root / ".proxmox")
            assert tree(root) == before, moment
            assert not swap.recover(root / ".proxmox")
            continue
        assert moment >= 6
        assert tree(root) == {
            ".proxmox/state.db": "new",
            ".proxmox/frozen": "new",
            "infra/a": "new",
            "infra/new": "new",
        }
        assert (root / ".proxmox/backups/aside/infra/old").read_text() == "old"
        return
    raise AssertionError("the exchange never ended")


@pytest.mark.capability("6.7")
def test_a_part_that_cannot_be_moved_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = prepared(tmp_path / "lab")
    before = tree(tmp_path / "lab")
    move = os.rename

    def refused(source: Path, target: Path) -> None:
        if "infra" in str(source) and ".work" in str(source):
            raise OSError(16, "Device or resource busy", str(source))
        move(source, target)

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(WorkspaceError, match="busy; nothing was changed"):
        swap.replace(tmp_path / "lab/.proxmox", staged, PARTS, tmp_path / "lab/.proxmox/backups/aside")
    assert tree(tmp_path / "lab") == before


def test_two_at_once_are_refused_and_leftovers_cleared(tmp_path: Path) -> None:
    (tmp_path / ".work-dead").mkdir()
    with swap.exclusive(tmp_path):
        assert not (tmp_path / ".work-dead").exists()
        with pytest.raises(Conflict, match="another process"), swap.exclusive(tmp_path):
            pass


def test_a_marker_that_cannot_be_read_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / EXCHANGE).write_text("{")
    with pytest.raises(WorkspaceError, match="cannot be taken back") as caught:
        swap.recover(tmp_path)
    assert caught.value.hint is not None and "move them back by hand" in caught.value.hint
