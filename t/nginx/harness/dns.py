"""A nameserver over UDP that says what a test wants, and remembers what it was asked."""

import collections
import socket
import struct
import threading

A, AAAA = 1, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


class NameServer:
    """`records`: {name: [addresses]}, changed at will. `failure`: answers everything with that code;
    "silent": answers nothing."""

    def __init__(self, host="127.0.0.1", port=0, ttl=1):
        self.records = {}
        self.ttl = ttl
        self.failure = None
        self.asked = collections.Counter()  # (name, type)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def questions(self, name):
        return self.asked[name, A] + self.asked[name, AAAA]

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _serve(self):
        while True:
            try:
                query, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            if not query:  # closed
                return
            answer = self._answer(query)
            if answer is not None:
                try:
                    self._socket.sendto(answer, peer)
                except OSError:
                    return

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, (kind,) = ".".join(labels).lower(), struct.unpack_from("!H", query, at + 1)
        self.asked[name, kind] += 1
        if self.failure == "silent":
            return None
        code, found = self.failure, []
        if code is None:
            code = NOERROR if name in self.records else NXDOMAIN
            family = {A: socket.AF_INET, AAAA: socket.AF_INET6}[kind]
            for address in self.records.get(name, []):
                if (":" in address) == (kind == AAAA):
                    found.append(socket.inet_pton(family, address))
        head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0)
        answer = head + query[12 : at + 5]
        for data in found:
            answer += struct.pack("!HHHIH", 0xC00C, kind, 1, self.ttl, len(data)) + data
        return answer
