# SPDX-License-Identifier: GPL-2.0-only
"""The comparison itself: pairs of answers that it must, and must not, tell apart."""
import gzip
from collections import Counter
import files

PLAIN = (b'HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nETag: "1-2"\r\nContent-Length: 4\r\n'
         b'Keep-Alive: timeout=60, max=99\r\nConnection: Keep-Alive\r\nContent-Type: text/html\r\n\r\nabcd')
GZIP = b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s\r\n\r\n%s'
PART = (b'HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-3/9\r\n'
        b'Content-Length: 4\r\n\r\nabcd')
ASKED = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
BAD = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
MINE, OTHERS = (gzip.compress(files.PLAIN['a.html'], level, mtime=0) for level in (9, 1))
OURS = GZIP % (b'Content-Length: %d' % len(MINE), MINE)
CHUNKS = GZIP % (b'Transfer-Encoding: chunked', b'%x\r\n%s\r\n0\r\n\r\n' % (len(OTHERS), OTHERS))
OTHER = gzip.compress(b'abc', mtime=0)
PAIRS = [
    (PLAIN, PLAIN, 'same'), (PLAIN * 2, PLAIN * 2, 'same'), (PLAIN, PLAIN * 2, 'different'),
    (PLAIN, b'', 'different'),
    (OURS, CHUNKS, 'compressed'), (CHUNKS, OURS, 'different'),
    (OURS.replace(b'OK', b'Ok'), CHUNKS, 'different'),
    (OURS, CHUNKS.replace(b'Content-E', b'X: y\r\nContent-E'), 'different'),
    (OURS, OURS[:-4] + b'abcd', 'no HTTP'),
    (OURS, GZIP % (b'Content-Length: %d' % len(OTHER), OTHER), 'different'),
    (OURS, PART, 'whole_gzip'), (PLAIN, PART, 'different'), (PART, OURS, 'different'),
    (GZIP % (b'Content-Length: %d' % len(OTHER), OTHER), PART, 'different'),
    (OURS, PART.replace(b'gzip', b'br'), 'different'), (OURS, PART.replace(b'206', b'404'), 'different'),
]
# The second of a pair is the first with this in place of that.
CHANGES = [
    (b'200', b'206', 'different'), (b'OK', b'Ok', 'different'), (b'HTTP/1.1', b'HTTP/1.0', 'different'),
    (b'ETag', b'Etag', 'different'), (b'1-2', b'1-3', 'different'), (b'Date: Thu', b'Date: Fri', 'different'),
    (b'abcd', b'abcD', 'different'), (b'Connection: Keep-Alive\r\n', b'', 'different'),
    (b'Connection: Keep-Alive\r\nContent-Type: text/html',
     b'Content-Type: text/html\r\nConnection: Keep-Alive', 'different'),
    (b'h: 4', b'h: 3', 'no HTTP'), (b'h: 4', b'h: 5', 'no HTTP'), (b'\r\nETag', b'\nETag', 'no HTTP'),
    (b'ETag:', b'ETag :', 'no HTTP'), (b'ETag', b'ETag: "x"\r\nETag', 'no HTTP'),
    (b'max=99', b'max=98', 'requests_left'), (b'max=99', b'max=100', 'different'),
    (b'timeout=60', b'timeout=5', 'different'),
    (b'max=99', b'max=98\r\nX: y', 'different'),
]


def verdict(compare, one, two, ends=('FIN', 'FIN'), raw=b''):
    used = Counter()
    try:
        both = [(compare.answers(raw, ('GET', 'GET'), False), end) for raw, end in zip((one, two), ends)]
        wrong = list(compare.differences(*both, used, raw))
    except compare.Wrong:
        return 'no HTTP'
    return 'different' if wrong else ' '.join(used) or 'same'


def can_fail(compare):
    """What is wrong with it; each justified difference must be among the tries."""
    tries = PAIRS + [(PLAIN, PLAIN.replace(old, new), want) for old, new, want in CHANGES]
    wrong = [f'{verdict(compare, one, two)}, not {want}: {one!r} {two!r}'
             for one, two, want in tries if verdict(compare, one, two) != want]
    if verdict(compare, PLAIN, PLAIN, ('FIN', 'RST')) != 'different':
        wrong.append('RST is taken for FIN')
    for one, raw, want in ((PLAIN + BAD, ASKED + b'\n' + ASKED, 'bare_newline'),
                           (PLAIN + BAD, ASKED * 2, 'different'), (BAD, b'\n' + ASKED, 'different'),
                           (PLAIN, ASKED + b'\n' + ASKED, 'different'),
                           (PLAIN.replace(b'1-2', b'1-3') + BAD, ASKED + b'\n' + ASKED, 'different')):
        if verdict(compare, one, PLAIN * 2, raw=raw) != want:
            wrong.append(f'not {want}: {raw}: {one}')
    untried = {entry.__name__ for entry in compare.JUSTIFIED} - {want for _, _, want in tries}
    return wrong + [f'{name} is never tried' for name in untried]
