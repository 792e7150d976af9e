# SPDX-License-Identifier: GPL-2.0-only
"""Files that nobody has in memory: a tree that is read for the first time, large files on their way to
slow readers, and what the disk is asked for."""
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
import meter
import servers
from results import find, markdown, result, value, wanted

TITLE = 'Cold files'
VM = ['--icount-sleep', '--payload', 'build/perf/page']       # idle is as long as the disk takes
PAGE = '/kfront/page'
SERVERS = ('kfront', 'nginx', 'apache')
CASES = ('tree', 'stream', 'warm-stream', 'slow-readers')
KIB, MIB = 1 << 10, 1 << 20
DISK = 'vda'
SLOW, SLOW_SIZE = 20, 1 << 30


def idle():
    """Nanoseconds in which this processor had nothing to do or waited for the disk, exactly."""
    with open('/proc/timer_list') as timers:
        return sum(int(ns) for ns in re.findall(r'\.(?:idle|iowait)_sleeptime *: (\d+)', timers.read()))


def disk():
    """Reads done, reads merged into others, bytes."""
    with open('/proc/diskstats') as stats:
        for line in stats:
            words = line.split()
            if words[2] == DISK:
                return int(words[3]), int(words[4]), int(words[5]) * 512


def forget():
    """Nothing of any file is in memory."""
    os.sync()
    with open('/proc/sys/vm/drop_caches', 'w') as drop:
        drop.write('3')


@contextlib.contextmanager
def counted():
    """Instructions and the disk's reads between begin and end."""
    seen = {}
    began, still, reads = time.monotonic_ns(), idle(), disk()
    yield seen
    seen['busy'] = time.monotonic_ns() - began - (idle() - still)
    seen['reads'], seen['merged'], seen['bytes'] = (now - then for now, then in zip(disk(), reads))


