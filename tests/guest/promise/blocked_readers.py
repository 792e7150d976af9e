# SPDX-License-Identifier: GPL-2.0-only
"""Readers that block each other would: two connections whose windows are full at
the same time are each woken by their own acknowledgements, whatever others do.
(One lent socket means one shared SOCK_NOSPACE bit: kernel-traps 5.)"""
from lib import *


def stuck(conn):
    """The server has filled this reader's window: no more comes without reading."""
    size = 0

    def still():
        nonlocal size
        size, before = len(conn.sock.recv(1 << 20, 2)), size
        return size and size == before
    wait_for(still, 'the window is full', pause=0.2)


def both_finish(what, url, body, rcvbuf, neighbours=()):
    check(what)
    before = stats()
    first, second = Conn(rcvbuf=rcvbuf), Conn(rcvbuf=rcvbuf)
    for conn in (first, second):
        conn.send(request(url, headers=['Connection: close']))
    for conn in (first, second):
        stuck(conn)
    with running([Beside(neighbour) for neighbour in neighbours]):
        # The second is read to its end while the first stays blocked; then the first.
        for conn in (second, first):
            answer = conn.response()
            assert answer.body == body, 'bytes differ'
            conn.closed()
            conn.close()
        check('alternately, a little of each')
        pair = [Conn(rcvbuf=rcvbuf).send(request(url, headers=['Connection: close'])) for _ in range(2)]
        total = None
        while total is None or len(pair[0].buf) < total:
            for conn in pair:
                if total is None or len(conn.buf) < total:
                    conn.buf += conn.sock.recv(20000)
                if total is None and b'\r\n\r\n' in conn.buf:
                    total = conn.buf.index(b'\r\n\r\n') + 4 + len(body)
        for conn in pair:
            assert conn.response().body == body
            conn.closed()
            conn.close()
    expect(before, timeouts_send=0, handed_over=0)


def main():
    top, base = fresh('blocked')
    rng = random.Random(5)
    for name, size in (('cached.png', 1 << 20), ('stream.mp4', scaled(6, 3) << 20)):
        ripe(put(f'{top}/{name}', rng.randbytes(size)))
    put(f'{top}/tiny.html', 'tiny')

    def third(me):
        """Its acknowledgements come all the time and must not eat the others' wake-ups."""
        while not me.stop:
            with Conn() as conn:
                for _ in range(20):
                    assert conn.get(f'{base}/tiny.html').body == b'tiny'

    with kfront():
        patient()
        for name in ('cached.png', 'stream.mp4'):
            with open(f'{top}/{name}', 'rb') as file:
                body = file.read()
            if 'cached' in name:
                hit(f'{base}/{name}')
            for rcvbuf in (4096, 65536):
                both_finish(f'{name}, two readers of {rcvbuf} bytes alone', f'{base}/{name}', body, rcvbuf)
                with Conn(rcvbuf=4096).send(request(f'{base}/stream.mp4')):     # never read
                    both_finish(f'{name}, a busy third and a blocked fourth', f'{base}/{name}', body, rcvbuf,
                                [third])
        check('pipelined until the window is full, then read: every answer, in order')
        with Conn(rcvbuf=4096) as conn:
            conn.send(request(f'{base}/cached.png') * 3 + request(f'{base}/tiny.html') * 50)
            stuck(conn)
            for _ in range(3):
                assert len(conn.response().body) == 1 << 20
            for _ in range(50):
                assert conn.response().body == b'tiny'


if __name__ == '__main__':
    main()
