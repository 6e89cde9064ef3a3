"""Who asks: an API token, or a user's ticket with its CSRF token, renewed before it expires."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import quote

from proxmox_mpc.api.retry import Clock
from proxmox_mpc.api.wire import Headers
from proxmox_mpc.domain.connection import Login, Secret, Token
from proxmox_mpc.domain.json import JsonObject, Param, boolean, text
from proxmox_mpc.errors import AuthenticationError, ConfigError, UnexpectedAnswer

PostTicket: TypeAlias = Callable[[Mapping[str, Param | Secret]], JsonObject]
"""Sends one ``POST /access/ticket`` and returns its ``data``; raises AuthenticationError when it is refused."""

_TOKEN_ID = re.compile(r"[^\s:/@!=]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+")
# A ticket lives for two hours (pve-access-control); half of it leaves room for a clock that is off and a long request.
_RENEW_AFTER = 3600.0


class Authority(Protocol):
    """Gives each request its credentials."""

    who: str

    def headers(self, writes: bool) -> Headers:
        """Return the headers that say who asks; may log in first."""

    def refused(self, sent: Headers) -> bool:
        """Take note of a 401 to these headers, and say whether other ones are worth a try."""


class TokenAuthority:
    """An API token; its secret is asked for once, when the first request needs it."""

    def __init__(self, token: Token) -> None:
        if not _TOKEN_ID.fullmatch(token.token_id):
            raise ConfigError(
                f"cluster.token_id: {token.token_id[:100]!r} is no token id",
                hint="a token id looks like user@realm!name, and its name has two characters or more",
            )
        self.who = f"the token {token.token_id}"
        self._token = token
        self._lock = threading.Lock()
        self._headers: Headers = []

    def headers(self, writes: bool) -> Headers:
        with self._lock:
            if not self._headers:
                secret = self._token.secret().reveal()
                if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
                    raise ConfigError("cluster.token_secret: this is no token secret", hint="it is a UUID, on one line")
                self._headers = [("Authorization", f"PVEAPIToken={self._token.token_id}={secret}")]
            return self._headers

    def refused(self, sent: Headers) -> bool:
        return False


class _Session(NamedTuple):
    ticket: Secret
    since: float
    reading: Headers
    writing: Headers


class TicketAuthority:
    """A user's ticket, taken by the first request, renewed after an hour and once more when the server refuses it."""

    def __init__(self, login: Login, post: PostTicket, clock: Clock) -> None:
        if "@" not in login.username:
            raise ConfigError(
                f"the user {login.username[:100]!r} has no realm", hint="write it like root@pam or admin@pve"
            )
        self.who = f"the user {login.username}"
        self._login = login
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def headers(self, writes: bool) -> Headers:
        with self._lock:
            session = self._session
            if session is None:
                session = self._session = self._log_in()
            elif self._clock() - session.since >= _RENEW_AFTER:
                session = self._session = self._renew(session)
            return session.writing if writes else session.reading

    def refused(self, sent: Headers) -> bool:
        with self._lock:
            if self._session is not None and sent in (self._session.reading, self._session.writing):
                self._session = None
        return True

    def _renew(self, session: _Session) -> _Session:
        try:
            return self._session_of(self._post({"username": self._login.username, "password": session.ticket}))
        except AuthenticationError:
            return self._log_in()

    def _log_in(self) -> _Session:
        data = self._post({"username": self._login.username, "password": self._login.password()})
        if boolean(data, "NeedTFA"):
            data = self._post_second(self._second_factor(data))
        return self._session_of(data)

    def _post_second(self, answer: Mapping[str, Param | Secret]) -> JsonObject:
        try:
            return self._post(answer)
        except AuthenticationError as error:
            raise AuthenticationError(
                f"the server does not accept the second factor of {self._login.username}",
                hint="a code of an app is good for half a minute, and once; recovery keys are written recovery:KEY",
                details=error.details,
            ) from error

    def _second_factor(self, data: JsonObject) -> Mapping[str, Param | Secret]:
        challenge = text(data, "ticket")
        if challenge is None:
            raise UnexpectedAnswer("the server asks for a second factor but sends no challenge")
        if self._login.otp is None:
            raise AuthenticationError(
                f"{self._login.username} needs a second factor, and there is nobody to ask for it",
                hint="set PMPC_OTP or cluster.otp, or use an API token, which needs no second factor",
            )
        code = self._login.otp().reveal().strip()
        # A bare code is what an authenticator app shows; recovery:, yubico: and the like are kept.
        answer = code if ":" in code else f"totp:{code}"
        return {"username": self._login.username, "tfa-challenge": Secret(challenge), "password": Secret(answer)}

    def _session_of(self, data: JsonObject) -> _Session:
        ticket, csrf = text(data, "ticket"), text(data, "CSRFPreventionToken")
        if not ticket or not csrf or not csrf.isprintable():
            raise UnexpectedAnswer("the server answered the login without a ticket")
        # What a cookie may hold stays as it is: PVE decodes either, other servers of its API do not.
        cookie = ("Cookie", f"PVEAuthCookie={quote(ticket, safe=':@/+=!')}")
        return _Session(
            ticket=Secret(ticket),
            since=self._clock(),
            reading=[cookie],
            writing=[cookie, ("CSRFPreventionToken", csrf)],
        )
