"""Guests made and changed as manifests say, on the simulator: what was declared is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxmox_mpc.domain.declared_guest import same
from proxmox_mpc.services.push_guests import creation
from proxmox_mpc.services.read_once import ReadOnce
from tests.services.push_lab import PushLab


@pytest.mark.capability("1.2", "6.5")
@pytest.mark.parametrize("world", ["homelab", "datacenter:3:40:5"])
def test_declared_guests_come_back_in_an_empty_cluster(world: str, tmp_path: Path) -> None:
    lab = PushLab(world, tmp_path)
    forms = {ref.vmid: (ref.kind, lab.form(ref)) for ref in lab.refs()}
    lab.wipe()
    assert lab.refs() == []
    source = ReadOnce(lab.api)
    steps = [
        step for vmid, (kind, form) in forms.items() for step in creation(source, kind, vmid, form, track=("status",))
    ]
    report = lab.run(steps)
    failed = [(row["id"], row["error"]) for row in report.rows if row["status"] != "done"]
    assert failed == []
    back = {ref.vmid: lab.form(ref) for ref in lab.refs()}
    wrong = [
        (vmid, key, form.get(key), back[vmid].get(key))
        for vmid, (kind, form) in forms.items()
        for key in {*form, *back[vmid]}
        if not same(kind, key, form.get(key), back[vmid].get(key))
    ]
    assert wrong == []
