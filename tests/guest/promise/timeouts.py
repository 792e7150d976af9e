# SPDX-License-Identifier: GPL-2.0-only
"""Nobody holds a connection for ever: slow heads end as Apache ends them, idle
connections in silence, a reader that takes nothing by a reset; who is slow but
moves is served to the end."""
import time
import apache
from lib import *

# Apache's own rules, made as short as we make ours; its signature is its own affair.
SHORT = '\tServerSignature Off\n\tRequestReadTimeout header=1-2,minrate=500 body=10,minrate=500'
SLACK = scaled(3.5, 10)              # seconds a busy machine may be late


def lasted(began, least, what):
    took = time.monotonic() - began
    assert least * 0.9 <= took <= least + SLACK, f'{what}: ended after {took:.2f} s, not {least}'


def slow_heads(url):
    """Each kind of slow head on both servers at once: same bytes, ours counted."""
    kinds = {'half a method': b'GE', 'half a request line': b'GET /a.html HT',
             'a request line': b'GET /a.html HTTP/1.1\r\n',
             'half the headers': f'GET {url} HTTP/1.1\r\nHost: localhost\r\nX: '.encode(),
             'all but the last byte': request(url)[:-1], 'half a POST': b'POST /cgi-bin/echo.cgi HTTP/1.1\r\nHo'}
    ours = sum(not raw.startswith(b'POST') for raw in kinds.values())
    before, began = stats(), time.monotonic()
    conns = {(kind, port): Conn(port).send(raw) for kind, raw in kinds.items() for port in (80, apache.BACKEND)}
    for kind in kinds:
        check(f'slow head: {kind}')
        answers = [normal(conns[kind, port].rest()) for port in (80, apache.BACKEND)]
        assert answers[0] == answers[1], f'ours {answers[0]!r}\ntheirs {answers[1]!r}'
        lasted(began, 1, kind)
    expect(before, timeouts_header=ours, handed_over=1, requests=0)
    check('a head that trickles in is not saved by trickling')
    before, began = stats(), time.monotonic()
    with Conn() as conn:
        raw = request(url, headers=['X: ' + 'y' * 300])
        try:
            for at in range(len(raw)):
                conn.send(raw[at:at + 1])
                conn.sock.settimeout(0.1)       # the pace of the trickle
                try:
                    conn.fill()
                except TimeoutError:
                    continue
                break
        except (Closed, ConnectionResetError, BrokenPipeError):
            pass
        lasted(began, 1, 'trickle')
    expect(before, timeouts_header=1, requests=0)


def idle(url, body):
    for what, more in (('idle', b''), ('half a second head', b'GET /a'), ('half its headers', b'GET / HTTP/1.1\r\nHost: x\r\n')):
        check(f'keep-alive: {what} is closed in silence')
        before = stats()
        with Conn() as conn:
            assert conn.get(url).body == body
            began = time.monotonic()
            conn.send(more)
            conn.closed()
        lasted(began, 1, what)
        wait_for(lambda: delta(before, 'timeouts_keepalive') + delta(before, 'timeouts_header') == 1,
                 'it is counted')
    check('each request starts the time anew')
    sysctl('keepalive_timeout_ms', 2500)        # far from the pauses: this machine may stop for a second
    with Conn() as conn:
        for _ in range(4):
            assert conn.get(url).body == body
            conn.silent(0.7)


def stalled(big, size):
    check('a reader that takes nothing is reset; one that takes a little is not')
    before, began = stats(), time.monotonic()
    slow, dead = Conn(rcvbuf=65536), Conn(rcvbuf=16384)
    for conn in (slow, dead):
        conn.send(request(big, headers=['Connection: close']))
    got = 0
    while time.monotonic() - began < 4:         # longer than send_timeout_ms, all in all
        got += len(slow.take(60000))
        time.sleep(0.2)                         # the reader's pace
    wait_for(lambda: delta(before, 'timeouts_send') == 1, 'the dead reader is given up', 5 + SLACK)
    dead.is_reset()
    assert got + len(slow.rest()) > size, 'the slow reader lost its answer'
    slow.close()
    expect(before, timeouts_send=1)


def main():
    top, base = fresh('timeouts')
    body, size = b'in time', 8 << 20
    put(f'{top}/a.html', body)
    ripe(put(f'{top}/big.mp4', bytes(size)))
    url = f'{base}/a.html'
    with apache.configured(extra=SHORT), kfront():
        hit(url)
        sysctl('header_timeout_ms', 1000)
        slow_heads(url)
        sysctl('keepalive_timeout_ms', 1000)
        idle(url, body)
        sysctl('send_timeout_ms', 3000)
        stalled(f'{base}/big.mp4', size)
        wait_for(lambda: stats()['connections_open'] == 0, 'nothing left')


if __name__ == '__main__':
    main()
