"""What is tried again, how often and when; a write never."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from proxmox_mpc.api import Backoff, RetryPolicy
from proxmox_mpc.domain.call import Call
from proxmox_mpc.errors import (
    Locked,
    NodeUnreachable,
    PmpcError,
    RequestTimeout,
    ServerBusy,
    ServerError,
    Unreachable,
)
from tests.api.support import bench, data, error

BUSY = error(503)


@pytest.mark.capability("7.1", "7.3")
@pytest.mark.parametrize("status", [502, 503, 504, 595, 596, 597, 599])
def test_a_read_is_repeated_when_the_server_is_busy(status: int) -> None:
    made = bench(error(status), data("x"))
    assert made.api.read("/nodes/pve1/status") == "x"
    assert made.time.slept == [0.3]
    assert made.api.requests == 2


def test_pauses_grow_and_are_spread() -> None:
    made = bench(BUSY, retry=RetryPolicy(tries=5, budget=60))
    with pytest.raises(ServerBusy):
        made.api.read("/version")
    assert made.time.slept == [0.3, 0.6, 1.2, 2.4]


def test_no_try_begins_after_the_budget() -> None:
    made = bench(BUSY, retry=RetryPolicy(tries=50, budget=2))
    with pytest.raises(ServerBusy):
        made.api.read("/version")
    assert sum(made.time.slept) <= 2


def test_a_slow_failure_uses_the_budget_up() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        made.time.now += 30
        return error(596)

    made = bench(slow)
    with pytest.raises(NodeUnreachable):
        made.api.read("/nodes/pve1/status")
    assert made.api.requests == 1


def test_pauses_are_bounded() -> None:
    pauses = Backoff(first=1, factor=10, most=25).pauses()
    assert [next(pauses) for _ in range(4)] == [1, 10, 25, 25]


def test_contention_for_a_lock_is_waited_out() -> None:
    made = bench(error(500, "can't lock file '/var/lock/x' - got timeout"), data("x"))
    assert made.api.read("/nodes/pve1/qemu/100/config") == "x"


@pytest.mark.capability("7.3")
@pytest.mark.parametrize("answer", [error(500, "unable to do it"), error(400, "bad"), error(403, "no"), error(401)])
def test_a_definite_answer_is_not_asked_for_twice(answer: httpx.Response) -> None:
    made = bench(answer, data("x"))
    with pytest.raises(PmpcError):
        made.api.read("/version")
    assert made.api.requests == 1


def test_a_node_that_is_down_gets_one_more_try_in_all() -> None:
    made = bench(error(595))
    for expected in (2, 3):
        with pytest.raises(NodeUnreachable):
            made.api.read("/nodes/pve2/status")
        assert made.api.requests == expected


@pytest.mark.capability("7.1")
@pytest.mark.parametrize(
    "failure",
    [
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.ReadError("[Errno 104] Connection reset by peer"),
        httpx.WriteError("[Errno 32] Broken pipe"),
    ],
)
def test_a_stale_connection_is_replaced_at_once(failure: Exception) -> None:
    made = bench(failure, data("x"))
    assert made.api.read("/version") == "x"
    assert made.time.slept == []


def test_a_connection_that_always_breaks_is_given_up() -> None:
    made = bench(httpx.ReadError("reset"))
    with pytest.raises(Unreachable, match="broke"):
        made.api.read("/version")
    assert made.api.requests == 4


def test_an_answer_that_takes_too_long_is_not_waited_for_twice() -> None:
    made = bench(httpx.ReadTimeout("timed out"), data("x"), timeout=2)
    with pytest.raises(RequestTimeout, match="within 2 s") as caught:
        made.api.read("/version")
    assert made.api.requests == 1
    assert caught.value.hint is not None
    assert "only after 3 s" in caught.value.hint


@pytest.mark.capability("7.1", "9.9")
@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ReadError("reset"), Unreachable),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), Unreachable),
        (httpx.RemoteProtocolError("peer closed connection without sending complete message body"), Unreachable),
        (httpx.ReadTimeout("timed out"), RequestTimeout),
        (httpx.ConnectError("refused"), Unreachable),
        (error(503), ServerBusy),
        (error(595), NodeUnreachable),
        (error(596), NodeUnreachable),
        (error(500, "can't lock file '/var/lock/x' - got timeout"), Locked),
        (error(500, "anything"), ServerError),
    ],
)
def test_a_write_is_sent_once(failure: Exception | httpx.Response, kind: type[PmpcError]) -> None:
    made = bench(failure, data("x"))
    with pytest.raises(kind):
        made.api.send(Call("POST", "/nodes/pve1/qemu/100/status/start"))
    assert made.api.requests == 1
    assert made.time.slept == []


@pytest.mark.capability("7.1")
def test_the_next_endpoint_is_taken_and_kept() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.host == "down.test":
            raise httpx.ConnectError("refused")
        return data("x")

    made = bench(serve, endpoints=("https://down.test:8006", "https://up.test:8006"))
    assert [made.api.read("/version") for _ in range(3)] == ["x"] * 3
    assert [request.url.host for request in made.sent] == ["down.test", "up.test", "up.test", "up.test"]
    assert made.api.endpoint == "https://up.test:8006"
    assert made.time.slept == []


def test_a_write_goes_to_the_next_endpoint_only_where_nothing_was_sent() -> None:
    def serve(failure: Exception) -> Callable[[httpx.Request], httpx.Response]:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host == "a.test":
                raise failure
            return data("UPID")

        return answer

    call, endpoints = Call("POST", "/nodes/pve1/qemu"), ("https://a.test:8006", "https://b.test:8006")
    assert bench(serve(httpx.ConnectTimeout("slow")), endpoints=endpoints).api.send(call) == "UPID"
    with pytest.raises(Unreachable):
        bench(serve(httpx.ReadError("reset")), endpoints=endpoints).api.send(call)


def test_when_nobody_answers_all_are_named() -> None:
    made = bench(httpx.ConnectError("refused"), endpoints=("https://a.test:8006", "https://b.test:8006"))
    with pytest.raises(
        Unreachable, match=r"https://a\.test:8006 \(refused\), https://b\.test:8006 \(refused\)"
    ) as caught:
        made.api.read("/version")
    assert caught.value.details["endpoints"] == {"https://a.test:8006": "refused", "https://b.test:8006": "refused"}
    assert sum(made.time.slept) < 2


@pytest.mark.capability("9.9")
def test_each_write_has_a_connection_of_its_own() -> None:
    made = bench(data(None))
    made.api.read("/version")
    made.api.send(Call("PUT", "/nodes/pve1/qemu/100/config", {"cores": 2}))
    made.api.send(Call("DELETE", "/nodes/pve1/qemu/100", {"purge": True}))
    made.api.read("/version")
    assert len(made.opened) == 3
