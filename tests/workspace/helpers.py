"""Workspaces on disk and settings from them, for tests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from proxmox_mpc.workspace.secrets import Ask, SecretContext
from proxmox_mpc.workspace.settings import Settings, resolve

REAL = """\
version: 1
name: lab
cluster:
  endpoints: [pve1.example.com]
  token_id: ops@pve!cli
  token_secret: {env: LAB_SECRET}
"""


def make(root: Path, text: str = REAL) -> Path:
    """Make a workspace by hand and return its root."""
    directory = root / ".proxmox"
    directory.mkdir(parents=True, mode=0o700)
    directory.chmod(0o700)
    (directory / "config.yml").write_text(text)
    (directory / "config.yml").chmod(0o600)
    return root


def settings(
    cwd: Path, environ: Mapping[str, str] | None = None, *, workspace: str | None = None, no_input: bool = False
) -> Settings:
    """Resolve in a home of its own beside ``cwd``."""
    return resolve(
        environ=environ or {},
        cwd=cwd,
        home=cwd / "home",
        uid=os.getuid(),
        workspace=workspace,
        no_input=no_input,
        simulated=lambda _url: ("root@pam!sim", "simulated"),
    )


def reading(base: Path, environ: Mapping[str, str] | None = None, *, ask: Ask | None = None, uid: int | None = None,
            trusted: bool = False) -> SecretContext:  # fmt: skip
    """What a secret is read with."""
    return SecretContext(
        environ={} if environ is None else environ,
        base=base,
        home=base / "home",
        uid=os.getuid() if uid is None else uid,
        ask=ask,
        trusted=lambda: trusted,
    )
