# SPDX-License-Identifier: GPL-2.0-only
"""What does an idle connection cost?

Tens of thousands of keep-alive connections from this guest to itself, each of which has been
answered once and then does nothing. Memory: what the kernel's slab caches have grown by, per
connection. The client's sockets are the same in all cases, so what a connection costs its server
beside the bare TCP socket is the difference to connections that nobody accepts; those keep their
struct request_sock, too, which is added, since for kfront it is a cost of its own (it serves to
hand over without allocating). A server that listens for IPv6 and IPv4 with one socket is compared
with such a one. Beyond slab: pages that are neither in slab caches nor free nor user space's, to
see whether anything pins pages; unaccepted connections show how exact that is. nginx stands
beside: its connections cost the kernel a struct socket, inode, dentry and file, and itself memory.

Instructions: of a 64 byte answer to wrk on connections of its own, without the idle ones, with
them, and after them; and how busy the processor is when nothing is asked, since timers must not
walk all that is idle."""
import gc
import os
import re
import resource
import shutil
import socket
import struct
import time
import traceback
import kmod
import meter
import servers
from client import request, wait_for
from results import find, markdown, median_spread, result, value, wanted
from servers import asset, running

TITLE = 'Idle connections'
VM = ['--icount', '--mem', '4096']
URL, PER_ADDRESS, FIRST_PORT, PAGE = '/perf/64.png', 20000, 10000, os.sysconf('SC_PAGESIZE')
FOR_EVER = 86400000
BARE = {socket.AF_INET: 'bare4', socket.AF_INET6: 'bare6'}
THEIRS = 'MemFree:', 'Buffers:', 'Cached:', 'AnonPages:', 'PageTables:'    # not the kernel's, or not for us


def slabs():
    """Bytes of pages that each cache has, and of one object in it."""
    found = {}
    with open('/proc/slabinfo') as file:
        for words in map(str.split, file.readlines()[2:]):
            found[words[0]] = int(words[14]) * int(words[5]) * PAGE, int(words[3])
    return found


def memory():
    """What the kernel has, once all that is only a cache, or on its way to be freed, is gone."""
    gc.collect()
    for _ in range(2):
        os.sync()
        setting('vm.drop_caches', 3)
        setting('vm.compact_memory', 1)     # also empties the lists of free pages per processor
        time.sleep(0.3)                 # RCU; this guest's time costs nothing
    with open('/proc/meminfo') as file:
        info = {words[0]: int(words[1]) * 1024 for words in map(str.split, file)}
    return info['MemTotal:'] - sum(info[name] for name in THEIRS), slabs()


def setting(name, number):
    with open(f'/proc/sys/{name.replace(".", "/")}', 'w') as knob:
        knob.write(str(number))


class Held:
    """So many connections, each answered once if anybody answers."""
    def __init__(self, count, ask=True):
        raw, self.socks = request(URL), []
        for number in range(count):
            sock = socket.socket()
            sock.bind((f'127.0.1.{1 + number // PER_ADDRESS}', FIRST_PORT + number % PER_ADDRESS))
            sock.connect(('127.0.0.1', 80))
            if ask:
                sock.sendall(raw)
            self.socks.append(sock)
            if number % 500 == 499 and ask:
                self.answers(500)
        if ask:
            self.answers(count % 500)

    def answers(self, count):
        for sock in self.socks[len(self.socks) - count:]:
            got = sock.recv(65536)
            assert got.startswith(b'HTTP/1.1 200') and len(got) > 64, got

    def alive(self):
        """Nobody has closed any of them."""
        return not any(self.closed(sock) for sock in self.socks)

    def closed(self, sock):
        sock.setblocking(False)
        try:
            return not sock.recv(1)
        except BlockingIOError:
            return False

    def close(self):
        """By RST: no TIME-WAIT is left."""
        while self.socks:
            sock = self.socks.pop()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.close()


def busy(seconds=2):
    """Per cent of the processor's time, while we sleep."""
    def idle():
        with open('/proc/stat') as file:
            return sum(map(int, file.readline().split()[4:6])) / os.sysconf('SC_CLK_TCK')
    began, was = time.monotonic(), idle()
    time.sleep(seconds)
    return 100 * (1 - (idle() - was) / (time.monotonic() - began))


def told(server, count, before, after):
    """Bytes per connection."""
    grown = {name: (size - before[1].get(name, (0, 0))[0]) / count for name, (size, _) in after[1].items()}
    result('memory', server, 'beyond slab', (after[0] - before[0]) / count - sum(grown.values()), 'B')
    grown = {name: round(size, 1) for name, size in grown.items() if abs(size) >= 4}
    family = 6 if grown.get('TCPv6', 0) > 1000 else 4
    result('memory', server, 'slab', sum(grown.values()), 'B', family=family, caches=grown)


