# SPDX-License-Identifier: GPL-2.0-only
"""Parts of files, small, large and huge, on tmpfs, ext4 and overlayfs: every range as Apache
gives it, the plain ones from the kernel, by reference; also to clients that read slowly."""
import contextlib
import os
import subprocess
import apache
from lib import *

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
IMAGE, ROOT = '/srv/ranges.img', '/srv/ranges'
SIZES = (0, 1, 4095, 4096, 4097, 65536, MIB, MIB + 1, 2 * GIB - 1, 2 * GIB, 2 * GIB + 1, 4 * GIB - 1, 4 * GIB,
         4 * GIB + 1, TIB)
ODD = ('bytes=0-1,3-4', 'bytes=-0', 'bytes=5-2', 'bytes=', 'bytes=a-b', 'lines=0-1', 'bytes 0-1', 'bytes=0-1;x',
       'BYTES=0-1', 'bytes=0 - 1', ' bytes=0-1', 'bytes= 0-1', 'bytes=0-1,', 'bytes=,0-1', 'bytes=+1-2', 'bytes=--1',
       'bytes=0x1-2', 'bytes=00-01', 'bytes=18446744073709551615-', 'bytes=9223372036854775807-',
       'bytes=-18446744073709551616', 'bytes=0-99999999999999999999', 'bytes=1-', 'bytes=0-', '0-1', '-', 'bytes=-')


def run(line):
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, f'{line}: {done.stderr}'


