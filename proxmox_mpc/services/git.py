"""git, as far as pmpc uses it: what has changed in a working tree, and a commit of chosen files."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.errors import ConfigError, StateError

_PATIENCE = 120.0
_NOBODY = {
    "GIT_AUTHOR_NAME": "pmpc",
    "GIT_AUTHOR_EMAIL": "pmpc@localhost",
    "GIT_COMMITTER_NAME": "pmpc",
    "GIT_COMMITTER_EMAIL": "pmpc@localhost",
}
"""Who commits where git knows nobody, as under cron."""


class Changed(NamedTuple):
    """One path with uncommitted changes, relative to the working tree's top; ``tracked`` False for a new file."""

    path: str
    tracked: bool


class Repository:
    """The git working tree that holds a directory; paths are relative to its top."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        """Find the working tree; raises ConfigError where there is no git, or the directory is in no repository."""
        self._environ = {**environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        self._directory = directory
        try:
            top = self._git("rev-parse", "--show-toplevel")
        except StateError as error:
            raise ConfigError(
                f"{directory} is in no git repository", hint=f"make one: git -C {directory} init", details=error.details
            ) from None
        self.top = Path(top.removesuffix("\n"))

    def changed(self) -> list[Changed]:
        """Return every path with uncommitted changes, new files that git does not ignore included."""
        found: list[Changed] = []
        words = iter(self._git("status", "--porcelain=v1", "-z", "--untracked-files=all").split("\0"))
        for word in words:
            if len(word) > 3:
                found.append(Changed(word[3:], word[:2] != "??"))
                if "R" in word[:2] or "C" in word[:2]:
                    found.append(Changed(next(words), True))
        return found

    def committed(self, path: str) -> str | None:
        """Return a file as it is in the last commit; None where it is not in it."""
        try:
            return self._git("show", f"HEAD:{path}")
        except StateError:
            return None

    def commit(self, paths: Sequence[str], message: str, author: str | None) -> str:
        """Commit exactly these paths, whatever else is staged, and return the commit's id; raises StateError."""
        listed = "\0".join(paths)
        from_stdin = ("--pathspec-from-file=-", "--pathspec-file-nul")
        # What was renamed or removed with git itself is in neither the tree nor the index: there is nothing to add.
        known = {*self._git("ls-files", "-z").split("\0")}
        there = [path for path in paths if path in known or (self.top / path).exists()]
        if there:
            self._git("add", "--all", *from_stdin, stdin="\0".join(there))
        words = ["--quiet", "--only", f"--message={message}", *([f"--author={author}"] if author else [])]
        environ = {} if self._knows_somebody() else _NOBODY
        self._git("commit", *words, *from_stdin, stdin=listed, more=environ)
        return self._git("rev-parse", "HEAD").strip()

    def _knows_somebody(self) -> bool:
        try:
            self._git("var", "GIT_COMMITTER_IDENT")
        except StateError:
            return False
        return True

    def _git(self, *words: str, stdin: str | None = None, more: Mapping[str, str] | None = None) -> str:
        where = self.top if "top" in self.__dict__ else self._directory
        try:
            # The git of the user's own PATH is meant.
            done = subprocess.run(  # nosec B607
                ["git", "-c", "core.quotePath=false", *words],
                cwd=where,
                env={**self._environ, **(more or {})},
                input=stdin if stdin is not None else "",
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        except FileNotFoundError as error:
            raise ConfigError("git is not installed", hint="install git; everything else works without it") from error
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            raise StateError(f"git {words[0]}: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise StateError(f"git {words[0]}: {said or f'ended with {done.returncode}'}")
        return done.stdout
