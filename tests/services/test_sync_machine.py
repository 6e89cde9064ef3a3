"""Anything may happen to both sides and in between: each change ends on both sides, or is reported as a conflict."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.cli.sync_lab import SyncLab
from tests.conftest import Outcome, Pmpc
from tests.matrix.bench import open_bench

WORLD = "datacenter:2:5:3"
KEYS = ("description", "tags", "memory")
GUESTS = st.integers(0, 4)
FAULTS = st.builds(
    lambda kind, method, after: {"kind": kind, "method": method, "after": after},
    st.sampled_from(("status", "drop", "lost", "truncate")),
    st.sampled_from(("GET", "PUT", "POST")),
    st.integers(0, 12),
)


class Side(dict[tuple[int, str], str]):
    """What was changed on a side and has not arrived on the other one, by guest and key."""


class TwoSides(RuleBasedStateMachine):
    """``template`` is a workspace in which every guest of the world is declared."""

    template: Path
    home: Path
    numbers = 0

    def __init__(self) -> None:
        super().__init__()
        TwoSides.numbers += 1
        root = self.home / f"machine-{TwoSides.numbers}" / "lab"
        shutil.copytree(self.template, root, symlinks=True)
        self.patch = pytest.MonkeyPatch()
        self.lab = SyncLab(open_bench(Pmpc(root, {}), self.patch, WORLD))
        self.known = sorted(self.lab.world.guests)
        self.live, self.declared = Side(), Side()
        self.gone: set[int] = set()
        self.dropped: set[int] = set()
        self.strangers: dict[int, dict[str, Any]] = {}
        self.count = 0
        self.were = {(vmid, key): self.on_both(vmid, key) for vmid in self.known for key in KEYS}

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.patch.undo()
            shutil.rmtree(self.lab.bench.pmpc.cwd.parent)

    def value(self, key: str) -> str:
        self.count += 1
        return str(512 + 16 * self.count) if key == "memory" else f"v{self.count}"

    def kind(self, vmid: int) -> str:
        return "ct" if (self.lab.infra / ".base" / "ct" / f"{vmid}.json").exists() else "vm"

    def on_server(self, vmid: int, key: str) -> str | None:
        value = self.lab.now(vmid).get(key)
        return value.rstrip("\n") if value else None

    def in_file(self, vmid: int, key: str) -> str | None:
        value = yaml.safe_load(self.lab.file(vmid, self.kind(vmid)).read_text()).get(key)
        return None if value is None else str(value)

    def on_both(self, vmid: int, key: str) -> str | None:
        found = self.on_server(vmid, key)
        return found if found == self.in_file(vmid, key) else f"{found} and {self.in_file(vmid, key)}"

    def there(self, number: int) -> int | None:
        vmid = self.known[number % len(self.known)]
        return None if vmid in self.gone | self.dropped else vmid

    # What people do

    @rule(number=GUESTS, key=st.sampled_from(KEYS))
    def change_live(self, number: int, key: str) -> None:
        if (vmid := self.there(number)) is not None:
            self.live[vmid, key] = self.value(key)
            self.lab.live(vmid, **{key: self.live[vmid, key]})

    @rule(number=GUESTS, key=st.sampled_from(KEYS))
    def change_file(self, number: int, key: str) -> None:
        if (vmid := self.there(number)) is not None:
            self.declared[vmid, key] = self.value(key)
            self.lab.edit(vmid, self.kind(vmid), **{key: self.declared[vmid, key]})

    @rule()
    def declare_a_new_guest(self) -> None:
        self.count += 1
        vmid, key = 5000 + self.count, "description"
        self.lab.new(vmid, name=f"new{vmid}", node=min(self.lab.world.nodes), memory=512, description=f"v{self.count}")
        self.known.append(vmid)
        self.declared |= {(vmid, key): f"v{self.count}", (vmid, "memory"): "512"}
        self.were |= {(vmid, one): None for one in KEYS}

    @rule()
    def somebody_makes_a_guest(self) -> None:
        self.count += 1
        vmid = 6000 + self.count
        node = min(self.lab.world.nodes)
        words = ("api", "create", f"/nodes/{node}/qemu", f"vmid={vmid}", "name=stranger", "--yes")
        if self.lab.bench(*words).status == 0:
            self.lab.bench.settle()
            self.strangers[vmid] = dict(self.lab.world.guests[vmid].config)

    @precondition(lambda self: len(self.gone) < 2)
    @rule(number=GUESTS)
    def somebody_deletes_a_guest(self, number: int) -> None:
        vmid = self.there(number)
        if vmid is not None and vmid in self.lab.world.guests:
            del self.lab.world.guests[vmid]
            self.gone.add(vmid)

    @precondition(lambda self: not self.dropped)
    @rule(number=GUESTS)
    def remove_a_manifest(self, number: int) -> None:
        vmid = self.there(number)
        if vmid is not None and vmid in self.lab.world.guests and not self.waiting(vmid):
            self.lab.file(vmid, self.kind(vmid)).unlink()
            self.dropped.add(vmid)

    @rule(faults=st.lists(FAULTS, min_size=1, max_size=2))
    def something_will_fail(self, faults: list[dict[str, Any]]) -> None:
        self.lab.bench.faults(*faults)

    # What sync does

    @rule(verb=st.sampled_from(("run", "push", "pull", "diff")))
    def sync(self, verb: str) -> None:
        outcome = self.carry(verb)
        assert outcome.status in (0, 6, 7, 8, 11), outcome
        self.look()

    def carry(self, verb: str) -> Outcome:
        if verb in ("pull", "diff"):
            return self.lab(verb)
        outcome = self.lab(verb, "--yes")
        while outcome.status == 9:
            outcome = self.lab(verb, "--yes", "--confirm", outcome.error["details"]["confirm"])
        self.lab.bench.settle()
        return outcome

    def waiting(self, vmid: int) -> bool:
        return any(one == vmid for one, _ in (*self.live, *self.declared))

    def look(self) -> None:
        """Every change is where it was made, and goes nowhere but to the other side."""
        for vmid in self.known:
            if vmid not in self.lab.world.guests or vmid in self.dropped:
                continue
            if vmid in self.gone:  # made again, as it was declared
                self.gone.discard(vmid)
                self.live = Side({where: value for where, value in self.live.items() if where[0] != vmid})
                self.were |= {(vmid, key): self.in_file(vmid, key) for key in KEYS}
            for key in KEYS:
                self.look_at(vmid, key)
        for vmid, config in self.strangers.items():
            assert dict(self.lab.world.guests[vmid].config) == config
            assert not [*self.lab.infra.glob(f"*/{vmid}-*.yml")]

    def look_at(self, vmid: int, key: str) -> None:
        where = (vmid, key)
        on_server, in_file = self.on_server(vmid, key), self.in_file(vmid, key)
        changed, wished, was = self.live.get(where), self.declared.get(where), self.were[where]
        assert on_server == (changed or on_server), f"{where}: {changed} on the server was overwritten"
        assert in_file == (wished or in_file), f"{where}: {wished} in the file was overwritten"
        assert {on_server, in_file} <= {changed, wished, was}, f"{where}: {on_server}, {in_file} came from nowhere"
        if on_server == in_file:
            self.live.pop(where, None)
            self.declared.pop(where, None)
            self.were[where] = on_server

    def settle(self) -> None:
        """With nothing in the way any more, all is carried over or told to be a conflict; nothing was done twice."""
        self.lab.bench.faults()
        for _ in range(3):
            assert self.carry("run").status in (0, 6)
            self.look()
        told = {(row["id"], row["key"]): row for row in self.lab.ok("diff")}
        assert {row["action"] for row in told.values()} <= {"conflict", "delete"}
        for vmid in self.known:
            if vmid in self.gone | self.dropped:
                assert (str(vmid), None) in told
                continue
            assert vmid in self.lab.world.guests
            for key in KEYS:
                if self.on_server(vmid, key) != self.in_file(vmid, key):
                    row = told[str(vmid), key]
                    assert (row["live"], row["declared"]) == (self.on_server(vmid, key), self.in_file(vmid, key))
        assert self.dropped <= set(self.lab.world.guests)
        self.applied_once()

    def applied_once(self) -> None:
        found: Counter[tuple[str, str, str]] = Counter()
        for sent, answer in zip(self.lab.sent, self.lab.bench.answers, strict=True):
            if sent.path.endswith("/config") and answer.status == 200:
                found.update((sent.path, key, str(sent.form[key])) for key in KEYS if key in sent.form)
        assert set(found.values()) <= {1}, found


def _template(make: Callable[[str], Path], home: Path) -> Path:
    root = home / "template"
    shutil.copytree(make(WORLD), root, symlinks=True)
    done = Pmpc(root, {})("sync", "declare", "vm", "ct")
    assert done.status == 0, done
    return root


def _play(make: Callable[[str], Path], home: Path, examples: int, steps: int) -> None:
    TwoSides.template, TwoSides.home = _template(make, home), home
    run_state_machine_as_test(
        TwoSides,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.capability("1.2", "3.5", "3.6", "7.5", "7.7")
def test_no_change_is_lost_and_none_is_made_twice(made_workspace: Callable[[str], Path], tmp_path: Path) -> None:
    _play(made_workspace, tmp_path, examples=4, steps=10)


@pytest.mark.whole
@pytest.mark.capability("1.2", "3.5", "3.6", "7.5", "7.7")
def test_no_change_is_lost_in_long_histories(made_workspace: Callable[[str], Path], tmp_path: Path) -> None:
    _play(made_workspace, tmp_path, examples=60, steps=25)
