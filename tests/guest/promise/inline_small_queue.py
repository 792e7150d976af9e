# SPDX-License-Identifier: GPL-2.0-only
"""Inline, a server with room for few connections in its queue, and slow to accept them,
gets every one that is not ours: none is refused because kfront had taken it out."""
import threading
from servers import Tiny, bound, by_kernel, inline, ours
from lib import *

MANY, BACKLOG = 20, 2


def gated(tiny, gate):
    """Accepts only while the gate is open."""
    accept = tiny.get_request

    def get_request():
        gate.wait()
        return accept()
    tiny.get_request = get_request


def burst(first, missing, gate):
    """Connections that kfront has, with `first` asked on all at once before the server accepts one."""
    gate.clear()
    before = stats()
    conns = [Conn() for _ in range(MANY)]
    wait_for(lambda: delta(before, 'connections') == MANY, 'kfront has them all')
    for conn in conns:
        conn.send(first)
    wait_for(lambda: delta(before, 'parked') >= MANY - BACKLOG - 2, 'all that have no room wait')
    gate.set()
    for conn in conns:
        if first != request(missing):
            assert by_kernel(conn.response())
        answer = conn.response()
        assert (answer.status, answer.body) == (200, f'slow GET {missing}'.encode()), answer.head
        conn.close()
    expect(before, handed_over=MANY, responses_503=0)


def main():
    top, base = fresh('queue')
    ripe(put(f'{top}/a.html', 'a page'))
    url, missing = f'{base}/a.html', f'{base}/none.html'
    gate = threading.Event()
    with Tiny(bound('127.0.0.1'), 'slow', BACKLOG) as tiny, inline(1):
        sysctl('backend_wait_ms', 120000)       # how long is not the promise
        sysctl('header_timeout_ms', 120000)
        ours(url, missing)
        gated(tiny, gate)
        try:
            check(f'{MANY} at once, room for {BACKLOG + 1}')
            burst(request(missing), missing, gate)
            check('after an answer of ours')
            burst(request(url) + request(missing), missing, gate)
        finally:
            gate.set()


if __name__ == '__main__':
    main()
