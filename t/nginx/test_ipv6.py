"""A target whose address is written out in IPv6."""

import contextlib
import socket
import threading

import pytest

from harness import chat, policy

ANSWER = chat.dump(chat.answer())
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def server():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    heads = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                data = b""
                while b"}]}" not in data:
                    data += sock.recv(65536)
                heads.append(data)
                sock.sendall(HEAD % len(ANSWER) + ANSWER)
                sock.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], heads
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_an_ipv6_target_is_reached(make_gateway, make_provider, server):
    port, heads = server
    target = policy.target(make_provider(), base_url=f"http://[::1]:{port}/v1")
    gw = make_gateway(policy.config(target), policy.routed())
    for _ in range(3):  # the last ones find a connection that was closed under them
        assert gw.chat().status == 200
    assert f"\r\nhost: [::1]:{port}\r\n".encode() in heads[0].lower()
