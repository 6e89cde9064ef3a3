"""How parameters and paths go out."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.api.forms import checked_path, encode, node_of
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.source import api_path
from proxmox_mpc.errors import UsageError
from tests.api.support import bench, data


@pytest.mark.capability("4.9")
def test_booleans_are_digits_none_is_left_out_and_sequences_repeat() -> None:
    form = {"full": True, "force": False, "pool": None, "command": ["ls", "-l"], "cores": 4, "bwlimit": 0.5}
    assert encode(form) == "full=1&force=0&command=ls&command=-l&cores=4&bwlimit=0.5"


@pytest.mark.capability("9.3")
def test_what_pve_would_split_at_is_encoded() -> None:
    assert encode({"net0": "virtio,bridge=vmbr0", "tags": "a;b&c d+e"}) == (
        "net0=virtio%2Cbridge%3Dvmbr0&tags=a%3Bb%26c%20d%2Be"
    )


def test_secrets_are_revealed_only_here() -> None:
    assert encode({"password": Secret("p=ö")}) == "password=p%3D%C3%B6"


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_any_text_arrives_as_it_was(form: dict[str, str]) -> None:
    encoded = encode(dict(form))
    assert dict(parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded))) == form
    assert not set(encoded) & set("; +")


@pytest.mark.parametrize("path", ["/", "/version", "/nodes/pve1/tasks/UPID%3Apve1%3A%3A/log"])
def test_paths_that_can_be_sent(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "nodes",
        "//nodes",
        "/nodes/",
        "/nodes/../access/users",
        "/nodes/./x",
        "/a?b=1",
        "/a#b",
        "/a b",
        "/ä",
        "/a\nb",
    ],
)
def test_paths_that_could_lead_elsewhere_are_refused(path: str) -> None:
    made = bench(data([]))
    with pytest.raises(UsageError):
        made.api.read(path)
    assert made.sent == []


@pytest.mark.capability("9.3")
@given(st.text())
def test_no_name_leaves_its_place_in_the_path(name: str) -> None:
    path = api_path("nodes", "pve1", "qemu", name)
    try:
        checked_path(path)
    except UsageError:
        assert name in ("", ".", "..")
    else:
        assert path.count("/") == 4


@pytest.mark.parametrize(
    ("path", "node"), [("/nodes/pve1/qemu", "pve1"), ("/nodes/pve2", "pve2"), ("/nodes", None), ("/cluster/x", None)]
)
def test_the_node_of_a_path(path: str, node: str | None) -> None:
    assert node_of(path) == node
