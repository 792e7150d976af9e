# SPDX-License-Identifier: GPL-2.0-only
"""The module comes and goes in front of a running Apache under load: whatever a client is
just doing (connecting, sending half a head, idling, reading slowly, pipelining), it gets
every answer, right and once; and each request was answered by kfront or is in Apache's log."""
import hashlib
import multiprocessing
import os
import re
import subprocess
import time
import traceback
from lib import *

CYCLES = 200 if KERNEL == '6.12' else scaled(60, 12)
STOPPED = re.compile(r'stopped: requests (\d+), handed_over (\d+), killed_unload (\d+)')
WRK = 8                     # connections of wrk
RUNS = multiprocessing.Value('i', 0)


class Client(multiprocessing.Process):
    """Does one thing over and over, out of the way of whoever loads and unloads; says in
    the end how often it asked and was answered, or what went wrong."""
    def __init__(self, seed, files, cgi):
        super().__init__()
        self.rng, self.files, self.cgi, self.sent = random.Random(seed), files, cgi, 0
        self.over, self.said = multiprocessing.Event(), multiprocessing.SimpleQueue()

    def run(self):
        os.nice(19)
        try:
            while not self.over.is_set():
                self.once()
            self.said.put((self.sent, None))
        except Exception as error:      # told to the main process
            self.said.put((0, f'{type(self).__name__}: {error!r}\n{traceback.format_exc()}'))

    def end(self):
        """How many requests."""
        self.over.set()
        sent, wrong = self.said.get()
        self.join()
        assert not wrong, wrong
        return sent

    def pause(self, least, most):
        time.sleep(self.rng.uniform(least, most))

    def answer(self, conn, url):
        answer = conn.response()
        assert answer.status == 200, f'{url}: {answer.line}'
        if url in self.files:
            assert hashlib.sha256(answer.body).digest() == self.files[url], f'{url}: bytes differ'
        self.sent += 1

    def ask(self, conn, *urls, cut=None):
        raw = b''.join(request(url, headers=['User-Agent: cycle']) for url in urls)
        if cut:
            conn.send(raw[:cut])
            self.pause(0.02, 0.2)
            raw = raw[cut:]
        conn.send(raw)
        for url in urls:
            self.answer(conn, url)

    def small(self):
        return self.rng.choice([url for url in self.files if 'big' not in url])


class Pipeliner(Client):
    """Several at once, some of them Apache's."""
    def once(self):
        with Conn() as conn:
            for _ in range(self.rng.randrange(1, 6)):
                self.pause(0, 0.1)
                urls = [self.small() for _ in range(self.rng.randrange(1, 6))]
                self.ask(conn, *urls, *[self.cgi] * (self.rng.random() < 0.2))


class Idler(Client):
    """One connection, and nothing on it for a while."""
    def once(self):
        with Conn() as conn:
            for _ in range(4):
                self.ask(conn, self.small())
                self.pause(0, 0.2)


class Hesitant(Client):
    """A head in two pieces, on a connection that is silent at first."""
    def once(self):
        with Conn() as conn:
            self.pause(0, 0.1)
            self.ask(conn, self.small(), cut=self.rng.randrange(1, 20))


class SlowReader(Client):
    """A body that does not fit into the buffers, taken when the reader feels like it."""
    def once(self):
        url = next(url for url in self.files if 'big' in url)
        with Conn(rcvbuf=8192) as conn:
            conn.send(request(url, headers=['User-Agent: cycle']))
            self.pause(0, 0.05)
            self.answer(conn, url)


class Closer(Client):
    """A connection for each request."""
    def once(self):
        self.pause(0, 0.05)
        with Conn() as conn:
            conn.send(request(url := self.small(), headers=['User-Agent: cycle', 'Connection: close']))
            self.answer(conn, url)


class Wrk(Client):
    """What it has in flight when its time is over it does not count: at most WRK a run.
    It pauses between requests: the processors are to be there for rmmod, too."""
    def once(self):
        with open('/tmp/delay.lua', 'w') as script:
            script.write('function delay() return math.random(5, 40) end\n')
        text = subprocess.run(['wrk', '-t1', f'-c{WRK}', '-d2s', '--timeout', '60s', '-s', '/tmp/delay.lua',
                               f'http://127.0.0.1:80{self.small()}'], capture_output=True, text=True).stdout
        assert 'Socket errors' not in text and 'Non-2xx' not in text, text
        self.sent += int(re.search(r'(\d+) requests in', text)[1])
        with RUNS.get_lock():
            RUNS.value += 1


def cycle(number, kernel, rng):
    """Load, be there for a moment or until there was something to do, unload: its last words."""
    load(port=80, backend_port=80)
    if number % 4:
        time.sleep(rng.uniform(0, 0.1))
    else:
        wait_for(lambda: all(stats()[count] for count in ('requests', 'handed_over')), 'kfront answers, and hands over')
    unload()
    words = [match for match in map(STOPPED.search, kernel.ours()) if match][-1]
    return map(int, words.groups())


def main():
    top, url = fresh('cycles')
    rng, files, cgi = seeded(), {}, apache.cgi('echo.cgi', apache.ECHO)
    for name, size in (('one.png', 64), ('two.png', 5000), ('three.jpg', 40000), ('big.zip', 300000)):
        data = rng.randbytes(size)
        put(f'{top}/{name}', data)
        files[f'{url}/{name}'] = hashlib.sha256(data).digest()
    served = handed = 0
    with apache.configured(listen='80 8080'):
        kernel, log = KernelLog(), apache.AccessLog()
        kinds = Pipeliner, Idler, Idler, Hesitant, Hesitant, SlowReader, Closer, Wrk
        clients = [kind(rng.random(), files, cgi) for kind in kinds]
        check(f'{CYCLES} times in and out')
        for client in clients:
            client.start()
        try:
            for number in range(CYCLES):
                requests, over, killed = cycle(number, kernel, rng)
                assert not killed, f'cycle {number}: {killed} answers cut'
                assert all(client.said.empty() for client in clients), f'cycle {number}: a client gave up'
                served, handed = served + requests, handed + over
        finally:
            sent = sum(client.end() for client in clients)
        lines = log.lines()
        check(f'{sent} requests: {served} answered by kfront, {len(lines)} by Apache; {handed} handed over')
        odd = [line for line in lines if '" 200 ' not in line]
        assert not odd, odd[:5]
        assert 0 <= served + len(lines) - sent <= RUNS.value * WRK, 'not every request is accounted for once'
        assert served and handed and len(lines), 'one of them had nothing to do'


if __name__ == '__main__':
    with expedited():
        main()
