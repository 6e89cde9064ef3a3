"""Fixtures of the tests of commands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.sync_lab import SyncLab
from tests.conftest import Pmpc
from tests.matrix.bench import open_bench


@pytest.fixture(scope="session")
def declared_infra(tmp_path_factory: pytest.TempPathFactory, made_workspace: Callable[[str], Path]) -> Path:
    """What ``sync declare --all`` writes for the homelab, made once."""
    root = tmp_path_factory.mktemp("declared") / "lab"
    shutil.copytree(made_workspace("homelab"), root, symlinks=True)
    done = Pmpc(root, {"HOME": str(root.parent), "TZ": "UTC"})("sync", "declare", "--all")
    assert done.status == 0, done
    infra = root / "infra"
    for path in infra.rglob("guest@pve.*"):  # it expires some days after its world was made
        path.unlink()
    return infra


@pytest.fixture
def bare(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> SyncLab:
    """A workspace without manifests on a homelab of its own, whose time costs nothing."""
    return SyncLab(open_bench(lab, monkeypatch))


@pytest.fixture
def sync(bare: SyncLab, declared_infra: Path) -> SyncLab:
    """A workspace in which the whole homelab is declared."""
    shutil.copytree(declared_infra, bare.infra, dirs_exist_ok=True)
    return bare
