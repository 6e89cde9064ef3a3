"""What every test can use: pmpc as a user runs it, a workspace on the simulator, and no way out of this machine."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import blank as blank
from tests.databases import database as database
from tests.databases import new_database as new_database
from tests.databases import on_each_kind
from tests.databases import postgresql as postgresql
from tests.tools.evidence import Evidence

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.stdout)

    @property
    def events(self) -> list[dict[str, Any]]:
        """stderr as the JSON objects that stand on its lines."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The one error on stderr of a command with -o json."""
        found: list[dict[str, Any]] = [event["error"] for event in self.events if "error" in event]
        assert len(found) == 1, self.stderr
        return found[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the big matrices whole, not a sample of them")
    parser.addoption("--capabilities", action="store_true", help="say which capabilities passing tests have proven")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Evidence(show=bool(config.getoption("--capabilities"))), "pmpc-evidence")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--whole"):
        return
    whole = [item for item in items if item.get_closest_marker("whole")]
    config.hook.pytest_deselected(items=whole)
    items[:] = [item for item in items if not item.get_closest_marker("whole")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    on_each_kind(metafunc)


def pytest_testnodedown(node: WorkerController, error: object) -> None:
    evidence = node.config.pluginmanager.get_plugin("pmpc-evidence")
    if isinstance(evidence, Evidence):
        evidence.merge(getattr(node, "workeroutput", {}))


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to any address that is not loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def scrubbed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the test a home of its own and no PMPC_ variable; returns the home."""
    for name in list(os.environ):
        if name.startswith(("PMPC_", "XDG_")) or name in ("NO_COLOR", "EDITOR", "VISUAL"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "100")
    return home


@dataclass
class Pmpc:
    """Runs pmpc in this process, as ``pmpc ARGS`` in ``cwd`` would: no terminal, output caught."""

    cwd: Path
    environ: dict[str, str]

    def __call__(self, *argv: str | int, env: Mapping[str, str] | None = None, stdin: str = "") -> Outcome:
        from proxmox_mpc.cli.main import run
        from proxmox_mpc.output.streams import Streams

        stdout, stderr = io.StringIO(), io.StringIO()
        environ = {**os.environ, **self.environ, **(env or {})}
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            status = run(
                [str(word) for word in argv],
                environ=environ,
                cwd=self.cwd,
                streams=Streams(io.StringIO(stdin), stdout, stderr),
            )
        return Outcome(status, stdout.getvalue(), stderr.getvalue())

    def ok(self, *argv: str | int, env: Mapping[str, str] | None = None) -> Any:
        """Run with -o json, expect 0, and return the data."""
        outcome = self(*argv, "-o", "json", env=env)
        assert outcome.status == 0, outcome
        return outcome.json

    def process(self, *argv: str | int, env: Mapping[str, str] | None = None) -> Outcome:
        """Run as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "proxmox_mpc", *(str(word) for word in argv)],
            cwd=self.cwd,
            env={**os.environ, **self.environ, **(env or {})},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def pmpc(tmp_path: Path) -> Pmpc:
    """pmpc in an empty directory."""
    return Pmpc(tmp_path, {})


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that makes (once) a pulled workspace on a simulated world."""
    made: dict[str, Path] = {}

    def make(world: str) -> Path:
        if world not in made:
            root = tmp_path_factory.mktemp("made") / "lab"
            maker = Pmpc(root.parent, {"HOME": str(root.parent / "home"), "TZ": "UTC"})
            outcome = maker(
                "workspace", "init", str(root), "--name", "lab", "--url", f"sim://{world}", "--no-input", "--pull"
            )
            assert outcome.status == 0, outcome
            made[world] = root
        return made[world]

    return make


@pytest.fixture
def lab(tmp_path: Path, made_workspace: Callable[[str], Path]) -> Iterator[Pmpc]:
    """pmpc in a workspace of its own on the simulated homelab, already pulled."""
    root = tmp_path / "lab"
    shutil.copytree(made_workspace("homelab"), root, symlinks=True)
    lab = Pmpc(root, {})
    assert lab("workspace", "use", str(root)).status == 0
    yield lab


@dataclass
class Served:
    """A simulated cluster behind TLS on loopback, and how to reach it."""

    server: Any
    environ: dict[str, str]
    writes: list[str]

    @property
    def requests(self) -> int:
        """How many requests arrived."""
        count: int = self.server.simulator.requests
        return count

    def as_token(self, token: str) -> dict[str, str]:
        """Return the environ with another of the world's tokens: ``nobody@pve!nothing``."""
        user, _, name = token.partition("!")
        secret: str = self.server.simulator.world.users[user].tokens[name].secret
        return {**self.environ, "PMPC_TOKEN_ID": token, "PMPC_TOKEN_SECRET": secret}


def _writes_of(simulator: Any) -> list[str]:
    """Return a list that grows by every writing request that reaches the simulator."""
    seen: list[str] = []
    handle = simulator.handle

    def watched(request: Any) -> Any:
        if request.method != "GET":
            seen.append(f"{request.method} {request.path}")
        return handle(request)

    simulator.handle = watched
    return seen


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Return a function that serves a world: ``serve("homelab", faults=[…])``."""
    from proxmox_mpc.simulator import open_world
    from proxmox_mpc.simulator import serve as start
    from proxmox_mpc.simulator.clock import Clock
    from proxmox_mpc.simulator.faults import Faults

    running = []

    def make(world: str = "homelab", faults: list[dict[str, Any]] | None = None, clock: Clock | None = None) -> Served:
        script = Faults.read(faults) if faults is not None else None
        server = start(open_world(world, clock), 0, script, clock=clock)
        running.append(server)
        environ = {
            "PMPC_URL": server.url,
            "PMPC_FINGERPRINT": server.fingerprint,
            "PMPC_TOKEN_ID": server.token_id,
            "PMPC_TOKEN_SECRET": server.token_secret,
        }
        return Served(server, environ, _writes_of(server.simulator))

    yield make
    for server in running:
        server.shutdown()
