"""Certificates as a PVE cluster has them: a self-signed authority and a leaf for each start."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.simulator.json import Json, JsonObject

if TYPE_CHECKING:
    from cryptography.x509 import Name


@dataclass(frozen=True, slots=True)
class Identity:
    """A leaf certificate on disk; ``fingerprint`` is its SHA-256 as PVE writes it, ``AA:BB:…``."""

    chain: Path
    key: Path
    ca: Path
    fingerprint: str

    def context(self) -> ssl.SSLContext:
        """Return a server's TLS context that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def create(directory: Path, names: list[str], serial: int = 1) -> Identity:
    """Make an authority (kept in ``directory``, made when missing) and a new leaf for ``names`` and 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "PVE Cluster Manager CA"),
        ])  # fmt: skip

    now = datetime.datetime.now(datetime.UTC)
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = name(f"Proxmox Virtual Environment {serial}")
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    base = x509.CertificateBuilder().not_valid_before(now - datetime.timedelta(days=1))
    ca = (
        base.subject_name(ca_name).issuer_name(ca_name).public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"), *map(x509.DNSName, names),
    ]  # fmt: skip
    leaf = (
        base.subject_name(name(names[0] if names else "localhost")).issuer_name(ca_name)
        .public_key(leaf_key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_after(now + datetime.timedelta(days=730))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    chain = _write(directory / f"pve-ssl-{serial}.pem", leaf.public_bytes(pem))
    key_text = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password)
    key = _write(directory / f"pve-ssl-{serial}.key", key_text)
    authority = _write(directory / f"pve-root-ca-{serial}.pem", ca.public_bytes(pem))
    digest = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return Identity(chain, key, authority, ":".join(digest[at : at + 2] for at in range(0, 64, 2)))


def describe(pem: str) -> JsonObject:
    """Return what PVE tells of a certificate (the first of a chain); raises ValueError for text that is none."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    leaf = x509.load_pem_x509_certificate(pem.encode())
    key = leaf.public_key()
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        san: list[Json] = [str(name.value) for name in names]
    except x509.ExtensionNotFound:
        san = []
    return {
        "fingerprint": leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
        "subject": _slashed(leaf.subject), "issuer": _slashed(leaf.issuer), "san": san, "pem": pem,
        "notbefore": int(leaf.not_valid_before_utc.timestamp()), "notafter": int(leaf.not_valid_after_utc.timestamp()),
        "public-key-type": "rsaEncryption" if isinstance(key, rsa.RSAPublicKey) else "id-ecPublicKey",
        "public-key-bits": key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else 0,
    }  # fmt: skip


def _slashed(name: Name) -> str:
    """Write a distinguished name as PVE does: ``/CN=host/O=company``."""
    return "".join(f"/{part.rfc4514_string()}" for part in name)


def _write(path: Path, content: bytes) -> Path:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return path
