"""Certificates and raw servers for the tests of the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.api.wire_server import Behaviour, Identity, WireServer

StartServer = Callable[[Behaviour], WireServer]


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """The certificate that the servers present."""
    return Identity.make(tmp_path_factory.mktemp("tls"), "pve1")


@pytest.fixture(scope="session")
def other_identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Another certificate for the same address."""
    return Identity.make(tmp_path_factory.mktemp("tls"), "pve2")


@pytest.fixture
def server(identity: Identity) -> Iterator[StartServer]:
    """Start servers that behave as a function says."""
    with ExitStack() as stack:
        yield lambda behaviour: stack.enter_context(WireServer(identity, behaviour))
