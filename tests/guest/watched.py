# SPDX-License-Identifier: GPL-2.0-only
"""A tree of configuration that kfront watches, and what it says of itself while it does."""
import errno
import os
import shutil
from client import get, wait_for
from kmod import KernelLog, SYSCTLS, expect, stats, sysctl
from lib import put

TOP, ETC, OUT = '/srv/strict', '/srv/strict/etc', '/srv/strict/out'
URL = '/strict/a.html'


def tree():
    """What is watched: files, directories, links within and out of it."""
    shutil.rmtree(TOP, ignore_errors=True)
    for name in ('etc/a.conf', 'etc/sub/b.conf', 'etc/sub/deep/c.conf', 'etc/gone.conf', 'out/o.conf', 'out/dir/d.conf',
                 'out/new.conf'):
        put(f'{TOP}/{name}', name)
    os.makedirs(f'{ETC}/empty')
    for name, to in (('on/b.conf', '../sub/b.conf'), ('on/o.conf', f'{OUT}/o.conf'), ('on/dir', f'{OUT}/dir'),
                     ('on/up', '../sub'), ('on/none', f'{OUT}/to/come.conf')):
        os.makedirs(f'{ETC}/on', exist_ok=True)
        os.symlink(to, f'{ETC}/on/{name[3:]}')
    os.link(f'{ETC}/sub/b.conf', f'{OUT}/hard.conf')


def write(path, how='a', data='x'):
    with open(path, how) as file:
        file.write(data)


def armed(value):
    """One write, whatever comes of it: Python's files try again after EAGAIN."""
    knob = os.open(f'{SYSCTLS}/armed', os.O_WRONLY)
    try:
        os.write(knob, b'%d' % value)
    finally:
        os.close(knob)


def refused(name, value, code, said=None):
    log = KernelLog()
    try:
        sysctl(name, value)
    except OSError as error:
        assert error.errno == code, f'{name}={value}: {error}, not {errno.errorcode[code]}'
    else:
        raise AssertionError(f'{name}={value} accepted')
    assert not said or [line for line in log.ours() if said in line], f'{name}={value}: {log.ours()}'


def handed_over(why='unarmed', **more):
    before = stats()
    assert get(URL, **more).body == b'a'
    expect(before, requests=0, handed_over=1, **{f'handed_over_{why}': 1})


def served(**more):
    before = stats()
    assert get(URL, **more).body == b'a'
    expect(before, requests=1, handed_over=0)


def arm():
    sysctl('armed', 2)
    sysctl('armed', 1)
    assert sysctl('armed') == '1'


def disarmed(log, soon=False):
    """And one line says so."""
    if soon:
        wait_for(lambda: sysctl('armed') == '0', 'disarmed')
    assert sysctl('armed') == '0', 'still armed'

    def said():                         # a moment later, where it was not our own system call
        return [line for line in log.ours() if 'disarmed' in line]
    wait_for(said, 'a line says so')
    assert len(said()) == 1, f'the log says {log.ours()}'
    handed_over()
