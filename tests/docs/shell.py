"""Runs commands as a user's shell would, with this pmpc first on the path."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import Outcome


def bash(script: str, directory: Path, env: Mapping[str, str] | None = None) -> Outcome:
    """Run a bash script in ``directory``."""
    return _run(["bash", "-c", script], directory, env or {})


def example(path: Path, directory: Path, env: Mapping[str, str] | None = None) -> Outcome:
    """Run one of the examples in ``directory``."""
    return _run(["bash", str(path)], directory, env or {})


def _run(argv: Sequence[str], directory: Path, env: Mapping[str, str]) -> Outcome:
    programs = Path(os.environ["HOME"]) / "bin"
    programs.mkdir(exist_ok=True)
    pmpc = programs / "pmpc"
    if not pmpc.exists():
        pmpc.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m proxmox_mpc "$@"\n')
        pmpc.chmod(0o755)
    done = subprocess.run(
        argv,
        cwd=directory,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **env},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
