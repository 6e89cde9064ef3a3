"""Manifests written: found whatever their label, never over a change that nobody has read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from proxmox_mpc.declared.edit import edited
from proxmox_mpc.declared.files import remove_file, write_file
from proxmox_mpc.declared.manifest import KINDS, Ident, Resolved
from proxmox_mpc.declared.names import ident_of
from proxmox_mpc.declared.reading import read_text
from proxmox_mpc.declared.tree import files_below
from proxmox_mpc.errors import ManifestError


def manifests(infra: Path) -> dict[Ident, str]:
    """Return the file of every object that has one, without reading any; of two files of one object the first."""
    found: dict[Ident, str] = {}
    for path in sorted(files_below(infra, "", [])):
        try:
            if path.partition("/")[0] in KINDS:
                found.setdefault(ident_of(path), path)
        except ManifestError:
            continue
    return found


def save(infra: Path, path: str, text: str, was: str | None) -> bool:
    """Write a file that held ``was`` when it was read (None: there was none); False where nothing changes.

    Raises ManifestError, and writes nothing, where it holds something else by now.
    """
    _refuse_change(infra, path, was)
    return write_file(infra, path, text)


def drop(infra: Path, path: str, was: str) -> bool:
    """Remove a file that held ``was`` when it was read; False where it is gone already. Raises ManifestError."""
    if read_text(infra, path) is None:
        return False
    _refuse_change(infra, path, was)
    return remove_file(infra, path)


def carried(resolved: Resolved, sets: Mapping[str, str], deletes: Iterable[str] = ()) -> str:
    """Return the manifest's text with keys as they are live; a deleted key that would be inherited becomes null."""
    gone = {*deletes} - {*sets}
    nulls: dict[str, str | None] = dict.fromkeys(sorted(gone & resolved.inherited))
    manifest = resolved.manifest
    return edited(manifest.text, {**sets, **nulls}, gone - nulls.keys(), manifest.path)


def _refuse_change(infra: Path, path: str, was: str | None) -> None:
    now = read_text(infra, path)
    if now != was:
        what = "was made" if was is None else "was removed" if now is None else "was changed"
        problem = f"the file {what} since it was read, so nothing is written to it"
        raise ManifestError(problem, file=path, remedy="run the command again")
