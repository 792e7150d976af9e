# SPDX-License-Identifier: GPL-2.0-only
"""A deploy by `ln -sfn` under load: no request that starts after the command has
returned gets a byte of the old release, wherever on the way the link is."""
import os
import shutil
import subprocess
import threading
import apache
from lib import *

TOP, RELEASES, QUICK = '/srv/deploy', scaled(10, 4), scaled(30, 10)


class Client(threading.Thread):
    """Asks for ever; each answer is at least as new as what was current when it asked."""
    def __init__(self, current, url):
        super().__init__()
        self.current, self.url, self.stop, self.error = current, url, False, None

    def run(self):
        try:
            while not self.stop:
                with Conn() as conn:
                    for _ in range(50):
                        self.ask(conn)
                        if self.stop:
                            break
        except Exception as error:      # told to the main thread
            self.error = error

    def ask(self, conn):
        least = self.current[0]
        answer = conn.get(self.url)
        assert answer.status == 200, answer.line
        words = answer.body.split()
        assert len(set(words)) == 1, 'a mixture of releases'
        assert int(words[0]) >= least, f'release {words[0]} after {least} was current'


def release(where, number):
    put(f'{where}/{number}/html/page.html', b'%08d ' % number * 500)


def flips(what, docroot, releases, link, url, relative=''):
    """Flip `link` from release to release while clients ask for `url`."""
    check(what)
    shutil.rmtree(TOP, ignore_errors=True)
    for number in range(RELEASES + QUICK):
        release(releases, number)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    subprocess.run(['ln', '-sfn', f'{relative or releases}/0', link], check=True)
    current = [0]
    with apache.configured(docroot=docroot), kfront(docroot=docroot):
        patient()
        clients = [Client(current, url) for _ in range(scaled(4, 2))]
        with running(clients):
            for number in range(1, RELEASES + QUICK):
                before = stats()
                if number < RELEASES:       # the rest in quick succession, cached or not
                    wait_for(lambda: delta(before, 'served_softirq') > 20
                             or any(client.error for client in clients), 'hits before the switch')
                subprocess.run(['ln', '-sfn', f'{relative or releases}/{number}', link], check=True)
                current[0] = number
                assert get(url).body == b'%08d ' % number * 500, f'not release {number} at once'


def main():
    flips('the document root is the link', f'{TOP}/current', f'{TOP}/releases', f'{TOP}/current',
          '/html/page.html')
    flips('an ancestor of the document root is the link', f'{TOP}/site/html', f'{TOP}/releases', f'{TOP}/site',
          '/page.html')
    flips('a directory inside the document root is the link', f'{TOP}/root', f'{TOP}/root/releases',
          f'{TOP}/root/app', '/app/html/page.html', 'releases')


if __name__ == '__main__':
    main()
