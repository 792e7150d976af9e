# SPDX-License-Identifier: GPL-2.0-only
"""A last segment or FIN that is lost after its socket was closed is sent again, by
kfront's own closes and by those of Apache on handed-over connections; a peer that
has vanished is given up. (Children of a kernel's listener lose their timers when
closed: kernel-traps 4.)"""
import apache
import link
from lib import *


def cut_off(what, url, expected, half_close):
    """Lose everything the server says until it has closed and tried again, then let
    it through: the whole answer must still come, and the FIN."""
    check(what)
    conn = Conn(host=link.SERVER, ns='away')
    get(url, server=link.SERVER, ns='away')         # the worker is done with the file
    link.lose('loss 100%')
    conn.send(request(url, headers=['Connection: close']))
    if half_close:
        conn.half_close()
    wait_for(link.dropped, 'the answer is on its way')
    wait_for(lambda: link.sockets() and all(line.startswith(('FIN-WAIT-1', 'LAST-ACK', 'CLOSING'))
                                            for line in link.sockets()), 'the server has closed', 30)
    then = link.dropped()
    wait_for(lambda: link.dropped() >= then + 2, 'the orphan tries again: its timer lives', 30)
    assert not conn.buf
    link.lose('')
    answer = conn.response()
    assert answer.status == 200 and expected(answer.body), answer.line
    conn.closed()
    conn.close()
    link.no_sockets()


def vanished(url):
    """Nothing comes through any more, ever: the orphan must not stay for ever."""
    check('a peer that has vanished')
    usual = int(link.sh('cat /proc/sys/net/ipv4/tcp_orphan_retries'))
    link.sh('echo 3 > /proc/sys/net/ipv4/tcp_orphan_retries')
    conn = Conn(host=link.SERVER, ns='away')
    link.lose('loss 100%')
    conn.send(request(url, headers=['Connection: close']))
    wait_for(link.dropped, 'the answer is on its way')
    link.no_sockets(60)
    link.sh(f'echo {usual} > /proc/sys/net/ipv4/tcp_orphan_retries')
    link.lose('')
    conn.close()


def main():
    top, base = fresh('lost-last')
    small, large = random.Random(4).randbytes(1000), random.Random(5).randbytes(40000)
    put(f'{top}/small.png', small)
    put(f'{top}/large.png', large)
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    with link.namespace(), kfront():
        for page in ('small', 'large'):
            hit(f'{base}/{page}.png', server=link.SERVER, ns='away')
        for half_close in (True, False):
            end = 'the client has closed' if half_close else 'the client waits'
            cut_off(f'a small answer of ours, {end}', f'{base}/small.png', small.__eq__, half_close)
            cut_off(f'a larger one, {end}', f'{base}/large.png', large.__eq__, half_close)
        cut_off('an answer of Apache on a handed-over connection', cgi,
                lambda body: f'REMOTE_ADDR={link.CLIENT}\n'.encode() in body, True)
        vanished(f'{base}/small.png')
        wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')


if __name__ == '__main__':
    main()
