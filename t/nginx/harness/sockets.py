"""Socket helpers: free ports, resets, and the question whether the peer has read all we sent."""

import socket
import struct

from harness.wait import until

# linux/sock_diag.h, linux/inet_diag.h
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ALL_STATES = 0xFFFFFFFF
NO_COOKIE = 0xFFFFFFFF


def free_port():
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reset_on_close(sock):
    """close() will send RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_until_read(sock):
    """Waits until the process at the other end has read every byte sent so far.

    So that the next write is a read of its own for the peer, without any sleep. IPv4 on this
    machine only: the kernel is asked for the peer's receive queue.
    """
    ours, theirs = sock.getsockname(), sock.getpeername()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        unread = lambda: _unread_bytes(kernel, theirs, ours)
        until(lambda: unread() == 0, "the peer to read what was sent", pause=0.0001)


def _unread_bytes(kernel, local, remote):
    """Bytes in the receive queue of the socket local<-remote; 0 when there is none (closed)."""
    address = lambda pair: socket.inet_aton(pair[0]).ljust(16, b"\0")
    request = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, ALL_STATES)
    request += struct.pack("!HH", local[1], remote[1]) + address(local) + address(remote)
    request += struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)
    kernel.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + request)
    answer = kernel.recv(4096)
    (kind,) = struct.unpack_from("=H", answer, 4)
    if kind != SOCK_DIAG_BY_FAMILY:
        return 0
    return struct.unpack_from("=I", answer, 16 + 4 + 48 + 4)[0]  # inet_diag_msg.idiag_rqueue
