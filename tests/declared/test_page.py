"""The example of the page on manifests is one: it resolves, passes the check, and is what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxmox_mpc.declared.check import Checker
from tests.declared.helpers import keys, load
from tests.docs.pages import ROOT, blocks


@pytest.mark.capability("8.6")
def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "manifests.md").read_text()
    files: dict[str, str] = {}
    for language, content in blocks(page):
        if language == "yaml":
            name, _, text = content.partition("\n")
            files[name.removeprefix("# infra/")] = text
    loaded = load(tmp_path, files)
    assert keys(loaded) == {
        "name": "web",
        "node": "pve1",
        "tags": "prod;web",
        "cores": "4",
        "memory": "4096",
        "scsi0": "local-lvm:32,ssd=1",
        "net0": "virtio,bridge=vmbr0,tag=20",
        "onboot": "1",
        "description": "# The web server\n",
        "ostype": "l26",
        "agent": "1",
        "cpu": "host",
        "searchdomain": "example.org",
    }
    assert Checker().problems(loaded.resolved["vm", "101"]) == []
