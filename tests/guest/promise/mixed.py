# SPDX-License-Identifier: GPL-2.0-only
"""One connection mixes what is ours and what is Apache's: every answer comes, in
order, and once Apache has the connection it keeps it."""
import apache
from lib import *


def one_by_one(static, cgi, body):
    check('static, static, CGI, static, POST on one connection, one after the other')
    before = stats()
    with Conn() as conn:
        for number in range(5):
            answer = conn.get(static, headers=['Connection: keep-alive'])
            assert (answer.status, answer.body) == (200, body), answer.line
            assert answer.get('Keep-Alive') == f'timeout=5, max={100 - number}', answer.fields
        assert b'REQUEST_METHOD=GET\n' in conn.get(cgi).body
        assert conn.get(static).body == body
        assert b'CONTENT_LENGTH=3\n' in conn.get(cgi, 'POST', body=b'abc').body
        assert conn.get(static).body == body
    expect(before, connections=1, requests=5, served_softirq=5, handed_over=1)


def in_one_segment(static, cgi, body, pattern):
    """pattern: s static, c CGI, p POST with a body, n not found; all in one send()."""
    check(f'pipelined in one segment: {pattern[:20]} ({len(pattern)} requests)')
    kinds = {'s': request(static), 'c': request(f'{cgi}?n'), 'n': request('/none.html'),
             'p': request(cgi, 'POST', body=b'xyz'), 'h': request(static, 'HEAD')}
    ours = len(pattern) - len(pattern.lstrip('sh'))
    before = stats()
    with Conn() as conn:
        conn.send(b''.join(kinds[kind] for kind in pattern[:-1])
                  + kinds[pattern[-1]].replace(b'\r\n\r\n', b'\r\nConnection: close\r\n\r\n', 1))
        for kind in pattern:
            answer = conn.response('HEAD' if kind == 'h' else 'GET')
            if kind in 'sh':
                assert (answer.status, answer.body) == (200, body if kind == 's' else b''), answer.line
            elif kind == 'n':
                assert answer.status == 404, answer.line
            else:
                text = b'QUERY_STRING=n\n' if kind == 'c' else b'CONTENT_LENGTH=3\n'
                assert answer.status == 200 and text in answer.body, answer.body
        conn.closed()
    expect(before, connections=1, requests=ours, handed_over=int(ours < len(pattern)))


def main():
    top, url = fresh('mixed')
    body = random.Random(1).randbytes(5000)
    put(f'{top}/a.png', body)
    big = random.Random(2).randbytes(3 << 20)
    ripe(put(f'{top}/big.mp4', big))
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    static = f'{url}/a.png'
    with kfront():
        hit(static)
        one_by_one(static, cgi, body)
        for pattern in ('ssc', 'c', 'cs', 'sc', 'ssscss', 'sssp', 'ps', 'sns', 'shc', 'hs',
                        's' * 99, 's' * 60 + 'c' + 's' * 20):
            in_one_segment(static, cgi, body, pattern)

        check('a miss, then a hit, then CGI, in one segment')
        put(f'{top}/new.png', body[:77])
        with Conn() as conn:
            conn.send(request(f'{url}/new.png') + request(static) + request(cgi))
            assert conn.response().body == body[:77]
            assert conn.response().body == body
            assert b'REQUEST_METHOD=GET\n' in conn.response().body

        check('a file larger than the cache takes, then static, then CGI, in one segment')
        before = stats()
        with Conn() as conn:
            conn.send(request(f'{url}/big.mp4') + request(static) + request(cgi))
            assert conn.response().body == big
            assert conn.response().body == body
            assert b'REQUEST_METHOD=GET\n' in conn.response().body
        expect(before, requests=2, streams=1, handed_over=1)

        check('a request cut in the middle behind pipelined ones, the rest later')
        raw = request(static) * 3 + request(cgi)
        for cut in (len(raw) - 30, len(raw) - 3, len(request(static)) + 1):
            before = stats()
            with Conn() as conn:
                conn.send(raw[:cut], raw[cut:])
                for _ in range(3):
                    assert conn.response().body == body
                assert b'REQUEST_METHOD=GET\n' in conn.response().body
            expect(before, requests=3, handed_over=1)

        check('a POST whose body follows in pieces after the answers before it')
        with Conn() as conn:
            raw = request(cgi, 'POST', body=b'0123456789')
            conn.send(request(static) + raw[:-10])
            assert conn.response().body == body
            conn.send(*(raw[-10 + n:][:1] for n in range(10)))
            assert b'CONTENT_LENGTH=10\n' in conn.response().body


if __name__ == '__main__':
    main()