def make(path, size):
    """Mostly a hole: bytes that tell where they are at both ends, at each GiB, and here and there."""
    with open(path, 'wb') as file:
        file.truncate(size)
        for at in {0, size // 2, size - 64, *range(GIB - 32, min(size, 5 * GIB), GIB)}:
            if 0 <= at < size:
                file.seek(at)
                file.write((b'<%d>' % at * 8)[:min(64, size - at)])
    age(path)
    return path


def plain_ranges(size):
    """Satisfiable, one range, and what a whole or empty file makes of it."""
    if not size:
        return []
    last, found = size - 1, set()
    for first, end in ((0, 0), (0, 99), (last, last), (size // 2 - 10, size // 2 + 200), (size - 50, last),
                       (2 * GIB - 10, 2 * GIB + 10), (4 * GIB - 10, 4 * GIB + 10), (4090, 4100), (1000, 70000)):
        first = max(first, 0)
        if first < size:
            found.add(f'bytes={first}-{end}')
    return [*sorted(found), f'bytes=-{min(size, 77)}', f'bytes={max(size - 200, 0)}-', f'bytes={last}-{size + 5}',
            f'bytes={last}-']


def part(url, value, *more, method='GET', host='localhost'):
    return request(url, method, host, headers=[f'Range: {value}', 'Connection: close', *more])


def on(what, top, base):
    sizes = scaled(SIZES, (0, 1, 4097, MIB, MIB + 1, 2 * GIB, 4 * GIB + 1, TIB))
    check(f'{what}: files of {len(sizes)} sizes')
    paths = {size: make(f'{top}/{size}.mp4', size) for size in sizes}
    for path in paths.values():
        ripe(path)
    for size in sizes:
        url = f'{base}/{size}.mp4'
        before = stats()
        same_as_backend(request(url, 'HEAD', headers=['Connection: close']))
        count = 1
        for value in plain_ranges(size):
            answer = same_as_backend(part(url, value))
            assert b' 206 ' in answer[:20], (size, value, answer[:300])
            same_as_backend(part(url, value, method='HEAD'))
            count += 1
        unsatisfiable = [f'bytes={size}-', f'bytes={size}-{size + 9}', 'bytes=9223372036854775806-']
        small = [*ODD, f'bytes=-{size + 1}'] if size <= 65536 and what == 'tmpfs' else []
        for value in unsatisfiable + small:
            same_as_backend(part(url, value))
        assert delta(before, 'requests') >= count, f'{size}: {changed(before)}'
        assert delta(before, 'responses_206') >= count - 1, f'{size}: {changed(before)}'
        expect(before, bytes_copied=0)


def conditional(top, base):
    check('If-Range: the tag, another tag, dates')
    make(f'{top}/cond.mp4', 5000)
    url = f'{base}/cond.mp4'
    ripe(f'{top}/cond.mp4')
    known = get(url)
    for value in (known.get('ETag'), 'W/' + known.get('ETag'), '"x"', known.get('Last-Modified'), '*',
                  'Thu, 01 Jan 1970 00:00:01 GMT', 'Fri, 31 Dec 2038 23:59:59 GMT', 'yesterday', ''):
        for method in ('GET', 'HEAD'):
            same_as_backend(part(url, 'bytes=10-19', f'If-Range: {value}', method=method))
    for condition in (f'If-None-Match: {known.get("ETag")}', f'If-Match: {known.get("ETag")}', 'If-Match: "x"',
                      f'If-Unmodified-Since: {known.get("Last-Modified")}',
                      'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT'):
        same_as_backend(part(url, 'bytes=10-19', condition))
        same_as_backend(part(url, 'bytes=9999-', condition))


def slowly(top, base):
    """The answer does not fit into the buffers: an object's part, a stream's part."""
    files = {size: random.Random(size).randbytes(size) for size in (MIB, 8 * MIB)}
    for size, data in files.items():
        path = ripe(put(f'{top}/slow-{size}.mp4', data))
    for size, first, length in ((MIB, 4097, MIB - 8000), (8 * MIB, 3 * MIB + 5, 4 * MIB)):
        check(f'{length} bytes of {size} to a client that reads slowly')
        before = stats()
        for _ in range(2):
            with Conn(rcvbuf=8192) as conn:
                conn.send(part(f'{base}/slow-{size}.mp4', f'bytes={first}-{first + length - 1}'))
                answer = conn.response()
                assert answer.status == 206 and answer.body == files[size][first:first + length]
                conn.closed()
        expect(before, requests=2, responses_206=2)
    check('parts in a row on one connection, objects and streams mixed, whole files between them')
    with Conn() as conn:
        for number, (size, data) in enumerate([*files.items()] * 20):
            url, first = f'{base}/slow-{size}.mp4', number * 20011
            got = conn.get(url, headers=[f'Range: bytes={first}-{first + 9999}'])
            assert got.status == 206 and got.body == data[first:first + 10000], number
            if number % 10 == 0:
                assert conn.get(url).body == data


def edited(top, base):
    check('a part of a stream, the file edited on the way: aborted')
    data = random.Random(1).randbytes(8 * MIB)
    path = ripe(put(f'{top}/edited.mp4', data))
    before = stats()
    conn = Conn(rcvbuf=65536)
    conn.send(part(f'{base}/edited.mp4', f'bytes={MIB}-'))
    got = bytearray(conn.take(300000))
    with open(path, 'r+b') as file:
        file.write(b'EDITED')
    try:
        while True:
            conn.fill()
            got += conn.take(len(conn.buf))
    except (Closed, ConnectionResetError):
        pass
    conn.close()
    body = got[got.index(b'\r\n\r\n') + 4:]
    assert len(body) < 7 * MIB and data[MIB:].startswith(body)
    expect(before, streams_aborted=1)


@contextlib.contextmanager
def filesystems():
    """tmpfs, ext4 in a file, and overlayfs on that, each below the document root's."""
    os.makedirs(ROOT, exist_ok=True)
    with open(IMAGE, 'wb') as image:
        image.truncate(64 * MIB)
    if not os.path.exists('/dev/loop-control'):
        run('modprobe loop')
    run(f'mkfs.ext4 -qF {IMAGE} && mount -t tmpfs tmpfs {ROOT} && mkdir {ROOT}/tmpfs {ROOT}/ext4 {ROOT}/overlay '
        f'&& mount -o loop {IMAGE} {ROOT}/ext4 && mkdir {ROOT}/ext4/lower {ROOT}/ext4/upper {ROOT}/ext4/work '
        f'&& mount -t overlay overlay -o lowerdir={ROOT}/ext4/lower,upperdir={ROOT}/ext4/upper,'
        f'workdir={ROOT}/ext4/work {ROOT}/overlay && chmod 755 {ROOT} {ROOT}/*')
    try:
        yield
    finally:
        run(f'umount {ROOT}/overlay {ROOT}/ext4 {ROOT}')
        os.unlink(IMAGE)


def main():
    top, base = fresh('ranges')
    with filesystems(), apache.configured(docroot=ROOT):
        with kfront(docroot=ROOT):
            patient()
            on('tmpfs', f'{ROOT}/tmpfs', '/tmpfs')
            conditional(f'{ROOT}/tmpfs', '/tmpfs')
            on('ext4', f'{ROOT}/ext4', '/ext4')
            on('overlay', f'{ROOT}/overlay', '/overlay')
            slowly(f'{ROOT}/tmpfs', '/tmpfs')
            edited(f'{ROOT}/tmpfs', '/tmpfs')


if __name__ == '__main__':
    main()
