"""The recorded state: what a pull last saw of a cluster, and the history of every object.

``RecordedSource`` and ``light`` read with the standard library alone and start fast; ``StateStore`` writes, and brings
SQLAlchemy along. Both names are loaded when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxmox_mpc.state.recorded import RecordedSource as RecordedSource
    from proxmox_mpc.state.store import StateStore as StateStore

__all__ = ["RecordedSource", "StateStore"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    homes = {"RecordedSource": "proxmox_mpc.state.recorded", "StateStore": "proxmox_mpc.state.store"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)
