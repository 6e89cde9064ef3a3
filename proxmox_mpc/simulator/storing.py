"""Keeps a world in a file: read when it changed, written whole or not at all, one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxmox_mpc.simulator.world import World


class DamagedWorld(ValueError):
    """A file from which no world can be read."""


def load(path: Path) -> World:
    """Read a world; raises DamagedWorld when the file is none."""
    try:
        doc = json.loads(path.read_bytes())
        if not isinstance(doc, dict):
            raise ValueError("it is no JSON object")
        return World.from_json(doc)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DamagedWorld(f"{path} holds no world: {error}") from error


def save(world: World, path: Path) -> None:
    """Write a world so that the file is the old one or the new one at every moment, for its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(world.to_json(), file, separators=(",", ":"))
    draft.replace(path)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever :func:`save` wrote the file; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside a world's file against other processes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
