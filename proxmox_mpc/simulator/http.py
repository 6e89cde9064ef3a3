"""A request and an answer between the doors (in process, TLS) and the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """What came in: ``path`` as sent (percent-encoded), ``query`` raw, header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out; ``reason`` is the phrase of the status line, without line ends.

    ``wire`` tells the door to break it: ``drop`` and ``lost`` send nothing, ``hang`` sends nothing after ``seconds``,
    ``truncate`` sends half of the body.
    """

    status: int
    reason: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    wire: str = ""
    seconds: float = 0.0
