# SPDX-License-Identifier: GPL-2.0-only
"""Taking a right away, or putting a .htaccess anywhere on the way from / to the
file, makes the file Apache's at once; undoing it gives it back."""
import os
from lib import *
from page import Page


def shut_and_opened(page):
    changes = [(f'chmod 0600 of {page.path}', page.path, 0o600, 0o644)]
    for path in (f'{page.top}/d', page.top, '/var/www'):
        changes.append((f'chmod 0700 of {path}', path, 0o700, 0o755))
    for what, path, shut, back in changes:
        check(what)
        page.hot(b'version 0')
        os.chmod(path, shut)
        page.backend_answers(what, 403)
        os.chmod(path, back)
        page.now(b'version 0', f'{what} undone')


def guarded(page):
    for directory in ('/', '/var', DOCROOT, page.top, f'{page.top}/d'):
        check(f'.htaccess created in {directory}')
        page.hot(b'version 0')
        put(os.path.join(directory, '.htaccess'), '')
        page.backend_answers(f'.htaccess in {directory}', 200)
        os.unlink(os.path.join(directory, '.htaccess'))
        page.hot(b'version 0')
    check('.htaccess moved in, linked in dangling')
    put(f'{page.top}/x', '')
    os.rename(f'{page.top}/x', f'{page.top}/.htaccess')
    page.backend_answers('moved in', 200)
    os.unlink(f'{page.top}/.htaccess')
    page.hot(b'version 0')
    os.symlink('nowhere', f'{page.top}/d/.htaccess')
    page.backend_answers('linked in', 200)
    os.unlink(f'{page.top}/d/.htaccess')


def main():
    page = Page('guards')
    with kfront():
        shut_and_opened(page)
        guarded(page)


if __name__ == '__main__':
    main()
