"""Runs the real Terraform core on generated code, with the stub as its provider, and tells what it would do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.iac.provider.server import serving
from tests.iac.provider.world import Documents

TERRAFORM = "terraform"


@dataclass(frozen=True)
class Change:
    """What would become of one resource: ``differs`` are the attributes, ``replace`` those that need replacement."""

    address: str
    imported: bool
    actions: tuple[str, ...]
    differs: Mapping[str, tuple[Any, Any]]
    replace: tuple[str, ...]

    @property
    def quiet(self) -> bool:
        """Whether nothing would be done but importing it."""
        return self.actions == ("no-op",)


@dataclass(frozen=True)
class PlanResult:
    """What the four commands said. ``failed`` names the first that failed; ``output`` is all they printed."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    failed: str | None = None
    output: str = ""

    @property
    def loud(self) -> dict[str, Change]:
        """The resources that would be changed, or that would not be imported."""
        return {name: one for name, one in self.changes.items() if not (one.quiet and one.imported)}

    def explain(self) -> str:
        """Return what is wrong, for the message of an assertion."""
        if self.failed:
            return f"terraform {self.failed} failed:\n{self.output}"
        lines = [
            f"{one.address}: {'/'.join(one.actions)}{'' if one.imported else ', not imported'}"
            + "".join(f"\n    {name}: {old!r} -> {new!r}" for name, (old, new) in one.differs.items())
            for one in self.loud.values()
        ]
        return "\n".join(lines)


def plan(directory: Path, documents: Documents, release: str = "0.111.1", fmt: bool = True) -> PlanResult:
    """Run fmt -check, init, validate, plan and show on a directory; skips the test where Terraform is missing."""
    if shutil.which(TERRAFORM) is None:
        pytest.skip("terraform is not installed: its real core judges the generated code")
    with serving(documents, release) as variables:
        environment = {**os.environ, **variables}
        said: list[str] = []

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            done = subprocess.run(
                [TERRAFORM, *words], cwd=directory, env=environment, capture_output=True, text=True, timeout=120
            )
            said.append(done.stdout + done.stderr)
            return done

        steps: list[tuple[str, ...]] = [
            *([("fmt", "-check", "-diff", "-recursive")] if fmt else []),
            ("init", "-backend=false", "-input=false", "-no-color"),
            ("validate", "-no-color"),
            ("plan", "-input=false", "-no-color", "-lock=false", "-out=plan.bin"),
        ]
        for step in steps:
            if run(*step).returncode != 0:
                return PlanResult(failed=step[0], output=said[-1])
        shown = run("show", "-json", "plan.bin")
        if shown.returncode != 0:
            return PlanResult(failed="show", output=said[-1])
        Path(directory, "plan.bin").unlink()
        return PlanResult(_changes(json.loads(shown.stdout)), output="".join(said[:-1]))


def _changes(document: dict[str, Any]) -> dict[str, Change]:
    found = {}
    for row in document.get("resource_changes", []):
        change = row["change"]
        before, after, unknown = change["before"] or {}, change["after"] or {}, change["after_unknown"]
        differs = {
            name: (before.get(name), "(known after apply)" if unknown.get(name) is True else after.get(name))
            for name in sorted({*before, *after, *unknown})
            if before.get(name) != after.get(name) or _any(unknown.get(name))
        }
        replace = tuple(".".join(map(str, path)) for path in change.get("replace_paths", []))
        found[row["address"]] = Change(
            row["address"], "importing" in change, tuple(change["actions"]), differs, replace
        )
    return found


def _any(unknown: Any) -> bool:
    if isinstance(unknown, dict):
        return any(map(_any, unknown.values()))
    if isinstance(unknown, list):
        return any(map(_any, unknown))
    return bool(unknown)
