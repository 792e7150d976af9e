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
    ripe(path)
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
    return conn, int(answer.get('Content-Length')), conn.take(amount)


def changed_on_the_way(path, url, data):
    def edit(at):
        with open(path, 'r+b') as file:
            file.seek(at)
            file.write(b'EDITED')
    size = len(data)
    for what, change in (
            ('cut to half', lambda: os.truncate(path, size // 2)),
            ('cut to nothing', lambda: os.truncate(path, 0)),
            ('edited near its end', lambda: edit(size - 1000)),
            ('edited in its last byte', lambda: edit(size - 6)),
            ('edited where it was read already', lambda: edit(100)),
            ('grown', lambda: os.truncate(path, size + 5000))):
        check(f'{what} while being sent: aborted')
        ripe(put(path, data))
        before = stats()
        conn, length, got = begun(url, 300000)
        change()
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


def harmless(path, url, data):
    for what, change in (('chmod', lambda: os.chmod(path, 0o640 if os.stat(path).st_mode & 4 else 0o644)),
                         ('a new link', lambda: os.link(path, f'{path}.link')),
                         ('its link removed', lambda: os.unlink(f'{path}.link')),
                         ('replaced by rename', lambda: os.rename(put(f'{path}.new', b'short'), path)),
                         ('unlinked', lambda: os.unlink(path))):
        check(f'{what} while being sent: the old bytes to the end')
        ripe(put(path, data))
        conn, length, got = begun(url, 300000)
        change()
        assert got + conn.take(length - len(got)) == data, f'{what}: bytes differ'
        conn.close()


def main():
    top, base = fresh('large')
    with kfront():
        for name, size, sparse in (('five.mp4', 5 * MIB, False), ('random.mp4', scaled(64, 16) * MIB, False),
                                   ('sparse.mp4', 64 * MIB, True), ('odd.mp4', 5 * MIB + 4097, False),
                                   ('limit.mp4', MIB + 1, False)):
            expected = make(f'{top}/{name}', size, sparse)
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
        path, url = f'{top}/changing.mp4', f'{base}/changing.mp4'
        changed_on_the_way(path, url, data)
        harmless(path, url, data)
        wait_for(lambda: stats()['connections_open'] == 0, 'nothing left')


if __name__ == '__main__':
    main()
