"""A provider that sends any bytes at any split, and remembers every request it got.

An answer is a script: a callable that gets the Exchange and writes to it. `manual()` gives the
exchange to the test instead, which then drives both ends of the gateway from one thread.
"""

import collections
import socket
import threading

from harness import sockets
from harness.exchange import Exchange, read_request
from harness.wait import DEADLINE_S

PEER_WENT_AWAY = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)


class Provider:
    def __init__(self, script, tls=None, host="127.0.0.1", port=0):
        """`tls`: an ssl.SSLContext for the server side, or None. `script`: the default answer."""
        self._default = self._script = script
        self._once = collections.deque()
        self._tls = tls
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._sockets = set()
        self.requests = []
        self.connections = 0
        self.server_names = []  # SNI, one entry for each TLS handshake
        self.failures = []  # what went wrong in a script and is not the peer's doing
        if tls is not None:
            tls.sni_callback = self._note_server_name
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=512)
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def answer(self, script):
        """Answers every following request with `script`."""
        self._script = script

    def answer_once(self, *scripts):
        """Answers the next requests with these, one each, before the standing answer counts."""
        self._once.extend(scripts)

    def manual(self):
        """The next request's exchange goes to the test: `.take()`, then `.done()` or `.close()`."""
        manual = Manual()
        self.answer_once(manual)
        return manual

    def wait_for_requests(self, count):
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.requests) >= count, DEADLINE_S)
            assert arrived, f"{len(self.requests)} of {count} requests reached the provider"
            return list(self.requests)

    @property
    def last(self):
        return self.requests[-1]

    def reset(self):
        """Forgets requests and answers; open connections stay open."""
        with self._changed:
            self.requests = []
        self.server_names = []
        self._once.clear()
        self._script = self._default
        failures, self.failures = self.failures, []
        assert not failures, failures

    def drop_connections(self):
        """Closes every connection, idle ones too."""
        with self._changed:
            for sock in list(self._sockets):
                _shutdown(sock)

    def close(self):
        self._stopping.set()
        _shutdown(self._listener)
        self._listener.close()
        self.drop_connections()

    def _spawn(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _note_server_name(self, sock, name, _context):
        sock.server_name = name
        self.server_names.append(name)

    def _accept(self):
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._spawn(self._serve, sock, self.connections)

    def _serve(self, sock, connection):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            self._sockets.add(sock)
        wrapped = sock
        try:
            if self._tls is not None:
                wrapped = self._tls.wrap_socket(sock, server_side=True)
                with self._changed:
                    self._sockets.discard(sock)
                    self._sockets.add(wrapped)
            self._serve_requests(wrapped, connection)
        except PEER_WENT_AWAY:
            pass
        except OSError:  # ssl.SSLError too: a handshake the gateway refused
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(repr(error))
        finally:
            with self._changed:
                self._sockets.discard(sock)
                self._sockets.discard(wrapped)
            wrapped.close()

    def _serve_requests(self, sock, connection):
        rest = b""
        while not self._stopping.is_set():
            request, rest = read_request(sock, rest, connection)
            if request is None:
                return
            request.server_name = getattr(sock, "server_name", None)
            request.resumed = bool(getattr(sock, "session_reused", False))
            with self._changed:
                self.requests.append(request)
                script = self._once.popleft() if self._once else self._script
                self._changed.notify_all()
            exchange = Exchange(sock, request, self._stopping)
            script(exchange)
            if exchange.closed:
                return


class Manual:
    """A script that waits while the test drives the exchange."""

    def __init__(self):
        self._arrived = threading.Event()
        self._exchange = None

    def __call__(self, exchange):
        self._exchange = exchange
        self._arrived.set()
        exchange.wait_until_done()

    def take(self):
        assert self._arrived.wait(DEADLINE_S), "no request reached the provider"
        return self._exchange


def _shutdown(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


__all__ = ["Provider", "Manual", "sockets"]
