"""Decodes query strings and bodies as PVE's own HTTP server does, with its home-grown form rules."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote_to_bytes

from proxmox_mpc.simulator.errors import ApiError

BODY_LIMIT = 512 * 1024


def decode_form(text: str) -> dict[str, object]:
    """Decode ``a=1&b=2``: pairs end at ``&`` and ``;``, a value ends at a further ``=``, a repeated key is a list."""
    found: dict[str, object] = {}
    for pair in text.replace(";", "&").split("&"):
        if not pair:
            continue
        parts = pair.split("=")
        name = _decoded(parts[0])
        value = _decoded(parts[1]) if len(parts) > 1 else ""
        if name in found:
            earlier = found[name]
            found[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            found[name] = value
    return found


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def decode_path(path: str) -> list[str]:
    """Return the decoded parts of a path; an encoded slash stays inside its part."""
    return [unquote_to_bytes(part).decode("utf-8", "replace") for part in path.split("/") if part]


def decode_body(method: str, content_type: str, body: bytes) -> dict[str, object]:
    """Return a body's parameters; raises ApiError for a body that PVE does not take."""
    if not body:
        return {}
    if method not in {"PUT", "POST"}:
        raise ApiError(501, f"Unexpected content for method '{method}'")
    if len(body) > BODY_LIMIT:
        raise ApiError(501, "for data too large")
    kind = content_type.split(";", 1)[0].strip()
    if kind == "application/json":
        return _decode_json(body)
    if kind in {"", "application/x-www-form-urlencoded"}:
        return decode_form(body.decode("utf-8", "replace"))
    raise ApiError(506, f"upload '{kind}' not implemented")


def _decode_json(body: bytes) -> dict[str, object]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise ApiError(400, f"malformed JSON string: {error}") from error
    if not isinstance(given, dict):
        raise ApiError(400, "malformed JSON string: not an object")
    return {str(name): _plain(value) for name, value in given.items() if value is not None}


def _plain(value: object) -> object:
    """Return a JSON number as the text a form would hold; lists and booleans stay as they are."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    return value


def decode_upload(content_type: str, body: bytes) -> tuple[dict[str, object], bytes]:
    """Return the fields of a multipart body and the file's content; what stands behind the file is not read.

    The file is the part called ``filename``; its own file name becomes that parameter. Raises ApiError without one.
    """
    boundary = content_type.partition("boundary=")[2].split(";", 1)[0].strip().strip('"')
    fields: dict[str, object] = {}
    for part in body.split(b"--" + boundary.encode())[1:] if boundary else []:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        names = dict(re.findall(r'[;\s](name|filename)="([^"]*)"', head.decode("utf-8", "replace")))
        if not found or "name" not in names:
            continue
        content = content.removesuffix(b"\r\n")
        if "filename" in names:
            return {**fields, "filename": names["filename"]}, content
        fields[names["name"]] = content.decode("utf-8", "replace")
    raise ApiError(501, "upload: no file in the multipart body")
