# SPDX-License-Identifier: GPL-2.0-only
"""A request whose answer finds the send buffer full to the brim is answered when
there is room: many small pipelined answers to a client that does not read yet.
(Their heads fill skbs at an answer's edge, so TCP takes nothing at all, which a
large body never shows. Such a request once hung, or went to the backend.)"""
import contextlib
import email.utils
import os
import socket
import time
from lib import *


def stalled():
    """The server has answered what it could: no more since the last look."""
    seen = []

    def still():
        seen.append(stats()['requests'])
        return seen[-5:] == seen[-1:] * 5
    wait_for(still, 'a full buffer', pause=scaled(0.05, 0.1))


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
def later(seconds):
    """The clock shows a later time."""
    was, began = time.time(), time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, was + seconds)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, was + time.monotonic() - began)


def becomes_304(top, base, count):
    """The answer that finds no room is a 200 from the worker, and a 304 when there is some."""
    check('an answer that finds no room becomes another one while it waits')
    paths = [put(f'{top}/turns-{size}.html', bytes(size)) for size in range(300, 700, 37)]
    ripe(paths[-1])
    before = stats()
    condition = f'If-Modified-Since: {email.utils.formatdate(time.time() + 3600, usegmt=True)}'
    with contextlib.ExitStack() as stack:
        conns = []
        for path in paths:
            # While somebody may write to it the file is read anew for each request.
            stack.enter_context(open(path, 'ab'))
            conn = stack.enter_context(Conn(rcvbuf=32768, mss=1460))
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
            conn.send(request(f'{base}/{os.path.basename(path)}', headers=[condition]) * count)
            conns.append(conn)
        for conn in conns:
            assert conn.sock.recv(1, socket.MSG_PEEK), 'the first answer is there'
        stalled()
        assert delta(before, 'requests') < count * len(conns), 'all found room'
        stack.enter_context(later(3700))
        for byte in b'GET ':            # each has the answer tried again
            for conn in conns:
                conn.send(bytes([byte])).taken()
        for conn in conns:
            found = [conn.response().status for _ in range(count)]
            assert found[0] == 200 and found == sorted(found) and found[-1] == 304, found
            conn.send(request(f'{base}/tiny.html')[4:])
            assert conn.response().body == b'tiny'
    expect(before, requests=(count + 1) * len(conns), handed_over=0)


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
        patient()
        hit(url)
        for method in ('HEAD', 'GET'):
            waited = 0
            # Counts of which the last one is a different one to find the buffer full.
            for count in [*range(20, 180, scaled(16, 40)), 145, 147, 400]:
                check(f'{count} pipelined {method}, read late')
                waited += all_answered(url, method, count)
            assert waited, 'no answer ever had to wait for room'
        becomes_304(top, base, 250)


if __name__ == '__main__':
    main()
