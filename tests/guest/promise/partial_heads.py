# SPDX-License-Identifier: GPL-2.0-only
"""It does not matter how the bytes of a head are cut into segments; a head that
turns out not to be ours only late goes to Apache unread."""
import apache
from lib import *


def every_cut(raw, cuts, ours, expected):
    """Send raw in two segments for each cut; always the same answer, the same way."""
    check(f'{"ours" if ours else "not ours"}, {len(cuts)} cuts: {raw[:60]!r}')
    before = stats()
    for cut in cuts:
        with Conn() as conn:
            conn.send(raw[:cut], raw[cut:])
            answer = normal(conn.rest())
        assert answer == expected, f'cut at {cut}: {answer[:500]!r}, whole: {expected[:500]!r}'
    expect(before, requests=len(cuts) * ours, handed_over=len(cuts) * (not ours))


def main():
    top, url = fresh('partial')
    put(f'{top}/a.html', 'partial heads\n' * 10)
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    page, close = f'{url}/a.html', 'Connection: close'
    etag = get(page, port=apache.BACKEND).get('ETag')
    mine = [request(page, headers=[close]),
            request(page, headers=['User-Agent: curl/7', 'Accept: */*', 'Cookie: a=b', close]),
            request(page, 'HEAD', headers=[close]),
            request(page, version='1.0', host=''),
            request(page, headers=[f'If-None-Match: {etag}', close]),
            request(f'{page}?a=b', headers=[close, 'Range: bytes=2-30'])]
    other = [request(cgi, 'POST', headers=[close], body=b'body'),
             request(f'{cgi}?x', headers=[close]),
             request(page, headers=[close, 'Range: bytes=9999-']),
             request(page, headers=[close]).replace(b'\r\n', b'\n'),
             request(page, headers=[close]).replace(b'Conn', b'Bad : x\r\nConn'),
             request(page, 'GETTER', headers=[close]),
             b'\x16\x03\x01\x00\x05hello\r\n\r\n',
             request(f'{url}/none.html', headers=[close])]
    step = scaled(1, 11)                # the debug kernel: every 11th, another start per head
    with kfront():
        patient()
        hit(page)
        for number, raw in enumerate(mine + other):
            expected = same_as_backend(raw, half_close=False)
            every = step if b'.cgi' not in raw else 5 * step     # a process each time
            cuts = list(range(1 + number % every, len(raw), every))
            every_cut(raw, cuts, number < len(mine), expected)

        check('one byte at a time, two requests, the second not ours')
        before = stats()
        raw = request(page) + request(f'{cgi}?x', headers=[close])
        with Conn() as conn:
            conn.send(*(raw[at:at + 1] for at in range(len(raw))))
            assert conn.response().body == b'partial heads\n' * 10
            assert b'QUERY_STRING=x\n' in conn.response().body
            conn.closed()
        expect(before, requests=1, handed_over=1)

        check('a head just under and just over max_header_bytes, in small segments')
        fill = 8190 - len(request(page, headers=['X: ', close]))
        for extra, ours in ((0, 1), (1, 0)):
            raw = request(page, headers=['X: ' + 'y' * (fill + extra), close])
            assert len(raw) == 8190 + extra
            before = stats()
            with Conn() as conn:
                conn.send(*(raw[at:at + 1000] for at in range(0, len(raw), 1000)))
                assert conn.response().body == b'partial heads\n' * 10
            expect(before, requests=ours, handed_over=1 - ours)

        check('a segment ends between two pipelined heads, and between CR and LF')
        raw = request(page)
        for first in (raw, raw[:-1], raw + raw[:1]):
            before = stats()
            whole = raw * 4
            with Conn() as conn:
                conn.send(first, whole[len(first):])
                for _ in range(4):
                    assert conn.response().status == 200
            expect(before, requests=4, handed_over=0)


if __name__ == '__main__':
    main()
