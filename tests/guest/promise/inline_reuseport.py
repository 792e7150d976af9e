# SPDX-License-Identifier: GPL-2.0-only
"""Inline, in front of a SO_REUSEPORT group, a connection that is not ours goes back to
the very listener that the kernel had chosen for it."""
import collections
import contextlib
import ctypes
import socket
import struct
from servers import Tiny, bound, by_kernel, inline
from lib import *

GROUP = 4
SO_ATTACH_REUSEPORT_CBPF = 51
SKF_NET_OFF = -0x100000


def choose_by_port(sock):
    """Half the client's port (they are even) modulo GROUP is the number of the listener, in the
    order of listen()."""
    code = ((0x28, SKF_NET_OFF + 20), (0x74, 1), (0x54, GROUP - 1), (0x16, 0))     # ldh, rsh, and, ret a
    filters = ctypes.create_string_buffer(
        b''.join(struct.pack('HBBI', op, 0, 0, k & 0xffffffff) for op, k in code))
    program = struct.pack('HxxxxxxP', len(code), ctypes.addressof(filters))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program)


def ask(conn, path):
    """(this port's listener, who has answered)."""
    answer = conn.get(path)
    return conn.sock.getsockname()[1] // 2 % GROUP, 'kernel' if by_kernel(answer) else answer.body.decode()[0]


def each_its_own(paths, count):
    """So many connections at once, each asks for these; whom the last answer came from."""
    conns = [Conn() for _ in range(count)]
    who = collections.Counter()
    for conn in conns:
        for path in paths:
            number, name = ask(conn, path)
            assert name in ('kernel', str(number)), f"listener {name} has listener {number}'s connection"
        who[name] += 1
    for conn in conns:
        conn.close()
    assert len(who) == GROUP and 'kernel' not in who, f'{count} connections went to {who}'


def main():
    top, base = fresh('reuseport')
    ripe(put(f'{top}/a.html', 'a page'))
    url, missing = f'{base}/a.html', f'{base}/none.html'
    with contextlib.ExitStack() as stack:
        socks = [bound('0.0.0.0', reuseport=True) for _ in range(GROUP)]
        for number, sock in enumerate(socks):
            stack.enter_context(Tiny(sock, str(number)))
        choose_by_port(socks[0])
        check('alone: the choice is by the port of the client')
        each_its_own([missing], 40)
        with inline(GROUP):
            check('at once')
            before = stats()
            each_its_own([missing], 40)
            assert delta(before, 'handed_over') >= 20, changed(before)
            check('after an answer of ours')
            before = stats()
            each_its_own([url, missing, missing], 40)
            assert delta(before, 'requests') >= 20 and delta(before, 'handed_over') >= 20, changed(before)


if __name__ == '__main__':
    main()
