"""Databases that are made once and used again, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxmox_mpc.state import StateStore
from tests.databases import Database


@pytest.fixture
def fresh(new_database: Callable[[], Database]) -> Callable[[], StateStore]:
    """Return a function that opens an empty database; the one before it is closed."""
    made: list[Database] = []

    def make() -> StateStore:
        for database in made:
            database.give_back()
        made[:] = [new_database()]
        return made[0].open()

    return make
