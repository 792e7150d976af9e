# SPDX-License-Identifier: GPL-2.0-only
"""A hundred thousand requests from three kinds of clients, one of which compares
every body; in the end every request is accounted for, here or in Apache's log."""
import hashlib
import os
import re
import subprocess
import threading
import apache
from lib import *

TOTAL = scaled(100000, 4000)


def tool(*words):
    check(' '.join(words))
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def httperf(url, calls):
    """Exactly `calls` requests, all answered 2xx, and counted by us one by one."""
    before = stats()
    text = tool('httperf', '--server=127.0.0.1', '--port=80', f'--uri={url}', f'--num-conns={calls // 50}',
                '--num-calls=50', '--hog', '--timeout=60')
    replies = int(re.search(r'replies (\d+)', text)[1])
    good = int(re.search(r'2xx=(\d+)', text)[1])
    errors = int(re.search(r'Errors: total (\d+)', text)[1])
    assert (replies, good, errors) == (calls, calls, 0), text
    expect(before, requests=calls, responses_200=calls, handed_over=0)
    return calls


def wrk(url, least):
    """At least so many; wrk drops what is in flight when its time is over."""
    done = 0
    while done < least:
        before = stats()
        text = tool('wrk', '-t2', '-c32', f'-d{scaled(5, 3)}s', '--timeout', '60s', f'http://127.0.0.1:80{url}')
        count = int(re.search(r'(\d+) requests in', text)[1])
        assert 'Socket errors' not in text and 'Non-2xx' not in text, text
        assert count > 0, text
        wait_for(lambda: stats()['connections_open'] == 0, 'all closed')
        served = delta(before, 'requests')
        assert count <= served <= count + 32, f'wrk counted {count}, kfront {served}'
        expect(before, responses_200=served, handed_over=0)
        done += count
    return done


class Comparer(threading.Thread):
    """A browser that trusts nobody: files, and now and then something of Apache's."""
    def __init__(self, seed, files, cgi, requests):
        super().__init__()
        self.rng, self.files, self.cgi, self.left, self.error = random.Random(seed), files, cgi, requests, None
        self.sent, self.mix = 0, True

    def run(self):
        try:
            while self.left > 0:
                with Conn() as conn:
                    self.connection(conn)
        except Exception as error:      # told to the main thread
            self.error = error

    def connection(self, conn):
        for _ in range(self.rng.randrange(1, 8)):
            batch = [self.rng.choice(list(self.files)) for _ in range(self.rng.randrange(1, 10))]
            if self.mix or self.rng.random() < 0.01:    # the first batch of each, so that there is one
                batch[-1], self.mix = self.rng.choice([self.cgi, '/load/none.html']), False
            conn.send(b''.join(request(url, headers=['User-Agent: comparer']) for url in batch))
            for url in batch:
                answer = conn.response()
                if url in self.files:
                    assert hashlib.sha256(answer.body).digest() == self.files[url], f'{url}: bytes differ'
                else:
                    assert answer.status == (404 if 'none' in url else 200), answer.line
            self.sent += len(batch)
            self.left -= len(batch)


def main():
    top, url = fresh('load')
    rng = seeded()
    files = {}
    for size in (64, 1000, 4096, 16384, 60000, 300000):
        data = rng.randbytes(size)
        put(f'{top}/{size}.png', data)
        files[f'{url}/{size}.png'] = hashlib.sha256(data).digest()
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    with kfront():
        patient()
        for path in files:
            hit(path)
        sent = httperf(f'{url}/4096.png', TOTAL * 3 // 10)
        check('clients that compare')
        log, before = apache.AccessLog(), stats()
        clients = [Comparer(rng.random(), files, cgi, TOTAL // 20 // 8) for _ in range(8)]
        together(clients)
        count = sum(client.sent for client in clients)
        lines = sum('"comparer"' in line for line in log.lines())
        check(f'{count} requests: {delta(before, "requests")} answered here, {lines} by Apache')
        assert lines >= len(clients), 'nothing mixed'
        expect(before, requests=count - lines, responses_200=count - lines)
        sent += count
        sent += wrk(f'{url}/1000.png', max(TOTAL - sent, TOTAL // 10))
        assert sent >= TOTAL, sent
        check(f'{sent} requests in all; what is left of them')
        wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')
        now = stats()
        ends = now['connections_closed'] + now['handed_over']
        assert now['connections'] == ends, f'{now["connections"]} connections, {ends} ends'
        assert now['bytes_copied'] == 0, now['bytes_copied']


if __name__ == '__main__':
    main()
