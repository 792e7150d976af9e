# SPDX-License-Identifier: GPL-2.0-only
"""Inline, a server that is started later, reloaded or restarted is found by itself; one
that stops is let go at once: its port is free for another, and its namespace goes."""
import os
import time
import link
import servers
from lib import *

BODY = b'a page'


def nobody(server='127.0.0.1'):
    """Nobody listens."""
    try:
        Conn(host=server).close()
        raise AssertionError('something listens on port 80')
    except ConnectionRefusedError:
        pass


def found(url, missing, count, **more):
    began = time.monotonic()
    servers.hooked(count)
    check(f'  after {time.monotonic() - began:.1f} s')
    return servers.ours(url, missing, **more)


def packaged(server, url, missing):
    """Start, reload, restart, stop, with the module loaded all the time."""
    check(f'{server.name} is started later')
    with servers.running(server):
        found(url, missing, server.listeners)
        check(f'{server.name} is reloaded')
        server.reload()
        found(url, missing, server.listeners)
        check(f'{server.name} is restarted; an idle connection of ours is no hindrance')
        idle = Conn()
        assert idle.get(url).body == BODY
        server.stop()               # asserts that nobody listens
        nobody()
        server.start()              # and this, that the port could be had at once
        found(url, missing, server.listeners)
        check(f'{server.name} stops, another server takes its place at once')
        server.stop()
        idle.close()
        with servers.Tiny(servers.bound('0.0.0.0'), 'another'):
            assert get(missing).body == f'another GET {missing}'.encode()
            assert found(url, missing, 1).body == f'another GET {missing}'.encode()
        assert not servers.listening(), servers.listening()
        nobody()
        servers.hooked(0)


def away(url, missing):
    """In a namespace of its own; the name is deleted while the module is loaded."""
    there = dict(server=link.CLIENT)
    check('in a namespace that goes when its server has ended, though the module stays')
    with link.namespace('srv'):
        try:
            with netns('srv'):
                server = servers.Tiny(servers.bound('0.0.0.0'), 'away')
                load(port=80, backend_port=80)
                assert found(url, missing, 1, **there).body == f'away GET {missing}'.encode()
            # Perhaps not at once: what comes while the server is in accept() is the server's.
            wait_for(lambda: servers.by_kernel(get(url, **there)), 'asked from outside, the kernel answers')
            server.close()
            nobody(**there)
            link.sh('ip netns del srv')
            wait_for(lambda: not os.path.exists('/sys/class/net/kf0'), 'the namespace is gone')
            assert leftovers(), 'the module is loaded'
        finally:
            unload()


def main():
    top, base = fresh('restart')
    ripe(put(f'{top}/a.html', BODY))
    with servers.inline():
        nobody()
        for server in servers.Nginx('reuseport'), servers.Apache('event'):
            packaged(server, f'{base}/a.html', f'{base}/none.html')
    away(f'{base}/a.html', f'{base}/none.html')


if __name__ == '__main__':
    main()
