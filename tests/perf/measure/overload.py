# SPDX-License-Identifier: GPL-2.0-only
"""More load than can be served, from a second guest: two guests joined by a wire,
so that the generator (httperf --rate) has a processor of its own. The server's is paced: slow enough
for the generator to offer four times what it can do, and its clock is that of this machine."""
import contextlib
import json
import mmap
import os
import re
import socket
import statistics
import subprocess
import sys
import time

if __name__ == '__main__':              # in a guest, see agent()
    sys.path[:0] = ['/kfront/tests/perf', '/kfront/tests/guest']
import kmod
import meter
import servers
from results import find, markdown, median_spread, result, value, wanted

TITLE = 'Overload'
ALONE = True                            # two guests by this machine's clock: nothing beside them
SHIFT = 4                               # the server: 10^9 / 2^4 = 62.5 million instructions a second
URL, SIZE = '/perf/4096.png', 4096
SERVERS = ('kfront', 'nginx', 'apache')
CASES = {'short': 1, 'keep-alive': 8}   # requests on each connection
LOADS, FEW = (0.5, 1, 2, 4), (1, 4)     # times capacity
IN_TIME = 2                             # seconds for the connection, and for each answer
WINDOW = 5                              # seconds that httperf counts replies for at once
WINDOWS = 3                             # of each load; the first one is not counted
HERE, THERE = '10.99.0.1', '10.99.0.2'  # server, generator


# --- in both guests

def link(own):
    subprocess.run(f'ip link set eth1 up && ip address add {own}/24 dev eth1', shell=True, check=True)


def idle():
    """Nanoseconds in which this processor had nothing to do, exactly."""
    with open('/proc/timer_list') as timers:
        return sum(int(ns) for ns in re.findall(r'\.(?:idle|iowait)_sleeptime *: (\d+)', timers.read()))


def agent(role, port):
    """Does what the host says, call by call."""
    with socket.create_connection(('10.0.2.2', int(port))) as sock, sock.makefile('rw') as host:
        me = {'server': Server, 'generator': Generator}[role]()
        print(role, file=host, flush=True)
        for line in host:
            name, args = json.loads(line)
            print(json.dumps(getattr(me, name)(*args)), file=host, flush=True)


class Server:
    """The guest with the servers."""
    def __init__(self):
        link(HERE)
        servers.asset(SIZE)
        self.stack = None

    def start(self, name, url=URL, options=None):
        self.stack, self.name = contextlib.ExitStack(), name
        server = self.stack.enter_context(servers.running(name, **(options or {})))
        if name == 'kfront':
            server.warm(url)
        return server.version()

    def asset(self, size):
        return servers.asset(size)

    def length(self, url, close):
        """Of an answer; close: that ends the connection."""
        with servers.Conn() as conn:
            lines = ['Connection: close'] * close
            got = conn.send(servers.request(url, headers=lines)).response()
        assert got.status == 200, got.line
        return len(got.head) + len(got.body)

    def stop(self):
        self.stack.close()

    def counters(self):
        counts = dict(ns=time.monotonic_ns(), idle=idle())
        with open('/proc/net/netstat') as netstat:
            for names, numbers in zip(*[iter(netstat)] * 2):
                counts.update(zip(names.split()[1:], map(int, numbers.split()[1:])))
        with open('/proc/net/snmp') as snmp:
            for names, numbers in zip(*[iter(snmp)] * 2):
                if names.startswith('Tcp:'):
                    counts.update(zip(names.split()[1:], map(int, numbers.split()[1:])))
        if self.name == 'kfront':
            counts.update((f'kfront.{name}', count) for name, count in kmod.stats().items())
        return counts

    def sample(self, seconds, spin=False):
        """What happened in so many seconds; spin: with a process beside that counts."""
        with counting() if spin else contextlib.nullcontext([0]) as counted:
            before, began = self.counters(), counted[0]
            time.sleep(seconds)
            done, after = counted[0] - began, self.counters()
        changed = {name: after[name] - before[name] for name in after}
        changed = {name: count for name, count in changed.items() if count or name == 'idle'}
        return changed | dict(counted=done)

    def patience(self, seconds):
        """How long a small program takes, in ms, again and again."""
        end, took = time.monotonic() + seconds, []
        while time.monotonic() < end:
            began = time.monotonic_ns()
            os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
            took.append((time.monotonic_ns() - began) / 1e6)
            time.sleep(0.05)
        return took


@contextlib.contextmanager
def counting():
    """A process that counts as fast as it can; the number it has reached."""
    number = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast('Q')
    child = os.fork()
    if not child:
        while True:
            for _ in range(100):
                pass
            number[0] += 1
    try:
        yield number
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


