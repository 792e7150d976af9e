# SPDX-License-Identifier: GPL-2.0-only
"""A request whose answer finds the send buffer full to the brim is answered when
there is room: many small pipelined answers to a client that does not read yet.
(Their heads fill skbs at an answer's edge, so TCP takes nothing at all, which a
large body never shows. Such a request once hung, or went to the backend.)"""
import contextlib
import socket
from lib import *


def stalled():
    """The server has answered what it could: no more since the last look."""
    seen = -1

    def still():
        nonlocal seen
        before, seen = seen, stats()['requests']
        return seen == before
    wait_for(still, 'a full buffer', pause=scaled(0.1, 0.2))


def all_answered(url, method, count):
    before = stats()
    # Small segments and a small window: the server's buffer is full soon.
    with Conn(rcvbuf=32768, mss=1460) as conn:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        conn.sock.setblocking(False)
        one = request(url, method)
        left = one * count
        while left:        # what does not fit now goes when the answers are read
            try:
                left = left[conn.sock.send(left):]
            except BlockingIOError:
                break
        stalled()
        conn.sock.settimeout(DEADLINE)
        unanswered = count - -(-len(left) // len(one)) - delta(before, 'requests')
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


@contextlib.contextmanager
def small_buffers():
    """Send buffers that do not grow beyond what some dozen answers fill."""
    def wmem(value):
        with open('/proc/sys/net/ipv4/tcp_wmem', 'w') as file:
            file.write(value)
    with open('/proc/sys/net/ipv4/tcp_wmem') as file:
        usual = file.read()
    wmem('4096 16384 32768')
    try:
        yield
    finally:
        wmem(usual)


def main():
    top, base = fresh('brim')
    url = f'{base}/tiny.html'
    ripe(put(f'{top}/tiny.html', 'tiny'))
    with small_buffers(), kfront():
        sysctl('keepalive_requests', 0)
        hit(url)
        for method in ('HEAD', 'GET'):
            waited = 0
            # Counts of which the last one is a different one to find the buffer full.
            for count in [*range(20, 180, scaled(16, 40)), 145, 147, 400]:
                check(f'{count} pipelined {method}, read late')
                waited += all_answered(url, method, count)
            assert waited, 'no answer ever had to wait for room'


if __name__ == '__main__':
    main()
