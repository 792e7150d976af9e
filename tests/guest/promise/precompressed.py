# SPDX-License-Identifier: GPL-2.0-only
"""precompressed=1: a file's .br, .zst or .gz is sent in its place to clients that take it,
never an old one, never one that may not be read; off by default."""
import gzip
import os
from lib import *

ALL = 'Accept-Encoding: gzip, deflate, br, zstd'
PAGE = b'<p>a page, and more of it</p>' * 100


def site(top):
    put(f'{top}/a.html', PAGE)
    put(f'{top}/a.html.br', b'brotli')
    put(f'{top}/a.html.zst', b'zstandard')
    put(f'{top}/a.html.gz', gzip.compress(PAGE, mtime=1))
    put(f'{top}/b.html', PAGE)
    put(f'{top}/b.html.gz', gzip.compress(PAGE, mtime=1))
    put(f'{top}/image.png', PAGE)
    put(f'{top}/image.png.br', b'an image')
    put(f'{top}/none.html', PAGE)
    put(f'{top}/sub/index.html', PAGE)
    put(f'{top}/sub/index.html.br', b'an index')
    ripe(f'{top}/sub/index.html.br')


def got(url, *headers):
    """Coding and body, of a hit that says that it varies."""
    answer = hit(url, headers=headers)
    assert answer.get('Vary') == 'Accept-Encoding', answer.head
    return answer.get('Content-Encoding'), answer.body


def choices(base):
    for url, accepted, expected in (
            ('a.html', ALL, ('br', b'brotli')),
            ('a.html', 'Accept-Encoding: gzip, zstd', ('zstd', b'zstandard')),
            ('a.html', 'Accept-Encoding: br', ('br', b'brotli')),
            ('a.html', 'Accept-Encoding: br;q=0, zstd', ('zstd', b'zstandard')),
            ('a.html', 'Accept-Encoding: identity', (None, PAGE)),
            ('a.html', 'Accept: */*', (None, PAGE)),
            ('image.png', ALL, ('br', b'an image')),
            ('image.png', 'Accept-Encoding: gzip', (None, PAGE)),
            ('none.html', 'Accept-Encoding: br', (None, PAGE)),
            ('sub/', ALL, ('br', b'an index')),
            ('sub/index.html', ALL, ('br', b'an index'))):
        check(f'{url} with {accepted}: {expected[0]}')
        assert got(f'{base}/{url}', accepted) == expected
    check('a .gz beside the file is sent as it is; without one the kernel compresses')
    for url, ours in ('b.html', False), ('none.html', True):
        coding, body = got(f'{base}/{url}', 'Accept-Encoding: gzip')
        assert coding == 'gzip' and gzip.decompress(body) == PAGE
        assert (body == gzip.compress(PAGE, mtime=1)) != ours


def conditions(base):
    check('its own tag, in conditions and for parts')
    url = f'{base}/a.html'
    tags = {coding: get(url, headers=[f'Accept-Encoding: {coding}']) for coding in ('br', 'zstd', 'gzip', 'identity')}
    assert len({answer.get('ETag') for answer in tags.values()}) == 4, [answer.head for answer in tags.values()]
    tag, accept = tags['br'].get('ETag'), 'Accept-Encoding: br'
    answer = get(url, headers=[accept, f'If-None-Match: {tag}'])
    assert answer.status == 304 and answer.get('ETag') == tag and answer.get('Vary') == 'Accept-Encoding', answer.head
    assert get(url, headers=[accept, f'If-None-Match: {tags["zstd"].get("ETag")}']).body == b'brotli'
    answer = get(url, headers=[accept, 'Range: bytes=1-3', f'If-Range: {tag}'])
    assert (answer.status, answer.body, answer.get('Content-Range')) == (206, b'rot', 'bytes 1-3/6'), answer.head
    assert get(url, headers=[accept, 'Range: bytes=1-3', 'If-Range: "x"']).body == b'brotli'
    head = get(url, 'HEAD', headers=[accept])
    assert head.get('Content-Length') == '6' and head.get('Content-Encoding') == 'br', head.head


def comes_and_goes(top, base):
    url, path = f'{base}/none.html', f'{top}/none.html'
    assert got(url, 'Accept-Encoding: br') == (None, PAGE)
    check('a sibling appears, is edited, is too old, may not be read, is no file, goes')
    ripe(put(f'{path}.br', b'new'))
    assert got(url, 'Accept-Encoding: br') == ('br', b'new')
    with open(f'{path}.br', 'wb') as file:
        file.write(b'newer')
    age(f'{path}.br')
    ripe(f'{path}.br')
    assert got(url, 'Accept-Encoding: br') == ('br', b'newer')
    age(f'{path}.br', 7200)
    ripe(f'{path}.br')
    assert got(url, 'Accept-Encoding: br') == (None, PAGE)
    age(f'{path}.br', 1800)
    ripe(f'{path}.br')
    assert got(url, 'Accept-Encoding: br') == ('br', b'newer')
    os.chmod(f'{path}.br', 0o600)
    assert got(url, 'Accept-Encoding: br') == (None, PAGE)
    os.chmod(f'{path}.br', 0o755)
    assert got(url, 'Accept-Encoding: br') == (None, PAGE)
    os.chmod(f'{path}.br', 0o644)
    ripe(f'{path}.br')
    assert got(url, 'Accept-Encoding: br') == ('br', b'newer')
    os.unlink(f'{path}.br')
    for make in (os.mkdir, lambda name: os.symlink('a.html.br', name), os.mkfifo):
        make(f'{path}.br')
        assert got(url, 'Accept-Encoding: br') == (None, PAGE)
        (os.rmdir if os.path.isdir(f'{path}.br') else os.unlink)(f'{path}.br')
    check('the file is newer than its sibling')
    put(f'{path}.br', b'for the old one')
    ripe(put(path, PAGE + b'!', old=False))
    assert got(url, 'Accept-Encoding: br') == (None, PAGE + b'!')
    check('a large one is streamed')
    data = random.Random(1).randbytes(3 << 20)
    ripe(put(f'{top}/a.html.zst', data))
    answer = get(f'{base}/a.html', headers=['Accept-Encoding: zstd'])
    assert answer.get('Content-Encoding') == 'zstd' and answer.body == data


def main():
    top, base = fresh('precompressed')
    site(top)
    with kfront():
        patient()
        check('off: as Apache does it')
        for headers in ([], ['Accept-Encoding: br'], [ALL]):
            answer = hit(f'{base}/image.png', headers=headers)
            assert answer.body == PAGE and not answer.get('Vary'), answer.head
        sysctl('precompressed', 1)
        choices(base)
        conditions(base)
        comes_and_goes(top, base)
        check('off again')
        sysctl('precompressed', 0)
        answer = hit(f'{base}/image.png', headers=[ALL])
        assert answer.body == PAGE and not answer.get('Vary'), answer.head


if __name__ == '__main__':
    main()
