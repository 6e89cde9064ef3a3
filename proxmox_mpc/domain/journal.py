"""The journal's rows and the chain that holds them together: each row's hash covers the row and the hash before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from proxmox_mpc.domain.json import JsonObject

START = "0" * 64
"""What stands for the hash before the first row."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. ``operation`` is the ``seq`` of the row that began it; ``step`` counts its sends, 0 for all of it.

    ``at`` is ISO 8601 UTC; ``hash`` is in hex.
    """

    seq: int
    at: str
    operation: int
    step: int
    event: str
    body: JsonObject
    hash: str = ""


def canonical(body: JsonObject) -> str:
    """Return JSON in the one form that is stored and hashed."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def chained(before: str, entry: Entry, body: str | None = None) -> str:
    """Return the hash of a row that follows a row with the hash ``before``; ``body`` is its stored text."""
    content = [entry.seq, entry.at, entry.operation, entry.step, entry.event, body or canonical(entry.body)]
    text = before + json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
