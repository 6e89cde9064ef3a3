"""Parameters are checked as PVE::JSONSchema checks them, and decoded as PVE's server decodes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.decoding import decode_body, decode_form, decode_path
from proxmox_mpc.simulator.disks import format_size, parse_size
from proxmox_mpc.simulator.errors import ApiError
from proxmox_mpc.simulator.formats import check_simple
from proxmox_mpc.simulator.property_strings import print_property_string
from proxmox_mpc.simulator.validation import FormatError, parse_property_string, validate

CONFIG = facts.endpoint("qemu", "PUT", "/nodes/{node}/qemu/{vmid}/config")
PATH = {"node": "pve1", "vmid": "100"}


def _errors(**given: object) -> dict[str, str]:
    try:
        validate(CONFIG, {**PATH, **given})
    except ApiError as error:
        return error.errors
    return {}


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"net0": "virtio,bridge=vmbr0,bogus=1"},
         {"net0": "invalid format - format error\nnet0.bogus: property is not defined in schema and the schema does "
                  "not allow additional properties\n"}),
        ({"net0": "virtio,bridge"},
         {"net0": "invalid format - duplicate key in comma-separated list property: model\n"}),
        ({"net0": "=x"}, {"net0": "invalid format - missing key in comma-separated list property\n"}),
        ({"net0": "virtio=AA:BB:CC:00:00:01,model=e1000"},
         {"net0": "invalid format - duplicate key in comma-separated list property: model\n"}),
        ({"net32": "virtio"}, {"net32": "property is not defined in schema and the schema does not allow additional"
                                        " properties"}),
        ({"net00": "virtio"}, {"net00": "property is not defined in schema and the schema does not allow additional"
                                        " properties"}),
        ({"cores": "0"}, {"cores": "value must have a minimum value of 1"}),
        ({"cpulimit": "129"}, {"cpulimit": "value must have a maximum value of 128"}),
        ({"memory": "8"},
         {"memory": "invalid format - format error\nmemory.current: value must have a minimum value of 16\n"}),
        ({"ostype": "dos"},
         {"ostype": "value 'dos' does not have a value in the enumeration 'other, wxp, w2k, w2k3, w2k8, wvista, win7,"
                    " win8, win10, win11, l24, l26, solaris'"}),
        ({"serial0": "x"}, {"serial0": "value does not match the regex pattern"}),
        ({"description": "x" * 8193}, {"description": "value may only be 8192 characters long"}),
        ({"cores": ["1", "2"]}, {"cores": "type check ('integer') failed - got ARRAY"}),
        ({"sshkeys": "ssh-ed25519 AAAA"},
         {"sshkeys": "invalid format - invalid urlencoded string: ssh-ed25519 AAAA\n"}),
        ({"startup": "soon"}, {"startup": "invalid format - unable to parse startup options\n"}),
        ({"vmid": "99"}, {"vmid": "invalid format - value does not look like a valid VM ID\n"}),
    ],
)  # fmt: skip
def test_problems_in_pves_words(given: dict[str, object], errors: dict[str, str]) -> None:
    assert _errors(**given) == errors


def test_every_bad_parameter_is_reported() -> None:
    assert set(_errors(cores="x", onboot="yes", nosuch="1")) == {"cores", "onboot", "nosuch"}


def test_values_are_converted_to_their_types() -> None:
    given = {**PATH, "cores": "4", "onboot": "1", "cpulimit": "1.5", "name": "web", "delete": ["tags", "name"]}
    assert validate(CONFIG, given) == {
        "node": "pve1", "vmid": 100, "cores": 4, "onboot": True, "cpulimit": 1.5, "name": "web", "delete": "tags,name",
    }  # fmt: skip


def test_a_lone_value_stands_for_an_array() -> None:
    endpoint = facts.endpoint("qemu", "POST", "/nodes/{node}/qemu/{vmid}/agent/exec")
    assert validate(endpoint, {**PATH, "command": "ls"})["command"] == ["ls"]
    assert validate(endpoint, {**PATH, "command": ["ls", "-l"]})["command"] == ["ls", "-l"]


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ("net0=virtio,bridge=vmbr0", {"net0": "virtio,bridge"}),
        ("net0=virtio%2Cbridge%3Dvmbr0", {"net0": "virtio,bridge=vmbr0"}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("a=x+y%20z", {"a": "x y z"}),
        ("a", {"a": ""}),
        ("", {}),
    ],
)
def test_forms_are_decoded_the_home_grown_way(text: str, decoded: dict[str, object]) -> None:
    assert decode_form(text) == decoded


@pytest.mark.parametrize(
    ("method", "kind", "body", "status"),
    [
        ("DELETE", "", b"a=1", 501),
        ("POST", "text/xml", b"<a/>", 506),
        ("POST", "application/json", b"[1]", 400),
        ("POST", "application/json", b"{", 400),
        ("PUT", "", b"a" * (512 * 1024 + 1), 501),
    ],
)
def test_bodies_that_are_refused(method: str, kind: str, body: bytes, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        decode_body(method, kind, body)
    assert refused.value.status == status


def test_json_bodies_keep_their_booleans() -> None:
    body = b'{"cores": 4, "onboot": true, "cpulimit": 0.5, "delete": ["a", "b"], "name": null}'
    decoded = decode_body("PUT", "application/json", body)
    assert decoded == {"cores": "4", "onboot": True, "cpulimit": "0.5", "delete": ["a", "b"]}
    assert validate(CONFIG, {**PATH, "onboot": True})["onboot"] is True


def test_paths_are_split_before_they_are_decoded() -> None:
    assert decode_path("nodes/pve1/storage/local/content/local%3Aiso%2Fa.iso") == [
        "nodes", "pve1", "storage", "local", "content", "local:iso/a.iso",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("pve-configid", "s1", "1s"), ("pve-storage-id", "local-lvm", "x"), ("dns-name", "web.lan", "bad_name"),
        ("mac-addr", "BC:24:11:00:00:01", "01:24:11:00:00:01"), ("CIDR", "10.0.0.0/8", "10.0.0.0/7"),
        ("ipv6", "fe80::1", "10.0.0.1"), ("pve-userid", "bob@pve", "bob"), ("pve-tag-list", "a;b_1,c", "a;?"),
        ("pve-poolid", "a/b/c", "a/b/c/d"), ("pve-volume-id", "local:iso/x.iso", "nothing"),
        ("disk-size", "32G", "32Q"),
        ("email-opt", "", "nobody"), ("pve-vmid", "100", "099"),
    ],
)  # fmt: skip
def test_simple_formats(name: str, good: str, bad: str) -> None:
    assert check_simple(name, good) is None
    assert check_simple(name, bad)


_KEYS = st.fixed_dictionaries(
    {"model": st.sampled_from(["virtio", "e1000", "vmxnet3"])},
    optional={
        "macaddr": st.sampled_from(["BC:24:11:00:00:01", "02:00:00:00:00:FF"]),
        "bridge": st.from_regex(r"vmbr[0-9]{1,3}", fullmatch=True),
        "tag": st.integers(1, 4094).map(str),
        "firewall": st.sampled_from(["0", "1"]),
        "mtu": st.integers(576, 65520).map(str),
    },
)


@given(_KEYS)
def test_property_strings_are_written_and_read_without_loss(keys: dict[str, str]) -> None:
    text = print_property_string("qemu-net", keys)
    assert parse_property_string("qemu-net", text) == keys


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_property_string("qemu-scsi", text)
    except FormatError as refused:
        assert str(refused).endswith("\n")


@given(st.integers(0, 1 << 50))
def test_sizes_are_written_and_read_without_loss(size: int) -> None:
    assert parse_size(format_size(size)) == size
