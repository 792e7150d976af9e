# SPDX-License-Identifier: GPL-2.0-only
"""A connection that the server accepts before we see it is the server's from its birth:
nothing of ours is in it, neither while the module is there nor after rmmod."""
import socket
from servers import hooked
from lib import *

# Listener, client: an IPv4 child inherits other pointers than an IPv6 or a mapped one.
FAMILIES = ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '127.0.0.1'), (socket.AF_INET6, '::1'))
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'


def served(client, child):
    """One request of a static file, answered by the server."""
    raw = request('/early/a.png')
    client.send(raw)
    got = b''
    while len(got) < len(raw):
        more = child.recv(65536)
        assert more, 'the server sees the end'
        got += more
    assert got == raw, got
    child.sendall(ANSWER)
    assert client.response().body == b'hi'


def early(family, server):
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('', 80))
        listener.listen(8)
        listener.settimeout(60)
        with Conn(host=server) as before:
            child_before = listener.accept()[0]     # born before the module
            queued_before = Conn(host=server)       # born before, still in the queue
            load(port=80, backend_port=80)
            # Switched off, the hooks stay and leave everything to accept().
            sysctl('enabled', 0)
            with Conn(host=server) as client:
                first = listener.accept()[0]
                child = listener.accept()[0]
                for pair in ((client, child), (before, child_before), (queued_before, first)):
                    served(*pair)
                # The server alone decides about them, whatever is switched on later.
                sysctl('enabled', 1)
                hooked(1)
                counts = stats()
                served(client, child)
                waiting = Conn(host=server)         # ours now, nothing said yet
                wait_for(lambda: delta(counts, 'connections') == 1, 'a connection is ours')
                unload()
                last = listener.accept()[0]         # given back
                for _ in range(3):
                    for pair in ((client, child), (before, child_before), (queued_before, first), (waiting, last)):
                        served(*pair)
                for sock in (child, child_before, first, last):
                    sock.shutdown(socket.SHUT_WR)
                    sock.close()
                waiting.close()
                queued_before.close()
        with Conn(host=server) as client:           # and the listener is as it was
            served(client, listener.accept()[0])


def main():
    top, url = fresh('early')
    put(f'{top}/a.png', b'x')
    for family, server in FAMILIES:
        check(f'a listener of {family.name}, a client from {server}')
        early(family, server)
    check('a queue that nobody accepts from, closed after rmmod')
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('', 80))
        listener.listen(8)
        load(port=80, backend_port=80)
        sysctl('enabled', 0)
        left = [Conn() for _ in range(4)]
        sysctl('enabled', 1)
        taken = Conn()      # takes the others along
        wait_for(lambda: stats()['connections'] == 5, 'all are ours')
        unload()
        for conn in (*left, taken):
            conn.send(request(f'{url}/a.png'))
    for conn in (*left, taken):
        try:
            assert False, conn.response().line
        except (Closed, ConnectionResetError):
            conn.close()    # the server went without a word, and so did they


if __name__ == '__main__':
    main()
