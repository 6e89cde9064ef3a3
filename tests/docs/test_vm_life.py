"""The example that makes a VM, waits for its address and takes all of it away again."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import Pmpc
from tests.docs.pages import ROOT
from tests.docs.shell import example


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here")
@pytest.mark.capability("2.1", "2.6", "4.3", "4.7")
def test_from_nothing_to_a_vm_with_an_address_and_back(lab: Pmpc) -> None:
    before = lab.ok("guest", "list", "--columns", "vmid,name")
    outcome = example(ROOT / "examples" / "vm-life.sh", lab.cwd)
    assert outcome.status == 0, outcome
    created, address, *rest = outcome.stdout.splitlines()
    assert created.endswith("was created and started")
    assert address == "it has the address 10.10.20.250"
    assert rest == ["snapshot: done", "set: done", "snapshot deleted: done", "stop: done", "delete: done"]
    assert lab.ok("guest", "list", "--columns", "vmid,name") == before
