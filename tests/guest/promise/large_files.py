# SPDX-License-Identifier: GPL-2.0-only
"""Files larger than the cache takes are streamed exactly; one that is cut or
edited on the way ends in an aborted connection, never in padding, never in a
complete answer."""
import hashlib
import os
import apache
from lib import *

MIB = 1 << 20


def digest(conn, length):
    """sha256 of a body of this length, read in pieces as they come."""
    state = hashlib.sha256()
    while length:
        if not conn.buf:
            conn.fill()
        part = conn.take(min(length, len(conn.buf)))
        state.update(part)
        length -= len(part)
    return state.hexdigest()


def make(path, size, sparse):
    """A file of random bytes (or mostly holes); its sha256."""
    rng = random.Random(size)
    with open(path, 'wb') as file:
        if sparse:
            for at in (0, size // 2, size - 5):
                file.seek(at)
                file.write(rng.randbytes(5))
        else:
            for _ in range(0, size, MIB):
                file.write(rng.randbytes(min(MIB, size - file.tell())))
    age(path)
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def head_and_body(url, size, expected):
    check(f'{url}: {size} bytes, HEAD, GET, and once more on the same connection')
    before = stats()
    with Conn() as conn, Conn(apache.BACKEND) as direct:
        head = conn.get(url, 'HEAD')
        head.same(direct.get(url, 'HEAD'), ('date', 'server'))
        assert head.get('Content-Length') == str(size), head.fields
        for _ in range(2):
            conn.send(request(url))
            while b'\r\n\r\n' not in conn.buf:
                conn.fill()
            answer = Response(conn.take(conn.buf.index(b'\r\n\r\n') + 4))
            answer.same(head, ('date',))
            assert digest(conn, size) == expected, 'bytes differ'
    expect(before, requests=3, handed_over=0, streams_aborted=0, bytes_copied=0)


def begun(url, amount):
    """A download of which this much was read; little more is on its way."""
    conn = Conn(rcvbuf=65536)
    conn.send(request(url))
    while b'\r\n\r\n' not in conn.buf:
        conn.fill()
    answer = Response(conn.take(conn.buf.index(b'\r\n\r\n') + 4))
    return conn, int(answer.get('Content-Length')), bytearray(conn.take(amount))


def each(top, base, data, changes):
    """A file for each change, all of them made before the first is asked for: what to
    check, how to change it, its path and URL."""
    paths = [put(f'{top}/{change[0].replace(" ", "-")}.mp4', data) for change in changes]
    for (what, change), path in zip(changes, paths):
        ripe(path)
        yield what, change, path, f'{base}/{os.path.basename(path)}'


def changed_on_the_way(top, base, data):
    def edit(path, at):
        with open(path, 'r+b') as file:
            file.seek(at)
            file.write(b'EDITED')
    size = len(data)
    for what, change, path, url in each(top, base, data, (
            ('cut to half', lambda path: os.truncate(path, size // 2)),
            ('cut to nothing', lambda path: os.truncate(path, 0)),
            ('edited near its end', lambda path: edit(path, size - 1000)),
            ('edited in its last byte', lambda path: edit(path, size - 6)),
            ('edited where it was read already', lambda path: edit(path, 100)),
            ('grown', lambda path: os.truncate(path, size + 5000)))):
        check(f'{what} while being sent: aborted')
        before = stats()
        conn, length, got = begun(url, 300000)
        change(path)
        try:
            while len(got) < length:
                conn.fill()
                got += conn.take(len(conn.buf))
            raise AssertionError(f'{what}: a complete answer of {len(got)} bytes')
        except (Closed, ConnectionResetError):
            pass
        conn.close()
        assert got == data[:len(got)], f'{what}: foreign bytes'
        expect(before, streams_aborted=1)
        after = get(url)
        with open(path, 'rb') as file:
            assert after.body == file.read(), f'{what}: not the new version afterwards'


def harmless(top, base, data):
    def unlinked(path):
        os.link(path, f'{path}.link')
        os.unlink(f'{path}.link')
    for what, change, path, url in each(top, base, data, (
            ('chmod', lambda path: os.chmod(path, 0o640)),
            ('a new link', lambda path: os.link(path, f'{path}.link')),
            ('a new link removed', unlinked),
            ('replaced by rename', lambda path: os.rename(put(f'{path}.new', b'short'), path)),
            ('unlinked', os.unlink))):
        check(f'{what} while being sent: the old bytes to the end')
        conn, length, got = begun(url, 300000)
        change(path)
        assert got + conn.take(length - len(got)) == data, f'{what}: bytes differ'
        conn.close()


def main():
    top, base = fresh('large')
    with kfront():
        files = [(name, size, make(f'{top}/{name}', size, sparse)) for name, size, sparse in (
            ('random.mp4', scaled(32, 8) * MIB, False), ('sparse.mp4', scaled(32, 16) * MIB, True),
            ('five.mp4', 5 * MIB, False), ('odd.mp4', 5 * MIB + 4097, False), ('limit.mp4', MIB + 1, False))]
        for name, size, expected in files:
            ripe(f'{top}/{name}')
            head_and_body(f'{base}/{name}', size, expected)
        check('eight readers at once, each taking little at a time')
        data = open(f'{top}/five.mp4', 'rb').read()
        conns = [begun(f'{base}/five.mp4', 1) for _ in range(8)]
        got = [first for _, _, first in conns]
        while len(got[0]) < len(data):
            for number, (conn, _, _) in enumerate(conns):
                got[number] += conn.take(min(65536, len(data) - len(got[number])))
        assert all(one == data for one in got)
        for conn, _, _ in conns:
            conn.close()
        changed_on_the_way(top, base, data)
        harmless(top, base, data)
        wait_for(lambda: stats()['connections_open'] == 0, 'nothing left')


if __name__ == '__main__':
    main()
