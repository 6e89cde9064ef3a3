"""What a light command must not import: cold start is a feature."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "httpx", "sqlmodel", "sqlalchemy", "alembic", "ruamel.yaml", "tabulate", "jinja2", "cryptography", "pydantic",
    "rich", "jmespath", "keyring", "prompt_toolkit", "proxmox_mpc.simulator", "proxmox_mpc.state", "proxmox_mpc.api",
)  # fmt: skip


def imported(*argv: str) -> set[str]:
    program = (
        "import sys\n"
        "from proxmox_mpc.cli.main import run\n"
        f"run({list(argv)!r}, environ={{}})\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines())


@pytest.mark.capability("8.8")
@pytest.mark.parametrize("argv", [("--help",), ("vm", "--help"), ("vm", "list", "--help"), ("schema", "vm", "list")])
def test_help_imports_nothing_heavy(argv: tuple[str, ...]) -> None:
    assert imported(*argv).isdisjoint(HEAVY)


@pytest.mark.capability("8.8")
def test_the_version_imports_nothing_at_all() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['pmpc', '--version']\n"
        "from proxmox_mpc.__main__ import main\n"
        "before = set(sys.modules)\n"
        "main()\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "['proxmox_mpc._version']"
