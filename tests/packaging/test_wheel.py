"""The wheel holds everything that pmpc needs: built, installed in an environment of its own, and run from there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from proxmox_mpc._version import __version__
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build backend that is installed, so that no package index is needed."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.capability("3.7")
def test_the_wheel_carries_the_migrations_and_only_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "proxmox_mpc/_migrations/env.py" in names
    assert "proxmox_mpc/_migrations/alembic.ini" in names
    assert any(name.startswith("proxmox_mpc/_migrations/versions/0001") for name in names)
    assert "proxmox_mpc/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"proxmox_mpc", f"proxmox_mpc-{__version__}.dist-info"}


@pytest.mark.capability("3.7", "6.1", "6.4")
def test_it_runs_from_a_fresh_environment(wheel: Path, tmp_path: Path, scrubbed: Path) -> None:
    # The dependencies come from the environment of the tests; the package itself from the wheel alone.
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = venv / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    site = next((venv / "lib").glob("python*")) / "site-packages"
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "dependencies.pth").write_text(f"{here}\n")
    lab = tmp_path / "lab"

    def pmpc(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(venv / "bin" / "pmpc"), *argv],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"HOME": str(scrubbed), "PATH": "/usr/bin:/bin"},
        )

    where = subprocess.run(
        [str(python), "-P", "-c", "import proxmox_mpc; print(proxmox_mpc.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert where.stdout.startswith(str(site))
    assert pmpc("--version").stdout == f"pmpc {__version__}\n"
    made = pmpc("workspace", "init", str(lab), "--url", "sim://tiny", "--no-input", "--pull", "-o", "json")
    assert made.returncode == 0, made.stderr
    listed = pmpc("guest", "list", "-w", str(lab), "--offline", "--query", "length(@)")
    assert (listed.returncode, listed.stdout) == (2, "")
    listed = pmpc("-w", str(lab), "guest", "list", "--offline", "--query", "length(@)")
    assert (listed.returncode, listed.stdout) == (0, "2\n"), listed.stderr
