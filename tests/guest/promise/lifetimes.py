# SPDX-License-Identifier: GPL-2.0-only
"""A connection may end at any moment and in any manner: nothing leaks, no answer
that was due is lost, and what follows an end of conversation does not kill it."""
import contextlib
import apache
import link
from lib import *

BIG = 5 << 20


def ended(what):
    """All connections of ours are gone, and the server still serves."""
    try:
        wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')
    except AssertionError:
        raise AssertionError(f'{what}: {stats()["connections_open"]} connections left: {stats()}\n'
                             + link.sh("ss -tanoe 'sport = :80'")) from None


def cut_short(page, raw, end):
    check(f'{end} at each byte of a request')
    for cut in range(0, len(raw) + 1, scaled(1, 7)):
        with Conn() as conn:
            conn.send(raw[:cut])
            getattr(conn, end)()
            if end == 'half_close':
                with contextlib.suppress(ConnectionResetError):
                    whole = conn.rest()
                    assert (b' 200 OK\r\n' in whole) == (cut == len(raw)), f'cut {cut}: {whole[:200]!r}'
    ended(end)
    assert get(page).status == 200


def in_the_answer(big):
    for end in ('reset', 'close', 'half_close'):
        check(f'{end} in the middle of a large answer')
        for taken in (0, 1, 1000, 100000, 1 << 20):
            conn = Conn(rcvbuf=32768)
            conn.send(request(big))
            conn.take(taken)
            if end == 'half_close':
                conn.half_close()
                rest = conn.rest()
                assert len(rest) + taken > BIG, f'{len(rest)} bytes after {taken} and a half-close'
                conn.close()
            else:
                getattr(conn, end)()
        ended(end)


def more_than_asked(page, body):
    """Bytes behind the last request. Where the server ends the conversation, the client
    cannot know: no reset of ours may kill the answer. A client that asked for the end
    itself and still sends afterwards may be reset, once it has the answer."""
    close = request(page, headers=['Connection: close'])
    for extra in (b'\r\n', b'x', request(page), request(page, 'POST', body=b'y' * 1000), b'z' * 30000):
        check(f'{len(extra)} bytes behind the last request, in the same segment and after the FIN')
        for last, pieces in ((request(page), [extra]), (request(page), [b'', extra]),
                             (request(page), [b'', extra[:1], extra[1:]]), (close, [extra]), (close, [b'', extra])):
            before = stats()
            with Conn() as conn:
                if last is not close:
                    assert conn.get(page).body == body      # with keepalive_requests = 1 the next is the last
                with contextlib.suppress(ConnectionError) if last is close else contextlib.nullcontext():
                    conn.send(last + pieces[0], *[piece for piece in pieces[1:] if piece])
                answer = conn.response()
                assert answer.body == body and answer.get('Connection') == 'close', answer.fields
                with contextlib.suppress(ConnectionError) if last is close and not pieces[0] \
                        else contextlib.nullcontext():
                    conn.closed()       # a reset raises
            expect(before, requests=1 + (last is not close), handed_over=0)


def lingering(page, body, big):
    last = request(page)
    more_than_asked(page, body)
    check('a large answer, bytes of the client all the while, and it is complete')
    with Conn() as conn:
        assert conn.get(page).body == body
        conn.send(request(big))
        for _ in range(10):
            conn.send(b'more' * 20)
        assert len(conn.response().body) == BIG
        conn.closed()
    check('who floods after the end is cut off, others are not disturbed')
    before = stats()
    with Conn() as conn:
        assert conn.get(page).body == body
        conn.send(last)
        assert conn.response().get('Connection') == 'close'
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(4096):
                conn.send(b'f' * 65536)
            raise AssertionError('256 MiB swallowed after the end')
    expect(before, timeouts_linger=1)
    ended('flood')


def pipelined_then_gone(page, cgi):
    for ask in (request(page) * 50, request(page) * 5 + request(cgi), request('/none.html') * 2):
        check(f'{len(ask)} bytes of requests, and gone without reading')
        for end in ('reset', 'close', 'half_close'):
            for _ in range(scaled(50, 10)):
                conn = Conn()
                conn.send(ask)
                getattr(conn, end)()
                conn.close()
        ended('pipelined')


def main():
    top, url = fresh('lifetimes')
    body, big = random.Random(4).randbytes(3000), random.Random(5).randbytes(BIG)
    put(f'{top}/a.png', body)
    ripe(put(f'{top}/big.mp4', big))
    page, cgi = f'{url}/a.png', apache.cgi('echo.cgi', apache.ECHO)
    with kfront():
        hit(page)
        for end in ('reset', 'close', 'half_close'):
            cut_short(page, request(page, headers=['X: y']), end)
        in_the_answer(f'{url}/big.mp4')
        old = sysctl('keepalive_requests', 1)
        lingering(page, body, f'{url}/big.mp4')
        sysctl('keepalive_requests', old)
        pipelined_then_gone(page, cgi)
        check('connections that never say anything')
        silent = [Conn() for _ in range(scaled(500, 100))]
        assert get(page).body == body
        for conn in silent:
            conn.close()
        ended('silent')


if __name__ == '__main__':
    main()
