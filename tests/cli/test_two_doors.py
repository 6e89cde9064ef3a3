"""The same commands give the same answers in process (``sim://``) and over TLS (``sim serve``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from proxmox_mpc.cli.tree import Leaf
from proxmox_mpc.simulator.clock import ManualClock
from tests.architecture.test_tree import verb_of
from tests.cli.samples import NOT_CALLED, REFUSED, arguments
from tests.conftest import Pmpc, Served
from tests.tools.tree import leaves

NOW = 1_795_375_657.0
# They speak of this machine: its files, its database, its connection.
LOCAL = {"workspace", "sync", "iac", "audit", "safety", "sim", "help", "schema", "completion", "doctor", "status"}
# They say how long they have waited.
CLOCKED = {"task wait", "guest wait", "vm wait", "ct wait"}
READS = [
    pytest.param(words, leaf, id=" ".join(words))
    for words, leaf in leaves()
    if words[0] not in LOCAL
    and " ".join(words) not in NOT_CALLED | REFUSED | CLOCKED
    and words[-1] != "history"
    and not verb_of(leaf).mutating
]


@pytest.mark.capability("4.2", "4.9")
@pytest.mark.parametrize(("words", "leaf"), READS)
def test_both_doors_say_the_same(
    words: tuple[str, ...],
    leaf: Leaf,
    pmpc: Pmpc,
    serve: Callable[..., Served],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    still = SimpleNamespace(time=lambda: NOW, sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr("proxmox_mpc.simulator.clock.time", still)
    monkeypatch.setattr("proxmox_mpc.cli.context.time", still)
    inside = Pmpc(pmpc.cwd, {"PMPC_URL": "sim://homelab"})
    outside = Pmpc(pmpc.cwd, serve("homelab", clock=ManualClock(NOW)).environ)
    called = [*words, *arguments(inside, words), "-o", "json"]
    one, other = inside(*called), outside(*called)
    assert (one.status, one.json, one.stderr) == (other.status, other.json, other.stderr)
