# SPDX-License-Identifier: GPL-2.0-only
"""strict=1: nothing is served before somebody has audited and armed; while an audit is under way,
only to documentation addresses; and any change below the watched paths ends it, at once."""
import errno
import mmap
import os
import shutil
import threading
import time
import link
from kmod import SYSCTLS
from lib import *

TOP, ETC, OUT = '/srv/strict', '/srv/strict/etc', '/srv/strict/out'
V4, V6 = ('198.51.100.1', '198.51.100.2'), ('2001:db8:1::1', '2001:db8:1::2')
URL = '/strict/a.html'


def tree():
    """What is watched: files, directories, links within and out of it."""
    shutil.rmtree(TOP, ignore_errors=True)
    for name in ('etc/a.conf', 'etc/sub/b.conf', 'etc/sub/deep/c.conf', 'etc/gone.conf', 'out/o.conf', 'out/dir/d.conf',
                 'out/linked.conf', 'out/new.conf'):
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


def mapped(path):
    with open(path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as view:
        view[0:1] = b'#'


def swap(name, to):
    os.symlink(to, f'{ETC}/on/{name}.new')
    os.rename(f'{ETC}/on/{name}.new', f'{ETC}/on/{name}')


AT_ONCE = {
    'a file is created': lambda: put(f'{ETC}/new.conf'),
    'created in a directory that was empty': lambda: put(f'{ETC}/empty/new.conf'),
    'a file is appended to': lambda: write(f'{ETC}/sub/deep/c.conf'),
    'truncated': lambda: os.truncate(f'{ETC}/a.conf', 0),
    'written with what it held': lambda: write(f'{ETC}/a.conf', 'r+', 'etc'),
    'opened for writing and closed': lambda: write(f'{ETC}/a.conf', 'a', ''),
    'stored into through a mapping': lambda: mapped(f'{ETC}/a.conf'),
    'removed': lambda: os.unlink(f'{ETC}/gone.conf'),
    'renamed': lambda: os.rename(f'{ETC}/a.conf', f'{ETC}/b.conf'),
    'replaced by renaming': lambda: os.rename(f'{OUT}/new.conf', f'{ETC}/sub/b.conf'),
    'moved away': lambda: os.rename(f'{ETC}/sub/deep/c.conf', f'{OUT}/c.conf'),
    'chmod': lambda: os.chmod(f'{ETC}/sub/b.conf', 0o600),
    'chown': lambda: os.chown(f'{ETC}/sub/b.conf', 33, 33),
    'its times are set': lambda: os.utime(f'{ETC}/sub/b.conf', (1, 1)),
    'written through a name outside': lambda: write(f'{OUT}/hard.conf'),
    'given another name outside': lambda: os.link(f'{ETC}/a.conf', f'{OUT}/hard2.conf'),
    'a directory is made': lambda: os.mkdir(f'{ETC}/sub/new'),
    'removed (a directory)': lambda: os.rmdir(f'{ETC}/empty'),
    'a directory is moved away': lambda: os.rename(f'{ETC}/sub/deep', f'{OUT}/deep'),
    'a directory is moved in': lambda: os.rename(f'{OUT}/dir', f'{ETC}/dir'),
    'chmod of a directory': lambda: os.chmod(f'{ETC}/sub', 0o700),
    'the watched directory is renamed': lambda: os.rename(ETC, f'{TOP}/other'),
    'the watched directory is removed': lambda: shutil.rmtree(ETC),
    'a link is removed (a2dissite)': lambda: os.unlink(f'{ETC}/on/b.conf'),
    'a link is made (a2ensite)': lambda: os.symlink('../a.conf', f'{ETC}/on/a.conf'),
    'a link is turned': lambda: swap('b.conf', '../a.conf'),
    'the file outside that a link leads to is written': lambda: write(f'{OUT}/o.conf'),
    'and replaced': lambda: os.rename(f'{OUT}/new.conf', f'{OUT}/o.conf'),
    'something in the directory outside that a link leads to': lambda: put(f'{OUT}/dir/new.conf')}


def armed(value):
    """One write, whatever comes of it: Python's files try again after EAGAIN."""
    knob = os.open(f'{SYSCTLS}/armed', os.O_WRONLY)
    try:
        os.write(knob, b'%d' % value)
    finally:
        os.close(knob)


def refused(name, value, code, said=None):
    log, before = KernelLog(), sysctl(name)
    try:
        sysctl(name, value)
    except OSError as error:
        assert error.errno == code, f'{name}={value}: {error}, not {errno.errorcode[code]}'
    else:
        raise AssertionError(f'{name}={value} accepted')
    assert not said or [line for line in log.ours() if said in line], f'{name}={value}: {log.ours()}'
    return before


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
        wait_for(lambda: sysctl('armed') == '0', 'disarmed', 10)
    assert sysctl('armed') == '0', 'still armed'
    said = [line for line in log.ours() if 'disarmed' in line]
    assert len(said) == 1, f'the log says {log.ours()}'
    handed_over()


def states(ns):
    check('disarmed after loading: everything is handed over')
    assert (sysctl('strict'), sysctl('armed'), sysctl('watch')) == ('1', '0', ETC)
    clients = [{}, {'server': '::1'}, {'ns': ns, 'server': V4[0]}, {'ns': ns, 'server': V6[0]}]
    for client in clients:
        handed_over(**client)
    refused('armed', 1, errno.EAGAIN, 'audit again')
    refused('armed', 3, errno.EINVAL)
    refused('armed', -1, errno.EINVAL)
    refused('strict', 2, errno.EINVAL)
    check('under audit: served to documentation addresses alone')
    sysctl('armed', 2)
    assert sysctl('armed') == '2'
    for client in clients:
        (served if 'ns' in client else handed_over)(**client)
    check('a change while the audit is under way')
    log = KernelLog()
    write(f'{ETC}/a.conf')
    disarmed(log)
    handed_over(**clients[2])
    refused('armed', 1, errno.EAGAIN, 'audit again')
    assert sysctl('armed') == '0'
    check('armed: served to everybody, also on a connection that goes on; 1 again changes nothing')
    arm()
    sysctl('armed', 1)
    for client in clients:
        served(**client)
    with Conn() as conn:
        before = stats()
        assert conn.get(URL).body == b'a'
        expect(before, requests=1, handed_over=0)
        log = KernelLog()
        sysctl('armed', 0)
        assert [line for line in log.ours() if 'disarmed' in line], log.ours()
        assert conn.get(URL).body == b'a'
        expect(before, requests=1, handed_over=1, handed_over_unarmed=1)
    sysctl('armed', 0)
    check('other sysctls leave it armed; strict and watch do not')
    arm()
    for name in ('exclude', 'types', 'server_header', 'index'):
        sysctl(name, sysctl(name))
    sysctl('watch', ETC)
    sysctl('strict', 1)
    assert sysctl('armed') == '1'
    sysctl('watch', f'{ETC}/sub, {OUT}')
    assert sysctl('armed') == '0'
    arm()
    log = KernelLog()
    write(f'{OUT}/o.conf')
    disarmed(log)
    sysctl('watch', ETC)
    arm()
    sysctl('strict', 0)
    assert sysctl('armed') == '0'
    served()
    refused('armed', 2, errno.EINVAL, 'strict=0')
    served()
    sysctl('strict', 1)
    handed_over()


def events():
    for what, change in AT_ONCE.items():
        check(f'at once: {what}')
        tree()
        arm()
        served()
        log = KernelLog()
        change()
        disarmed(log)


def without_events():
    """Names that come to lead elsewhere."""
    away = f'{TOP}-away'
    shutil.rmtree(away, ignore_errors=True)
    for what, change, undo in (
            ('a mount over a directory', lambda: link.sh(f'mount -t tmpfs none {ETC}/sub'),
             lambda: link.sh(f'umount {ETC}/sub')),
            ('a mount over a file', lambda: link.sh(f'mount --bind {OUT}/o.conf {ETC}/a.conf'),
             lambda: link.sh(f'umount {ETC}/a.conf')),
            ('where a link led to nothing there is something', lambda: put(f'{OUT}/to/come.conf'), lambda: None),
            ('a directory above is renamed', lambda: os.rename(TOP, away), lambda: os.rename(away, TOP))):
        check(f'within a second or so: {what}')
        tree()
        arm()
        served()
        log = KernelLog()
        change()
        disarmed(log, soon=True)
        undo()
    check('such a change just before 1 is written')
    tree()
    sysctl('armed', 2)
    link.sh(f'mount -t tmpfs none {ETC}/empty')
    refused('armed', 1, errno.EAGAIN, 'audit again')
    check('a watched file system is unmounted: at once, and nothing keeps it')
    put(f'{ETC}/empty/in.conf')
    arm()
    log = KernelLog()
    link.sh(f'umount {ETC}/empty')
    disarmed(log)


def errors():
    check('what cannot be watched is not armed, and one line names it')
    tree()
    os.symlink('loop', f'{ETC}/on/loop')        # leads nowhere, as the server finds, too
    arm()
    deep = f'{ETC}/empty' + '/d' * 33
    os.makedirs(deep)
    refused('armed', 2, errno.E2BIG, '/d/d/d')
    shutil.rmtree(f'{ETC}/empty/d')
    for paths, code, named in ((f'{ETC},{TOP}/none', errno.ENOENT, f'{TOP}/none'), ('/sys/kernel', errno.EOPNOTSUPP, '/sys'),
                               ('', errno.EINVAL, 'watch')):
        sysctl('watch', paths)
        refused('armed', 2, code, named)
        assert sysctl('armed') == '0'
    for paths in ('etc', f'{ETC},relative', f'{ETC} ../x'):
        refused('watch', paths, errno.EINVAL, 'watch')
    refused('watch', '/x' * 3000, errno.E2BIG)
    sysctl('watch', f' {ETC}/a.conf ,{ETC}/sub\t')
    arm()
    check('a mass of directories and files: up to a bound')
    sysctl('watch', ETC)
    link.sh(f'mount -t tmpfs none {ETC}/empty')
    for number in range(scaled(4000, 1000)):
        os.mkdir(f'{ETC}/empty/{number}')
        put(f'{ETC}/empty/{number}/f', old=False)
    arm()
    log = KernelLog()
    write(f'{ETC}/empty/{number}/f')
    disarmed(log)
    for number in range(number + 1, 4097):
        os.mkdir(f'{ETC}/empty/{number}')
    refused('armed', 2, errno.E2BIG, f'{ETC}/empty/')
    link.sh(f'umount {ETC}/empty')


def race(seed):
    """Whatever is changed after 2 was written ends with the module disarmed."""
    check('a change at any moment')
    tree()
    inside = after = 0
    for _ in range(scaled(200, 40)):
        began, pause = [], seed.random() * 0.01

        def change():
            time.sleep(pause)           # any moment will do
            began.append(time.monotonic())
            write(f'{ETC}/sub/deep/c.conf')
        thread = threading.Thread(target=change)
        thread.start()
        done = None
        try:
            armed(2)
            done = time.monotonic()
            armed(1)
        except OSError as error:
            assert error.errno == errno.EAGAIN, error
        thread.join()
        state = sysctl('armed')
        assert state in ('0', '1'), state       # disarmed, or the change came first
        assert state == '0' or done > began[0], 'changed after the audit began, and armed'
        inside += bool(done and began[0] > done)
        after += state == '1'
    check(f'{inside} changes after the beginning, {after} times armed after the change')


def ends():
    """Unloading in every state, also while things change."""
    for state in (0, 2, 1):
        check(f'rmmod while armed={state}, quietly, then in the middle of changes')
        for busy in (False, True):
            tree()

            def change(beside):
                while not beside.stop:
                    put(f'{ETC}/sub/x.conf')
                    os.unlink(f'{ETC}/sub/x.conf')
            with kfront(strict=1, watch=ETC):
                for value in {0: [], 2: [2], 1: [2, 1]}[state]:
                    armed(value)
                clients = [Beside(change)] * busy
                for client in clients:
                    client.start()
                if busy:
                    wait_for(lambda: sysctl('armed') == '0', 'disarmed')
            for client in clients:
                client.stop = True
                client.join()
                assert not client.error, client.error


def main():
    top, _ = fresh('strict')
    put(f'{top}/a.html', b'a')
    tree()
    log = KernelLog()
    with kfront():
        check('strict=0: served, and one line says unaudited')
        assert (sysctl('strict'), sysctl('armed'), sysctl('watch')) == ('0', '0', '/etc/apache2')
        assert len([line for line in log.ours() if 'strict=0' in line]) == 1, log.ours()
        served()
    with link.namespace(here=V4[0], there=V4[1]) as ns:
        link.sh(f'ip addr add {V6[0]}/64 dev kf0 nodad && ip -n {ns} addr add {V6[1]}/64 dev kf1 nodad')
        with kfront(strict=1, watch=ETC):
            assert not [line for line in log.ours()[1:] if 'strict=0: serves' in line][1:], log.ours()
            states(ns)
            events()
            without_events()
            errors()
            race(seeded())
    ends()
    check('insmod with a wrong watch')
    for params in ({'watch': 'etc'}, {'strict': 1, 'watch': '/etc/apache2,x'}):
        try:
            load(**params)
        except OSError as error:
            assert error.errno == errno.EINVAL, error
        else:
            unload()
            raise AssertionError(f'{params} accepted')


if __name__ == '__main__':
    main()
