"""What the client makes of answers that were recorded from the API of PVE 9.2.11."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc import errors
from proxmox_mpc.api.answers import answer_of
from proxmox_mpc.api.retry import AttemptError
from proxmox_mpc.api.wire import Reply

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "pve" / "recorded.jsonl"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded exchanges are not part of this checkout")

# What is not a parameter error, a permission or the like is told apart by its text, the first that fits.
BY_TEXT: list[tuple[str, type[errors.PmpcError]]] = [
    ("already", errors.AlreadyExists),
    ("does not exist", errors.NotFound),
    ("unable to find configuration file", errors.NotFound),
    ("no such", errors.NotFound),
    ("hostname lookup", errors.NotFound),
    ("checksum mismatch", errors.Conflict),
    ("modified configuration", errors.Conflict),
    ("not running", errors.Conflict),
    ("No QEMU guest agent", errors.Conflict),
    ("is not empty", errors.Conflict),
    ("only root", errors.PermissionDenied),
    ("not implemented", errors.NotFound),
    ("no such uri", errors.NotFound),
]
BY_STATUS = {400: errors.InvalidValue, 401: errors.AuthenticationError, 403: errors.PermissionDenied}


def exchanges() -> list[dict[str, Any]]:
    with RECORDED.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def outcome(recorded: dict[str, Any]) -> object:
    body = recorded["body"]
    raw = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    reply = Reply(recorded["status"], recorded["reason"].encode(), "application/json", "", raw.encode(), "https://pve1")
    try:
        return answer_of(reply, recorded["method"], recorded["path"], "the token")
    except AttemptError as failure:
        return failure.error


@pytest.mark.capability("4.9")
def test_every_good_answer_is_read() -> None:
    good = [recorded for recorded in exchanges() if recorded["status"] < 400]
    assert good
    for recorded in good:
        assert getattr(outcome(recorded), "data", None) == recorded["body"]["data"]


@pytest.mark.capability("4.9")
def test_every_refusal_gets_the_class_that_its_text_asks_for() -> None:
    refused = [recorded for recorded in exchanges() if recorded["status"] >= 400]
    assert refused
    for recorded in refused:
        found = outcome(recorded)
        assert isinstance(found, errors.PmpcError)
        texts = json.dumps(recorded["body"]) + recorded["reason"]
        said = next((kind for text, kind in BY_TEXT if text in texts and recorded["status"] >= 500), None)
        expected = said or BY_STATUS.get(recorded["status"])
        if expected is errors.InvalidValue:
            assert isinstance(
                found, (errors.InvalidValue, errors.AlreadyExists, errors.NotFound, errors.PermissionDenied)
            )
        elif "No such file" not in texts and expected is not None:
            assert type(found) is expected, (recorded["status"], texts)
        assert found.message
        assert found.details["status"] == recorded["status"]
