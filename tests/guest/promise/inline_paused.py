# SPDX-License-Identifier: GPL-2.0-only
"""Whatever the server makes of its listening socket while we are in it (pauses it, connects
it, listens anew, closes one of a group and has the kernel move what waits there to another),
it finds a plain socket, and nobody waits for ever."""
import select
import socket
from lib import *

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'


def listening(reuseport=False):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(('', 80))
    listener.listen(8)
    listener.settimeout(60)
    return listener


def tapped(count=1):
    wait_for(lambda: stats()['listeners'] == count, f'{count} listeners are tapped', 10)


def served(listener, url, before=None):
    """By the server, to a connection that is made and accepted now; seen by kfront first if
    `before` (its counters) is given."""
    with Conn() as client:
        if before:      # what comes while the server is in accept() is the server's
            wait_for(lambda: delta(before, 'connections') == 1, 'kfront has it')
        client.send(request(url, 'DELETE'))
        child = listener.accept()[0]
        assert not child.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 'an option of ours is left in it'
        for _ in range(2):
            assert child.recv(65536), 'the request is there'
            child.sendall(ANSWER)
            assert client.response().body == b'hi'
            client.send(request(url, 'DELETE'))
        return child


def connected(url):
    """The paused socket becomes a client's, in a hurry, and stays one after rmmod."""
    with listening() as listener:
        load(port=80, backend_port=80)
        tapped()
        listener.shutdown(socket.SHUT_RD)
        listener.connect(('::ffff:127.0.0.1', apache.BACKEND))
        for again in range(2):
            listener.sendall(request(f'{url}/a.png'))
            got = b''
            while not got.endswith(b'x' * 100):
                got += listener.recv(65536)
            assert got.startswith(b'HTTP/1.1 200'), got
            if not again:
                tapped(0)
                unload()


def listening_anew(url):
    """Another address family's operations come and go in the pause."""
    with listening() as listener:
        load(port=80, backend_port=80)
        tapped()
        for _ in range(scaled(20, 5)):
            listener.shutdown(socket.SHUT_RD)
            try:
                listener.connect(('::ffff:224.0.0.1', 80))
                raise AssertionError('connected to a multicast address')
            except OSError:
                listener.listen(8)
        tapped()
        hit(f'{url}/a.png')
        child = served(listener, url, stats())
        unload()
        child.close()
        served(listener, url).close()


def moved(url):
    """What was put back into a queue that is closed wakes whoever gets it."""
    with open('/proc/sys/net/ipv4/tcp_migrate_req', 'r+') as knob:
        knob.write('1')
    group = [listening(reuseport=True) for _ in range(2)]
    load(port=80, backend_port=80)
    tapped(2)
    with Conn() as client:
        before = stats()
        client.send(request(url, 'DELETE'))
        wait_for(lambda: delta(before, 'handed_over') == 1, 'it goes to the server')
        ready = select.select(group, [], [], 60)[0]
        assert len(ready) == 1, ready
        other = next(listener for listener in group if listener not in ready)
        events = select.epoll()
        events.register(other, select.EPOLLIN | select.EPOLLET)
        assert not events.poll(0)
        ready[0].close()
        assert events.poll(60), 'nobody was told of a connection that the kernel moved'
        with other.accept()[0] as child:
            assert child.recv(65536)
            child.sendall(ANSWER)
            assert client.response().body == b'hi'
    unload()
    other.close()


def main():
    top, url = fresh('paused')
    put(f'{top}/a.png', b'x' * 100)
    for case in connected, listening_anew, moved:
        check(case.__doc__)
        case(url)


if __name__ == '__main__':
    main()
