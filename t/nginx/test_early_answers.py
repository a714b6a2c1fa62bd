"""A provider that answers before it has read the request, or reads it too slowly."""

import contextlib
import socket
import threading

import pytest

from harness import chat, policy

# More than the sockets between gateway and provider hold.
URL = "data:image/png;base64," + "iVBORw0KGgoA" * 1_000_000
PARTS = [{"type": "image_url", "image_url": {"url": URL}}]
LARGE = chat.dump({"model": "m", "messages": [{"role": "user", "content": PARTS}]})
ANSWER = chat.dump(chat.answer())
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Impatient:
    """Reads the beginning of each connection's first request, and answers if told to."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                self._sockets.append(sock)
                self.connections += 1
                sock.recv(2048)
                if self._answer:
                    sock.sendall(HEAD % len(ANSWER) + ANSWER)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        for sock in [*self._sockets, self._listener]:
            sock.close()


@pytest.fixture
def make_impatient():
    made = []

    def make(answer):
        made.append(Impatient(answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_an_early_answer_arrives_and_its_connection_is_not_used_again(make_gateway, make_impatient):
    upstream = make_impatient(answer=True)
    gw = make_gateway(policy.config(policy.target(upstream)), policy.routed())
    for count in (1, 2):
        answer = gw.post("/v1/chat/completions", LARGE)
        assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, "Fine.")
        assert upstream.connections == count


def test_the_deadline_holds_while_a_request_is_sent(make_gateway, make_impatient):
    upstream = make_impatient(answer=False)
    target = policy.target(upstream, timeout_seconds=1)
    gw = make_gateway(policy.config(target), policy.routed())
    answer = gw.post("/v1/chat/completions", LARGE)
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    assert gw.chat().status == 504


def test_a_client_that_leaves_while_its_request_is_sent_closes_the_upstream(
    make_gateway, make_impatient
):
    upstream = make_impatient(answer=False)
    gw = make_gateway(policy.config(policy.target(upstream)), policy.routed())
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", LARGE)
    assert gw.wait_for_records(1)[0]["status"] == 499
