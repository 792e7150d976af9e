# SPDX-License-Identifier: GPL-2.0-only
"""Inline, whatever addresses servers listen on, each keeps its own connections: IPv4,
IPv6, both in one socket, one address each; another user's beside root's is left alone."""
import contextlib
import os
from servers import Tiny, bound, by_kernel, hooked, inline, listening, ours
from lib import *

NOBODY = 65534


def answers(name, url, missing, server, **more):
    """This address is ours, and what is not comes from the server `name`."""
    assert ours(url, missing, server=server, **more).body == f'{name} GET {missing}'.encode()


def refused(server):
    try:
        Conn(host=server).close()
        raise AssertionError(f'something listens on {server}')
    except ConnectionRefusedError:
        pass


def families(url, missing):
    for name, address, v6only, there, none in (
            ('IPv4 only', '0.0.0.0', None, ('127.0.0.1', '127.0.0.9', '10.0.2.15'), ('::1',)),
            ('IPv6 only', '::', True, ('::1', 'fec0::15'), ('127.0.0.1',)),
            ('both in one', '::', False, ('::1', '127.0.0.1', '10.0.2.15'), ())):
        check(name)
        with Tiny(bound(address, v6only=v6only), name) as tiny, inline(1):
            for server in there:
                answers(name, url, missing, server)
            for server in none:
                refused(server)
            if '127.0.0.1' in there:
                answers(name, url, missing, '127.0.0.1', src='127.0.0.77')
                assert tiny.seen[-1][0].endswith('127.0.0.77'), tiny.seen[-1]


def addresses(url, missing):
    check('three servers, an address each; a fourth comes, the first goes')
    where = {'one': '127.0.0.1', 'two': '127.0.0.2', 'six': '::1'}
    with contextlib.ExitStack() as stack:
        tiny = {name: stack.enter_context(Tiny(bound(address), name)) for name, address in where.items()}
        with inline(3):
            for name, address in where.items():
                answers(name, url, missing, address)
            refused('127.0.0.3')
            stack.enter_context(Tiny(bound('127.0.0.3'), 'four'))
            hooked(4)
            answers('four', url, missing, '127.0.0.3')
            tiny['one'].close()
            refused('127.0.0.1')
            hooked(3)
            answers('two', url, missing, '127.0.0.2')
        assert get(url, server='127.0.0.2').body == f'two GET {url}'.encode(), 'alone again'
    assert not listening(), listening()


def other(address, name, port):
    """A server of another user's."""
    os.seteuid(NOBODY)
    try:
        sock = bound(address, port)
    finally:
        os.seteuid(0)
    return Tiny(sock, name)


def left_alone(name, url, server, port):
    """Its static files are its own, and nobody has looked at its connections."""
    before = stats()
    for _ in range(5):
        assert get(url, port=port, server=server).body == f'{name} GET {url}'.encode()
    expect(before, connections=0)


def users(url, missing, port=8088):
    check("another user's, before and after root's is there")
    with other('127.0.0.3', 'first', port), Tiny(bound('127.0.0.2', port), 'root'), inline(1, port):
        answers('root', url, missing, '127.0.0.2', port=port)
        left_alone('first', url, '127.0.0.3', port)
        with other('127.0.0.4', 'second', port), Tiny(bound('127.0.0.5', port), 'too'):
            hooked(2)           # a look at all of them has been taken since
            left_alone('second', url, '127.0.0.4', port)
            answers('too', url, missing, '127.0.0.5', port=port)
    check("another user's alone is ours, until root's comes")
    with other('127.0.0.3', 'alone', port), inline(1, port):
        answers('alone', url, missing, '127.0.0.3', port=port)
        with Tiny(bound('127.0.0.2', port), 'root'):
            wait_for(lambda: by_kernel(get(url, port=port, server='127.0.0.2')), "root's is found", 20)
            hooked(1)
            left_alone('alone', url, '127.0.0.3', port)


def main():
    top, base = fresh('specific')
    ripe(put(f'{top}/a.html', 'a page'))
    url, missing = f'{base}/a.html', f'{base}/none.html'
    families(url, missing)
    addresses(url, missing)
    users(url, missing)


if __name__ == '__main__':
    main()
