"""The public names of the package, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import proxmox_mpc.api


def test_every_public_name_is_there() -> None:
    for name in proxmox_mpc.api.__all__:
        assert getattr(proxmox_mpc.api, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        proxmox_mpc.api.nothing_like_it  # noqa: B018


HEAVY = "httpx httpcore ssl click certifi cryptography asyncio email proxmox_mpc.api.tls proxmox_mpc.api.tasks"


@pytest.mark.capability("8.8")
def test_nothing_heavy_comes_before_the_first_request() -> None:
    program = f"""
import sys
from proxmox_mpc.api import connect
from proxmox_mpc.domain.connection import Connection, Secret, Token
connect(Connection(("https://pve1:8006",), Token("root@pam!ci", lambda: Secret("x"))))
print([name for name in {HEAVY.split()} if name in sys.modules])
"""
    assert _output(program) == "[]"


@pytest.mark.capability("8.8")
def test_a_request_leaves_the_command_line_of_httpx_out() -> None:
    program = """
import sys
from proxmox_mpc.api import connect
from proxmox_mpc.domain.connection import Connection, Secret, Token, Tls
from proxmox_mpc.errors import Unreachable
api = connect(
    Connection(("https://127.0.0.1:9",), Token("root@pam!ci", lambda: Secret("x")), Tls(fingerprint="ab" * 32)),
    sleep=lambda seconds: None,
)
try:
    api.read("/version")
except Unreachable:
    print([name for name in ("click", "rich", "cryptography", "httpx._main") if name in sys.modules])
import httpx
print(callable(httpx.main))
"""
    assert _output(program) == "[]\nTrue"


def _output(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()
