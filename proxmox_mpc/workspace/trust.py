"""Which workspaces may run the commands that their config.yml names: only those the user has looked at.

Trust is kept in the user's state directory, never in the workspace, and holds for one path and one way of connecting:
whoever unpacks an archive, moves a directory or changes where a command's output goes has to trust again.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.files import locked, read_plain, write_private

_BOUND = {
    "cluster": ("endpoints", "tls", "token_id", "token_secret", "username", "password", "otp"),
    "state": ("url", "password"),
}


class Trust:
    """The file ``trust.json`` in ``home``, the user's state directory."""

    def __init__(self, home: Path, uid: int | None = None) -> None:
        self._file = home / "trust.json"
        self._uid = os.getuid() if uid is None else uid

    def holds(self, root: Path, config: JsonObject) -> bool:
        """Say whether the workspace at ``root`` may run the commands in ``config``."""
        return not commands(config) or self.granted(root, config)

    def granted(self, root: Path, config: JsonObject) -> bool:
        """Say whether the workspace was trusted with exactly what ``config`` says, commands or none."""
        return self._read().get(str(root)) == _digest(config)

    def grant(self, root: Path, config: JsonObject) -> None:
        """Trust the workspace at ``root`` with exactly what ``config`` says now."""
        self._write(root, _digest(config))

    def revoke(self, root: Path) -> None:
        """Trust the workspace at ``root`` no more."""
        self._write(root, None)

    def _read(self) -> dict[str, str]:
        found = read_plain(self._file)
        if found is None:
            return {}
        if found[1].st_uid != self._uid or found[1].st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise WorkspaceError(
                f"{self._file} can be written by somebody else, so it vouches for nothing", hint=f"rm {self._file}"
            )
        try:
            data = json.loads(found[0])
            return {str(path): str(digest) for path, digest in data.items()}
        except (ValueError, AttributeError) as error:
            raise WorkspaceError(f"{self._file} is damaged", hint=f"rm {self._file}") from error

    def _write(self, root: Path, digest: str | None) -> None:
        with locked(self._file.with_suffix(".lock")):
            known = self._read()
            if digest is None:
                known.pop(str(root), None)
            else:
                known[str(root)] = digest
            write_private(self._file, json.dumps(known, indent=2) + "\n")


def commands(config: JsonObject) -> dict[str, str]:
    """Return the commands that ``config`` names, by the key they stand at."""
    found: dict[str, str] = {}
    for section, names in _BOUND.items():
        values = config.get(section)
        for name in names if isinstance(values, dict) else ():
            source = values.get(name) if isinstance(values, dict) else None
            command = source.get("command") if isinstance(source, dict) else None
            if isinstance(command, str):
                found[f"{section}.{name}"] = command
    return found


def _digest(config: JsonObject) -> str:
    import hashlib

    bound: dict[str, Json] = {}
    for section, names in _BOUND.items():
        values = config.get(section)
        bound[section] = {name: values[name] for name in names if name in values} if isinstance(values, dict) else {}
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()
