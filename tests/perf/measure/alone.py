# SPDX-License-Identifier: GPL-2.0-only
"""The server alone: the client is on the host and costs the guest nothing. What a request takes is
the time that the guest was not idle, and its clock counts instructions while it is not. The
client asks through QEMU's user network, which computes no checksums and cuts no segments for the
guest (virtio-net without offloads)."""
import contextlib
import json
import os
import re
import selectors
import socket
import time
import servers
from client import wait_for
from results import find, markdown, median_spread, note, result, value, wanted

TITLE = 'The server alone'
VM = ['--icount-sleep']
SERVERS = ('kfront', 'null', 'nginx', 'apache', 'lighttpd')     # kfront first: null needs what it says
COLUMNS = ('null', 'kfront', 'nginx', 'apache', 'lighttpd')
CASES = {f'{size}-{kind}': (size, kind == 'close') for kind in ('keepalive', 'close') for size in (64, 4096)}
AIMS = {'64-keepalive': (2.5, 7)}       # nginx / kfront, Apache / kfront
CONNECTIONS, CONTROL = 16, 9000


def path(size):
    return f'/perf/{size}.png'


def ask(size, close, host='127.0.0.1'):
    more = 'Connection: close\r\n' if close else ''
    return f'GET {path(size)} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n'.encode()


# In the guest: it does what the host says, a line at a time.

def clocks():
    """Nanoseconds since it started, and of those idle ones: to the nanosecond, where /proc/stat has
    hundredths of a second."""
    with open('/proc/timer_list') as timers:
        said = timers.read()
    return int(re.search(r'now at (\d+)', said)[1]), int(re.search(r'idle_sleeptime +: (\d+)', said)[1])


def answer(size, close):
    with servers.Conn() as conn:
        got = conn.send(ask(size, close)).response()
    assert got.status == 200, got.line
    return got.head + got.body


class Obeying:
    """What the host says, done: a server at a time."""
    def __init__(self):
        self.said, self.stack = {}, contextlib.ExitStack()

    def start(self, name, case=None):
        options = {}
        if name == 'null':
            options = dict(answer=self.said[case], close=int(CASES[case][1]))
        server = self.stack.enter_context(servers.running(name, **options))
        if name == 'kfront':
            for one, (size, close) in CASES.items():
                server.warm(path(size))
                self.said[one] = answer(size, close)
        return server.version()

    def stop(self):
        self.stack.close()

    def length(self, case):
        return len(answer(*CASES[case]))

    def clocks(self):
        return clocks()


def main(quick):
    for size in (64, 4096):
        servers.asset(size)
    obeying = Obeying()
    with obeying.stack, socket.create_server(('0.0.0.0', CONTROL)) as listener:
        while True:                     # the host tries until somebody answers: some are gone already
            with listener.accept()[0] as conn, conn.makefile('rw') as line, contextlib.suppress(OSError):
                for command in line:
                    words = command.split()
                    if words == ['end']:
                        return
                    line.write(json.dumps(getattr(obeying, words[0])(*words[1:])) + '\n')
                    line.flush()


# On the host.

def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


class Guest:
    def __init__(self, port):
        def there():
            """QEMU accepts before anybody listens in the guest: only an answer says that it is there."""
            with contextlib.suppress(OSError, ValueError):
                sock = socket.create_connection(('127.0.0.1', port), timeout=5)
                self.line = sock.makefile('rw')
                self.say('clocks')
                sock.settimeout(300)
                return True
        wait_for(there, 'the guest can be told what to do', 300, pause=1)

    def say(self, *words):
        self.line.write(' '.join(words) + '\n')
        self.line.flush()
        return json.loads(self.line.readline())


