# SPDX-License-Identifier: GPL-2.0-only
"""A hit leaves by reference, head and body: the counter of bytes by reference
grows by exactly the bytes that arrive, that of copied bytes not at all."""
import os
from lib import *

SIZES = [0, 1, 63, 4095, 4096, 4097, 8192, 65535, 100000, 1 << 20]


def pages():
    """Pages of ours in the kernel, as far as the cache knows."""
    return stats()['cache_bytes']


def main():
    top, url = fresh('zero-copy')
    rng = random.Random(21)
    files = {f'{url}/{size}.png': rng.randbytes(size) for size in SIZES}
    for path, data in files.items():
        put(DOCROOT + path, data)
    with kfront():
        for path, data in files.items():
            assert hit(path).body == data
        wait_for(lambda: stats()['connections_open'] == 0, 'idle')
        check('hits: keep-alive, HEAD, not modified')
        before, received, asked = stats(), 0, 0
        etags = {}
        for turn in range(scaled(20, 3)):
            with Conn() as conn:
                for path, data in files.items():
                    answer = conn.get(path)
                    assert answer.body == data, path
                    etags[path] = answer.get('ETag')
                    received += len(answer.head) + len(data)
                    received += len(conn.get(path, 'HEAD').head)
                    answer = conn.get(path, headers=[f'If-None-Match: {etags[path]}'])
                    assert answer.status == 304, answer.line
                    received += len(answer.head)
                    asked += 3
        expect(before, requests=asked, served_softirq=asked, cache_hits=asked, bytes_sent=received,
               bytes_by_reference=received, bytes_copied=0)
        check('hits: pipelined')
        before, received = stats(), 0
        with Conn() as conn:
            conn.send(b''.join(map(request, files)) * 5)
            for path, data in list(files.items()) * 5:
                answer = conn.response()
                assert answer.body == data, path
                received += len(answer.head) + len(data)
        expect(before, served_softirq=5 * len(files), bytes_sent=received, bytes_by_reference=received,
               bytes_copied=0)
        check('hits to a reader that is slow, so that every answer is sent in parts')
        before = stats()
        with Conn(rcvbuf=8192) as conn:
            path, data = list(files.items())[-1]
            answers = [conn.get(path) for _ in range(3)]
            assert all(answer.body == data for answer in answers)
        sent = sum(len(answer.head) + len(data) for answer in answers)
        expect(before, bytes_sent=sent, bytes_by_reference=sent, bytes_copied=0)
        check('streams: by reference too')
        data = rng.randbytes(3 << 20)
        ripe(put(f'{top}/big.mp4', data))
        before = stats()
        answer = get(f'{url}/big.mp4')
        assert answer.body == data
        expect(before, streams=1, bytes_by_reference=len(answer.head) + len(data), bytes_copied=0)
        check('a slow reader holds the pages it was sent: what is replaced meanwhile stays whole for it')
        path = list(files)[-1]
        old = hit(path).body
        with Conn(rcvbuf=8192) as conn:
            conn.send(request(path))
            wait_for(lambda: conn.sock.recv(1, 2), 'the answer begins')
            new = rng.randbytes(len(old))
            put(DOCROOT + path + '.new', new)
            os.rename(DOCROOT + path + '.new', DOCROOT + path)
            assert get(path).body == new
            assert conn.response().body == old, 'the answer in flight has changed'
        check('and the cache gives the room back')
        for name in files:
            os.unlink(DOCROOT + name)
        wait_for(lambda: pages() < 4096 * len(files), f'{pages()} bytes still cached', 15)


if __name__ == '__main__':
    main()
