# SPDX-License-Identifier: GPL-2.0-only
"""What every promise's script uses: the client, the module, the backend, files."""
import contextlib
import os
import random
import shutil
import sys
import threading
import time
import apache
from client import (Closed, Conn, Response, DEADLINE, exchange, get, netns, normal, request, wait_for)
from kmod import (DEBUG, DOCROOT, KERNEL, KernelLog, changed, delta, expect, expedited, handed,
                  leftovers, load, scaled, stats, sysctl, unload)

CLOCK_REALTIME_COARSE = 5
__all__ = ['Closed', 'Conn', 'Response', 'DEADLINE', 'exchange', 'get', 'netns', 'normal', 'request',
           'wait_for', 'DEBUG', 'DOCROOT', 'KERNEL', 'KernelLog', 'changed', 'delta', 'expect', 'expedited',
           'handed', 'kfront', 'leftovers', 'load', 'patient', 'scaled', 'stats', 'sysctl', 'unload',
           'apache', 'check', 'Beside', 'running', 'together', 'put', 'age', 'ripe', 'fresh', 'seeded',
           'hit', 'same_as_backend', 'random']


def check(what):
    """Say what is being checked: the last line before a failure is the promise broken."""
    print(f'  {time.strftime("%H:%M:%S")} {what}', flush=True)


@contextlib.contextmanager
def running(clients):
    """Threads with .stop and .error: started, stopped at the end, and their first error is ours."""
    for client in clients:
        client.start()
    try:
        yield
    finally:
        for client in clients:
            client.stop = True
        for client in clients:
            client.join()
    for client in clients:
        if client.error:
            raise client.error


def together(clients):
    """Clients that end by themselves, all at once."""
    with running(clients):
        for client in clients:
            client.join()


class Beside(threading.Thread):
    """work(self) beside a test, until self.stop; what it raises is the test's failure (running)."""
    def __init__(self, work):
        super().__init__()
        self.work, self.stop, self.error = work, False, None

    def run(self):
        try:
            self.work(self)
        except Exception as error:      # told to the main thread
            self.error = error


def age(path, seconds=3600):
    """Make a file look as if it had been there for long: mtime alone decides for
    Apache's ETag; ctime is new, so kfront may take a moment until it trusts it."""
    then = int(time.time()) - seconds
    os.utime(path, (then, then))


def put(path, data=b'', mode=0o644, old=True):
    """Write a file whole, its directories too."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as out:
        out.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)
    if old:
        age(path)
    return path


def ripe(path):
    """Wait until a file is old enough for kfront to trust it (and to stream it): a second, by the
    clock that stamps files."""
    wait_for(lambda: time.clock_gettime(CLOCK_REALTIME_COARSE) > max(os.stat(path).st_ctime, os.stat(path).st_mtime) + 1.01,
             f'{path} is a second old')
    return path


def fresh(name, root=DOCROOT):
    """An empty directory for this test: its path and its URL."""
    path = f'{root}/{name}'
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    os.chmod(path, 0o755)
    return path, f'/{name}'


def seeded():
    seed = int(os.environ.get('KFRONT_SEED', random.SystemRandom().randrange(1 << 32)))
    check(f'random order, KFRONT_SEED={seed}')
    return random.Random(seed)


@contextlib.contextmanager
def kfront(**params):
    """The module, loaded for a while; it calls itself what Apache calls itself."""
    server = apache.name()
    load(**params)
    try:
        if server:
            sysctl('server_header', server)
        yield
    finally:
        unload()


def patient():
    """Until unloaded, kfront closes nothing for being idle: where time is not the promise, and
    this machine may stop for seconds."""
    for name in ('keepalive_timeout_ms', 'header_timeout_ms'):
        sysctl(name, 120000)


def hit(path, **more):
    """Ask until the kernel answers from its cache (a file's first second is spent
    distrusting it), then return that answer."""
    def served():
        before = stats()
        answer = get(path, **more)
        assert answer.status in (200, 304), answer.line
        return delta(before, 'served_softirq') and answer
    return wait_for(served, f'{path} becomes a hit', 30, pause=0.05)


def same_as_backend(raw, **more):
    """These bytes get from us what they get from Apache asked directly."""
    ours, theirs = (normal(exchange(raw, port, **more)) for port in (80, apache.BACKEND))
    if ours != theirs:
        raise AssertionError(f'{raw[:200]!r}:\n  ours   {ours[:1500]!r}\n  theirs {theirs[:1500]!r}')
    return ours


if __name__ == '__main__':
    sys.exit('this is what the promises share; see run')
