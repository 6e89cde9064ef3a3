"""Which workspace a command works in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.layout import is_workspace

if TYPE_CHECKING:
    from proxmox_mpc.workspace.registry import Registry


def find_root(
    named: str | None, environ: Mapping[str, str], cwd: Path, home: Path, user_state: Path, chosen: bool
) -> tuple[Path, str] | None:
    """Return the workspace's directory and what named it, or None where there is none.

    In order: ``named`` (the option: a path or a registered name), PMPC_WORKSPACE, the nearest ``.proxmox`` from
    ``cwd`` upwards, and if ``chosen`` is allowed the one of ``workspace use``, kept in ``user_state``.

    Raises WorkspaceError.
    """
    if named:
        return _named(named, cwd, home, user_state), "option"
    variable = environ.get("PMPC_WORKSPACE")
    if variable:
        return _named(variable, cwd, home, user_state), "PMPC_WORKSPACE"
    for directory in (cwd, *cwd.parents):
        if is_workspace(directory):
            return directory, "directory"
    current = _registry(user_state).current() if chosen else None
    return None if current is None else (current, "workspace use")


def _named(text: str, cwd: Path, home: Path, user_state: Path) -> Path:
    path = home / text[2:] if text.startswith("~/") else cwd / text
    if os.sep in text or text in (".", "..", "~"):
        return home if text == "~" else path
    known = _registry(user_state).path_of(text)
    if known is None:
        if is_workspace(path):
            return path
        raise WorkspaceError(
            f"there is no workspace {text}, neither a registered name nor a directory", hint="pmpc workspace list"
        )
    if is_workspace(path) and path.resolve() != known:
        raise WorkspaceError(
            f"{text} is a registered workspace ({known}) and a directory here", hint=f"write ./{text} for the directory"
        )
    return known


def _registry(user_state: Path) -> Registry:
    # Most commands stand in their workspace and never ask.
    from proxmox_mpc.workspace.registry import Registry

    return Registry(user_state)
