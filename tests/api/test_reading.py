"""Answers, and the answers that are none."""

from __future__ import annotations

import gzip
import threading

import httpx
import pytest

from proxmox_mpc.api import wire
from proxmox_mpc.domain.connection import Token
from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.source import Query
from proxmox_mpc.errors import (
    AuthenticationError,
    NodeUnreachable,
    NotFound,
    PmpcError,
    ServerBusy,
    UnexpectedAnswer,
    Unreachable,
)
from tests.api.support import URL, Handler, bench, data, error


@pytest.mark.capability("4.1")
def test_a_read_carries_the_token_and_nothing_that_pve_does_not_need() -> None:
    made = bench(data([{"node": "pve1"}]))
    assert made.api.read("/nodes", {"full": True, "type": None}) == [{"node": "pve1"}]
    (request,) = made.sent
    assert str(request.url) == f"{URL}/api2/json/nodes?full=1"
    assert request.headers["authorization"].startswith("PVEAPIToken=root@pam!ci=")
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding", "authorization"}
    assert made.api.requests == 1
    assert made.api.endpoint == URL


def test_total_and_changes_come_along() -> None:
    answer = bench(httpx.Response(200, json={"data": [], "total": "7", "changes": "+x"})).api.answer("/nodes")
    assert (answer.data, answer.total, answer.changes) == ([], 7, "+x")


def compressed(body: bytes) -> Handler:
    # As a stream, which is what a socket gives: a response made of content would be unpacked when it is made.
    return lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(body))


def test_compressed_answers_are_unpacked() -> None:
    assert bench(compressed(gzip.compress(b'{"data":"x"}'))).api.read("/version") == "x"


@pytest.mark.capability("4.9", "7.3")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b'{"data":',
        b'{"data":NaN}',
        b'{"data":"\xff"}',
        b"[1]",
        b"null",
        b'{"success":1}',
        b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"data":' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "html", "cut", "nan", "no-utf8", "list", "null", "no-data", "deep", "huge-number"],
)
def test_what_pve_would_never_send_is_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        bench(httpx.Response(200, content=body)).api.read("/nodes")


def test_half_a_surrogate_pair_can_be_stored_afterwards() -> None:
    value = bench(httpx.Response(200, content=b'{"data":["a\\ud800b","\\ud83d\\ude00"]}')).api.read("/nodes")
    assert value == ["a?b", "\N{GRINNING FACE}"]


@pytest.mark.capability("8.3")
def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_LARGEST_BODY", 1000)
    with pytest.raises(UnexpectedAnswer, match="larger than"):
        bench(httpx.Response(200, content=b"x" * 1001)).api.read("/nodes")


def test_broken_compression_is_an_error_of_ours() -> None:
    with pytest.raises(UnexpectedAnswer, match="compression"):
        bench(compressed(b"no gzip")).api.read("/nodes")


@pytest.mark.capability("8.5")
def test_many_reads_keep_their_order_and_their_failures() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[1]
        return error(500, f"storage '{name}' does not exist") if name == "s7" else data(name)

    found = bench(serve).api.read_many([Query(f"/storage/s{number}") for number in range(40)])
    assert [value for index, value in enumerate(found) if index != 7] == [f"s{n}" for n in range(40) if n != 7]
    assert isinstance(found[7], NotFound)


@pytest.mark.capability("8.5")
def test_many_reads_are_under_way_at_once_but_never_more_than_allowed() -> None:
    together = threading.Barrier(3, timeout=10)
    counted: list[int] = []
    lock = threading.Lock()
    running = 0

    def serve(request: httpx.Request) -> httpx.Response:
        nonlocal running
        with lock:
            running += 1
            counted.append(running)
        together.wait()
        with lock:
            running -= 1
        return data(None)

    bench(serve, parallel=3).api.read_many([Query("/version")] * 9)
    assert max(counted) == 3


def test_none_and_one_need_no_thread() -> None:
    made = bench(data("x"))
    assert made.api.read_many([]) == []
    assert made.api.read_many([Query("/version")]) == ["x"]


def failures(found: list[Json | PmpcError]) -> list[type]:
    return [type(each) for each in found]


@pytest.mark.capability("7.1", "7.3")
def test_a_dead_server_is_not_asked_for_every_query() -> None:
    made = bench(httpx.ConnectError("refused"), parallel=1)
    assert failures(made.api.read_many([Query("/version")] * 50)) == [Unreachable] * 50
    assert len(made.sent) == 3


@pytest.mark.capability("7.3")
def test_refused_credentials_are_not_tried_for_every_query() -> None:
    made = bench(error(401), parallel=1)
    assert failures(made.api.read_many([Query("/version")] * 50)) == [AuthenticationError] * 50
    assert len(made.sent) == 1


def test_a_proxy_without_a_server_behind_it_is_not_asked_for_every_query() -> None:
    made = bench(error(503), parallel=1)
    assert failures(made.api.read_many([Query("/version")] * 50)) == [ServerBusy] * 50
    assert len(made.sent) == 3


@pytest.mark.capability("7.3")
def test_a_node_that_is_down_costs_a_list_one_query_and_the_others_nothing() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return error(595, None) if "/pve2/" in request.url.path else data("up")

    made = bench(serve, parallel=1)
    queries = [Query(f"/nodes/pve{1 + number % 2}/qemu/{number}/config") for number in range(20)]
    assert failures(made.api.read_many(queries)) == [str, NodeUnreachable] * 10
    assert sum("/pve2/" in request.url.path for request in made.sent) == 2


def test_a_query_that_hangs_on_a_node_does_not_condemn_the_node() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return error(596, None) if request.url.path.endswith("/nfs/content") else data("up")

    queries = [Query("/nodes/pve1/storage/nfs/content"), Query("/nodes/pve1/storage/local/content")]
    assert failures(bench(serve, parallel=1).api.read_many(queries)) == [NodeUnreachable, str]


def test_a_bug_in_a_thread_reaches_the_caller() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench(serve).api.read_many([Query("/version")] * 8)


def test_a_closed_client_says_so() -> None:
    made = bench(data("x"))
    with made.api as api:
        api.read("/version")
    with pytest.raises(Unreachable, match="closed"):
        made.api.read("/version")


@pytest.mark.capability("9.6")
def test_the_secret_is_asked_for_when_it_is_needed_and_once() -> None:
    from proxmox_mpc.domain.connection import Secret

    asked: list[int] = []

    def secret() -> Secret:
        asked.append(1)
        return Secret("11111111-2222-3333-4444-555555555555")

    made = bench(data("x"), credentials=Token("root@pam!ci", secret))
    assert asked == []
    made.api.read_many([Query("/version")] * 8)
    assert asked == [1]


@pytest.mark.capability("4.2")
def test_a_document_is_asked_for_beside_the_api_and_without_credentials() -> None:
    made = bench(httpx.Response(200, content=b"const apiSchema = [];"))
    assert made.api.document("/pve-docs/api-viewer/apidoc.js") == "const apiSchema = [];"
    (request,) = made.sent
    assert str(request.url) == f"{URL}/pve-docs/api-viewer/apidoc.js"
    assert "authorization" not in request.headers and "cookie" not in request.headers
    assert [one.url for one in made.seen] == [f"{URL}/pve-docs/api-viewer/apidoc.js"]
    with pytest.raises(NotFound, match="has no /pve-docs/x"):
        bench(httpx.Response(404)).api.document("/pve-docs/x")
    with pytest.raises(Unreachable):
        bench(httpx.ConnectError("refused")).api.document("/pve-docs/x")
