"""Endpoints, token ids and fingerprints as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.workspace.endpoints import fingerprint, label, normalise, token_id

PIN = ":".join(["AB"] * 32)


@pytest.mark.capability("6.3")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("pve1", "https://pve1:8006"),
        ("PVE1.Example.COM", "https://pve1.example.com:8006"),
        ("pve1:443", "https://pve1:443"),
        ("https://pve1:8006/", "https://pve1:8006"),
        ("https://pve1:8006/#v1:0:18:4", "https://pve1:8006"),
        ("https://pve1/api2/json", "https://pve1:8006"),
        ("192.0.2.7", "https://192.0.2.7:8006"),
        ("::1", "https://[::1]:8006"),
        ("[2001:DB8::1]:443", "https://[2001:db8::1]:443"),
        ("sim://homelab", "sim://homelab"),
        ("sim://datacenter:50:10000:1", "sim://datacenter:50:10000:1"),
    ],
)
def test_an_endpoint_is_brought_into_one_form(written: str, expected: str) -> None:
    assert normalise(written) == expected
    assert normalise(expected) == expected


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(
    "written",
    [
        "http://pve1",
        "ftp://pve1",
        "https://root:hunter2@pve1",
        "root@pve1",
        "https://pve1/some/path",
        "pve1:0",
        "pve1:65536",
        "pve1:80a",
        "",
        "https://",
        "-pve1",
        "[fe80::1%eth0]",
        "[::1",
        ":::",
        "pve1 pve2",
        "sim://",
        "sim://../x y",
    ],
)
def test_what_is_no_endpoint_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(ValueError) as caught:
        normalise(written)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_a_value_error(written: str) -> None:
    try:
        found = normalise(written)
    except ValueError:
        return
    assert found.startswith(("https://", "sim://"))
    assert normalise(found) == found
    assert label(found).strip("._-") and "/" not in label(found)


def test_a_fingerprint_is_read_with_and_without_colons() -> None:
    assert fingerprint("ab" * 32) == PIN
    assert fingerprint(f"{PIN.lower()}, {PIN}") == f"{PIN},{PIN}"
    for wrong in ("", "AB" * 20, "XY" * 32):
        with pytest.raises(ValueError, match="64 hexadecimal"):
            fingerprint(wrong)


def test_a_token_id_with_its_secret_behind_it_is_recognised_and_not_repeated() -> None:
    assert token_id("ops@pve!cli") == "ops@pve!cli"
    with pytest.raises(ValueError, match="secret is named by its source") as caught:
        token_id("ops@pve!cli=5e0-hidden")
    assert "5e0-hidden" not in str(caught.value)
    with pytest.raises(ValueError, match="USER@REALM!NAME"):
        token_id("ops")
