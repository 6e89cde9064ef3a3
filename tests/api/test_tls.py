"""Which certificates are accepted, and that nothing is said to the others."""

from __future__ import annotations

import random
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.api.tls import PinnedContext, fetch_certificate, fingerprint_of, parse_fingerprints, ssl_context
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Tls
from proxmox_mpc.errors import ConfigError, FingerprintMismatch, TlsError, Unreachable
from tests.api.conftest import StartServer
from tests.api.support import over_tls
from tests.api.wire_server import Identity, WireServer, http, unused_port


@pytest.mark.capability("4.10", "9.2")
def test_a_wrong_fingerprint_is_told_nothing(server: StartServer, identity: Identity, other_identity: Identity) -> None:
    pve = server(lambda request: http())
    with over_tls(pve.url, fingerprint=other_identity.fingerprint) as api:
        with pytest.raises(FingerprintMismatch) as caught:
            api.read("/version")
        with pytest.raises(FingerprintMismatch):
            api.send(Call("POST", "/nodes/pve1/qemu"))
    assert caught.value.details == {"expected": other_identity.fingerprint, "actual": identity.fingerprint}
    assert identity.fingerprint in caught.value.message
    assert other_identity.fingerprint in caught.value.message
    assert caught.value.exit_status == 7
    pve.stop()
    assert pve.bytes_received == 0
    assert pve.connections == 2


@pytest.mark.capability("9.2")
def test_a_changed_certificate_is_never_passed_over(
    server: StartServer, identity: Identity, other_identity: Identity
) -> None:
    pve = server(lambda request: http())
    with WireServer(other_identity, lambda request: http()) as good:
        endpoints = (pve.url, good.url)
        with over_tls(endpoints, fingerprint=other_identity.fingerprint) as api, pytest.raises(FingerprintMismatch):
            api.read("/version")
        assert good.connections == 0


@pytest.mark.capability("9.2")
def test_the_fingerprint_is_compared_on_every_connection(identity: Identity, other_identity: Identity) -> None:
    with WireServer(identity, lambda request: http(close=True)) as pve:
        with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
            api.read("/version")
            pve._context.load_cert_chain(other_identity.file)
            seen = pve.bytes_received
            with pytest.raises(FingerprintMismatch):
                api.read("/version")
        pve.stop()
        assert pve.bytes_received == seen


@pytest.mark.capability("4.10")
def test_each_node_may_have_a_fingerprint_of_its_own(identity: Identity, other_identity: Identity) -> None:
    pins = f"{identity.fingerprint}, {other_identity.fingerprint}"
    with (
        WireServer(other_identity, lambda request: http()) as pve,
        over_tls(pve.url, fingerprint=pins) as api,
    ):
        assert api.read("/version") is None


@pytest.mark.capability("4.10", "9.2")
def test_a_ca_file_is_trusted_and_an_unknown_ca_is_not(
    server: StartServer, identity: Identity, other_identity: Identity
) -> None:
    pve = server(lambda request: http())
    with over_tls(pve.url, ca_file=identity.file) as api:
        assert api.read("/version") is None
    seen = pve.bytes_received
    with over_tls(pve.url, ca_file=other_identity.file) as api, pytest.raises(TlsError, match="not trusted") as caught:
        api.read("/version")
    assert caught.value.hint is not None
    assert "fingerprint" in caught.value.hint
    pve.stop()
    assert pve.bytes_received == seen


@pytest.mark.capability("9.2")
def test_the_certificate_must_be_for_that_name(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: http())
    url = f"https://127.0.0.2:{pve.port}"
    with socket.create_server(("127.0.0.2", pve.port)) as listener:
        listener.settimeout(5)
        # The same server behind another address.
        import threading

        thread = threading.Thread(target=_handshake, args=(listener, identity), daemon=True)
        thread.start()
        with over_tls(url, ca_file=identity.file) as api, pytest.raises(TlsError, match="not trusted"):
            api.read("/version")
        thread.join(5)


def _handshake(listener: socket.socket, identity: Identity) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.file)
    plain, _ = listener.accept()
    with plain:
        try:
            context.wrap_socket(plain, server_side=True).close()
        except OSError:
            return


@pytest.mark.capability("9.2")
def test_by_default_the_system_decides(server: StartServer) -> None:
    pve = server(lambda request: http())
    with over_tls(pve.url) as api, pytest.raises(TlsError, match="not trusted"):
        api.read("/version")
    pve.stop()
    assert pve.bytes_received == 0
    context = ssl_context(Tls())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.capability("9.2")
def test_verification_is_off_only_where_that_was_said(server: StartServer) -> None:
    pve = server(lambda request: http())
    with over_tls(pve.url, verify=False) as api:
        assert api.read("/version") is None


@pytest.mark.capability("9.2")
@pytest.mark.parametrize(
    "tls", [Tls(), Tls(verify=False), Tls(fingerprint="ab" * 32)], ids=["system", "unverified", "pinned"]
)
def test_old_protocols_are_not_spoken(tls: Tls) -> None:
    assert ssl_context(tls).minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_pin_wins_over_switched_off_verification() -> None:
    assert isinstance(ssl_context(Tls(verify=False, fingerprint="ab" * 32)), PinnedContext)


@pytest.mark.capability("9.2")
def test_a_pin_refuses_connections_on_which_it_could_not_compare() -> None:
    with pytest.raises(TlsError):
        ssl_context(Tls(fingerprint="ab" * 32)).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())


def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match=r"tls\.ca_file: .*ca\.pem: No such file"):
        ssl_context(Tls(ca_file=file))
    file.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"tls\.ca_file"):
        ssl_context(Tls(ca_file=file))


@given(st.binary(min_size=32, max_size=32), st.booleans(), st.booleans())
def test_fingerprints_are_read_in_any_spelling(digest: bytes, colons: bool, lower: bool) -> None:
    written = digest.hex(":") if colons else digest.hex()
    written = written if lower else written.upper()
    assert parse_fingerprints(f"  {written}\n") == {digest.hex(":").upper()}


@given(st.text())
def test_anything_else_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ConfigError, match=r"tls\.fingerprint"):
        parse_fingerprints(text)


def test_a_sha1_fingerprint_is_refused() -> None:
    with pytest.raises(ConfigError, match="SHA-256"):
        parse_fingerprints(random.Random(1).randbytes(20).hex(":"))


@pytest.mark.capability("4.10", "9.2")
def test_a_certificate_is_fetched_without_a_word_of_http(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: http())
    found = fetch_certificate("127.0.0.1", pve.port, 5)
    assert found.fingerprint == identity.fingerprint
    assert found.subject == found.issuer == "CN=pve1"
    assert found.names == ("127.0.0.1", "localhost")
    assert found.not_before < found.not_after
    assert fingerprint_of(ssl.PEM_cert_to_DER_cert(found.pem)) == identity.fingerprint
    pve.stop()
    assert pve.bytes_received == 0


def test_a_certificate_cannot_be_fetched_from_nobody(identity: Identity) -> None:
    with unused_port() as port, pytest.raises(Unreachable, match="Connection refused"):
        fetch_certificate("127.0.0.1", port, 5)
    with (
        WireServer(identity, lambda request: http(), tls=False) as pve,
        pytest.raises(Unreachable, match="timed out"),
    ):
        fetch_certificate("127.0.0.1", pve.port, 0.3)
