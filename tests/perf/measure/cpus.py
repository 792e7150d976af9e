# SPDX-License-Identifier: GPL-2.0-only
"""Do two processors get in each other's way?

Two processors, each with a wrk of its own, pinned to it: loopback keeps each connection and its
softirqs there. A plugin for QEMU (tests/perf/shared) counts loads and stores of kernel memory by cache
line. What is listed: lines that both use, at least once in ten of their requests, and that are written as
often. On real processors such a line travels between their caches. By kfront: those that kfront itself
writes to. What sends by reference counts the references in a struct page, which is shared when both
ask for the same file. Where each request has a connection of its own, the listening socket is shared, and
memory that one processor frees is the other's next socket: there the null responder is to be
compared with.

Then the same without the plugin, and with the kernel's tracepoint lock:contention_begin counted: how
often was somebody made to wait for a lock, and where."""
import collections
import ctypes
import glob
import os
import re
import subprocess
import tempfile
import time
from bisect import bisect_right
from results import find, markdown, result, wanted

TITLE = 'Two processors'
HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = 'null', 'kfront', 'nginx'
# What each processor asks for, and how.
CASES = {'one-64': ((64, 64), ()), 'one-4096': ((4096, 4096), ()), 'two-4096': ((4096, 4097), ()),
         'one-64-close': ((64, 64), ('-H', 'Connection: close'))}
QUICK = 'one-4096', 'one-64-close'
MARK, PAGE, OFTEN = 0x6b6600000000, 4096, 10
EVENT = '/sys/kernel/tracing/events/lock/contention_begin'
PAGES = 0xffffea0000000000, 0xffffeb0000000000      # struct page, where the kernel has no KASLR
SYMBOL = re.compile(r'([0-9a-f]+) [tTwW] (\S+)(?:\t\[(\w+)\])?')


class Symbols:
    """The guest's, told to the host through a port of their own, since they are many."""
    port = None

    @classmethod
    def tell(cls, title):
        if cls.port is None:
            name = next(one for one in glob.glob('/sys/class/virtio-ports/*/name')
                        if open(one).read() == 'symbols\n')
            cls.port = open(f'/dev/{name.split("/")[-2]}', 'w')
        with open('/proc/kallsyms') as file:
            cls.port.write(f'window {title}\n')
            cls.port.writelines(line for line in file if SYMBOL.match(line))
            cls.port.flush()

    def __init__(self, lines):
        found = sorted((int(match[1], 16), f'{match[3] or ""}{":" if match[3] else ""}{match[2]}')
                       for match in map(SYMBOL.match, lines))
        self.at, self.names = [at for at, _ in found], [name for _, name in found]

    def __getitem__(self, address):
        return self.names[bisect_right(self.at, address) - 1]


