"""How a server is reached: endpoints, credentials and trust, as frozen values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Secret:
    """A text that no print, log, repr or traceback shows; ``reveal`` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Token(NamedTuple):
    """An API token: ``token_id`` is ``user@realm!name``; ``secret`` is asked of its source when first needed."""

    token_id: str
    secret: Callable[[], Secret]


class Login(NamedTuple):
    """A user with a password, for a ticket; ``otp`` gives the TFA answer when the server asks for one."""

    username: str
    password: Callable[[], Secret]
    otp: Callable[[], Secret] | None = None


class Tls(NamedTuple):
    """What certificate is accepted: the system's authorities, a CA file, or one pinned SHA-256 fingerprint."""

    verify: bool = True
    ca_file: Path | None = None
    fingerprint: str | None = None


class Connection(NamedTuple):
    """Everything from one source (workspace or environment, never mixed) that is needed to reach a cluster.

    ``endpoints`` are base URLs without ``/api2`` (``https://pve1:8006``, ``sim://homelab``), tried in order.
    ``request_timeout`` is in seconds; ``parallel`` bounds the requests under way at once.
    """

    endpoints: tuple[str, ...]
    credentials: Token | Login
    tls: Tls = Tls()
    request_timeout: float = 30.0
    parallel: int = 6

    @property
    def holder(self) -> str:
        """Who holds the rights: the token's id, or the user's name."""
        credentials = self.credentials
        return credentials.token_id if isinstance(credentials, Token) else credentials.username
