"""Which certificate is accepted: the system's authorities, a CA file, or pinned SHA-256 fingerprints."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, NoReturn

from proxmox_mpc.domain.connection import Tls
from proxmox_mpc.errors import ConfigError, FingerprintMismatch, TlsError, Unreachable

_HEX = re.compile(r"[0-9A-F]{64}")


def parse_fingerprints(text: str) -> frozenset[str]:
    """Return SHA-256 fingerprints as ``AA:BB:…``, read with or without colons, in any case.

    Several, separated by commas or blanks, are the certificates of several nodes: each has its own by default.
    Raises ConfigError.
    """
    parts = re.split(r"[\s,]+", text.strip())
    bare = [part.replace(":", "").upper() for part in parts]
    for part, digits in zip(parts, bare, strict=True):
        if not _HEX.fullmatch(digits):
            raise ConfigError(
                f"tls.fingerprint: {part[:100]!r} is no SHA-256 fingerprint",
                hint="it has 64 hex digits; a node shows its own under System > Certificates and by: pvenode cert info",
            )
    return frozenset(_colons(digits) for digits in bare)


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a DER certificate as PVE writes it: ``AA:BB:…``."""
    return _colons(sha256(certificate).hexdigest().upper())


def _colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


class PinnedContext(ssl.SSLContext):
    """Accepts the pinned certificates only, and looks at them before any byte of a request can be written."""

    pins: frozenset[str] = frozenset()

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Complete the handshake and compare the leaf; raises FingerprintMismatch with the connection closed."""
        kwargs["do_handshake_on_connect"] = True
        secured = super().wrap_socket(sock, *args, **kwargs)
        certificate = secured.getpeercert(binary_form=True)
        actual = fingerprint_of(certificate) if certificate else "no certificate"
        if actual not in self.pins:
            secured.close()
            raise mismatch(self.pins, actual)
        return secured

    def wrap_bio(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse: over memory buffers the handshake would come after this call, and nobody would compare."""
        raise TlsError("a pinned certificate cannot be checked on this kind of connection")


def mismatch(pins: frozenset[str], actual: str) -> FingerprintMismatch:
    """Return the error that names both sides."""
    expected = ", ".join(sorted(pins))
    return FingerprintMismatch(
        f"the server's certificate has changed: expected fingerprint {expected}, got {actual}",
        hint="nothing was sent; if it was renewed, compare it on the node (pvenode cert info), then pin the new one:\n"
        f"pmpc workspace config set cluster.tls.fingerprint {actual}",
        details={"expected": expected, "actual": actual},
    )


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """Return the context that accepts what ``tls`` says; raises ConfigError for what cannot be used."""
    if tls.fingerprint is not None:
        pinned = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
        pinned.pins = parse_fingerprints(tls.fingerprint)
        return _unverified(pinned)
    if not tls.verify:
        return _unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if tls.ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cafile=tls.ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or "not readable as certificates"
            raise ConfigError(f"tls.ca_file: {tls.ca_file}: {reason}") from error
        return context
    return _system_context()


def _unverified(context: ssl.SSLContext) -> ssl.SSLContext:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _system_context() -> ssl.SSLContext:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return ssl.create_default_context()
    # Python builds without a store of the system's (macOS installers): the list that httpx brings.
    import httpx

    return httpx.create_ssl_context(trust_env=False)


class Certificate(NamedTuple):
    """What a server presents: the SHA-256 fingerprint, both names (RFC 4514) and its validity (UTC)."""

    fingerprint: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    pem: str


def fetch_certificate(host: str, port: int, timeout: float = 10.0) -> Certificate:
    """Return the certificate that a server presents, unverified, by a handshake without any HTTP.

    Raises Unreachable or TlsError.
    """
    context = _unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        raise TlsError(f"{host}:{port} does not speak TLS: {error.reason or error}") from error
    except OSError as error:
        raise Unreachable(f"{host}:{port} does not answer: {error.strerror or error}") from error
    if not certificate:
        raise TlsError(f"{host}:{port} presents no certificate")
    return _described(certificate)


def _described(der: bytes) -> Certificate:
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(str(name.value) for name in extension.value)
    except x509.ExtensionNotFound:
        names = ()
    except ValueError as error:
        raise TlsError("the server's certificate cannot be read") from error
    return Certificate(
        fingerprint=fingerprint_of(der),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=names,
        pem=ssl.DER_cert_to_PEM_cert(der),
    )
