"""What people say about a container becomes PVE's keys, or an error that names field, value and remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.ct_options import CtOptions, keys_of, new_mount, new_nic
from proxmox_mpc.errors import UsageError


@pytest.mark.capability("2.2", "2.5")
def test_options_become_keys() -> None:
    options = CtOptions(
        hostname="web",
        cores=2,
        memory="2G",
        swap="512",
        rootfs="local-lvm:8",
        mounts=("tank:1.5T,mp=/srv,backup=1", "mp4=nas:512M,mp=/var/cache"),
        nics=("vmbr0,ip=dhcp,vlan=20", "lab,ip=10.0.0.5/24,gw=10.0.0.1,mac=BC:24:11:00:00:01,name=lan0,link=down"),
        nesting=True,
        unprivileged=True,
        onboot=False,
        tags=("prod", "web"),
        settings={"tty": "4"},
    )
    assert keys_of(options) == {
        "hostname": "web",
        "cores": 2,
        "memory": 2048,
        "swap": 512,
        "rootfs": "local-lvm:8",
        "mp0": "tank:1536,mp=/srv,backup=1",
        "mp4": "nas:0.5,mp=/var/cache",
        "net0": "name=eth0,bridge=vmbr0,ip=dhcp,tag=20",
        "net1": "name=lan0,bridge=lab,ip=10.0.0.5/24,gw=10.0.0.1,hwaddr=BC:24:11:00:00:01,link_down=1",
        "features": "nesting=1",
        "unprivileged": 1,
        "onboot": 0,
        "tags": "prod;web",
        "tty": 4,
    }


@pytest.mark.capability("2.5")
def test_nesting_keeps_the_other_features_and_new_devices_take_free_places() -> None:
    config = {"features": "keyctl=1,nesting=0", "net0": "name=eth0,bridge=vmbr0", "mp0": "nas:1,mp=/a"}
    found = keys_of(CtOptions(nesting=True, nics=("vmbr1",), mounts=("nas:1,mp=/b",)), config)
    assert found == {"features": "keyctl=1,nesting=1", "net1": "name=eth1,bridge=vmbr1", "mp1": "nas:1,mp=/b"}


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (CtOptions(hostname="bad_name"), "hostname"),
        (CtOptions(cores=0), "cores"),
        (CtOptions(memory="3"), "memory"),
        (CtOptions(memory="1.3"), "whole number"),
        (CtOptions(rootfs="local-lvm"), "STORAGE:SIZE"),
        (CtOptions(mounts=("nas:1",)), "where it is mounted"),
        (CtOptions(mounts=("net0=nas:1,mp=/a",)), "no mount point"),
        (CtOptions(nics=("ip=dhcp",)), "names no bridge"),
        (CtOptions(nics=("vmbr0,vlan=5000",)), "tag: 5000"),
        (CtOptions(nics=("vmbr0,colour=red",)), "no property 'colour'"),
        (CtOptions(features="nestign=1"), "no property 'nestign'"),
        (CtOptions(settings={"hostnam": "x"}), "no setting 'hostnam'"),
        (CtOptions(cores=1, settings={"cores": "2"}), "said twice"),
        (CtOptions(settings={"password": "hunter22"}), "others can read"),
    ],
)
def test_what_cannot_be_used_is_said(options: CtOptions, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        keys_of(options)
    assert said in caught.value.message
    assert "hunter22" not in caught.value.message


@pytest.mark.capability("7.4", "9.3")
@given(st.text(max_size=40))
def test_no_text_makes_a_card_or_a_mount_that_pve_would_read_otherwise(text: str) -> None:
    for key in ("net0", "mp0"):
        try:
            value = new_nic(f"vmbr0,{text}", key) if key == "net0" else new_mount(f"nas:1,mp=/a,{text}", ())[1]
        except UsageError:
            continue
        assert checked(ct_rules(), key, value) == value
        assert "\n" not in value
