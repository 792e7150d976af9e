# SPDX-License-Identifier: GPL-2.0-only
"""No packet more than TCP needs: the answer carries the ACK of the request, and the FIN
rides on its last segment. And no client waits for an ACK that nothing is there to carry:
one that sends a head, or a head and a body, in two pieces gets the first one's at once.
(Inline the first request has an ACK of its own, as the server's listener is set to do.)"""
import contextlib
import socket
import struct
import apache
import link
from lib import *

TRIES = 10


def counter(file, group, name):
    """Of the kernel's counters of TCP in our namespace."""
    with open(f'/proc/net/{file}') as lines:
        names, values = (line.split() for line in lines if line.startswith(f'{group}:'))
    return int(values[names.index(name)])


def segments():
    return counter('snmp', 'Tcp', 'OutSegs')


def late():
    return counter('netstat', 'TcpExt', 'DelayedACKs')


def connect():
    with netns('away'):
        return socket.create_connection((link.SERVER, 80), DEADLINE)


def ended():
    link.no_sockets()
    wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')


def least(what, expected, ask):
    """The least of some tries: a retransmission is nobody's promise."""
    found = []
    for _ in range(TRIES):
        before = segments()
        ask()
        ended()
        found.append(segments() - before)
        if found[-1] == expected:
            break
    check(f'{what}: {found[-1]} packets')
    assert found[-1] == expected, f'{what}: {found} packets, {expected} would do'


def once(url):
    with contextlib.closing(Conn(host=link.SERVER, ns='away')) as conn:
        conn.send(request(url, headers=['Connection: close'])).response()
        conn.closed()


def kept(url, count):
    with contextlib.closing(Conn(host=link.SERVER, ns='away')) as conn:
        for _ in range(count):
            conn.get(url)


def acked(sock):
    """Nothing that this socket has sent is unacknowledged: tcpi_unacked."""
    return not struct.unpack_from('I', sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)[0]


def pieces(what, raw, cut, status):
    """The first piece is acknowledged, and not by the timer that is for ACKs nothing came to carry."""
    check(what)
    with contextlib.closing(connect()) as sock:
        before = late()
        sock.sendall(raw[:cut])
        wait_for(lambda: acked(sock), 'the first piece is acknowledged')
        assert late() == before, 'its ACK came from the timer'
        sock.sendall(raw[cut:])
        sock.settimeout(DEADLINE)
        answer = sock.recv(65536)
        assert answer.startswith(b'HTTP/1.1 %d ' % status), answer[:100]
    ended()


def packets_and_pieces(where, url, cgi, early):
    hit(url, server=link.SERVER, ns='away')
    ended()
    least(f'{where}, one request', early + 3, lambda: once(url))    # SYN-ACK, the answer, the last ACK
    least(f'{where}, five requests', early + 1 + 5 + 1, lambda: kept(url, 5))    # our FIN is an ACK, too
    head = request(url)
    pieces(f'{where}, a head in two pieces', head, len(head) // 2, 200)
    post = request(cgi, 'POST', headers=['Content-Length: 5']) + b'hello'
    pieces(f'{where}, a head, then a body', post, len(post) - 5, 200)


def main():
    top, base = fresh('acks')
    put(f'{top}/page.png', random.Random(6).randbytes(1000))
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    url = f'{base}/page.png'
    with link.namespace():
        with kfront():
            packets_and_pieces('own port', url, cgi, 0)
        with apache.configured(listen='80 8080'), kfront(port=80, backend_port=80):
            packets_and_pieces('inline', url, cgi, 1)


if __name__ == '__main__':
    main()
