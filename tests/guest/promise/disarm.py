# SPDX-License-Identifier: GPL-2.0-only
"""Whatever changes below the watched paths disarms: at once, or where no event tells of it, within a second or so."""
import errno
import mmap
import os
import shutil
import subprocess
import threading
import time
import link
from lib import *
from watched import *


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
    wait_for(lambda: not subprocess.run(['umount', f'{ETC}/empty'], capture_output=True).returncode,
             'nobody is just looking there')
    disarmed(log)


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


def here():
    """What is changed in kfront itself: other files would be served, or otherwise."""
    for name, value in (('types', 'html'), ('exclude', '/x/'), ('guard_files', '.other'), ('index', 'a.html'),
                        ('hosts', 'localhost'), ('default_host', 'x'), ('mass_hosts', 1), ('mime_types', '/etc/mime.types'),
                        ('precompressed', 1), ('gzip', 0), ('watch', TOP), ('strict', 0)):
        check(f'at once: {name} is written')
        arm()
        log = KernelLog()
        sysctl(name, value)
        assert sysctl('armed') == '0' and len([line for line in log.ours() if 'disarmed' in line]) == 1, log.ours()


def main():
    top, _ = fresh('strict')
    put(f'{top}/a.html', b'a')
    tree()
    with kfront(strict=1, watch=ETC):
        events()
        without_events()
        race(seeded())
        tree()
        here()


if __name__ == '__main__':
    main()