class Generator:
    """The guest with httperf."""
    PROCESSES = 8                       # one has 1024 descriptors and no more

    def __init__(self):
        link(THERE)
        with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as ports:
            ports.write('1024 65535')

    def offer(self, rate, calls, seconds):
        """So many connections a second: replies per second in each window but the first, and what else
        httperf said, summed over its processes."""
        began, still = time.monotonic_ns(), idle()
        rate /= self.PROCESSES
        words = ['httperf', '--hog', '--verbose', f'--server={HERE}', f'--uri={URL}', f'--rate={rate:.3f}',
                 f'--num-conns={max(1, round(rate * seconds))}', f'--num-calls={calls}',
                 f'--timeout={IN_TIME}']
        running = []
        for _ in range(self.PROCESSES):
            running.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            text=True))
            time.sleep(1 / rate / self.PROCESSES)
        texts = [one.communicate()[0] for one in running]
        took, still = time.monotonic_ns() - began, idle() - still
        total = dict(idle=still / took, text=texts[0], rates=[0] * (WINDOWS - 1))
        for text in texts:
            rates = [float(one) for one in re.findall(r'^reply-rate *= *([\d.]+)', text, re.M)]
            found = {}
            for window, one in enumerate(rates[1:WINDOWS]):
                total['rates'][window] += one
            for name, pattern in dict(connections=r'Total: connections (\d+)', replies=r'replies (\d+) test',
                                      timeouts=r'client-timo (\d+)', unavailable=r'fd-unavail (\d+)',
                                      refused=r'connrefused (\d+)', reset=r'connreset (\d+)',
                                      ports=r'addrunavail (\d+)', good=r'2xx=(\d+)').items():
                match = re.search(pattern, text)
                assert match, text
                found[name] = int(match[1])
            for name, count in found.items():
                total[name] = total.get(name, 0) + count
        return total


    def wrk(self, url, seconds, fields, length):
        """So many requests in so many seconds, each on the connection before it or on its own."""
        words = meter.command(url, headers=fields, host=HERE)
        words[words.index('-d1h')] = f'-d{seconds}s'
        run = meter.Run(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        run.check(200, length)
        return run.requests


# --- on the host

class Guest:
    """One of the two, seen from here."""
    def __init__(self, process, sock):
        self.process, self.sock = process, sock
        self.file = sock.makefile('rw')

    def ask(self, name, *args):
        print(json.dumps([name, args]), file=self.file, flush=True)
        return name, args

    def answer(self):
        line = self.file.readline()
        if not line:
            raise RuntimeError('a guest went away')
        return json.loads(line)

    def __call__(self, name, *args):
        self.ask(name, *args)
        return self.answer()


def wire(own, other):
    """Options for scripts/vm: one end of it, as eth1. UDP, so that frames that nobody takes are lost,
    as they are on a wire."""
    words = ['-netdev', 'dgram,id=wire,local.type=inet,local.host=127.0.0.1,'
             'remote.type=inet,remote.host=127.0.0.1,'
             f'local.port={own},remote.port={other}',
             '-device', f'virtio-net-pci,netdev=wire,romfile=,mac=52:54:00:ff:{own >> 8:02x}:{own & 255:02x}']
    return [word for one in words for word in ('--qemu', one)]


def udp_ports():
    """Two that nobody has now."""
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for sock in socks:
        sock.bind(('127.0.0.1', 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


@contextlib.contextmanager
def guests(vm):
    """Both, ready: server, generator."""
    one, other = udp_ports()
    with socket.create_server(('127.0.0.1', 0)) as listener:
        listener.settimeout(300)
        command = ['python3', '/kfront/tests/perf/measure/overload.py']
        port = str(listener.getsockname()[1])
        # Slower than this machine can be: else the guest's time would lag behind ours.
        paced = ['--icount-sleep', '--qemu', '-icount', '--qemu', f'shift={SHIFT},sleep=on,align=on']
        processes = {'server': vm([*paced, *wire(one, other)], [*command, 'server', port]),
                     'generator': vm(['--smp', '1', *wire(other, one)], [*command, 'generator', port])}
        found = {}
        try:
            for _ in processes:
                sock = listener.accept()[0]
                sock.settimeout(300)
                guest = Guest(None, sock)
                role = guest.file.readline().strip()
                guest.process = processes[role]
                found[role] = guest
        except Exception:
            for process in processes.values():
                process.terminate()
            raise
    try:
        yield found['server'], found['generator']
    finally:
        for guest in found.values():
            guest.sock.shutdown(socket.SHUT_RDWR)
    for guest in found.values():
        if guest.process.wait():        # its kernel may have complained, too
            raise RuntimeError(f'a guest ended with {guest.process.returncode}')


def load(server, generator, rate, calls, spin=False):
    """Offers that much; the generator's and the server's account, the first window aside. pace: of the
    server's clock against ours."""
    generator.ask('offer', rate, calls, WINDOWS * WINDOW + 1)
    time.sleep(WINDOW)
    began = time.monotonic_ns()
    seen = server('sample', (WINDOWS - 1) * WINDOW - 1, spin)
    seen['pace'] = seen['ns'] / (time.monotonic_ns() - began)
    got = generator.answer()
    got['rate'], got['spread'] = median_spread(got['rates'])
    return got, seen


def capacity(server, generator, calls):
    """Connections per second that would leave it no idle moment: what a few cost, by its own clock."""
    rate = 80 / calls
    for _ in range(2):
        generator.ask('offer', rate, calls, 4)
        time.sleep(1)
        seen = server('sample', 2)
        generator.answer()
        most = seen['PassiveOpens'] * 1e9 / (seen['ns'] - seen['idle'])
        rate = most * 0.8
    return most


def curve(server, generator, name, case, quick):
    calls = CASES[case]
    most = capacity(server, generator, calls)
    result(case, name, 'capacity', round(most * calls), 'requests/s')
    for times in FEW if quick or name == 'apache' or case == 'keep-alive' else LOADS:
        got, seen = load(server, generator, times * most, calls)
        print({name: count for name, count in (got | seen).items() if name != 'text'}, flush=True)
        result(case, name, 'goodput', round(got['rate'], 1), 'replies/s', load=times,
               spread=round(got['spread'], 1), pace=round(seen['pace'], 2), offered=round(times * most * calls),
               answered=round(100 * got['good'] / (got['connections'] * calls), 1),
               timeouts=got['timeouts'], refused=got['refused'],
               unavailable=got['unavailable'] + got['ports'], generator_idle=round(got['idle'], 2),
               server_idle=round(seen['idle'] / seen['ns'], 3))
    return most


def user_space(server, generator, name, most, quick):
    """Its share of the processor, and its patience."""
    alone = server('sample', 2, True)
    rate = alone['counted'] / alone['ns']
    for times in FEW[1:]:
        got, seen = load(server, generator, times * most, 1, True)
        share = 100 * seen['counted'] / seen['ns'] / rate
        result('user-space', name, 'share', round(share, 1), '%', load=times, pace=round(seen['pace'], 2))
        result('user-space', name, 'goodput', round(got['rate'], 1), 'replies/s', load=times)
    for times in 0, 4:
        if times:
            generator.ask('offer', times * most, 1, WINDOW + 1)
            time.sleep(1)
        took = server('patience', WINDOW - 1)
        if times:
            generator.answer()
        result('user-space', name, 'true', round(statistics.median(took), 1), 'ms', load=times,
               worst=round(max(took), 1), times=len(took))


def host(quick, vm):
    for name in SERVERS[:2] if quick else SERVERS:
        cases = [case for case in (*CASES, 'user-space')
                 if wanted(case, name) and not (quick and case == 'keep-alive')]
        if not cases:
            continue
        with guests(vm) as (server, generator):
            server('start', name)
            most = None
            for case in cases:
                if case in CASES:
                    found = curve(server, generator, name, case, quick)
                    most = found if case == 'short' else most
                else:
                    user_space(server, generator, name, most or capacity(server, generator, 1), quick)
            server('stop')


TEXT = """\
A file of 4 KiB; `short`: one request on each connection, `keep-alive`: eight. The server's guest does
62.5 million instructions a second, its clock kept with this machine's; httperf, eight processes of it
in a guest of their own, offers connections at a fixed rate over a wire that loses what nobody takes.
Capacity is what a light load says: requests begun per busy second. In time: connected within {0} s, and
each answer within {0} s; the median of two windows of {1} s. **Only as sound as its clock**: where the
machine under it is not quiet the server's guest falls behind (pace, of 1.00; the lowest of each row), and
then only directions count. What the generator could not offer (`unavailable`) is in bench.json.
"""
USER = """
With so many times capacity offered, one request each: what a process that only counts gets of the
processor, and how long `/bin/true` takes (median, worst).
"""


def table(results):
    loads = sorted({one['load'] for one in find(results, metric='goodput') if one['case'] in CASES})
    rows = []
    for case in CASES:
        for server in SERVERS:
            good = [value(results, case=case, server=server, metric='goodput', load=load) for load in loads]
            if any(good):
                most = max(filter(None, good))
                pace = min(one['pace'] for one in find(results, case=case, server=server, metric='goodput'))
                rows.append([case, server, value(results, case=case, server=server, metric='capacity'), *good,
                             f'{100 * (good[-1] or 0) / most:.0f} %', f'{pace:.2f}'])
    user = []
    for server in SERVERS:
        for times in find(results, case='user-space', server=server, metric='true'):
            share = value(results, case='user-space', server=server, metric='share', load=times['load'])
            user.append([server, times['load'], share, times['value'], times['worst']])
    head = ['case', 'server', 'capacity', *(f'{load} x' for load in loads), 'last of most', 'pace']
    return (TEXT.format(IN_TIME, WINDOW) + '\n' + markdown(head, rows) + USER + '\n' +
            markdown(['server', 'load', '% for user space', 'true, ms', 'worst'], user))


def plots(results, directory):
    import plots as draw
    drawn = []
    for case, calls in CASES.items():
        lines = {server: [(one['offered'], one['value'])
                          for one in find(results, case=case, server=server, metric='goodput')]
                 for server in SERVERS}
        if any(lines.values()):
            draw.curves(f'{directory}/overload-{case}', f'Overload, {calls} request(s) on each connection',
                        'requests/s offered', 'replies/s in time', lines)
            drawn.append((f'overload-{case}', f'replies in time over load offered, {case}'))
    return drawn


if __name__ == '__main__':
    agent(*sys.argv[1:])
