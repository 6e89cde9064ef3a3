"""The workspaces that a user has made or named, kept in his state directory: names, paths, the chosen one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.errors import NotFound, UsageError, WorkspaceError
from proxmox_mpc.workspace.files import locked, read_plain, write_private
from proxmox_mpc.workspace.layout import is_workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")


class Entry(NamedTuple):
    """One registered workspace; ``stale`` when its directory is not there any more."""

    name: str
    path: Path
    current: bool
    stale: bool


class _Content:
    def __init__(self, current: str | None, paths: dict[str, str]) -> None:
        self.current = current
        self.paths = paths


class Registry:
    """The file ``workspaces.json`` in ``home``, the user's state directory; every change is locked and atomic."""

    def __init__(self, home: Path) -> None:
        self._file = home / "workspaces.json"

    def entries(self) -> list[Entry]:
        """Return what is registered, by name."""
        content = self._read()
        return [
            Entry(name, Path(path), name == content.current, not is_workspace(Path(path)))
            for name, path in sorted(content.paths.items())
        ]

    def path_of(self, name: str) -> Path | None:
        """Return where the workspace ``name`` is, or None if there is no such name."""
        path = self._read().paths.get(name)
        return None if path is None else Path(path)

    def name_of(self, root: Path) -> str | None:
        """Return the name under which the workspace at ``root`` is registered."""
        return next((name for name, path in self._read().paths.items() if path == str(root)), None)

    def current(self) -> Path | None:
        """Return the path of the workspace chosen by ``workspace use``."""
        content = self._read()
        path = content.paths.get(content.current or "")
        return None if path is None else Path(path)

    def add(self, name: str, root: Path) -> str:
        """Register ``root`` as ``name`` and return the name it got: ``name-2`` where another one lives under it."""
        given = check_name(name)

        def change(content: _Content) -> None:
            nonlocal given
            for known in [key for key, path in content.paths.items() if path == str(root)]:
                del content.paths[known]
            given = _free(given, content.paths)
            content.paths[given] = str(root)

        self._change(change)
        return given

    def use(self, name: str) -> None:
        """Choose the workspace that commands outside of any workspace work in; raises NotFound."""

        def change(content: _Content) -> None:
            _known(content, name)
            content.current = name

        self._change(change)

    def rename(self, old: str, new: str) -> None:
        """Give the workspace ``old`` another name; raises NotFound, or WorkspaceError if the name is taken."""
        check_name(new)

        def change(content: _Content) -> None:
            _known(content, old)
            if new in content.paths:
                raise WorkspaceError(f"the name {new} is taken by {content.paths[new]}")
            content.paths[new] = content.paths.pop(old)
            content.current = new if content.current == old else content.current

        self._change(change)

    def remove(self, name: str) -> Path:
        """Forget the workspace ``name`` and return where it is; its files stay."""

        path = self.path_of(name)

        def change(content: _Content) -> None:
            _known(content, name)
            del content.paths[name]
            content.current = None if content.current == name else content.current

        self._change(change)
        return path or Path()

    def _read(self) -> _Content:
        found = read_plain(self._file)
        if found is None:
            return _Content(None, {})
        try:
            data = json.loads(found[0])
            paths = {str(name): str(path) for name, path in data["workspaces"].items()}
            current = data.get("current")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise WorkspaceError(
                f"{self._file} is damaged", hint=f"rm {self._file}; then register each by: pmpc -w DIR workspace use"
            ) from error
        return _Content(current if isinstance(current, str) else None, paths)

    def _change(self, change: Callable[[_Content], None]) -> None:
        with locked(self._file.with_suffix(".lock")):
            content = self._read()
            change(content)
            data = {"current": content.current, "workspaces": content.paths}
            write_private(self._file, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def check_name(name: str) -> str:
    """Return ``name`` if a workspace may have it; raises UsageError."""
    if not _NAME.match(name):
        raise UsageError(f"{name!r} is no name for a workspace: letters, digits, dot, dash and underscore, at most 63")
    return name


def _known(content: _Content, name: str) -> Path:
    if name not in content.paths:
        raise NotFound(f"no workspace is registered as {name}", hint="pmpc workspace list")
    return Path(content.paths[name])


def _free(name: str, taken: dict[str, str]) -> str:
    number, free = 1, name
    while free in taken and is_workspace(Path(taken[free])):
        number += 1
        free = f"{name[:58]}-{number}"
    return free
