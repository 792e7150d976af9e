# SPDX-License-Identifier: GPL-2.0-only
"""Odd, malformed and hostile heads are not kfront's to judge: Apache sees the same
bytes and its answer is the answer."""
import apache
from lib import *


def curated(url):
    """Odd and bad heads: each whole, each to be answered by Apache."""
    good = f'GET {url}/a.html HTTP/1.1\r\nHost: localhost\r\n'.encode()
    end = b'Connection: close\r\n\r\n'
    yield good.replace(b'\r\n', b'\n') + b'\n'
    yield good + b'X : y\r\n' + end
    yield good + b'X: a\r\n folded\r\n' + end
    yield good + b'no colon\r\n' + end
    yield good + b': no name\r\n' + end
    yield good + b'X: a\0b\r\n' + end
    yield good + b'Host: localhost\r\n' + end
    yield b'GET  ' + good[4:] + end
    yield b'get ' + good[4:] + end
    yield b' ' + good + end
    yield f'GET {url}/a.html\r\n'.encode()
    yield f'GET {url}/a.html HTTP/2.0\r\nHost: localhost\r\n\r\n'.encode()
    yield f'GET {url}/a.html HTTP/1.1 \r\nHost: localhost\r\nConnection: close\r\n\r\n'.encode()
    yield b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(80) + b'\r\n\r\n'
    yield b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    for path in ('%2e%2e/a.html', '..%2fa.html', '%00.html', 'a.html%', 'a.html%zz', '%c0%ae.html',
                 '\xe4.html', 'a.html#x', 'a.html;v=1', '//', './a.html', '\\a.html', '*'):
        yield request(f'{url}/{path}', headers=['Connection: close'])
    yield request('*', headers=['Connection: close'])
    yield request('/' + 'a' * 65536 + '.html')


def main():
    top, url = fresh('odd-heads')
    put(f'{top}/a.html', 'a page')
    with kfront():
        hit(f'{url}/a.html')
        for raw in curated(url):
            check(f'{len(raw)} bytes: {raw[:70]!r}')
            before = stats()
            same_as_backend(raw)
            expect(before, requests=0, handed_over=1)
        check('each behind a good request on the same connection')
        good = request(f'{url}/a.html')
        for raw in curated(url):
            before = stats()
            answer = normal(exchange(good + raw))
            assert b'\r\n\r\na page' in answer, answer[:300]
            rest = answer[answer.index(b'\r\n\r\na page') + 10:]
            assert rest == normal(exchange(raw, port=apache.BACKEND)), f'{raw[:70]!r}: {rest[:300]!r}'
            expect(before, requests=1, handed_over=1)


if __name__ == '__main__':
    main()