class Client:
    """One connection that asks and reads whole answers of a known length."""
    def __init__(self, port, raw, length, close, left, select):
        self.port, self.raw, self.length = port, raw, length
        self.close, self.left, self.select = close, left, select
        self.connect()

    def connect(self):
        self.sock = socket.create_connection(('127.0.0.1', self.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.select.register(self.sock, selectors.EVENT_READ, self)
        self.ask()

    def ask(self):
        self.got = b''
        self.sock.sendall(self.raw)

    def readable(self):
        """False: it has had all its answers."""
        data = self.sock.recv(1 << 16)
        self.got += data
        if len(self.got) < self.length or self.close and data:
            assert data, f'closed after {self.got[:300]!r}'
            return True
        assert len(self.got) == self.length and self.got.startswith(b'HTTP/1.1 200 OK\r\n'), self.got[:300]
        self.left -= 1
        if self.close or not self.left:
            self.select.unregister(self.sock)
            self.sock.close()
            if self.left:
                self.connect()
        else:
            self.ask()
        return self.left > 0


def load(port, size, close, length, each):
    """So many requests on each of the connections; all of them."""
    with selectors.DefaultSelector() as select:
        clients = [Client(port, ask(size, close), length, close, each, select) for _ in range(CONNECTIONS)]
        open_ones = len(clients)
        while open_ones:
            events = select.select(60)
            assert events, 'no answer within 60 s'
            for key, _ in events:
                open_ones -= not key.data.readable()
    return CONNECTIONS * each


def busy(guest, work):
    """Nanoseconds, instructions, that the guest was not idle meanwhile."""
    began = guest.say('clocks')
    work()
    ended = guest.say('clocks')
    return (ended[0] - began[0]) - (ended[1] - began[1])


def measure(guest, port, case, name, quick):
    size, close = CASES[case]
    length, each, runs = guest.say('length', case), 25 if quick else 75, []
    load(port, size, close, length, 2)
    for _ in range(1 if quick else 3):
        nothing = busy(guest, lambda: time.sleep(0.2))
        took = busy(guest, lambda: load(port, size, close, length, each)) - nothing
        runs.append(took / (CONNECTIONS * each) / 1000)
    middle, spread = median_spread(runs)
    result(case, name, 'instructions', round(middle, 2), 'thousand', spread=round(spread, 2), length=length,
           requests=CONNECTIONS * each * len(runs))


def host(quick, vm):
    http, control = free_port(), free_port()
    process = vm([*VM, '--forward', f'{http}:80', '--forward', f'{control}:{CONTROL}'])
    guest = Guest(control)
    for name in SERVERS:
        cases = [case for case in CASES if wanted(case, name) and (not quick or case.startswith('64-'))]
        if name == 'null':
            for case in cases:
                guest.say('start', name, case)
                measure(guest, http, case, name, quick)
                guest.say('stop')
        elif cases or name == 'kfront' and wanted(None, 'null'):
            note(f'version of {name}', guest.say('start', name))
            for case in cases:
                measure(guest, http, case, name, quick)
            guest.say('stop')
    guest.line.write('end\n')
    guest.line.flush()
    assert not process.wait(120), f'the guest ended with {process.returncode}'


def table(results):
    def ratio(one, two, aim):
        if not one or not two:
            return None
        return f'{one / two:.2f}' + (f' (aim: {aim})' if aim else '')
    rows = []
    for case in CASES:
        cost = {name: value(results, case=case, server=name, metric='instructions') for name in SERVERS}
        aims = AIMS.get(case, (None, None))
        if any(cost.values()):
            rows.append([case, *(cost[name] and f'{cost[name]:.1f}' for name in COLUMNS),
                         ratio(cost['nginx'], cost['kfront'], aims[0]),
                         ratio(cost['apache'], cost['kfront'], aims[1])])
    spreads = [one['spread'] for one in find(results, metric='instructions')]
    spread = max(spreads, default=0)
    return f'''Thousands of instructions for one request: TCP and server; the client is outside
({CONNECTIONS} connections through QEMU's user network, whose card has no offloads: segments of 1,460 bytes,
checksums in software). The guest's time minus its idle time; medians, of which no run was further away than
{spread:.1f} %.

''' + markdown(['', *COLUMNS, 'nginx / kfront', 'Apache / kfront'], rows)
