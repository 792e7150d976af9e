# SPDX-License-Identifier: GPL-2.0-only
"""What Apache compresses for a browser the kernel compresses: the same head but for the
length of the body, the same file when decompressed; made once for each version."""
import os
import apache
from lib import *

BROWSER = 'Accept-Encoding: gzip, deflate, br, zstd'
KIB = 1024
SIZES = (0, 1, 68, 69, 70, 4095, 4096, 4097, 50 * KIB, 300 * KIB)


def text(size, seed=0):
    """Text that compresses as text does."""
    rng = random.Random(size + seed)
    words = [bytes(rng.choices(b'etaoinshrdlu', k=rng.randint(1, 9))) for _ in range(300)]
    out = bytearray()
    while len(out) < size:
        out += rng.choice(words) + b' '
    return bytes(out[:size])


def noise(size):
    return random.Random(size).randbytes(size)


def same(url, expected, *headers, method='GET'):
    """Ours and Apache's answer to this; ours."""
    ours, theirs = (get(url, method, port=port, headers=headers) for port in (80, apache.BACKEND))
    ours.same(theirs)
    if method == 'GET' and ours.status == 200:
        assert ours.plain() == expected, f'{url}: bodies differ'
    return ours


def warm(url, *headers):
    """Ask until it is a hit: the kernel's from then on."""
    return hit(url, headers=headers)


def every_size(top, base):
    for suffix, body in (('html', text), ('css', text), ('js', text), ('html', noise), ('png', noise)):
        for size in SIZES:
            name = f'{body.__name__}-{size}.{suffix}'
            data = body(size)
            put(f'{top}/{name}', data)
            yield f'{base}/{name}', data, suffix != 'png' and size >= 69


def first_and_second(files):
    check(f'{len(files)} files, cold and warm, with and without a browser\'s Accept-Encoding')
    for url, data, squeezed in files:
        for headers in ([BROWSER], []):
            warm(url, *headers)
            before = stats()
            answer = same(url, data, *headers)
            assert (answer.get('Content-Encoding') == 'gzip') == bool(squeezed and headers), answer.head
            assert (answer.get('Vary') == 'Accept-Encoding') == bool(squeezed), answer.head
            expect(before, requests=1, served_softirq=1, cache_inserts=0, bytes_copied=0, handed_over=0,
                   responses_encoded=int(bool(squeezed and headers)))


def spellings(url, data):
    """Whatever the client says of codings, it gets what Apache gives."""
    for value in ('gzip', 'GZIP', 'x-gzip', 'gzip;q=0', 'gzip;q=0.0', 'gzip;q=0.5', '*', '*;q=0', 'identity', '',
                  'identity;q=0, gzip', 'br', 'deflate', 'br, gzip', 'gzip, identity;q=0', 'gzip ;q=1',
                  'gzip;', ',gzip', 'gzip,', 'gzip,,br', 'gzip gzip', 'xgzip', 'gzipx', 'gzip;foo=bar', '"gzip"',
                  'gzip;q=abc', 'compress, gzip'):
        check(f'Accept-Encoding: {value}')
        for method in ('GET', 'HEAD'):
            same(url, data, f'Accept-Encoding: {value}', method=method)
    check('Accept-Encoding twice')
    same(url, data, 'Accept-Encoding: br', 'Accept-Encoding: gzip')


def conditions(url):
    """The tags of both forms, in every condition."""
    tags = [get(url, headers=headers).get('ETag') for headers in ([BROWSER], [])]
    assert tags[0] == tags[1][:-1] + '-gzip"', tags
    modified = get(url).get('Last-Modified')
    for tag in (*tags, '*', f'"x", {tags[0]}', f'W/{tags[1]}', '"x"'):
        for name in ('If-None-Match', 'If-Match', 'If-Range'):
            for headers in ([BROWSER], [], ['Range: bytes=0-9'], [BROWSER, 'Range: bytes=0-9']):
                for method in ('GET', 'HEAD'):
                    same_as_backend_but_for_gzip(url, method, f'{name}: {tag}', *headers)
    for name in ('If-Modified-Since', 'If-Unmodified-Since', 'If-Range'):
        for date in (modified, 'Thu, 01 Jan 1970 00:00:01 GMT', 'Fri, 31 Dec 2038 23:59:59 GMT'):
            same_as_backend_but_for_gzip(url, 'GET', f'{name}: {date}', BROWSER, 'Range: bytes=0-9')


def same_as_backend_but_for_gzip(url, method, *headers):
    ours, theirs = (get(url, method, port=port, headers=headers) for port in (80, apache.BACKEND))
    # No parts of compressed bytes: Apache's are others, and have the same tag.
    if theirs.status == 206 and theirs.get('Content-Encoding') and method == 'GET':
        theirs = get(url, port=apache.BACKEND, headers=[BROWSER])
    try:
        ours.same(theirs)
    except AssertionError as error:
        raise AssertionError(f'{method} {headers}: {error}') from None


def changes(top, base):
    check('edited: the next browser gets the new file')
    path, url = ripe(put(f'{top}/edited.html', text(9000))), f'{base}/edited.html'
    for number in range(5):
        warm(url, BROWSER)
        data = text(9000, seed=number + 1)
        put(path, data)         # old, so that its tag is not weak; its ctime is new
        same(url, data, BROWSER)
        same(url, data)


def switched_off(url, data):
    check('gzip=0: Apache compresses')
    sysctl('gzip', 0)
    for path in (url, os.path.dirname(url) + '/'):
        before = stats()
        same(path, data, BROWSER)
        expect(before, requests=0, handed_over_encoding=1)
    before = stats()
    same(url, data)
    expect(before, requests=1, handed_over=0)
    sysctl('gzip', 1)


def too_large(top, base):
    check('larger than max_object_bytes: Apache compresses')
    old = sysctl('max_object_bytes', 100000)
    data = text(100001)
    ripe(put(f'{top}/large.html', data))
    before = stats()
    same(f'{base}/large.html', data, BROWSER)
    expect(before, requests=0, handed_over_encoding=1)
    before = stats()
    same(f'{base}/large.html', data)
    expect(before, requests=1, streams=1)
    sysctl('max_object_bytes', old)


def crowd(top, base):
    check('many files at once, many clients, a small cache')
    files = [(f'{base}/crowd-{n}.html', text(20000, seed=n)) for n in range(scaled(40, 16))]
    for url, data in files:
        path = put(f'{top}/{os.path.basename(url)}', data)
    ripe(path)
    old = sysctl('cache_bytes', 1 << 20)

    def client(me):
        for url, data in random.Random(id(me)).sample(files, len(files)):
            assert get(url, headers=[BROWSER]).plain() == data, url
    before = stats()
    together([Beside(client) for _ in range(8)])
    assert delta(before, 'responses_encoded') > len(files), changed(before)
    sysctl('cache_bytes', old)


def main():
    top, base = fresh('compressed')
    index = text(6000)
    files = list(every_size(top, base))
    put(f'{top}/index.html', index)
    with kfront():
        patient()
        ripe(f'{top}/index.html')
        first_and_second([*files, (f'{base}/', index, True), (f'{base}/index.html', index, True)])
        spellings(f'{base}/index.html', index)
        conditions(f'{base}/index.html')
        changes(top, base)
        switched_off(f'{base}/index.html', index)
        too_large(top, base)
        crowd(top, base)


if __name__ == '__main__':
    main()
