# SPDX-License-Identifier: GPL-2.0-only
"""Instructions per request. In a guest started with scripts/vm --icount one nanosecond of its clock
is one instruction of its only processor; wrk keeps that processor busy, so 10^9 / (requests per
second) is what one exchange costs, client, TCP and server together."""
import re
import signal
import subprocess
import time
from client import request, wait_for
from results import median_spread

CONNECTIONS = 16
SCALE = dict(B=1, KB=1 << 10, MB=1 << 20, GB=1 << 30)


class Run:
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
        read = re.search(r' ([\d.]+)([KMG]?B) read', text)
        self.bytes = float(read[1]) * SCALE[read[2]]
        errors = re.search(r'Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)', text)
        self.errors = sum(map(int, errors.groups())) if errors else 0

    def check(self, status, length):
        """Were all answers what they were meant to be?"""
        assert self.requests and not self.errors, self.text
        assert self.failed == (self.requests if status >= 400 else 0), self.text
        slack = 0.01 * self.bytes + (CONNECTIONS + 1) * length      # as it rounds; begun, not ended
        assert not length or abs(self.bytes - self.requests * length) <= slack, f'{length} each: {self.text}'


def prepare():
    """Nobody's connections run into a limit."""
    for name in ('tcp_max_tw_buckets', 'tcp_max_orphans', 'tcp_max_syn_backlog'):
        with open(f'/proc/sys/net/ipv4/{name}', 'w') as knob:
            knob.write('1000000')


def settled():
    """What others left is gone: no connection, none in TIME-WAIT. Where the guest's clock runs on
    when it is idle (--icount) this minute takes no time."""
    def quiet():
        return not subprocess.run(['ss', '-Htan', 'exclude', 'listening'], capture_output=True, text=True,
                                  check=True).stdout
    wait_for(quiet, 'all connections are gone', 200, pause=1)


def lua(method, headers):
    """The script that has wrk ask like this. The request is made once, not for each."""
    def quoted(text):
        return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'
    lines = [f'wrk.method = {quoted(method)}']
    lines += [f'wrk.headers[{quoted(name)}] = {quoted(value)}' for name, value in headers.items()]
    path = '/tmp/perf.lua'
    with open(path, 'w') as script:
        script.write('\n'.join(lines) + '\n')
    return path


def heads(url, headers, connections):
    """The command for what wrk cannot ask."""
    path = '/tmp/perf.request'
    with open(path, 'wb') as raw:
        raw.write(request(url, 'HEAD', headers=[f'{name}: {value}' for name, value in headers.items()]))
    return ['/kfront/heads', str(connections), path]


def command(url, connections=CONNECTIONS, method='GET', headers=None, port=80, host='127.0.0.1'):
    """The client, until SIGINT."""
    if method == 'HEAD':
        return heads(url, headers or {}, connections)
    words = ['wrk', '-t1', f'-c{connections}', '-d1h', '--timeout', '60s']
    if method != 'GET' or headers:
        words += ['-s', lua(method, headers or {})]
    return [*words, f'http://{host}{"" if port == 80 else f":{port}"}{url}']


def obeys(process):
    """It has begun: it catches SIGINT, which ended it before. (Where this guest waits for its disk the
    clock runs ahead: no time is long enough to read a program for the first time.)"""
    def caught():
        assert process.poll() is None, f'{process.args} ended with {process.returncode}'
        with open(f'/proc/{process.pid}/status') as status:
            return int(re.search(r'SigCgt:\t(\w+)', status.read())[1], 16) >> signal.SIGINT - 1 & 1
    wait_for(caught, f'{process.args[0]} begins', 60, pause=0.001)


def wrk(url, seconds, **more):
    """One run of so many seconds of this guest's time. (wrk's -d knows whole seconds only.)"""
    with subprocess.Popen(command(url, **more), stdout=subprocess.PIPE, text=True) as process:
        obeys(process)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        return Run(process.communicate()[0])


def segments():
    """What TCP has sent so far, but for what it sent again."""
    with open('/proc/net/snmp') as snmp:
        names, numbers = (line.split() for line in snmp if line.startswith('Tcp:'))
    return int(numbers[names.index('OutSegs')])


class Found:
    """middle: thousands of instructions per request, the median; spread in per cent; requests in all,
    warming up included; pending: how many more may have been answered without having been counted;
    segments: what TCP sent for each, both sides together."""


def instructions(url, seconds=0.5, repeat=3, warmup=0.1, status=200, length=0, connections=CONNECTIONS,
                 **more):
    """What one request costs. status, length: what every answer must have been; 0: any length."""
    found, runs, before = Found(), [], segments()
    for number in range(repeat + 1):
        settled()
        runs.append(wrk(url, seconds if number else warmup, connections=connections, **more))
        runs[-1].check(status, length)
    found.middle, found.spread = median_spread([1e6 / run.rate for run in runs[1:]])
    settled()
    found.segments = (segments() - before) / sum(run.requests for run in runs)
    found.requests, found.pending = sum(run.requests for run in runs), (repeat + 1) * connections
    return found
