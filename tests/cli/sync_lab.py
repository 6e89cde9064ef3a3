"""A declared workspace on a simulated cluster in memory, which anybody may change behind its back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from proxmox_mpc.simulator.world import World
from tests.conftest import Outcome
from tests.matrix.bench import Bench, Sent


@dataclass
class SyncLab:
    """``bench`` runs pmpc with -o json; what is below infra/ is read and edited as people do."""

    bench: Bench
    validators: dict[str, jsonschema.Draft202012Validator] = field(default_factory=dict)

    def __call__(self, *argv: str | int, env: dict[str, str] | None = None) -> Outcome:
        """Run ``pmpc sync ARGV -o json``; what it prints on stdout is what its schema says, and so are its errors."""
        outcome = self.bench("sync", *argv, env=env)
        if outcome.stdout:
            self._validator(str(argv[0])).validate(outcome.json)
        for event in outcome.events:
            (body,) = event.values()
            assert {"code", "message"} <= set(body), event
        return outcome

    def _validator(self, verb: str) -> jsonschema.Draft202012Validator:
        if verb not in self.validators:
            schema = json.loads(self.bench.pmpc("schema", "sync", verb).stdout)
            found = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
            self.validators[verb] = found
        return self.validators[verb]

    def ok(self, *argv: str | int) -> Any:
        """Run, expect 0 and return the data."""
        outcome = self(*argv)
        assert outcome.status == 0, outcome
        return outcome.json

    @property
    def infra(self) -> Path:
        return self.bench.pmpc.cwd / "infra"

    @property
    def world(self) -> World:
        return self.bench.world

    @property
    def sent(self) -> list[Sent]:
        """The writing requests that the cluster got since ``quiet``."""
        return self.bench.sent

    def quiet(self) -> None:
        """Let the record of requests begin anew."""
        self.bench.sent.clear()
        self.bench.answers.clear()

    def file(self, vmid: int | str, kind: str = "vm") -> Path:
        """The manifest of a guest, or of another object by its name."""
        below = self.infra / kind
        found = [path for path in below.glob("*.yml") if path.stem == str(vmid) or path.stem.startswith(f"{vmid}-")]
        assert len(found) == 1, found
        return found[0]

    def edit(self, vmid: int | str, kind: str = "vm", **wanted: object) -> str:
        """Set keys in a manifest by hand (None takes one out), and return its text."""
        path = self.file(vmid, kind)
        lines = path.read_text().splitlines()
        for key, value in wanted.items():
            lines = _without(lines, key)
            if value is not None:
                lines.append(f"{key}: {value}")
        path.write_text("\n".join(lines) + "\n")
        return path.read_text()

    def new(self, vmid: int, kind: str = "vm", label: str = "new", **keys: object) -> Path:
        """Write a new manifest by hand."""
        path = self.infra / kind / f"{vmid}-{label}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()))
        return path

    def live(self, vmid: int, **wanted: str | None) -> None:
        """Change a guest's configuration behind everybody's back."""
        guest = self.world.guests[vmid]
        config = guest.config
        for key, value in wanted.items():
            guest.pending.pop(key, None)
            if value is None:
                config.pop(key, None)
            else:
                config[key] = value

    def now(self, vmid: int) -> dict[str, str]:
        """What a guest is configured to be, changes included that wait for its restart."""
        guest = self.world.guests[vmid]
        merged = {**guest.config, **guest.pending}
        return {key: str(value) for key, value in merged.items() if value is not None}

    def base(self, vmid: int | str, kind: str = "vm") -> dict[str, Any]:
        """What both sides last agreed on."""
        found: dict[str, Any] = json.loads((self.infra / ".base" / kind / f"{vmid}.json").read_text())
        return found

    def files(self) -> dict[str, str]:
        """Every file below infra/, with what was agreed."""
        return {str(path.relative_to(self.infra)): path.read_text() for path in self.infra.rglob("*") if path.is_file()}

    def diff(self, *argv: str | int) -> list[tuple[str, str | None, str]]:
        """What differs: id, key, action."""
        return [(row["id"], row["key"], row["action"]) for row in self.ok("diff", *argv)]

    def push(self, *argv: str | int) -> Outcome:
        return self("push", *argv, "--yes")

    def run(self, *argv: str | int) -> Outcome:
        return self("run", *argv, "--yes")


def _without(lines: list[str], key: str) -> list[str]:
    """Return the lines without those of a key, the lines of its text included."""
    kept: list[str] = []
    inside = False
    for line in lines:
        inside = line.startswith(f"{key}:") or (inside and (line.startswith(" ") or not line))
        if not inside:
            kept.append(line)
    return kept


def warned(outcome: Outcome) -> Iterator[str]:
    """Yield the codes of what was warned of."""
    for event in outcome.events:
        if "warning" in event:
            yield event["warning"]["code"]
