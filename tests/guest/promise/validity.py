# SPDX-License-Identifier: GPL-2.0-only
"""Whatever happens to a file, the very next request gets what is there now."""
import mmap
import os
import apache
from lib import *
from page import Page


def replace(page):
    put(f'{page.top}/new', 'replaced', old=False)
    os.rename(f'{page.top}/new', page.path)


def edit(page, data, at=0, path=None):
    with open(path or page.path, 'r+b') as file:
        file.seek(at)
        file.write(data)


def edit_unseen(page):
    then = os.stat(page.path)
    edit(page, b'VER')
    os.utime(page.path, ns=(then.st_atime_ns, then.st_mtime_ns))


def elsewhere(page):
    os.link(page.path, '/var/www/other-name')
    edit(page, b'HARDLINK', path='/var/www/other-name')
    os.unlink('/var/www/other-name')


def removed_and_back(page):
    os.unlink(page.path)
    page.now(None, 'deleted')
    put(page.path, 'is back', old=False)


def by_directory(page):
    os.rename(f'{page.top}/d', f'{page.top}/old')
    page.now(None, 'its directory renamed away')
    os.rename(f'{page.top}/old', f'{page.top}/d')


def contents():
    changes = (
        ('replaced by rename', replace, b'replaced'),
        ('edited in place, same size', lambda page: edit(page, b'VERSION 1'), b'VERSION 1'),
        ('edited, size and mtime kept', edit_unseen, b'VERsion 0'),
        ('written through another hard link', elsewhere, b'HARDLINK0'),
        ('appended to', lambda page: edit(page, b'er', 9), b'version 0er'),
        ('cut', lambda page: os.truncate(page.path, 4), b'vers'),
        ('cut to nothing', lambda page: os.truncate(page.path, 0), b''),
        ('grown by truncate', lambda page: os.truncate(page.path, 11), b'version 0\0\0'),
        ('deleted and made anew', removed_and_back, b'is back'),
        ('its directory renamed and renamed back', by_directory, b'version 0'))
    # Each has a file of its own, so that they come of age together.
    pages = [Page(f'validity-{number}') for number in range(len(changes) + 1)]
    for page, (what, change, body) in zip(pages, changes):
        check(what)
        page.hot(b'version 0')
        change(page)
        page.now(body, what)
    check('touched only: the head says so')
    page = pages[-1]
    page.hot(b'version 0')
    age(page.path, 7200)
    get(page.url).same(get(page.url, port=apache.BACKEND), ('date', 'server'))


def young(page):
    check('rewritten again and again within its first second, same size')
    for number in range(scaled(300, 60)):
        with open(page.path, 'r+b') as file:
            file.write(b'%09d' % number)
        assert get(page.url).body == b'%09d' % number


def mapped(page):
    check('written through a shared mapping')
    page.hot(get(page.url, port=apache.BACKEND).body)
    with open(page.path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
        for number in range(20):
            memory[0:1] = b'%d' % (number % 10)
            answer = get(page.url)
            assert answer.body[0:1] == b'%d' % (number % 10), (number, answer.body)
        memory[0:9] = b'by a mmap'
        last = stats()
    page.now(b'by a mmap', 'after munmap')
    wait_for(lambda: delta(last, 'requests') + delta(last, 'handed_over') == 2, 'both are counted')
    page.hot(b'by a mmap')


def index(page):
    check('a directory: its index appears, changes, goes')
    page.url = os.path.dirname(page.url) + '/'
    page.backend_answers('listing', 200)
    path = f'{page.top}/d/index.html'
    put(path, 'index 1')
    page.hot(b'index 1')
    put(path, 'index 2', old=False)
    page.now(b'index 2', 'index edited')
    os.unlink(path)
    page.backend_answers('listing again', 200)


def main():
    with kfront():
        contents()
        young(Page('young'))
        mapped(Page('mapped'))
        index(Page('index'))


if __name__ == '__main__':
    main()
