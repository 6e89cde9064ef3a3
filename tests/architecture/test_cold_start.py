"""What a light command must not import: cold start is a feature."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import Pmpc, Served

# What no list needs: a database's mapper, editors of YAML, tables for people, cryptography beside TLS.
NEVER = (
    "sqlmodel", "sqlalchemy", "alembic", "ruamel", "ruamel.yaml", "tabulate", "wcwidth", "jinja2", "cryptography",
    "pydantic", "rich", "pygments", "jmespath", "keyring", "prompt_toolkit", "click", "httpx._main", "asyncio",
    "concurrent.futures", "proxmox_mpc.simulator", "proxmox_mpc.state.store", "proxmox_mpc.output.tables",
    "proxmox_mpc.output.select",
)  # fmt: skip
CLIENT = ("httpx", "httpcore", "ssl", "http.client", "urllib.request", "proxmox_mpc.api")
DATABASE = ("sqlite3", "proxmox_mpc.state")
# Making one takes 0.4 ms of every command that imports it; a named tuple takes a fifth, a plain class nothing.
MOST_DATACLASSES = 6


MODULES = "sys.modules"
DATACLASSES = """sorted(
    f"{kind.__module__}.{kind.__name__}"
    for name, module in sys.modules.items() if name.startswith("proxmox_mpc.")
    for kind in vars(module).values()
    if getattr(kind, "__module__", "") == name and "__dataclass_fields__" in getattr(kind, "__dict__", ())
)"""


def after(
    argv: Sequence[str], environ: Mapping[str, str] | None = None, cwd: Path | None = None, names: str = MODULES
) -> set[str]:
    """Return the names (an expression) that a process of its own has after a command, which must succeed."""
    program = (
        "import sys\n"
        "from proxmox_mpc.cli.main import run\n"
        f"status = run({list(argv)!r})\n"
        f"sys.stderr.write('\\n'.join({names}))\n"
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **(environ or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.splitlines())


@pytest.mark.capability("8.8")
@pytest.mark.parametrize("argv", [("--help",), ("vm", "--help"), ("vm", "list", "--help"), ("schema", "vm", "list")])
def test_help_imports_nothing_heavy(argv: tuple[str, ...]) -> None:
    assert not after(argv).intersection((*NEVER, *CLIENT, *DATABASE))


@pytest.mark.capability("8.8")
def test_a_list_imports_the_client_and_nothing_else_that_is_heavy(serve: Callable[..., Served]) -> None:
    served = serve("homelab")
    modules = after(("vm", "list", "-o", "json"), served.environ)
    assert not modules.intersection((*NEVER, *DATABASE))
    assert served.requests == 1


@pytest.mark.capability("8.8")
def test_few_dataclasses_are_made_on_the_way_of_a_list(serve: Callable[..., Served]) -> None:
    made = after(("vm", "list", "-o", "json"), serve("homelab").environ, names=DATACLASSES)
    assert len(made) <= MOST_DATACLASSES, made


@pytest.mark.capability("8.8")
@pytest.mark.parametrize("option", [("--offline",), ("--at", "run:1")])
def test_a_list_from_the_database_imports_no_client_and_no_mapper(lab: Pmpc, option: tuple[str, ...]) -> None:
    modules = after(("vm", "list", "-o", "json", *option), cwd=lab.cwd)
    assert not modules.intersection((*NEVER, *CLIENT))


@pytest.mark.capability("8.8")
def test_completion_of_a_guest_imports_no_client_and_no_mapper(lab: Pmpc) -> None:
    modules = after(("__complete", "vm", "show", ""), cwd=lab.cwd)
    # Completion itself keeps typer from importing rich, by a mark that stands in its place.
    assert not modules.intersection((*NEVER, *CLIENT)) - {"rich"}


@pytest.mark.capability("8.8")
def test_the_version_imports_nothing_at_all() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['pmpc', '--version']\n"
        "from proxmox_mpc.__main__ import main\n"
        "before = set(sys.modules)\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "['proxmox_mpc._version']"
