"""sync commit: what sync wrote, as a commit; what people edited and did not push is theirs. And clones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.sync_lab import SyncLab
from tests.conftest import Pmpc


def git(root: Path, *words: str) -> str:
    environ = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Zoë", "GIT_AUTHOR_EMAIL": "zoe@lab.example",
        "GIT_COMMITTER_NAME": "Zoë", "GIT_COMMITTER_EMAIL": "zoe@lab.example",
    }  # fmt: skip
    done = subprocess.run(["git", *words], cwd=root, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def tracked(sync: SyncLab) -> SyncLab:
    """A declared workspace whose files are committed."""
    root = sync.bench.pmpc.cwd
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    return sync


@pytest.mark.capability("5.8")
def test_a_pull_is_committed_with_what_changed(tracked: SyncLab) -> None:
    root = tracked.bench.pmpc.cwd
    tracked.live(101, memory="3000")
    assert tracked("pull").status == 0
    page = tracked.ok("commit", "--author", "Ann Other <ann@lab.example>")
    was = tracked.base(101)
    assert page["message"].splitlines()[0] == "sync: vm 101 memory: 8192 -> 3000"
    assert page["files"] == [".base/vm/101.json", "vm/101-web.yml"]
    assert git(root, "rev-parse", "HEAD").strip() == page["commit"]
    assert git(root, "log", "-1", "--format=%an %ae").strip() == "Ann Other ann@lab.example"
    assert git(root, "status", "--porcelain") == ""
    assert tracked.ok("commit") == {"commit": None, "message": None, "files": []}
    assert was["keys"]["memory"] == "3000"


@pytest.mark.capability("5.8", "9.9")
def test_what_others_edited_is_not_committed(tracked: SyncLab) -> None:
    root = tracked.bench.pmpc.cwd
    tracked.live(101, memory="3000")
    assert tracked("pull").status == 0
    tracked.edit(104, tags="mine")
    (root / ".gitignore").write_text((root / ".gitignore").read_text() + "# mine\n")
    refused = tracked("commit")
    assert (refused.status, refused.stdout) == (9, ""), refused
    assert set(refused.error["details"]["files"]) == {".gitignore", "infra/vm/104-docker.yml"}
    page = tracked.ok("commit", "--allow-dirty", "-m", "nightly")
    assert (page["message"], page["files"]) == ("nightly", [".base/vm/101.json", "vm/101-web.yml"])
    assert git(root, "diff", "--name-only").split() == [".gitignore", "infra/vm/104-docker.yml"]
    (root / "notes.txt").write_text("untracked and outside: nobody's business\n")
    git(root, "checkout", "--", ".")
    assert tracked.ok("commit")["commit"] is None


@pytest.mark.capability("5.8")
def test_new_removed_and_renamed_manifests(tracked: SyncLab) -> None:
    root = tracked.bench.pmpc.cwd
    tracked.file(101).rename(tracked.infra / "vm" / "101-shop.yml")
    git(root, "add", "--all")
    tracked.ok("forget", "103")
    page = tracked.ok("commit")
    assert set(page["files"]) == {"vm/101-web.yml", "vm/101-shop.yml", "vm/103-win11.yml", ".base/vm/103.json"}
    assert "no longer declared" in page["message"]
    assert git(root, "status", "--porcelain") == ""
    tracked.ok("declare", "103")
    page = tracked.ok("commit")
    assert page["message"].splitlines()[0] == "sync: vm 103 declared"
    assert tracked.diff() == []


@pytest.mark.capability("5.8", "7.4")
def test_without_git_or_a_repository_everything_else_works(sync: SyncLab, tmp_path: Path) -> None:
    outcome = sync("commit")
    assert (outcome.status, outcome.stdout) == (3, ""), outcome
    assert "git" in outcome.error["message"]
    (tmp_path / "empty").mkdir()
    without = sync("commit", env={"PATH": str(tmp_path / "empty")})
    assert (without.status, "not installed" in without.error["message"]) == (3, True), without
    assert sync.run().status == 0


@pytest.mark.capability("5.8", "1.2", "3.6")
def test_a_fresh_clone_has_what_was_agreed(tracked: SyncLab) -> None:
    root = tracked.bench.pmpc.cwd
    clone = root.parent / "clone"
    git(root.parent, "clone", "--quiet", str(root), str(clone))
    other = SyncLab(tracked.bench)
    other.bench.pmpc = Pmpc(clone, {})
    assert other.diff() == []
    other.edit(101, cores=9)
    other.live(104, memory="3000")
    assert {(row[0], row[2]) for row in other.diff()} == {("101", "push"), ("104", "pull")}
    assert other.run().status == 0
    assert other.now(101)["cores"] == "9"
    assert "memory: 3000" in other.file(104).read_text()
