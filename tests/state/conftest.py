"""A database that is made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxmox_mpc.state import StateStore


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema."""
    path = tmp_path_factory.mktemp("blank") / "state.db"
    StateStore.open(path).close()
    return path


@pytest.fixture
def fresh(blank: Path, tmp_path: Path) -> Iterator[Callable[[], StateStore]]:
    """Return a function that opens an empty database of its own."""
    opened: list[StateStore] = []

    def make() -> StateStore:
        path = tmp_path / f"{len(opened)}" / "state.db"
        path.parent.mkdir()
        shutil.copy(blank, path)
        opened.append(StateStore.open(path))
        return opened[-1]

    yield make
    for store in opened:
        store.close()
