"""HTTP/1.1 as PVE's own server speaks it: reading a request's head, writing an answer."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import BinaryIO

from proxmox_mpc.simulator.http import Response

HEADER_LINES = 64
HEADER_BYTES = 8 * 1024
GZIP_ABOVE = 1024


class BadRequestError(Exception):
    """The bytes are no request that PVE takes; the connection ends."""


@dataclass
class Head:
    """A request line and its headers, names in lower case."""

    method: str
    target: str
    version: str
    headers: dict[str, str] = field(default_factory=dict)


def read_head(stream: BinaryIO) -> Head | None:
    """Read a request's head; None at the end of the connection."""
    line = stream.readline(HEADER_BYTES)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError("bad request line")
    head = Head(parts[0], parts[1], parts[2])
    left = HEADER_BYTES
    for _ in range(HEADER_LINES + 1):
        line = stream.readline(left)
        left -= len(line)
        if line in {b"\r\n", b"\n", b""}:
            return head
        if left <= 0:
            raise BadRequestError("header too large")
        name, _, value = line.decode("latin-1").partition(":")
        head.headers[name.strip().lower()] = value.strip()
    raise BadRequestError("too many http header lines (> 64)")


def read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    """Read what Content-Length announces."""
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise BadRequestError("bad content length")
    return stream.read(int(length)) if length != "0" else b""


def encode(response: Response, accepted: str, now: float, *, keep: bool) -> bytes:
    """Return an answer as bytes: gzip over 1024 bytes when accepted, ``Connection`` as PVE names it."""
    headers, body = dict(response.headers), response.body
    if len(body) > GZIP_ABOVE and "gzip" in accepted:
        body = gzip.compress(body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    headers |= {
        "Date": formatdate(now, usegmt=True),
        "Content-Length": str(len(body)),
        "Connection": "Keep-Alive" if keep else "close",
    }
    lines = [f"HTTP/1.1 {response.status} ".encode() + response.reason.encode("utf-8")]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body[: len(body) // 2] if response.wire == "truncate" else body)
