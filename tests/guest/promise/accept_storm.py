# SPDX-License-Identifier: GPL-2.0-only
"""A server with many threads in accept() at once, polling or blocking, keeps its queue's
promise to accept(): what is there when it looks stays there (kernel-traps 1 is an oops in
the server). Whatever it accepts before we see it, it serves, also after rmmod."""
import contextlib
import re
import subprocess
from lib import *

STORM = '/kfront/tests/guest/build/storm'
SECONDS = scaled(4, 4)
CLIENTS = 24
# On loopback a connection is taken by whoever connects: let accept() run meanwhile.
ON = ('taskset', '-c', '0'), ('taskset', '-c', '1')


def wrk(url):
    text = subprocess.run([*ON[0], 'wrk', '-t1', f'-c{CLIENTS}', f'-d{SECONDS}s', '--timeout', '60s',
                           '-H', 'Connection: close', f'http://127.0.0.1:80{url}'], capture_output=True, text=True).stdout
    assert 'Socket errors' not in text and 'Non-2xx' not in text, text
    return int(re.search(r'(\d+) requests in', text)[1])


@contextlib.contextmanager
def server(how):
    """Yields what ends it and says how many requests it has answered."""
    process = subprocess.Popen([*ON[1], STORM, '80', '4', how], stdout=subprocess.PIPE, text=True)

    def end():
        process.terminate()
        said = process.communicate()[0]
        assert process.returncode == 0, process.returncode
        return int(said)
    try:
        wait_for(answers, 'the storm answers')
        yield end
    finally:
        process.kill()
        process.wait()


def answers():
    with contextlib.suppress(ConnectionRefusedError):
        return get('/').status == 200


def storm(how, url):
    with server(how) as end:
        with kfront(port=80, backend_port=80):
            before = stats()
            asked = wrk(url)
            wait_for(lambda: stats()['connections_open'] == 0, 'all closed')
            ours, left = delta(before, 'requests'), delta(before, 'accepts_left')
            handed_over = delta(before, 'handed_over')
        assert answers()
        theirs = end() - 2
    check(f'{how}: {asked} requests: {ours} by kfront, {theirs} by the server; its queue was left to it {left} times')
    assert ours and asked <= ours + theirs <= asked + CLIENTS, 'not every request is accounted for once'
    assert not handed_over
    return theirs


def main():
    top, url = fresh('storm')
    put(f'{top}/a.png', b'x' * 4096)
    ripe(f'{top}/a.png')
    early = storm('poll', f'{url}/a.png')
    early += storm('block', f'{url}/a.png')
    assert early, 'the server never was faster than kfront: no storm'


if __name__ == '__main__':
    main()
