# SPDX-License-Identifier: GPL-2.0-only
"""kfront goes and comes while clients ask: as long as somebody else answers its port
meanwhile (a redirect to Apache, a server that listens there, too: reuseport), not one
request fails, and each is counted once. rmmod waits for answers on their way."""
import errno
import socket
import subprocess
import threading
import apache
from asker import OURS, Asker
from lib import *
from servers import Nginx

SIZE = 2 << 20
# Only SYNs: else a connection that conntrack has not seen yet would be redirected in its middle.
# When the redirect goes, what was redirected still needs the chains, and conntrack, which is on
# only as long as some rule asks it something: one that nothing jumps to will do.
CHAINS = '''table inet takeover {
	chain prerouting { type nat hook prerouting priority dstnat; }
	chain output { type nat hook output priority -100; }
	chain keep_conntrack { ct state new accept; }
}
'''
RULE = 'add rule inet takeover {} tcp dport 80 tcp flags & (fin | syn | rst | ack) == syn redirect to :8080\n'


def nft(rules):
    done = subprocess.run(['nft', '-f', '-'], input=rules, capture_output=True, text=True)
    assert done.returncode == 0, f'{rules}: {done.stdout}{done.stderr}'


def listeners():
    """How many sockets listen on port 80."""
    lines = []
    for name in ('tcp', 'tcp6'):
        with open(f'/proc/net/{name}') as table:
            lines += [line.split() for line in table]
    return sum(words[1].endswith(':0050') and words[3] == '0A' for words in lines)


def hold(client, big):
    """An answer of kfront's on its way that is not taken yet."""
    before, answer = stats(), None
    while answer is None or answer.get('Server') != OURS:   # the other server's, if there is one
        conn = Conn(rcvbuf=16384)
        answer = conn.get(client.url, headers=client.headers)
        client.good(answer)
    conn.send(request(big, headers=['Connection: close']))
    wait_for(lambda: delta(before, 'streams') == 1, 'a stream is on its way')
    return conn


def go(held, others):
    """rmmod. It waits for the answer that is held; when all others have ended, the counters are
    final and still there. Returns how many requests kfront has answered."""
    error = ['rmmod failed']

    def rmmod():
        unload(120)
        error.clear()

    thread = threading.Thread(target=rmmod)
    thread.start()
    wait_for(lambda: listeners() == others, 'kfront listens no more')
    wait_for(lambda: stats()['connections_open'] == 1, 'all others have ended')
    now = stats()
    assert thread.is_alive(), 'rmmod did not wait'
    lost = [name for name in now if name.startswith(('killed_', 'handover_failed_', 'timeouts_'))]
    assert not any(now[name] for name in lost), changed(dict.fromkeys(now, 0), now)
    answer = held.response()
    assert answer.status == 200 and answer.body == bytes(SIZE), answer.head
    held.closed()
    held.close()
    thread.join()
    assert not error, error
    return now['requests'] - 1


def cycles(url, body, big, mark, cover=lambda: None, uncover=lambda: None):
    """Come and go; returns how many answers the clients had from kfront and from others."""
    log, answered, count, neighbours = apache.AccessLog(), 0, scaled(15, 2), listeners()
    clients = [Asker(url, body, mark, ask) for ask in (    # the first is not started: see hold()
        None, Asker.once, Asker.once, Asker.for_apache, Asker.slowly, Asker.in_turn, Asker.in_turn)]

    def progress(who, what, how_many=2):
        then = [getattr(client, who) for client in clients]
        wait_for(lambda: any(client.error for client in clients) or
                 sum(getattr(client, who) > n for client, n in zip(clients, then)) >= how_many, what)
        assert not any(client.error for client in clients), [client.error for client in clients]

    with running(clients[1:]):
        for _ in range(count):
            load(reuseport=1)
            patient()
            sysctl('drain_timeout_ms', 120000)
            uncover()
            progress('ours', 'kfront answers')
            held = hold(clients[0], big)
            cover()
            # A SYN that was on its way when the rules came is kfront's: answered before it goes.
            progress('total', 'each client has asked anew', len(clients) - 1)
            answered += go(held, neighbours)
            progress('others', 'the other answers')
    ours, others = (sum(getattr(client, who) for client in clients) for who in ('ours', 'others'))
    lines = sum(mark in line for line in log.lines())
    check(f'{count} times, {ours + others} requests: kfront counted {answered}, Apache logged {lines}')
    assert ours == answered, f'the clients had {ours} answers of kfront'
    return others - lines


def redirected(page, body, big):
    check('port 80 is redirected to Apache while kfront is away')
    redirect = ''.join(map(RULE.format, ('prerouting', 'output')))
    nft(CHAINS + redirect)
    try:
        missed = cycles(page, body, big, 'takeover-redirect', lambda: nft(redirect), lambda: nft(
            'flush chain inet takeover prerouting\nflush chain inet takeover output\n'))
    finally:
        nft('delete table inet takeover\n')
    assert not missed, f'{missed} answers of Apache that it did not log'


def beside_nginx(page, body, big):
    check('nginx listens on port 80, too (reuseport)')
    nginx, mark = Nginx('reuseport'), 'takeover-reuseport'

    def logged():
        with open(nginx.log) as log:
            return sum(mark in line for line in log)

    nginx.prepare()
    nginx.start()
    try:
        others = cycles(page, body, big, mark)
        wait_for(lambda: logged() >= others > 0, 'nginx has logged')
        assert logged() == others, f'{logged()} by nginx, {others} had'
    finally:
        nginx.stop()
        nginx.tidy()
    check('without reuseport nobody else may listen there')
    with kfront(), socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            other.bind(('0.0.0.0', 80))
            raise AssertionError('two on one port')
        except OSError as error:
            assert error.errno == errno.EADDRINUSE, error


def main():
    top, url = fresh('takeover')
    body = random.Random(9).randbytes(3000)
    page, big = f'{url}/a.png', f'{url}/big.mp4'
    put(f'{top}/a.png', body)
    ripe(put(f'{top}/big.mp4', bytes(SIZE)))

    # Not one socket for both families: those of nginx would have all of IPv4.
    with apache.configured(listen='127.0.0.1:8080 [::1]:8080'):
        redirected(page, body, big)
        beside_nginx(page, body, big)


if __name__ == '__main__':
    with expedited():
        main()
