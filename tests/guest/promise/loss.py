# SPDX-License-Identifier: GPL-2.0-only
"""A network that loses every twentieth packet in both directions changes no byte
and leaks no socket."""
import hashlib
import threading
import apache
import link
from lib import *


def fetch(jobs, errors):
    """One client far away: takes URLs until there are none."""
    try:
        while jobs:
            try:
                url, expected, keep = jobs.pop()
            except IndexError:
                return
            with Conn(host=link.SERVER, ns='away', timeout=120) as conn:
                for _ in range(keep):
                    answer = conn.get(url)
                    assert answer.status == 200, answer.line
                    assert expected is None or hashlib.sha256(answer.body).digest() == expected, f'{url} differs'
                answer = conn.get(url, headers=['Connection: close'])
                assert expected is None or hashlib.sha256(answer.body).digest() == expected, f'{url} differs'
                conn.closed(120)
    except Exception as error:          # told to the main thread
        errors.append(error)


def main():
    top, base = fresh('loss')
    rng = seeded()
    files = {}
    for name, size in (('five.mp4', 5 << 20), ('meg.mp4', 1 << 20), ('hundred.png', 100000), ('small.png', 3000),
                       ('tiny.png', 1)):
        data = rng.randbytes(size)
        put(f'{top}/{name}', data)
        files[f'{base}/{name}'] = hashlib.sha256(data).digest()
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    with link.namespace() as ns, kfront():
        link.lose('loss 5% delay 2ms')
        link.lose('loss 5% delay 2ms', 'kf1', ns)
        jobs = []
        for url, expected in files.items():
            count = scaled(4, 1) if 'mp4' in url else scaled(30, 6)
            jobs += [(url, expected, rng.randrange(3)) for _ in range(count)]
        jobs += [(cgi, None, 1)] * scaled(10, 3)
        rng.shuffle(jobs)
        check(f'{len(jobs)} connections through the lossy link')
        before, errors = stats(), []
        clients = [threading.Thread(target=fetch, args=(jobs, errors)) for _ in range(6)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        if errors:
            raise errors[0]
        assert link.dropped() > 20, f'the link lost only {link.dropped()} packets'
        check(f'{link.dropped()} packets were lost; {changed(before)}')
        link.lose('')
        link.lose('', 'kf1', ns)
        check('every socket has come to its end')
        link.no_sockets()
        wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')
        expect(before, bytes_copied=0, killed_reset=0)


if __name__ == '__main__':
    main()
