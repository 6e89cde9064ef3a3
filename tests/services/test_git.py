"""git as pmpc uses it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from proxmox_mpc.errors import ConfigError, StateError
from proxmox_mpc.services.git import Changed, Repository

WHO = {
    "GIT_AUTHOR_NAME": "Zoë", "GIT_AUTHOR_EMAIL": "zoe@lab.example",
    "GIT_COMMITTER_NAME": "Zoë", "GIT_COMMITTER_EMAIL": "zoe@lab.example",
}  # fmt: skip


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, env={**os.environ, **WHO}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit of two files."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "a b.yml").write_text("one\n")
    (tmp_path / "other").write_text("x\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def at(root: Path, **more: str) -> Repository:
    return Repository(root / "infra", {**os.environ, **more})


@pytest.mark.capability("5.8")
def test_the_top_is_found_from_below(root: Path) -> None:
    assert at(root).top.resolve() == root.resolve()
    assert at(root).changed() == []
    assert at(root).committed("infra/a b.yml") == "one\n"
    assert at(root).committed("absent") is None


@pytest.mark.capability("5.8")
def test_every_change_is_seen_whatever_its_name(root: Path) -> None:
    (root / "infra" / "zwölf\n.yml").write_text("new\n")
    (root / "other").unlink()
    git(root, "mv", "infra/a b.yml", "infra/c.yml")
    (root / ".gitignore").write_text("ignored\n")
    (root / "ignored").write_text("")
    assert set(at(root).changed()) == {
        Changed("infra/zwölf\n.yml", False),
        Changed(".gitignore", False),
        Changed("other", True),
        Changed("infra/c.yml", True),
        Changed("infra/a b.yml", True),
    }


@pytest.mark.capability("5.8", "9.9")
def test_exactly_the_named_paths_are_committed(root: Path) -> None:
    (root / "infra" / "a b.yml").write_text("two\n")
    (root / "infra" / "*.yml").write_text("a name that looks like a pattern\n")
    (root / "other").write_text("staged by somebody\n")
    git(root, "add", "other")
    done = at(root, **WHO).commit(["infra/a b.yml"], "a\n\nmessage", "Ann <ann@x.example>")
    assert git(root, "rev-parse", "HEAD").strip() == done
    assert git(root, "show", "--name-only", "--format=%an%n%B", done).split("\n")[:3] == ["Ann", "a", ""]
    assert git(root, "diff", "--cached", "--name-only").split() == ["other"]
    assert set(at(root).changed()) == {Changed("other", True), Changed("infra/*.yml", False)}


@pytest.mark.capability("5.8")
def test_what_was_removed_or_renamed_with_git_is_committed(root: Path) -> None:
    git(root, "mv", "infra/a b.yml", "infra/c.yml")
    at(root, **WHO).commit(["infra/a b.yml", "infra/c.yml"], "renamed", None)
    assert at(root).changed() == []
    (root / "infra" / "c.yml").unlink()
    at(root, **WHO).commit(["infra/c.yml"], "removed", None)
    assert at(root).changed() == []
    assert git(root, "ls-files").split() == ["other"]


@pytest.mark.capability("5.8")
def test_under_cron_nobody_is_known_and_a_stand_in_commits(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "other").write_text("new\n")
    blank = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_COUNT": "1"}
    only = {"GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
    for name in WHO:
        monkeypatch.delenv(name, raising=False)
    at(root, **blank, **only).commit(["other"], "nightly", None)
    assert git(root, "log", "-1", "--format=%an <%ae>").strip() == "pmpc <pmpc@localhost>"


@pytest.mark.capability("5.8")
def test_the_first_commit_of_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "a.yml").write_text("one\n")
    repository = at(tmp_path, **WHO)
    assert repository.committed("infra/a.yml") is None
    assert len(repository.commit(["infra/a.yml"], "first", None)) >= 40


@pytest.mark.capability("7.4", "5.8")
def test_what_git_refuses_is_said(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (root / "other").write_text("new\n")
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StateError, match="not on a Friday"):
        at(root, **WHO).commit(["other"], "x", None)
    outside = tmp_path_factory.mktemp("outside")
    with pytest.raises(ConfigError, match="in no git repository"):
        Repository(outside, {**os.environ, "GIT_CEILING_DIRECTORIES": str(outside.parent)})
    with pytest.raises(ConfigError, match="not installed"):
        Repository(root, {"PATH": str(outside)})
