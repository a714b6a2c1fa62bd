"""Socket helpers: free ports, resets, and the question whether the peer has read all we sent."""

import socket
import struct

from harness.wait import until


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
    machine only: the peer's receive queue is looked up in /proc/net/tcp.
    """
    if sock.family != socket.AF_INET:
        return
    ours, theirs = _hex_address(sock.getsockname()), _hex_address(sock.getpeername())
    unread = lambda: _unread_bytes(theirs, ours)
    until(lambda: unread() == 0, "the peer to read what was sent", pause=0.0002)


def _hex_address(address):
    packed = socket.inet_aton(address[0])
    return f"{int.from_bytes(packed, 'little'):08X}:{address[1]:04X}"


def _unread_bytes(local, remote):
    """Bytes in the receive queue of the socket local<-remote; 0 when there is none (closed)."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1] == local and fields[2] == remote:
                return int(fields[4].split(":")[1], 16)
    return 0
