# SPDX-License-Identifier: GPL-2.0-only
"""A request whose answer finds the send buffer full to the brim is answered when
there is room: many small pipelined answers to a client that does not read yet.
(Their heads fill skbs at an answer's edge, so TCP takes nothing at all, which a
large body never shows. Such a request once hung, or went to the backend.)"""
import socket
from lib import *


def reader():
    """Small segments and a small window: the server's buffer is full soon."""
    conn = Conn.__new__(Conn)
    conn.buf = bytearray()
    conn.sock = socket.socket()
    conn.sock.settimeout(DEADLINE)
    conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    conn.sock.connect(('127.0.0.1', 80))
    return conn


def stalled():
    """The server has answered what it could."""
    before = stats()['requests']
    wait_for(lambda: stats()['requests'] == before, 'a full buffer', pause=0.3)


def all_answered(url, method, count):
    before = stats()
    with reader() as conn:
        conn.sock.setblocking(False)
        left = request(url, method) * count
        while left:        # what does not fit now goes when the answers are read
            try:
                left = left[conn.sock.send(left):]
            except BlockingIOError:
                break
        stalled()
        conn.sock.settimeout(DEADLINE)
        unanswered = count - delta(before, 'requests')
        for number in range(count):
            if left and number % 50 == 0:
                conn.sock.settimeout(0.001)
                try:
                    left = left[conn.sock.send(left):]
                except (socket.timeout, BlockingIOError):
                    pass
                conn.sock.settimeout(DEADLINE)
            assert conn.response(method).status == 200, f'answer {number}'
    expect(before, requests=count, served_softirq=count, handed_over=0, bytes_copied=0)
    return unanswered


def main():
    top, base = fresh('brim')
    url = f'{base}/tiny.html'
    ripe(put(f'{top}/tiny.html', 'tiny'))
    with kfront():
        sysctl('keepalive_requests', 0)
        hit(url)
        for method in ('HEAD', 'GET'):
            waited = 0
            # From a count that fits to ones that do not, by ones where the edge is.
            for count in [*range(140, 152, scaled(1, 4)), 180, 400, 1500]:
                check(f'{count} pipelined {method}, read late')
                waited += all_answered(url, method, count)
            assert waited, 'no answer ever had to wait for room'


main()