def mark(offset):
    """Tells the plugin: 0 begin, 64 end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    assert libc.mmap(MARK, PAGE, 3, 0x32, -1, 0) == MARK       # read, write; private, anonymous, fixed
    ctypes.c_char.from_address(MARK + offset).value = b'x'


def load(urls, options, seconds, during):
    from meter import Run               # in the guest only
    """Both processors ask; during() is called when they do. About how many requests that was."""
    both = [subprocess.Popen(['taskset', '-c', str(cpu), 'wrk', '-t1', '-c4', f'-d{seconds + 4}s',
                              '--timeout', '60s', *options, f'http://127.0.0.1{url}'], stdout=subprocess.PIPE, text=True)
            for cpu, url in enumerate(urls)]
    time.sleep(2)
    during(seconds)
    runs = [Run(one.communicate()[0]) for one in both]
    assert not any(run.failed or run.errors for run in runs), [run.text for run in runs]
    return round(seconds * sum(run.rate for run in runs))


def window(seconds):
    mark(0)
    time.sleep(seconds)
    mark(64)


def trigger(text):
    with open(f'{EVENT}/trigger', 'a') as knob:
        knob.write(f'{text}\n')


def contended(seconds):
    trigger('hist:keys=common_stacktrace')
    time.sleep(seconds)
    with open(f'{EVENT}/hist') as file:
        contended.text = file.read()
    trigger('!hist:keys=common_stacktrace')


def stacks(text):
    """Functions that lead to a wait, the innermost first; times."""
    for entry in re.finditer(r'\{ common_stacktrace:\s*(.*?)\s*\} hitcount:\s*(\d+)', text, re.S):
        yield [line.split('+')[0].strip() for line in entry[1].splitlines()], int(entry[2])


def main(quick):
    from servers import asset, running
    for name in SERVERS:
        for case, (sizes, options) in CASES.items():
            if not wanted(case, name) or (quick and (case not in QUICK or name == 'nginx')):
                continue
            urls = [asset(size) for size in sizes]
            null = dict(size=sizes[0], close=bool(options))
            with running(name, **null if name == 'null' else {}) as server:
                for url in urls if name == 'kfront' else ():
                    server.warm(url)
                requests = load(urls, options, 2 if quick else 5, window)
                Symbols.tell(f'{case} {name} {requests}')
                requests = load(urls, options, 3 if quick else 8, contended)
                found = sorted(stacks(contended.text), key=lambda one: -one[1])
                waits = 1000 * sum(times for _, times in found) / requests
                result(case, name, 'waits', waits, 'per 1000 requests', requests=requests,
                       where=[f'{times}: {" ".join(stack[:10])}' for stack, times in found[:6]])


def shared(line, symbols, requests):
    """A line of the plugin's: stores per request, and what it is; or None, if it is rarely used."""
    at, *counts = line.split()
    (loads0, stores0, loads1, stores1), at = map(int, counts[:4]), int(at, 16)
    often = requests / 2 / OFTEN
    if min(loads0 + stores0, loads1 + stores1) < often or stores0 + stores1 < often:
        return None
    who = collections.Counter()
    for _, pc, count in (one.split(':') for one in counts[4:]):
        who[symbols[int(pc, 16)]] += int(count)
    kind = 'struct page: ' if PAGES[0] <= at < PAGES[1] else ''
    return (stores0 + stores1) / requests, kind + ', '.join(sorted(name for name, _ in who.most_common(3)))


def host(quick, vm):
    with tempfile.TemporaryDirectory() as work:
        said = subprocess.run(['qemu-system-x86_64', '--version'], capture_output=True, text=True, check=True)
        major = int(re.search(r'version (\d+)', said.stdout)[1])
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-Wno-unused-parameter', '-shared', '-fPIC', '-o',
                        f'{work}/shared.so', f'-DPLUGIN_VERSION={1 if major < 9 else 2}',
                        f'{HERE}/../shared/shared.c'], check=True)
        extra = ['-plugin', f'{work}/shared.so,out={work}/lines',
                 '-chardev', f'file,id=symbols,path={work}/symbols',
                 '-device', 'virtserialport,chardev=symbols,name=symbols']
        guest = vm(['--append', 'nokaslr', *(word for one in extra for word in ('--qemu', one))])
        if guest.wait():
            raise RuntimeError(f'its guest ended with {guest.returncode}')
        with open(f'{work}/symbols') as file:
            told = [one.split('\n') for one in file.read().split('window ')[1:]]
        with open(f'{work}/lines') as file:
            windows = [one.splitlines() for one in file.read().split('window\n')[1:]]
    assert len(told) == len(windows), (len(told), len(windows))
    for (title, *names), lines in zip(told, windows):
        case, server, requests = title.split()
        symbols = Symbols(names[:-1])
        assert lines[-1] == 'lost 0', lines[-1]
        found = list(filter(None, (shared(line, symbols, int(requests)) for line in lines[:-1])))
        groups = collections.defaultdict(list)
        for stores, what in found:
            groups[what].append(stores)
        groups = sorted(groups.items(), key=lambda one: -sum(one[1]))[:25]
        result(case, server, 'shared lines', len(found), 'cache lines', requests=int(requests),
               ours=sum('kfront:' in what for _, what in found),
               list=[f'{sum(stores):.1f} to {len(stores)}: {what}' for what, stores in groups])


def table(results):
    rows, text = [], ''
    for one in find(results, metric='shared lines'):
        waits = find(results, case=one['case'], server=one['server'], metric='waits')
        rows.append([one['case'], one['server'], one['value'], one['ours'],
                     f'{waits[-1]["value"]:.2f}' if waits else None])
        if one['server'] in ('null', 'kfront'):
            text += f'{one["server"]}, {one["case"]}; stores per request, to how many lines, by whom:\n\n    ' + \
                '\n    '.join(one['list'] or ['none']) + '\n\n'
    head = ['case', 'server', 'shared and written', 'by kfront', 'waits per 1000 requests']
    return f'{__doc__}\n\n{markdown(head, rows)}\n{text}'