def alone(work):
    """In a process of its own: what Python keeps for itself does not come into it."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert not os.waitpid(child, 0)[1]


def unaccepted(count, family):
    """Connections in the queue of a server that does not take them."""
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('', 80))
        listener.listen(2 * count)
        Held(100, ask=False).close()
        before = memory()
        held = Held(count, ask=False)
        after = memory()
        told(BARE[family], count, before, after)
        result('memory', BARE[family], 'request_sock', after[1]['request_sock_TCP'][1], 'B')
        held.close()


def bare4(count):
    unaccepted(count, socket.AF_INET)


def bare6(count):
    unaccepted(count, socket.AF_INET6)


def rss(name):
    """Bytes that processes of this name have for themselves."""
    total = 0
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with open(f'/proc/{pid}/stat') as file:
            words = file.read().split()
        if words[1] == f'({name})':
            total += int(words[23]) * PAGE
    return total


def nginx(count):
    """Its configuration with more room."""
    conf, servers.CONF = servers.CONF, '/tmp/idle-conf'
    shutil.copytree(conf, servers.CONF, dirs_exist_ok=True)
    with open(f'{conf}/nginx.conf') as file, open(f'{servers.CONF}/nginx.conf', 'w') as out:
        out.write(re.sub(r'(worker_connections) \d+', rf'\1 {2 * count}',
                         re.sub(r'(keepalive_timeout) \d+', r'\1 1d', file.read())))
    with running('nginx'):
        Held(100).close()
        before, own = memory(), rss('nginx')
        held = Held(count)
        told('nginx', count, before, memory())
        result('memory', 'nginx', 'RSS', (rss('nginx') - own) / count, 'B')
        assert held.alive()
        held.close()


def null(count):
    with running('null'):
        Held(100).close()
        before = memory()
        held = Held(count)
        told('null', count, before, memory())
        assert held.alive()
        held.close()


def kfront(count):
    with running('kfront', keepalive_timeout_ms=FOR_EVER, header_timeout_ms=FOR_EVER,
                 max_connections=2 * count) as server:
        server.warm(URL)
        Held(100).close()
        before = memory()
        held = Held(count)
        told('kfront', count, before, memory())
        assert held.alive() and kmod.stats()['connections_open'] == count
        held.close()


def instructions(seconds, repeat):
    """As meter.instructions(), which waits until no connection is left: here many are."""
    runs = [meter.wrk(URL, seconds) for _ in range(repeat + 1)][1:]
    assert not any(run.failed or run.errors for run in runs), [run.text for run in runs]
    return median_spread([1e6 / run.rate for run in runs])


def hits(quick, count):
    """Instructions, in the same instance: without, with, without."""
    with running('kfront', keepalive_timeout_ms=FOR_EVER, header_timeout_ms=FOR_EVER,
                 max_connections=2 * count) as server:
        server.warm(URL)
        held = None
        for case in 'without', 'with', 'after':
            if case == 'with':
                held = Held(count)
            if case == 'after':
                held.close()
                wait_for(lambda: not kmod.stats()['connections_open'], 'they are gone')
            cost = instructions(0.5 if quick else 1, 3 if quick else 5)
            result(case, 'kfront', 'instructions', cost[0], 'k/request', spread=cost[1])
            result(case, 'kfront', 'busy', busy(), '%')
            if case == 'with':
                assert held.alive() and kmod.stats()['connections_open'] == count


def main(quick):
    count = 5000 if quick else 50000
    setting('fs.nr_open', 1 << 20)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * count, 4 * count))
    for name in 'net.core.somaxconn', 'net.ipv4.tcp_max_syn_backlog':
        setting(name, 2 * count)
    asset(64)
    result('memory', 'all', 'connections', count, 'connections')
    for work in bare4, bare6, null, kfront, nginx:
        if wanted(server=work.__name__):
            alone(lambda work=work: work(count))
    if wanted(server='kfront'):
        alone(lambda: hits(quick, count))


def rounded(results, server, metric):
    number = value(results, server=server, metric=metric)
    return None if number is None else round(number)


def over_bare(results, server):
    """Bytes of a connection that are not its bare socket's, whose family is the server's."""
    slab = find(results, server=server, metric='slab')
    bare = slab and f'bare{slab[-1]["family"]}'
    if not slab or value(results, server=bare, metric='slab') is None:
        return None
    return round(slab[-1]['value'] - value(results, server=bare, metric='slab') +
                 value(results, server=bare, metric='request_sock'))


def table(results):
    count = value(results, metric='connections')
    rows = [[server, over_bare(results, server), rounded(results, server, 'beyond slab'),
             rounded(results, server, 'RSS')] for server in ('kfront', 'null', 'nginx')]
    rows += [['unaccepted', 0, rounded(results, 'bare6', 'beyond slab'), None]]
    own = find(results, server='kfront', metric='slab')
    text = (f'{__doc__}\n\n{count} connections. Bytes per connection over the bare TCP socket (kfront: at '
            'most 512):\n\n' + markdown(['server', 'slab caches', 'beyond slab', 'its own RSS'], rows))
    if own:
        text += '\nCaches that grew with kfront, the client\'s and the bare sockets included: ' + ', '.join(
            f'{name} {size}' for name, size in sorted(own[-1]['caches'].items())) + '.\n'
    rows = []
    for case in 'without', 'with', 'after':
        cost = find(results, case=case, metric='instructions')
        if cost:
            rows.append([case, f'{cost[-1]["value"]:.2f}', f'{cost[-1]["spread"]:.1f} %',
                         f'{value(results, case=case, metric="busy"):.2f} %'])
    head = ['idle connections', 'thousand instructions per hit', 'spread', 'busy when idle']
    return f'{text}\n{markdown(head, rows)}'
