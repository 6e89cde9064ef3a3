"""Tokens, tickets, and who may know what."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

import httpx
import pytest

from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Login, Secret, Token
from proxmox_mpc.errors import AuthenticationError, ConfigError, UnexpectedAnswer
from tests.api.support import Bench, bench, data, error


class Door:
    """A server with one user, whose tickets are numbered."""

    def __init__(self, otp: str | None = None) -> None:
        self.issued = 0
        self.valid: set[str] = set()
        self.otp = otp
        self.logins: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/access/ticket"):
            return self._log_in(dict(parse_qsl(request.content.decode())))
        cookie = request.headers.get("cookie", "")
        if unquote(cookie.removeprefix("PVEAuthCookie=")) not in self.valid:
            return error(401, reason=b"permission denied - invalid PVE ticket")
        if request.method != "GET" and "csrfpreventiontoken" not in request.headers:
            return error(401, reason=b"Permission denied - invalid csrf token")
        return data("in")

    def _log_in(self, form: dict[str, str]) -> httpx.Response:
        self.logins.append(form)
        challenge = form.get("tfa-challenge")
        if challenge is not None:
            if challenge != "PVE:!tfa!1" or form["password"] != self.otp:
                return error(401, "authentication failure")
        elif form["password"] != "right" and form["password"] not in self.valid:
            return error(401, "authentication failure\n")
        elif self.otp is not None and form["password"] == "right":
            return data({"NeedTFA": 1, "ticket": "PVE:!tfa!1", "username": "root@pam"})
        self.issued += 1
        ticket = f"PVE:root@pam:{self.issued}"
        self.valid.add(ticket)
        return data({"ticket": ticket, "CSRFPreventionToken": "csrf:1", "username": "root@pam", "cap": {}})


def user(door: Door, password: str = "right", otp: Callable[[], Secret] | None = None) -> Bench:
    return bench(door, credentials=Login("root@pam", lambda: Secret(password), otp))


@pytest.mark.capability("4.1")
def test_a_user_logs_in_once_and_reads_with_the_ticket() -> None:
    door = Door()
    made = user(door)
    assert made.api.read("/version") == "in"
    assert made.api.read("/nodes") == "in"
    assert door.logins == [{"username": "root@pam", "password": "right"}]
    assert made.sent[1].headers["cookie"] == "PVEAuthCookie=PVE:root@pam:1"


@pytest.mark.capability("4.1")
def test_only_writes_carry_the_csrf_token() -> None:
    made = user(Door())
    made.api.read("/version")
    made.api.send(Call("POST", "/nodes/pve1/qemu"))
    assert "csrfpreventiontoken" not in made.sent[1].headers
    assert made.sent[2].headers["csrfpreventiontoken"] == "csrf:1"


@pytest.mark.capability("4.1")
def test_the_ticket_is_renewed_with_itself_after_an_hour() -> None:
    door = Door()
    made = user(door)
    made.api.read("/version")
    made.time.now += 3599
    made.api.read("/version")
    assert len(door.logins) == 1
    made.time.now += 1
    made.api.read("/version")
    assert door.logins[1] == {"username": "root@pam", "password": "PVE:root@pam:1"}


def test_a_ticket_that_cannot_be_renewed_is_replaced_by_the_password() -> None:
    door = Door()
    made = user(door)
    made.api.read("/version")
    made.time.now += 4 * 3600
    door.valid.clear()
    assert made.api.read("/version") == "in"
    assert [login["password"] for login in door.logins] == ["right", "PVE:root@pam:1", "right"]


@pytest.mark.capability("4.1")
def test_a_ticket_that_expired_early_is_taken_anew_once() -> None:
    door = Door()
    made = user(door)
    made.api.read("/version")
    door.valid.clear()
    assert made.api.read("/version") == "in"
    assert len(door.logins) == 2


def test_a_ticket_that_is_never_accepted_ends_it() -> None:
    door = Door()

    def serve(request: httpx.Request) -> httpx.Response:
        return door(request) if request.method == "POST" else error(401)

    made = bench(serve, credentials=Login("root@pam", lambda: Secret("right")))
    with pytest.raises(AuthenticationError, match="the user root@pam"):
        made.api.read("/version")
    assert len(door.logins) == 2


@pytest.mark.capability("9.9")
def test_a_write_is_not_repeated_even_then_but_the_next_one_logs_in() -> None:
    door = Door()
    made = user(door)
    made.api.read("/version")
    door.valid.clear()
    with pytest.raises(AuthenticationError):
        made.api.send(Call("POST", "/nodes/pve1/qemu"))
    assert made.api.send(Call("POST", "/nodes/pve1/qemu")) == "in"


def test_a_wrong_password_is_tried_once() -> None:
    door = Door()
    made = user(door, "wrong")
    with pytest.raises(AuthenticationError, match="the user root@pam: authentication failure"):
        made.api.read("/version")
    assert len(door.logins) == 1


@pytest.mark.capability("4.1")
def test_a_refused_second_factor_is_told_from_a_refused_password() -> None:
    door = Door(otp="totp:1")
    with pytest.raises(AuthenticationError, match="second factor of root@pam") as caught:
        user(door, otp=lambda: Secret("999999")).api.read("/version")
    assert "code of an app" in str(caught.value.hint)
    with pytest.raises(AuthenticationError, match="the user root@pam") as caught:
        user(Door(), password="wrong").api.read("/version")
    assert "password" in str(caught.value.hint)


@pytest.mark.parametrize(("typed", "sent"), [(" 123456 ", "totp:123456"), ("recovery:abcd", "recovery:abcd")])
def test_a_second_factor_is_asked_for(typed: str, sent: str) -> None:
    door = Door(otp=sent)
    assert user(door, otp=lambda: Secret(typed)).api.read("/version") == "in"
    assert door.logins[1] == {"username": "root@pam", "tfa-challenge": "PVE:!tfa!1", "password": sent}


def test_a_wrong_second_factor_is_tried_once() -> None:
    door = Door(otp="totp:1")
    with pytest.raises(AuthenticationError):
        user(door, otp=lambda: Secret("2")).api.read("/version")
    assert len(door.logins) == 2


def test_a_second_factor_and_nobody_to_ask_says_what_to_do() -> None:
    with pytest.raises(AuthenticationError, match="second factor") as caught:
        user(Door(otp="totp:1")).api.read("/version")
    assert caught.value.hint is not None
    assert "API token" in caught.value.hint


def test_a_login_waits_for_a_busy_server() -> None:
    door = Door()
    made = bench(error(503), door, credentials=Login("root@pam", lambda: Secret("right")))
    assert made.api.read("/version") == "in"


def test_a_login_that_breaks_off_is_not_repeated() -> None:
    from proxmox_mpc.errors import Unreachable

    made = bench(httpx.ReadError("reset"), Door(), credentials=Login("root@pam", lambda: Secret("right")))
    with pytest.raises(Unreachable):
        made.api.read("/version")
    assert made.api.requests == 1


@pytest.mark.parametrize(
    "answer", [{}, {"ticket": "x"}, {"NeedTFA": 1}, {"ticket": "x", "CSRFPreventionToken": "a\nb"}]
)
def test_a_login_without_a_ticket_is_no_login(answer: dict[str, object]) -> None:
    with pytest.raises(UnexpectedAnswer):
        bench(data(answer), credentials=Login("root@pam", lambda: Secret("right"))).api.read("/version")


@pytest.mark.capability("9.1")
def test_a_token_that_is_refused_is_not_tried_again() -> None:
    made = bench(error(401, reason=b"Authentication failed!"))
    with pytest.raises(AuthenticationError, match="the token root@pam!ci: Authentication failed!") as caught:
        made.api.read("/version")
    assert made.api.requests == 1
    assert caught.value.hint is not None


@pytest.mark.parametrize("token_id", ["", "ci", "root@pam", "root!ci", "root@pam!c", "root@pam!ci=1", "a b@pam!ci"])
def test_a_token_id_that_is_none_is_refused_at_once(token_id: str) -> None:
    with pytest.raises(ConfigError, match=r"cluster\.token_id"):
        bench(data(None), credentials=Token(token_id, lambda: Secret("x")))


@pytest.mark.capability("9.3", "9.6")
@pytest.mark.parametrize("secret", ["", "a b", "a\r\nX-Evil: 1", "ä"])
def test_a_secret_that_is_none_is_neither_sent_nor_shown(secret: str) -> None:
    made = bench(data(None), credentials=Token("root@pam!ci", lambda: Secret(secret)))
    with pytest.raises(ConfigError) as caught:
        made.api.read("/version")
    assert made.sent == []
    assert not secret or secret not in caught.value.message


def test_a_user_needs_a_realm() -> None:
    with pytest.raises(ConfigError, match="realm"):
        bench(data(None), credentials=Login("root", lambda: Secret("x")))
