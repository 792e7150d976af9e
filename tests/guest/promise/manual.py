# SPDX-License-Identifier: GPL-2.0-only
"""A whole real site: every file of Apache's manual (five hundred of them on the debug
kernel) as a browser asks for it, and five hundred as a plain client does, in random
order, 16 clients at a time, keep-alive and pipelined, equals the file and Apache's own
answer, while other files change in the same directories. The second time every page
that may be ours comes from softirq, nothing copied, Apache never asked."""
import hashlib
import os
import queue
import re
import threading
import time
import apache
from lib import *

TOP = f'{DOCROOT}/manual'
CLIENTS, BATCH = 16, 10         # ten batches make the hundred requests of a connection
OURS = re.compile(r'[^.]+(\.min|\.pt-br|\.tr)?\.(html|css|js|png|gif|svg|ico|xml|txt|pdf)')
BROWSER = ['Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'Accept-Language: en-US,en;q=0.5',
           'Accept-Encoding: gzip, deflate, br, zstd', 'Connection: keep-alive', 'Upgrade-Insecure-Requests: 1',
           'Sec-Fetch-Dest: document', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: none', 'Priority: u=0, i']


def urls():
    """Path and URL of every file; a directory also by its own name."""
    for where, _, names in os.walk(TOP):
        for name in names:
            path = os.path.join(where, name)
            yield path, path[len(DOCROOT):]
            if name == 'index.html':
                yield path, os.path.dirname(path)[len(DOCROOT):] + '/'


class Pass(threading.Thread):
    """One client: takes batches, pipelines each, checks each answer."""
    def __init__(self, batches, seen, second, headers):
        super().__init__()
        self.batches, self.seen, self.second, self.headers, self.error = batches, seen, second, headers, None

    def run(self):
        try:
            while True:
                self.connection(self.batches.get_nowait())
        except queue.Empty:
            pass
        except Exception as error:      # told to the main thread
            self.error = error

    def connection(self, batches):
        ours = Conn()
        theirs = None if self.second else Conn(apache.BACKEND)
        for batch in batches:
            ask = b''.join(request(url, headers=['User-Agent: through', *self.headers]) for _, url in batch)
            ours.send(ask)
            if theirs:
                theirs.send(ask.replace(b'through', b'direct'))
            for path, url in batch:
                self.answer(path, url, ours.response(), theirs and theirs.response())
        for conn in (ours, theirs):
            if conn:
                conn.close()

    def answer(self, path, url, ours, theirs):
        try:
            assert ours.status == 200, ours.line
            digest = hashlib.sha1(ours.plain() + repr(ours.shown(('date', 'keep-alive', 'connection'))).encode())
            if theirs:
                ours.same(theirs)
                with open(path, 'rb') as file:
                    assert ours.plain() == file.read(), 'differs from the file'
                self.seen[url] = digest.digest()
            else:
                assert self.seen[url] == digest.digest(), 'differs from the first answer'
        except AssertionError as error:
            raise AssertionError(f'{url}: {error}') from None


def busy(me, directories, rng):
    """Other people's files come, change and go in the same directories."""
    number = 0
    while not me.stop:
        time.sleep(0.02)                # the pace of other people
        number += 1
        name = f'{rng.choice(directories)}/other-{number}'
        with open(f'{name}.html', 'w') as file:
            file.write('x')
        with open(f'{name}.html', 'a') as file:
            file.write('y')
        os.rename(f'{name}.html', f'{name}.txt')
        os.unlink(f'{name}.txt')


def run(pages, seen, second, headers):
    batches = queue.SimpleQueue()
    for at in range(0, len(pages), 10 * BATCH):
        ten = pages[at:at + 10 * BATCH]
        batches.put([ten[n:n + BATCH] for n in range(0, len(ten), BATCH)])
    together([Pass(batches, seen, second, headers) for _ in range(CLIENTS)])


def main():
    rng, seen = seeded(), {}
    pages = sorted(urls())
    mine = [page for page in pages if OURS.fullmatch(os.path.basename(page[0]))]
    rest = sorted(set(pages) - set(mine))
    check(f'{len(pages)} URLs, {len(rest)} of them of types that are not ours')
    assert len(mine) > 1000 and len(mine) >= 0.99 * len(pages), 'not the manual we know'
    part = len(mine) / len(pages)
    few = rng.sample(mine, 500)
    directories = sorted({os.path.dirname(path) for path, _ in mine})
    writer = Beside(lambda me: busy(me, directories, random.Random(rng.random())))
    # Nobody's idle connections are to be closed because this machine is slow.
    with apache.configured(extra='\tKeepAliveTimeout 120\n'), kfront():
        patient()
        with running([writer]):
            for who, headers, mine in (('a browser', BROWSER, scaled(mine, few)), ('a plain client', [], few)):
                for second in (False, True):
                    check(f'{who}, {"second" if second else "first"} pass')
                    rng.shuffle(mine)
                    log, before = apache.AccessLog(), stats()
                    run(mine, seen, second, headers)
                    expect(before, requests=len(mine), responses_200=len(mine), handed_over=0)
                    through = [line for line in log.lines() if '"through"' in line]
                    assert not through, f'Apache was asked: {through[:5]}'
                share = delta(before, 'served_softirq') / len(mine)
                check(f'{who}, second pass: {share:.2%} served in softirq, {changed(before)}')
                assert share >= 0.99 and share * part >= 0.99, f'only {share:.2%}'
                encoded = delta(before, 'responses_encoded') / len(mine)
                assert encoded > 0.8 if headers else not encoded, f'{encoded:.2%} compressed'
                expect(before, bytes_copied=0)
            check('the files that are not ours: the same from Apache')
            for path, url in rest:
                with open(path, 'rb') as file:
                    assert get(url).body == file.read(), url
            expect(before, requests=len(mine), handed_over=len(rest))


if __name__ == '__main__':
    main()
