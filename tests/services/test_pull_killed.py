"""A pull that is killed leaves the database as it was before or as it is after, never between."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.capability("3.6", "6.5", "7.2")
def test_killed_at_twenty_random_moments(tmp_path: Path) -> None:
    seed = random.Random(20261122)
    moments = [str(seed.randrange(1_000_000)) for _ in range(20)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.services.killed_pulls", str(tmp_path), *moments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == 20
    for result in results:
        assert result["error"] is None and result["state"] in (["old"], ["new"]), result
    killed = [result for result in results if result["ending"] == -9]
    assert len(killed) >= 15 and any(result["state"] == ["old"] for result in killed), results