def fetch(paths, connections):
    """Each of these once, over so many connections."""
    with open('/tmp/cold.list', 'w') as out:
        out.write('/perf/64.png\n' + '\n'.join(paths) + '\n')
    said = subprocess.run([PAGE, '80', str(connections), '1', '1', '0', '/tmp/cold.list'], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(said)


def write(url, size):
    """A file that nobody compresses, on the disk."""
    path = f'{servers.DOCROOT}{url}'
    os.makedirs(os.path.dirname(path), exist_ok=True)
    block = random.Random(size).randbytes(64 * KIB)
    with open(path, 'wb') as out:
        for at in range(0, size, len(block)):
            out.write(block[:size - at])
    os.chmod(path, 0o644)
    os.utime(path, (1700000000, 1700000000))
    return url


def old():
    """kfront trusts what was changed more than a second ago, and ctime is now."""
    time.sleep(2)


def told(case, name, seen, units, unit, size):
    """What the disk was asked for, and how much of it was served."""
    result(case, name, 'reads', round(seen['reads'] / units, 2), unit, merged=seen['merged'],
           kib=round(seen['bytes'] / KIB / max(seen['reads'], 1), 1), read=round(seen['bytes'] / size, 3))


def tree(quick):
    rng = random.Random(5)
    files = [write(f'/perf/tree/{n % 50:02}/{n}.png', rng.randrange(16 * KIB, 64 * KIB))
             for n in range(300 if quick else 3000)]
    old()
    rng.shuffle(files)
    total = sum(os.path.getsize(servers.DOCROOT + url) for url in files)
    for name in SERVERS:
        if not wanted('tree', name):
            continue
        with servers.running(name):
            fetch([], 6)
            forget()
            fetch([], 6)
            with counted() as cold:
                fetch(files, 6)
            result('tree', name, 'instructions', round(cold['busy'] / len(files) / 1e3, 1), 'thousand',
                   files=len(files))
            told('tree', name, cold, len(files), 'per file', total)


def stream(quick):
    count, size = (2, 16 * MIB) if quick else (4, 64 * MIB)
    files = [write(f'/perf/stream/{n}.mp4', size) for n in range(count)]
    old()
    for case in 'stream', 'warm-stream':
        for name in SERVERS:
            if not wanted(case, name):
                continue
            with servers.running(name):
                fetch(files if case == 'warm-stream' else [], count)
                if case == 'stream':
                    forget()
                    fetch([], count)
                with counted() as seen:
                    fetch(files, count)
                mib = count * size / MIB
                result(case, name, 'instructions', round(seen['busy'] / mib / 1e3, 1), 'thousand per MiB')
                if case == 'stream':
                    told(case, name, seen, mib, 'per MiB', count * size)
    for url in files:
        os.unlink(servers.DOCROOT + url)


def hits(url, seconds):
    """What 16 clients that ask for this without a pause get: per second, and how long it takes, in us."""
    with subprocess.Popen(['wrk', '-t1', '-c16', '-d1h', '--latency', f'http://127.0.0.1{url}'],
                          stdout=subprocess.PIPE, text=True) as process:
        meter.obeys(process)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        text = process.communicate()[0]
    unit = {'us': 1, 'ms': 1e3, 's': 1e6}

    def us(pattern):
        number, name = re.search(rf'{pattern} +([\d.]+)(us|ms|s)\b', text).groups()
        return float(number) * unit[name]
    assert 'Non-2xx' not in text and 'Socket errors' not in text, text
    return {'rate': float(re.search(r'Requests/sec: +([\d.]+)', text)[1]), '50%': us('50%'), '99%': us('99%'),
            'max': us(r'Latency +[\d.]+[a-z]+ +[\d.]+[a-z]+')}


class Slow(threading.Thread):
    """Reads a large file, 64 KiB every tenth of a second."""
    def __init__(self, url):
        super().__init__(daemon=True)
        self.stop, self.got = False, 0
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * KIB)
        self.sock.connect(('127.0.0.1', 80))
        self.sock.sendall(f'GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())

    def run(self):
        while not self.stop:
            self.got += len(self.sock.recv(64 * KIB))
            time.sleep(0.1)


def slow_readers(quick):
    urls = []
    for n in range(SLOW):
        path = servers.put(f'/perf/slow/{n}.mp4', b'')
        os.truncate(servers.DOCROOT + path, SLOW_SIZE)
        os.utime(servers.DOCROOT + path, (1700000000, 1700000000))
        urls.append(path)
    small = servers.asset(4096)
    old()
    for name in SERVERS:
        if not wanted('slow-readers', name):
            continue
        with servers.running(name) as server:
            if name == 'kfront':
                server.warm(small)
            for readers in 0, SLOW:
                slow = [Slow(url) for url in urls[:readers]]
                for one in slow:
                    one.start()
                time.sleep(1)
                before = sum(one.got for one in slow)
                seen = hits(small, 2 if quick else 5)
                after = sum(one.got for one in slow)
                for one in slow:
                    one.stop = True
                for one in slow:
                    one.join()
                    one.sock.close()
                more = dict(readers=readers)
                result('slow-readers', name, 'hits', seen['rate'], 'per second', **more)
                for metric in '50%', '99%', 'max':
                    result('slow-readers', name, metric, seen[metric], 'us', **more)
                result('slow-readers', name, 'read', round((after - before) / MIB, 1), 'MiB', **more)
    for url in urls:
        os.unlink(servers.DOCROOT + url)


def main(quick):
    servers.asset(64)
    parts = {tree: ('tree',), stream: ('stream', 'warm-stream'), slow_readers: ('slow-readers',)}
    for measure, cases in parts.items():
        if any(wanted(case) for case in cases):
            measure(quick)


TEXT = """\
Thousands of instructions (client included) for one file of a tree of {files} files of 16 to 64 KiB,
each asked for once in no order over 6 connections, none of it in memory (`tree`); for a MiB of large
files that are read from the disk at once (`stream`) and again from memory (`warm-stream`): kfront
streams what is larger than `max_object_bytes`, 1 MiB. Reads are the disk's (`/proc/diskstats`): how
many, how large.
"""
SLOWLY = """
Twenty readers of sparse files of 1 GiB, 64 KiB every tenth of a second each, beside sixteen clients of
a file of 4 KiB (microseconds of a processor that does 10^9 instructions a second):
"""


def table(results):
    rows = []
    for case, unit in ('tree', 'file'), ('stream', 'MiB'), ('warm-stream', 'MiB'):
        for server in SERVERS:
            for reads in find(results, case=case, server=server, metric='reads') or [{}]:
                rows.append([case, server, value(results, case=case, server=server, metric='instructions'),
                             reads.get('value'), reads.get('kib'), reads.get('read')])
    rows = [row for row in rows if row[2] is not None]
    slow = []
    for server in SERVERS:
        for readers in 0, SLOW:
            row = [value(results, case='slow-readers', server=server, metric=metric, readers=readers)
                   for metric in ('hits', '50%', '99%', 'max', 'read')]
            if row[0] is not None:
                slow.append([server, readers, *row])
    files = find(results, case='tree', metric='instructions')
    text = TEXT.format(files=files[0]['files'] if files else 'some')
    head = ['case', 'server', 'instructions', 'reads per file or MiB', 'KiB each', 'read / served']
    slow_head = ['server', 'slow readers', 'hits/s', 'median us', '99 % us', 'most us', 'MiB read slowly']
    return f'{text}\n{markdown(head, rows)}{SLOWLY}\n{markdown(slow_head, slow)}'
