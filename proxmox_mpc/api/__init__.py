"""The client of the PVE API: ``connect`` gives an ``Api`` that reads, sends what the guard hands it, and waits.

httpx is imported when the first request is sent, so that this package costs a command nothing that asks nothing;
``api.tasks`` (TaskStatus) and ``api.trace`` (Exchange, Trace) are imported by whoever waits or watches.
"""

from proxmox_mpc.api.client import Api, connect
from proxmox_mpc.api.retry import Backoff, RetryPolicy
from proxmox_mpc.api.wire import TransportFactory, split_endpoint

__all__ = [
    "Api",
    "Backoff",
    "RetryPolicy",
    "TransportFactory",
    "connect",
    "split_endpoint",
]
