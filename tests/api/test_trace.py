"""What -vv may see."""

from __future__ import annotations

import httpx
import pytest

from proxmox_mpc.api.trace import visible
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Login, Secret
from proxmox_mpc.errors import FingerprintMismatch, NotFound, Unreachable
from tests.api.support import TOKEN_SECRET, URL, bench, data, error

PASSWORD, TICKET, CSRF = "correct horse", "PVE:root@pam:66F0A1B2::c2ln", "66F0A1B2:Y3NyZg"


SECRET_KEYS = [
    *("password", "cipassword", "new-password", "smbpassword", "ticket", "tfa-challenge", "CSRFPreventionToken"),
    *("sshkeys", "secret", "client-key", "encryption-key", "private-key", "token", "otp", "keyring", "input-data"),
    "value",
]


@pytest.mark.capability("9.6")
def test_an_exchange_is_seen_without_its_credentials() -> None:
    made = bench(data([1, 2]))
    made.api.read("/nodes", {"type": "vm"})
    (seen,) = made.seen
    assert (seen.method, seen.url, seen.status, seen.error) == ("GET", f"{URL}/api2/json/nodes", 200, None)
    assert seen.params == {"type": "vm"}
    assert seen.size == len(b'{"data":[1,2]}')
    assert TOKEN_SECRET not in repr(made.seen)


@pytest.mark.capability("9.6")
def test_a_login_is_seen_without_its_secrets() -> None:
    ticket = data({"ticket": TICKET, "CSRFPreventionToken": CSRF})
    challenge = data({"NeedTFA": 1, "ticket": "PVE:!tfa!x"})
    login = Login("root@pam", lambda: Secret(PASSWORD), lambda: Secret("123456"))
    made = bench(challenge, ticket, data("x"), data("x"), credentials=login)
    made.api.send(Call("PUT", "/access/password", {"password": "new one", "userid": "a@pve"}))
    made.api.read("/version")
    everything = repr(made.seen) + repr(made.api.__dict__)
    for secret in (PASSWORD, TICKET, CSRF, "123456", "new one", "PVE:!tfa!x"):
        assert secret not in everything
    assert made.seen[0].params == {"username": "root@pam", "password": "***"}
    assert made.seen[2].params == {"password": "***", "userid": "a@pve"}


@pytest.mark.capability("9.6")
@pytest.mark.parametrize(
    "key",
    SECRET_KEYS,
)
def test_parameters_that_may_be_secret_are_hidden(key: str) -> None:
    assert visible("/x", {key: "hidden"}) == {key: "***"}


def test_other_parameters_are_shown() -> None:
    shown = visible("/x", {"content": "iso", "a": ["1", "2"], "long": "x" * 500, "marked": Secret("s"), "none": None})
    assert shown == {"content": "iso", "a": "1 2", "long": "x" * 200 + "…", "marked": "***"}


def test_what_is_written_into_a_guest_is_hidden() -> None:
    assert visible("/nodes/a/qemu/1/agent/file-write", {"content": "x", "file": "/f"}) == {
        "content": "***",
        "file": "/f",
    }


def test_errors_are_seen_and_so_is_every_try() -> None:
    made = bench(httpx.ReadError("reset"), error(503), error(500, "no such thing"))
    with pytest.raises(NotFound):
        made.api.read("/x")
    assert [each.status for each in made.seen] == [None, 503, 500]
    assert made.seen[0].error == f"the connection to {URL} broke: reset"
    assert [each.ms >= 0 for each in made.seen] == [True] * 3


def test_failures_before_anything_was_sent_are_seen() -> None:
    for failure in (FingerprintMismatch("the certificate has changed"), httpx.ConnectError("refused")):
        made = bench(failure)
        with pytest.raises((FingerprintMismatch, Unreachable)):
            made.api.read("/x")
        assert made.seen[0].status is None
        assert made.seen[0].error
