"""Servers that never get as far as HTTP: they reset, close or leave within the handshake."""

import contextlib
import socket

from harness import sockets


class Listener:
    """A server that never gets as far as HTTP. `handle` is called with each accepted socket."""

    def __init__(self, handle, spawn):
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        spawn(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._handle(sock)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def reset_at_once(sock):
    sockets.reset_on_close(sock)
    sock.close()


def close_behind_handshake(context):
    def handle(sock):
        with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as secured:
            secured.shutdown(socket.SHUT_RDWR)

    return handle


def close_in_handshake(sock):
    sock.settimeout(2)
    sock.recv(1)  # the first byte of the ClientHello; the rest is never read
    sock.close()
