"""From the bytes of a reply to the answer it holds, or to the error it means."""

from __future__ import annotations

import json
from typing import NoReturn

from proxmox_mpc.api.retry import AttemptError
from proxmox_mpc.api.wire import Reply
from proxmox_mpc.domain.json import Json, integer, text
from proxmox_mpc.domain.source import Answer
from proxmox_mpc.errors import UnexpectedAnswer


def answer_of(reply: Reply, method: str, path: str, who: str) -> Answer:
    """Return the answer; raises AttemptError for an error status and for what PVE would never send.

    ``who`` names the credentials, for the texts about permission.
    """
    if not 200 <= reply.status < 300:
        _refuse(reply, method, path, who)
    try:
        body = _decode(reply.body)
    except (ValueError, RecursionError) as error:
        raise AttemptError(_no_json(reply, method, path)) from error
    if not isinstance(body, dict) or "data" not in body:
        raise AttemptError(UnexpectedAnswer(f'{method} {path}: the answer has no "data"'))
    return Answer(body["data"], integer(body, "total"), text(body, "changes"))


def _refuse(reply: Reply, method: str, path: str, who: str) -> NoReturn:
    from proxmox_mpc.api.refusals import Refusal, error_text, redirected, refused

    try:
        body = _decode(reply.body)
    except (ValueError, RecursionError):
        body = None
    said, fields = error_text(reply.reason, body)
    refusal = Refusal(method, path, reply.status, said, fields, who)
    if reply.status < 400:
        raise redirected(refusal, reply.location)
    raise refused(refusal)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _decode(body: bytes) -> Json:
    """Return the JSON of a body; raises ValueError or RecursionError."""
    value: Json = _DECODER.decode(body.decode("utf-8"))
    if b"\\ud" in body or b"\\uD" in body:
        # Half of a surrogate pair could be neither printed nor stored.
        value = _DECODER.decode(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"))
    return value


def _no_json(reply: Reply, method: str, path: str) -> UnexpectedAnswer:
    from proxmox_mpc.api.refusals import readable

    kind = readable(reply.content_type.partition(";")[0]) or "no content type"
    return UnexpectedAnswer(
        f"{method} {path}: {reply.endpoint} does not answer as Proxmox VE does ({kind}, {len(reply.body)} bytes)",
        hint="is there a proxy, or a sign-in page, between here and the server?",
    )
