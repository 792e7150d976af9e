# SPDX-License-Identifier: GPL-2.0-only
"""Instructions per request. In a guest started with scripts/vm --icount one nanosecond of its clock
is one instruction of its only processor; wrk keeps that processor busy, so 10^9 / (requests per
second) is what one exchange costs, client, TCP and server together."""
import re
import signal
import subprocess
import time
from results import median_spread

CONNECTIONS = 16


class Count:
    """What wrk said of one run."""
    def __init__(self, text):
        def number(pattern, default=None):
            found = re.search(pattern, text)
            assert found or default is not None, f'wrk: {text}'
            return float(found[1]) if found else default
        self.text = text
        self.rate = number(r'Requests/sec: +([\d.]+)')
        self.requests = int(number(r'(\d+) requests in'))
        self.failed = int(number(r'Non-2xx or 3xx responses: (\d+)', 0))
        errors = re.search(r'Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)', text)
        self.errors = sum(map(int, errors.groups())) if errors else 0
        assert self.rate > 0, f'wrk: {text}'


def lua(method, headers):
    """The script that has wrk ask like this. The request is made once, not for each."""
    lines = [f'wrk.method = "{method}"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    path = '/tmp/perf.lua'
    with open(path, 'w') as script:
        script.write('\n'.join(lines) + '\n')
    return path


def wrk(url, seconds, connections=CONNECTIONS, method='GET', headers=None, port=80, host='127.0.0.1'):
    """One run of so many seconds of this guest's time."""
    words = ['wrk', '-t1', f'-c{connections}', '-d1h', '--timeout', '60s', f'http://{host}:{port}{url}']
    if port == 80:
        words[-1] = f'http://{host}{url}'
    if method != 'GET' or headers:
        words[1:1] = ['-s', lua(method, headers or {})]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(seconds)             # its -d knows whole seconds only
        process.send_signal(signal.SIGINT)
        return Count(process.communicate()[0])


def instructions(url, seconds=0.5, repeat=3, warmup=0.2, good=True, **more):
    """Thousands of instructions per request: median, spread in per cent, requests in all.
    good: every answer was a 2xx or 3xx."""
    wrk(url, warmup, **more)
    runs = [wrk(url, seconds, **more) for _ in range(repeat)]
    for run in runs:
        assert not good or not run.failed, run.text
    middle, spread = median_spread([1e6 / run.rate for run in runs])
    return middle, spread, sum(run.requests for run in runs)
