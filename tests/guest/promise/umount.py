# SPDX-License-Identifier: GPL-2.0-only
"""An idle cached file holds no mount: the file system of the document root can be
unmounted at once and its files are gone; what is mounted over a directory is seen
within revalidate_ms."""
import os
import subprocess
import time
import apache
from lib import *

ROOT, IMAGE = '/srv/mounted', '/srv/umount.img'
SLACK = 5                           # seconds for the machine, beyond what the sysctl promises


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f'{words}: {done.stderr}'


def site(body):
    for name in ('a.html', 'sub/b.html', 'sub/c.png'):
        put(f'{ROOT}/{name}', body + name)


def idle_umount(what, mount):
    check(f'{what}: umount while its files are cached')
    mount()
    site(what)
    paths = ['/a.html', '/sub/b.html', '/sub/c.png']
    for path in paths:
        assert hit(path).body == (what + path[1:]).encode()
    with Conn() as idle:            # a keep-alive connection waits meanwhile
        assert idle.get('/a.html').status == 200
        run('umount', ROOT)
        assert not os.path.ismount(ROOT)
        for path in paths:
            assert get(path).status == 404, f'{path} after umount'
        assert idle.get('/a.html').status == 404
    check(f'{what}: mounted again')
    mount()
    site(f'{what} again ')
    for path in paths:
        assert get(path).body == f'{what} again {path[1:]}'.encode()
        hit(path)
    times = scaled(20, 5)
    check(f'{what}: {times} times in a row')
    for number in range(times):
        run('umount', ROOT)
        assert get('/a.html').status == 404
        mount()
        put(f'{ROOT}/a.html', f'{number}', old=False)
        assert get('/a.html').body == b'%d' % number
    run('umount', ROOT)


def over(milliseconds):
    """A mount sends no event: bounded by the sysctl."""
    check(f'a mount over a directory, revalidate_ms = {milliseconds}')
    sysctl('revalidate_ms', milliseconds)
    put(f'{ROOT}/sub/b.html', 'below')
    hit('/sub/b.html')
    for change, body in ((lambda: run('mount', '--bind', '/srv/above', f'{ROOT}/sub'), b'above'),
                         (lambda: run('umount', f'{ROOT}/sub'), b'below')):
        change()
        began = time.monotonic()
        wait_for(lambda: get('/sub/b.html').body == body, f'{body} is seen', milliseconds / 1000 + SLACK)
        check(f'{body} seen after {time.monotonic() - began:.2f} s')
        for _ in range(5):
            assert get('/sub/b.html').body == body, 'and back again?'
        assert hit('/sub/b.html').body == body


def main():
    os.makedirs(ROOT, exist_ok=True)
    put('/srv/above/b.html', 'above')
    with open(IMAGE, 'wb') as image:
        image.truncate(16 << 20)
    run('mkfs.ext4', '-q', '-F', IMAGE)
    if not os.path.exists('/dev/loop-control'):
        run('modprobe', 'loop')
    with apache.configured(docroot=ROOT), kfront(docroot=ROOT):
        idle_umount('tmpfs', lambda: run('mount', '-t', 'tmpfs', 'none', ROOT))
        idle_umount('ext4', lambda: run('mount', '-o', 'loop', IMAGE, ROOT))
        over(1000)
        over(100)


if __name__ == '__main__':
    main()
