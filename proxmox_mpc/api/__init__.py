"""The client of the PVE API: ``connect`` gives an ``Api`` that reads, sends what the guard hands it, and waits.

httpx is imported when the first request is sent, so that this package costs a command nothing that asks nothing; so are
the names that only waiting and tracing need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxmox_mpc.api.client import Api, connect
from proxmox_mpc.api.retry import Backoff, RetryPolicy
from proxmox_mpc.api.wire import TransportFactory, split_endpoint

if TYPE_CHECKING:
    from proxmox_mpc.api.tasks import TaskStatus
    from proxmox_mpc.api.tls import Certificate, fetch_certificate
    from proxmox_mpc.api.trace import Exchange, Trace

__all__ = [
    "Api",
    "Backoff",
    "Certificate",
    "Exchange",
    "RetryPolicy",
    "TaskStatus",
    "Trace",
    "TransportFactory",
    "connect",
    "fetch_certificate",
    "split_endpoint",
]

_LATER = {
    "Certificate": "tls",
    "Exchange": "trace",
    "TaskStatus": "tasks",
    "Trace": "trace",
    "fetch_certificate": "tls",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
