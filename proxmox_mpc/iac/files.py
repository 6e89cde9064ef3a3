"""Generated files on disk: ours are known by their checksum, those that people edited are never overwritten.

``.pmpc.json`` in the directory holds the checksum of every file as it was generated.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.errors import ConfigError, Conflict, StateError

OURS = ".pmpc.json"
Action: TypeAlias = Literal["written", "changed", "unchanged", "removed", "kept", "beside", "edited"]
"""``kept``: somebody edited it, and what is generated is as it was. ``edited``: somebody edited it, and what is
generated has changed too. ``beside``: that was written as FILE.new."""
NEW = ".new"


class FileState(NamedTuple):
    """One file: what is or would be done to it, and the difference between what is there and what is generated."""

    path: str
    action: Action
    diff: str


def compare(root: Path, generated: Mapping[str, str]) -> list[FileState]:
    """Return what writing would do to each file, those that are no longer generated included; nothing is written."""
    ours = _ours(root)
    found = [_state(root, path, text, ours.get(path)) for path, text in sorted(generated.items())]
    for path in sorted(ours.keys() - generated.keys()):
        there = _read(root, path)
        if there is not None:
            edited = _sum(there) != ours[path]
            found.append(FileState(path, "kept" if edited else "removed", "" if edited else _diff(path, there, "")))
    return found


def _state(root: Path, path: str, text: str, sum_: str | None) -> FileState:
    there = _read(root, path)
    if there is None:
        return FileState(path, "written", _diff(path, "", text))
    if there == text:
        return FileState(path, "unchanged", "")
    if sum_ is not None and _sum(there) == sum_:
        return FileState(path, "changed", _diff(path, there, text))
    action: Action = "kept" if sum_ == _sum(text) else "edited"
    return FileState(path, action, _diff(path, there, text))


def write(root: Path, generated: Mapping[str, str], *, force: bool = False, beside: bool = False) -> list[FileState]:
    """Write what is generated; raises Conflict, having written nothing, where an edited file would be overwritten.

    ``force`` overwrites those, ``beside`` writes what is generated as FILE.new for them.
    """
    states = compare(root, generated)
    edited = [one for one in states if one.action == "edited"]
    if edited and not (force or beside):
        raise Conflict(
            f"edited since they were generated: {', '.join(one.path for one in edited)}",
            hint="see: pmpc iac diff; --merge writes FILE.new beside them, --force overwrites them",
            details={"files": [one.path for one in edited], "diff": "".join(one.diff for one in edited)},
        )
    sums = _ours(root)
    done: list[FileState] = []
    for one in states:
        made = one
        if one.action in ("written", "changed") or (
            one.action in ("edited", "kept") and force and one.path in generated
        ):
            _write(root, one.path, generated[one.path])
            made = one._replace(action="written" if one.action == "written" else "changed")
        elif one.action == "edited":
            _write(root, one.path + NEW, generated[one.path])
            made = one._replace(action="beside")
        elif one.action == "removed":
            (root / one.path).unlink(missing_ok=True)
        if one.path in generated:
            sums[one.path] = _sum(generated[one.path])
        else:
            sums.pop(one.path, None)
        done.append(made)
    _write(root, OURS, json.dumps({"version": 1, "files": dict(sorted(sums.items()))}, indent=1) + "\n")
    return done


def read_kept(root: Path, path: str) -> str | None:
    """Return a file of ours as it is on disk, None where there is none."""
    return _read(root, path)


def _ours(root: Path) -> dict[str, str]:
    text = _read(root, OURS)
    if text is None:
        return {}
    try:
        found = json.loads(text)["files"]
        return {path: str(sum_) for path, sum_ in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{root / OURS} cannot be read: it says which files were generated",
            hint="delete it: then every file that differs counts as edited",
        ) from error


def _read(root: Path, path: str) -> str | None:
    _refuse_links(root, path)
    try:
        return (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"{root / path} cannot be read: {error}") from error


def _write(root: Path, path: str, text: str) -> None:
    _refuse_links(root, path)
    target = root / path
    beside = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        with beside.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StateError(f"{target} cannot be written: {error.strerror}") from error


def _refuse_links(root: Path, path: str) -> None:
    here = root
    for part in Path(path).parts:
        here = here / part
        if part == ".." or here.is_symlink():
            raise StateError(
                f"{here} is a symlink, or leads out of {root}: nothing is written there", hint=f"rm {here}"
            )


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path} (on disk)", f"{path} (generated)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
