"""What a workspace on disk has to be before anything in it is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.files import locked, private_dir, read_plain, write_private
from proxmox_mpc.workspace.layout import open_workspace
from tests.workspace.helpers import make

UID = os.getuid()


@pytest.mark.capability("6.2")
def test_a_sound_workspace_opens_without_a_word(tmp_path: Path) -> None:
    place, warnings = open_workspace(make(tmp_path / "lab"), UID)
    assert place.root == tmp_path / "lab"
    assert place.state_db == tmp_path / "lab/.proxmox/state.db"
    assert warnings == ()


@pytest.mark.capability("9.5", "9.4")
@pytest.mark.parametrize(
    ("part", "mode", "remedy"),
    [
        (".proxmox", 0o755, "chmod 700"),
        (".proxmox", 0o710, "chmod 700"),
        (".proxmox/config.yml", 0o660, "chmod 600"),
        (".proxmox/config.yml", 0o602, "chmod 600"),
        (".proxmox/state.db", 0o640, "chmod 600"),
        (".proxmox/cache", 0o755, "chmod 700"),
        (".proxmox/backups", 0o750, "chmod 700"),
    ],
)
def test_what_others_may_read_or_write_is_refused_with_its_remedy(
    tmp_path: Path, part: str, mode: int, remedy: str
) -> None:
    root = make(tmp_path / "lab")
    (root / ".proxmox/cache").mkdir(mode=0o700)
    (root / ".proxmox/backups").mkdir(mode=0o700)
    write_private(root / ".proxmox/state.db", "")
    (root / part).chmod(mode)
    with pytest.raises(WorkspaceError) as caught:
        open_workspace(root, UID)
    assert caught.value.exit_status == 3
    assert caught.value.hint == f"{remedy} {root / part}"


@pytest.mark.capability("9.5")
def test_a_readable_configuration_warns(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    (root / ".proxmox/config.yml").chmod(0o644)
    _, warnings = open_workspace(root, UID)
    assert [warn.code for warn in warnings] == ["config_readable"]
    assert warnings[0].hint == f"chmod 600 {root / '.proxmox/config.yml'}"


def test_a_fresh_clone_is_closed_at_its_first_use(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    (root / ".proxmox").chmod(0o755)
    open_workspace(root, UID)
    assert (root / ".proxmox").stat().st_mode & 0o777 == 0o700


@pytest.mark.capability("9.5")
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="belongs to the user"):
        open_workspace(make(tmp_path / "lab"), UID + 1)


@pytest.mark.capability("9.5")
@pytest.mark.parametrize("part", [".proxmox", ".proxmox/config.yml", ".proxmox/state.db", ".proxmox/cache"])
def test_a_symlink_in_place_of_a_part_is_refused(tmp_path: Path, part: str) -> None:
    root = make(tmp_path / "lab")
    target = tmp_path / "elsewhere"
    if (root / part).exists():
        (root / part).rename(target)
    (root / part).symlink_to(target)
    with pytest.raises(WorkspaceError, match="symlink"):
        open_workspace(root, UID)


def test_a_workspace_without_configuration_is_not_passed_over_for_another(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    (root / ".proxmox/config.yml").unlink()
    with pytest.raises(WorkspaceError, match=r"has no config\.yml"):
        open_workspace(root, UID)


@pytest.mark.capability("9.5", "7.6")
def test_a_private_file_is_replaced_whole_and_never_through_a_symlink(tmp_path: Path) -> None:
    directory = private_dir(tmp_path / "a/b")
    assert directory.stat().st_mode & 0o777 == 0o700
    file, outside = directory / "file", tmp_path / "outside"
    outside.write_text("untouched")
    file.symlink_to(outside)
    write_private(file, "new")
    assert outside.read_text() == "untouched"
    assert not file.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in directory.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_text_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_private(file, "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        write_private(file, "new")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_reading_refuses_symlinks_devices_and_giants(tmp_path: Path) -> None:
    assert read_plain(tmp_path / "absent") is None
    write_private(tmp_path / "file", "text")
    (tmp_path / "link").symlink_to("file")
    for path, words in ((tmp_path / "link", "symlink"), (tmp_path, "regular file")):
        with pytest.raises(WorkspaceError, match=words):
            read_plain(path)
    with pytest.raises(WorkspaceError, match="larger"):
        read_plain(tmp_path / "file", limit=3)


def test_a_lock_file_is_no_symlink(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(WorkspaceError, match="cannot lock"), locked(tmp_path / "lock"):
        raise AssertionError("not reached")
    assert not (tmp_path / "victim").exists()
