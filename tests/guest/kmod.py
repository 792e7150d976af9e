# SPDX-License-Identifier: GPL-2.0-only
"""The module: loading and unloading it by the bare system calls (exact errno),
its counters and sysctls, and what the kernel says meanwhile."""
import contextlib
import ctypes
import errno
import glob
import os
import re
from client import wait_for

KO = os.environ.get('KFRONT_KO', '/kfront/kfront.ko')
KERNEL = os.environ.get('KFRONT_KERNEL', '')
DEBUG = KERNEL == 'debug'
DOCROOT = '/var/www/html'
SYS_DELETE_MODULE, SYS_FINIT_MODULE = 176, 313     # x86-64
SYSCTLS, STATS = '/proc/sys/net/kfront', '/proc/net/kfront/stats'
TROUBLE = re.compile(r'WARNING:|BUG:|BUG |Oops|general protection|KASAN|UBSAN|INFO: |'
                     r'possible circular|leak|refcount_t|unregister_netdevice|stack-protector|'
                     r'rcu: .*stall|soft lockup|hung task|Call Trace', re.I)
libc = ctypes.CDLL(None, use_errno=True)


def scaled(count, debug):
    """A count for the stock kernels and one for the slow debug kernel."""
    return debug if DEBUG else count


def syscall(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def load(**params):
    """insmod; OSError with the module's errno when it refuses."""
    params.setdefault('docroot', DOCROOT)
    line = ' '.join(f'{name}={value}' for name, value in params.items() if value is not None)
    fd = os.open(KO, os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscall(SYS_FINIT_MODULE, fd, line.encode(), 0)
    finally:
        os.close(fd)


def unload(deadline=60):
    """rmmod; afterwards nothing of it may be left."""
    def gone():
        try:
            syscall(SYS_DELETE_MODULE, b'kfront', os.O_NONBLOCK)
            return True
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EBUSY):
                raise
    wait_for(gone, 'the module lets itself be unloaded', deadline)
    with contextlib.suppress(AssertionError):   # a slab cache may go a grace period later
        wait_for(lambda: not leftovers(), 'nothing left', 10)
    assert not leftovers(), f'left behind after rmmod: {leftovers()}'


@contextlib.contextmanager
def expedited():
    """Grace periods are most of what insmod and rmmod take; where they come over and over, the short ones."""
    with open('/sys/kernel/rcu_expedited', 'r+') as knob:
        knob.write('1')
        knob.flush()
        try:
            yield
        finally:
            knob.write('0')


def leftovers():
    """Whatever of ours is visible in the system. (Of slab caches merged with others the
    kernel keeps a dead symbolic link for ever; those are no sign of life.)"""
    with open('/proc/slabinfo') as slabs:
        found = [line.split()[0] for line in slabs if line.startswith(('kfront', 'kf_'))]
    found += [slab for slab in glob.glob('/sys/kernel/slab/k*front*') if not os.path.islink(slab)]
    return found + [
        path for path in ('/sys/module/kfront', '/proc/net/kfront', SYSCTLS) if os.path.exists(path)]


def stats():
    with open(STATS) as lines:
        return {name: int(value) for name, value in map(str.split, lines)}


def delta(before, name):
    return stats()[name] - before[name]


def expect(before, **counts):
    """Exactly these differences since `before`. They may arrive a little after the
    answer did (another CPU counts), never differ in the end."""
    def right():
        now = stats()
        return all(now[name] - before[name] == count for name, count in counts.items())
    try:
        wait_for(right, 'counters', 5)
    except AssertionError:
        now = stats()
        raise AssertionError('counters: ' + ', '.join(
            f'{name} {now[name] - before[name]} (expected {count})'
            for name, count in counts.items())
            + '; all that changed: ' + str(changed(before, now))) from None


def changed(before, now=None):
    now = now or stats()
    return {name: now[name] - before[name] for name in now if now[name] != before[name]}


def handed(before):
    """The reasons for hand-overs since `before`, with their numbers."""
    return {name[len('handed_over_'):]: count for name, count in changed(before).items()
            if name.startswith('handed_over_')}


def sysctl(name, value=None):
    """Read, or write and return the old value."""
    path = f'{SYSCTLS}/{name}'
    with open(path) as knob:
        old = knob.read().rstrip('\n')
    if value is not None:
        with open(path, 'w') as knob:
            knob.write(f'{value}\n')
    return old


class KernelLog:
    """What the kernel has logged since this object was made."""
    def __init__(self):
        self.fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)
        self.seen = []

    def lines(self):
        while True:
            try:
                record = os.read(self.fd, 8192).decode('utf-8', 'replace')
            except BlockingIOError:
                return self.seen
            except BrokenPipeError:     # overwritten before we came: say so, go on
                self.seen.append('BUG: kernel log lost records')
                continue
            self.seen.append(record.split(';', 1)[1].split('\n', 1)[0])

    def ours(self):
        return [line for line in self.lines() if 'kfront' in line]

    def trouble(self):
        return [line for line in self.lines() if TROUBLE.search(line)]
