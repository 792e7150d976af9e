# SPDX-License-Identifier: GPL-2.0-only
"""Whatever happens to a file, the very next request gets what is there now."""
import mmap
import os
import apache
from lib import *
from page import Page


def contents(page):
    def replace():
        put(f'{page.top}/new', 'replaced', old=False)
        os.rename(f'{page.top}/new', page.path)

    def edit(data, at=0, path=None):
        with open(path or page.path, 'r+b') as file:
            file.seek(at)
            file.write(data)

    def elsewhere():
        os.link(page.path, '/var/www/other-name')
        edit(b'HARDLINK', path='/var/www/other-name')
        os.unlink('/var/www/other-name')

    def removed_and_back():
        os.unlink(page.path)
        page.now(None, 'deleted')
        put(page.path, 'is back', old=False)

    def by_directory():
        os.rename(f'{page.top}/d', f'{page.top}/old')
        page.now(None, 'its directory renamed away')
        os.rename(f'{page.top}/old', f'{page.top}/d')

    for what, change, body in (
            ('replaced by rename', replace, b'replaced'),
            ('edited in place, same size', lambda: edit(b'REPLACED'), b'REPLACED'),
            ('edited, size and mtime kept', lambda: (edit(b'rep'), age(page.path)), b'repLACED'),
            ('written through another hard link', elsewhere, b'HARDLINK'),
            ('appended to', lambda: edit(b'er', 8), b'HARDLINKer'),
            ('cut', lambda: os.truncate(page.path, 4), b'HARD'),
            ('cut to nothing', lambda: os.truncate(page.path, 0), b''),
            ('grown by truncate', lambda: os.truncate(page.path, 5), bytes(5)),
            ('deleted and made anew', removed_and_back, b'is back'),
            ('its directory renamed and renamed back', by_directory, b'is back')):
        check(what)
        page.hot(get(page.url, port=apache.BACKEND).body)
        change()
        page.now(body, what)
    check('touched only: the head says so')
    page.hot(b'is back')
    age(page.path, 7200)
    get(page.url).same(get(page.url, port=apache.BACKEND), ('date', 'server'))


def young(page):
    check('rewritten again and again within its first second, same size')
    for number in range(scaled(300, 60)):
        with open(page.path, 'r+b') as file:
            file.write(b'%07d' % number)
        assert get(page.url).body == b'%07d' % number


def mapped(page):
    check('written through a shared mapping')
    page.hot(get(page.url, port=apache.BACKEND).body)
    with open(page.path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
        for number in range(20):
            memory[0:1] = b'%d' % (number % 10)
            answer = get(page.url)
            assert answer.body[0:1] == b'%d' % (number % 10), (number, answer.body)
        memory[0:7] = b'by mmap'
        last = stats()
    page.now(b'by mmap', 'after munmap')
    assert delta(last, 'requests') + delta(last, 'handed_over') == 2
    page.hot(b'by mmap')


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
    page = Page()
    with kfront():
        contents(page)
        young(page)
        mapped(page)
        index(page)


if __name__ == '__main__':
    main()
