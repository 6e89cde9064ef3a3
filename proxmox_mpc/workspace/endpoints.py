"""Endpoints, token ids and fingerprints as people write them, brought into the one form that the client uses.

Every function raises ValueError with a text that follows "it …" and never repeats what was written: it may be a secret.
"""

from __future__ import annotations

import re

DEFAULT_PORT = 8006


def normalise(text: str) -> str:
    """Return the base URL for ``pve1``, ``pve1:8006``, ``https://pve1/``, ``[::1]:8006`` or ``sim://homelab``.

    Without a port it is Proxmox's 8006; what a browser's address bar adds (``#v1:0``, ``/api2/json``) is dropped.
    http and credentials in the URL are refused.
    """
    written = text.strip()
    scheme, separator, rest = written.partition("://")
    if not separator:
        scheme, rest = "https", written
    scheme = scheme.lower()
    if scheme == "sim":
        if not re.fullmatch(r"[A-Za-z0-9._/][A-Za-z0-9._:/-]*", rest):
            raise ValueError("names no simulated world; write sim://homelab or sim://datacenter:NODES:GUESTS:SEED")
        return f"sim://{rest}"
    if scheme == "http":
        raise ValueError("is plain http, over which no secret is sent; write https://")
    if scheme != "https":
        raise ValueError("has a scheme that is neither https nor sim")
    rest = rest.split("#", 1)[0].split("?", 1)[0]
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("carries credentials; give the token by token_id and token_secret")
    if path.rstrip("/") not in ("", "api2", "api2/json"):
        raise ValueError("has a path; only host and port belong here")
    host, port = _split(authority)
    return f"https://{host}:{port}"


def label(endpoint: str) -> str:
    """Return a file name for a normalised endpoint: ``pve1_8006``, ``sim_homelab``."""
    scheme, _, rest = endpoint.partition("://")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", rest).strip("._-")
    return f"sim_{name}" if scheme == "sim" else name


def token_id(text: str) -> str:
    """Return a token id, ``USER@REALM!NAME``."""
    if "=" in text:
        raise ValueError("must be USER@REALM!NAME alone; its secret is named by its source")
    if not re.fullmatch(r"[^\s:/@!]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+", text):
        raise ValueError("must be USER@REALM!NAME, realm and name of two characters or more")
    return text


def username(text: str) -> str:
    """Return a user, ``USER@REALM``."""
    if not re.fullmatch(r"[^\s:/!]+@[A-Za-z][A-Za-z0-9._-]+", text):
        raise ValueError("must be USER@REALM")
    return text


def fingerprint(text: str) -> str:
    """Return SHA-256 fingerprints as Proxmox writes them, upper case with colons.

    Each node has a certificate of its own: those of several endpoints stand side by side, with commas between.
    """
    found = [part.replace(":", "").upper() for part in text.replace(",", " ").split()]
    if not found or not all(re.fullmatch("[0-9A-F]{64}", digits) for digits in found):
        raise ValueError("must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons")
    return ",".join(":".join(digits[i : i + 2] for i in range(0, 64, 2)) for digits in found)


def _split(authority: str) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError("is no host; an IPv6 address is written [::1]:8006")
        port = port[1:]
    elif authority.count(":") > 1:
        host, port = authority, ""
    else:
        host, _, port = authority.partition(":")
    if ":" in host:
        host = f"[{_ipv6(host)}]"
    elif not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", host):
        raise ValueError("names no host")
    return host.lower(), _port(port)


def _ipv6(host: str) -> str:
    from ipaddress import AddressValueError, IPv6Address

    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise ValueError("is no host; an IPv6 address is written [::1]:8006") from None
    if address.scope_id:
        raise ValueError("has a zone, which a URL cannot carry")
    return str(address)


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueError("has a port that is no number from 1 to 65535")
    return int(text)
