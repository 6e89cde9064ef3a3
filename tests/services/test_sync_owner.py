"""Guests in a Terraform state are left to Terraform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.errors import Refused, StateError
from proxmox_mpc.services.sync_owner import check_owner, owned
from tests.services.sync_sides import agreed, declared, live, merged

ONE = merged(declared(memory=2, name="web"), live(memory="1"), agreed(memory="1"))
POOL = merged(declared("101", "pool"), ident=("pool", "101"))


def state(root: Path, *resources: dict[str, Any], name: str = "terraform/terraform.tfstate") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 4, "resources": [*resources]}))


def resource(kind: str, **attributes: object) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "name": "it", "instances": [{"attributes": attributes}]}


@pytest.mark.capability("1.2", "4.2")
@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("proxmox_virtual_environment_vm", "vm_id"),
        ("proxmox_virtual_environment_container", "vm_id"),
        ("proxmox_vm_qemu", "vmid"),
        ("proxmox_lxc", "vmid"),
    ],
)
@pytest.mark.parametrize("name", ["terraform.tfstate", "terraform/terraform.tfstate", "terraform/a/b/x.tfstate"])
def test_the_guests_of_both_providers_are_found(kind: str, key: str, name: str, tmp_path: Path) -> None:
    state(tmp_path, resource(kind, **{key: 101}), resource("local_file", id=102), name=name)
    assert owned(tmp_path) == {"101": f"{kind}.it"}
    with pytest.raises(Refused, match=rf"VM 101 \(web\): {kind}\.it") as error:
        check_owner([ONE], tmp_path)
    assert error.value.exit_status == 9
    check_owner([POOL], tmp_path)


@pytest.mark.capability("1.2")
def test_what_terraform_only_reads_is_not_its_own(tmp_path: Path) -> None:
    assert owned(tmp_path) == {}
    state(tmp_path, {**resource("proxmox_virtual_environment_vm", vm_id=101), "mode": "data"})
    check_owner([ONE], tmp_path)
    state(tmp_path, {"type": "proxmox_vm_qemu", "instances": [{}, {"attributes": None}, {"attributes": {"id": "x"}}]})
    check_owner([ONE], tmp_path)


@pytest.mark.capability("7.2")
@pytest.mark.parametrize("text", ["", "{", '{"resources": 3}', '{"resources": [3]}'])
def test_a_state_that_cannot_be_read_might_hold_the_guest(text: str, tmp_path: Path) -> None:
    (tmp_path / "terraform.tfstate").write_text(text)
    with pytest.raises(StateError, match="cannot be read"):
        check_owner([ONE], tmp_path)
