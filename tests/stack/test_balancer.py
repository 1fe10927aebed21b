"""The load balancer: shares requests out, goes round what is away, and says so when all are."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from riskengine.stack import ports
from riskengine.stack.balancer import Balancer
from riskengine.stack.errors import StackError
from tests.stack.waiting import until


class _Upstream(http.server.BaseHTTPRequestHandler):
    """Answers with its own port, the length of the body, and the request's id; hangs up on a POST to /lost."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/lost":
            self.server.lost += 1  # type: ignore[attr-defined]
            self.connection.close()
            return
        answer = f"{self.server.server_address[1]} {len(body)} {self.headers.get('X-Request-ID')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Keeps quiet."""


@contextmanager
def upstream(port: int) -> Iterator[http.server.ThreadingHTTPServer]:
    """An API process of the simplest kind; HTTP 1.0, so that no connection outlives it."""
    server = http.server.ThreadingHTTPServer((ports.LOOPBACK, port), _Upstream)
    server.lost = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def upstreams() -> list[int]:
    return [ports.free(), ports.free()]


@pytest.fixture
def balancer(tmp_path: Path, upstreams: list[int]) -> Iterator[Balancer]:
    """A balancer over three places: at two of them processes are admitted, but nobody listens yet."""
    balancer = Balancer(tmp_path, [*upstreams, ports.free()])
    for port in upstreams:
        balancer.roster.admit(port)
    balancer.start()
    yield balancer
    balancer.stop()


@pytest.fixture
def client(balancer: Balancer) -> Iterator[httpx.Client]:
    """A client of the balancer."""
    with httpx.Client(base_url=balancer.url, timeout=30) as client:
        yield client


def test_requests_are_shared_out(client: httpx.Client, upstreams: list[int]) -> None:
    with upstream(upstreams[0]), upstream(upstreams[1]):
        answers = {client.post("/", content=b"body", headers={"X-Request-ID": "r-1"}).text for _ in range(50)}
    assert answers == {f"{port} 4 r-1" for port in upstreams}


def test_a_post_no_process_has_seen_goes_to_another(client: httpx.Client, upstreams: list[int]) -> None:
    with upstream(upstreams[1]):
        answers = {client.post("/", content=b"x" * 100_000).text for _ in range(20)}
    assert answers == {f"{upstreams[1]} 100000 None"}


def test_a_post_that_was_sent_is_not_sent_again(client: httpx.Client, upstreams: list[int]) -> None:
    # Given two processes that hang up on a request they have read
    with upstream(upstreams[0]) as first, upstream(upstreams[1]) as second:
        # When it is posted once
        answer = client.post("/lost", content=b"body")
        # Then one of them saw it, once, and the client is told to decide
        assert first.lost + second.lost == 1  # type: ignore[attr-defined]
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_without_any_process_the_answer_says_to_try_again(client: httpx.Client) -> None:
    answer = client.post("/", content=b"body")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["status"] == 503


def test_a_stranger_at_an_empty_place_gets_no_request(balancer: Balancer, client: httpx.Client) -> None:
    # Given somebody who listens at a place where no process was admitted, and nobody else
    roster = balancer.roster
    with upstream(roster.places[2]):
        assert roster.wait_told(roster.places[2], 1)
        # When requests come
        answer = client.post("/", content=b"body")
    # Then they do not get there
    assert answer.status_code == 503


def test_places_are_filled_and_emptied_while_it_runs(
    balancer: Balancer, client: httpx.Client, upstreams: list[int]
) -> None:
    roster, third = balancer.roster, balancer.roster.places[2]

    def answering() -> set[int]:
        answers = [client.post("/", content=b"body") for _ in range(40)]
        return {int(answer.text.split()[0]) for answer in answers if answer.status_code == 200}

    with upstream(upstreams[0]), upstream(upstreams[1]), upstream(third):
        # When a third process is admitted, then it has its share
        roster.admit(third)
        assert roster.wait_told(third, 1)
        until(lambda: answering() == {*upstreams, third}, "requests to all three")
        # When one is withdrawn, and the balancer was told twice, then it gets nothing more
        roster.withdraw(upstreams[0])
        assert roster.wait_told(upstreams[0], 2)
        assert answering() == {upstreams[1], third}


def test_headers_without_end_are_refused(client: httpx.Client, upstreams: list[int]) -> None:
    with upstream(upstreams[0]):
        assert client.get("/", headers={"X-Long": "x" * 100_000}).status_code == 431


def test_a_port_in_use_is_named(tmp_path: Path, upstreams: list[int]) -> None:
    with upstream(upstreams[0]), pytest.raises(StackError, match=f"port {upstreams[0]} for the API cannot be used"):
        Balancer(tmp_path, upstreams, port=upstreams[0])
