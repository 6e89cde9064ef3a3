"""The checker of writing requests itself: what the schema allows passes, what it does not is found."""

from __future__ import annotations

import pytest

from tests.contract.requests import request_problems, takes

CONFIG = "/nodes/pve1/qemu/100/config"


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/nodes/pve1/qemu/100/status/start", {}),
        ("PUT", CONFIG, {"cores": "2", "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20", "onboot": "1"}),
        ("POST", "/nodes/pve1/qemu", {"vmid": "100", "scsi0": "local-lvm:4,iothread=1", "memory": "2048"}),
        ("DELETE", "/pools", {"poolid": "lab/empty"}),
    ],
)
def test_what_the_schema_allows_passes(method: str, path: str, form: dict[str, object]) -> None:
    assert list(request_problems(method, path, form)) == []


@pytest.mark.parametrize(
    ("method", "path", "form", "said"),
    [
        ("POST", "/nodes/pve1/qemu/100/status/dance", {}, "no such call"),
        ("PUT", CONFIG, {"corse": "2"}, "no parameter corse"),
        ("PUT", CONFIG, {"cores": "many"}, "no integer"),
        ("PUT", CONFIG, {"cores": "0"}, "below"),
        ("PUT", CONFIG, {"onboot": "perhaps"}, "no boolean"),
        ("PUT", CONFIG, {"bios": "coreboot"}, "none of"),
        ("PUT", CONFIG, {"net0": "virtio,bridge=vmbr0,vlan=3"}, "no property 'vlan'"),
        ("PUT", CONFIG, {"net0": "virtio,tag=9999"}, "above"),
        ("PUT", CONFIG, {"vmid": "100"}, "given in the path"),
        ("POST", "/nodes/pve1/qemu", {"memory": "2048"}, "vmid is missing"),
    ],
)
def test_what_it_does_not_allow_is_found(method: str, path: str, form: dict[str, object], said: str) -> None:
    assert any(said in problem for problem in request_problems(method, path, form))


def test_which_parameters_a_call_takes() -> None:
    assert takes("PUT", CONFIG, "digest")
    assert not takes("POST", "/nodes/pve1/qemu/100/status/start", "digest")
