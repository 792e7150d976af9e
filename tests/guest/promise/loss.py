# SPDX-License-Identifier: GPL-2.0-only
"""A network that loses every twentieth packet in both directions changes no byte
and leaks no socket."""
import hashlib
import apache
import link
from lib import *


def jobs(files, cgi, rng):
    """What to fetch, with the content's hash and how often before the last time."""
    todo = [(cgi, None, 1)] * scaled(10, 3)
    for url, expected in files.items():
        count = scaled(4, 1) if 'mp4' in url else scaled(30, 6)
        todo += [(url, expected, rng.randrange(3)) for _ in range(count)]
    rng.shuffle(todo)
    return todo


def fetch(todo):
    """One client far away: takes URLs until there are none."""
    while True:
        try:
            url, expected, keep = todo.pop()
        except IndexError:
            return
        with Conn(host=link.SERVER, ns='away', timeout=120) as conn:
            for headers in [[]] * keep + [['Connection: close']]:
                answer = conn.get(url, headers=headers)
                assert answer.status == 200, answer.line
                assert expected in (None, hashlib.sha256(answer.body).digest()), f'{url} differs'
            conn.closed(120)


def through(todo):
    check(f'{len(todo)} connections through the lossy link')
    together([Beside(lambda _: fetch(todo)) for _ in range(6)])


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
        patient()
        before = stats()
        while link.dropped() <= 20:         # chance may be kind
            through(jobs(files, cgi, rng))
        check(f'{link.dropped()} packets were lost; {changed(before)}')
        link.lose('')
        link.lose('', 'kf1', ns)
        check('every socket has come to its end')
        link.no_sockets()
        wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')
        expect(before, bytes_copied=0, killed_reset=0)


if __name__ == '__main__':
    main()
