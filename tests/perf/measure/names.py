# SPDX-License-Identifier: GPL-2.0-only
"""Does a hit cost the same among many names?

The same requests, by the same wrk with the same script, which asks for one URL after the other from
a list that it has made before it begins; only how many different names are in the list differs, and
all have the same length. Objects: 10 to 100,000 files of 64 bytes, all of them in the cache. Depth:
1 to 12 directories from the root to the file. Hosts: `hosts` has 1 to 1,000 items, each with a root
of its own, plain names or patterns (*.NAME), and requests name them in turn.

Misses: names that do not exist, each asked for once, on a connection of its own; a worker looks for
it in vain, then Apache says 404. Hits before, after and beside: there it is the time less what so
many misses cost alone, per hit.

What this processor cannot show is a table larger than its caches. A hit there touches a bucket of
the hash table and the object, and those before it in the bucket: the table has 4 buckets for 3
objects at least."""
import os
import signal
import subprocess
import time
import kmod
from client import wait_for
from meter import CONNECTIONS, Run
from results import find, markdown, median_spread, result, wanted
from servers import DOCROOT, running

TITLE = 'Many names'
VM = ['--icount', '--mem', '4096']
SITE, ROOTS, LIST, SCRIPT, BODY = f'{DOCROOT}/names', '/srv/h', '/tmp/names.list', '/tmp/names.lua', b'x' * 64
DEPTHS, HOSTS = (1, 2, 4, 8, 12), (1, 10, 100, 1000)
LUA = f'''local asked, at = {{}}, tonumber(os.getenv("FIRST"))
for line in io.lines("{LIST}" .. os.getenv("NAMES")) do
	local host, path = line:match("(%S+) (%S+)")
	asked[#asked + 1] = "GET " .. path .. " HTTP/1.1\\r\\nHost: " .. host .. "\\r\\n" ..
		(os.getenv("CLOSE") or "") .. "\\r\\n"
end
request = function()
	at = at % #asked + 1
	return asked[at]
end
'''


def put(path):
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(file, BODY)
    os.close(file)


class Wrk:
    """Asks for these URLs in turn, each run from where the last one ended; name is the list's."""
    def __init__(self, name, urls=None, host='localhost', close=False, connections=CONNECTIONS):
        self.command = ['wrk', '-t1', f'-c{connections}', '--timeout', '60s', '-s', SCRIPT]
        self.first, self.connections = 0, connections
        self.env = dict(os.environ, NAMES=name, **{'CLOSE': 'Connection: close\r\n'} if close else {})
        if urls:
            with open(LIST + name, 'w') as file:
                file.writelines(f'{url if " " in url else f"{host} {url}"}\n' for url in urls)

    def begin(self):
        """Returns when it has connections: before, a signal would just end it."""
        before = kmod.stats()['connections']
        self.process = subprocess.Popen([*self.command, '-d1h', 'http://127.0.0.1/'], text=True,
                                        env=dict(self.env, FIRST=str(self.first)), stdout=subprocess.PIPE)
        wait_for(lambda: kmod.stats()['connections'] >= before + self.connections, 'wrk begins')

    def end(self):
        self.process.send_signal(signal.SIGINT)
        run = Run(self.process.communicate()[0])
        self.first += run.requests
        return run

    def run(self, seconds):
        self.begin()
        time.sleep(seconds)
        return self.end()


def hits(case, wrk, objects, quick, metric='instructions'):
    """All of them hits, measured."""
    seconds = 0.3 if quick else 1
    wait_for(lambda: wrk.run(seconds) and kmod.stats()['cache_objects'] == objects, f'{objects} objects', 300)
    before, costs = kmod.stats(), []
    for _ in range(2 if quick else 5):
        run = wrk.run(seconds)
        assert not run.failed and not run.errors, run.text
        costs.append(1e6 / run.rate)
    changed = kmod.changed(before)
    assert not changed.get('cache_misses') and not changed.get('handed_over'), changed
    cost, spread = median_spread(costs)
    result(case, 'kfront', metric, cost, 'k/request', spread=spread, objects=objects)
    return cost


def objects(quick):
    """More and more of them; the list is as long in all cases."""
    counts = (10, 3000) if quick else (10, 100, 1000, 10000, 100000)
    urls = [f'/names/{number // 1000:03}/{number:06}.png' for number in range(counts[-1])]
    for number, url in enumerate(urls):
        if number % 1000 == 0:
            os.makedirs(f'{SITE}/{number // 1000:03}')
        put(DOCROOT + url)
    for count in counts:
        hits(f'{count} objects', Wrk(f'-{count}', (urls[:count] * (len(urls) // count))), count, quick)


def depth(quick):
    for number in DEPTHS[::len(DEPTHS) - 1] if quick else DEPTHS:
        kmod.sysctl('exclude', kmod.sysctl('exclude'))          # empties the cache
        sizes = [12 // number + (i < 12 % number) for i in range(number)]
        url = '/names' + ''.join('/' + 'd' * (2 * size - 1) for size in sizes) + '/0.png'
        os.makedirs(os.path.dirname(DOCROOT + url), exist_ok=True)
        put(DOCROOT + url)
        hits(f'depth {number}', Wrk('-depth', [url]), 1, quick)


def hosts(quick):
    names = [f'h{number:03}' for number in range(HOSTS[-1])]
    for name in names:
        os.makedirs(f'{ROOTS}/{name}')
        put(f'{ROOTS}/{name}/0.png')
    for kind, star, label in ('plain', '', ''), ('patterns', '*.', 'www.'):
        for count in HOSTS[::len(HOSTS) - 1] if quick else HOSTS:
            kmod.sysctl('hosts', ','.join(f'{star}{name}.test={ROOTS}/{name}' for name in names[:count]))
            urls = [f'{label}{name}.test /0.png' for name in names[:count]]
            hits(f'{count} hosts, {kind}', Wrk('-hosts', urls * (HOSTS[-1] // count)), count, quick)
    kmod.sysctl('hosts', '')


def storm(quick):
    url, total = '/names/hit.png', 1000 if quick else 100000
    put(DOCROOT + url)
    alone = Wrk('-hit', [url])
    missing = [f'/names/{number:06}/missing.png' for number in range(2 * total)]
    missed = Wrk('-missing', missing[:total], close=True)
    beside = Wrk('-beside', missing[total:], close=True, connections=4)
    def asked():
        return kmod.stats()['handed_over_missing']

    hits('before', alone, 1, quick)
    missed.run(0.1)
    was, costs = asked(), []
    while not costs or asked() - was < total:
        costs.append(1e6 / missed.run(0.4 if quick else 10).rate)
    cost, spread = median_spread(costs)
    result('misses', 'kfront', 'instructions', cost, 'k/request', spread=spread, asked=asked() - was)
    hits('after', alone, 1, quick)
    cost, dear = 1e6 / beside.run(0.4 if quick else 4).rate, []
    beside.begin()
    for _ in range(1 if quick else 3):
        was, began = asked(), time.monotonic()
        run = alone.run(1 if quick else 4)
        took, misses = time.monotonic() - began, asked() - was
        assert not run.failed and not run.errors, run.text
        dear.append((1e6 * took - cost * misses) / run.requests)
    beside.end()
    share = f'misses: {misses * cost / took / 1e4:.0f} % of the time'
    cost, spread = median_spread(dear)
    result('beside', 'kfront', 'instructions', cost, 'k/request', spread=spread, misses=share)


def main(quick):
    with open(SCRIPT, 'w') as script:
        script.write(LUA)
    for path in SITE, ROOTS:
        os.makedirs(path, exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path], check=True)
    for work in objects, depth, hosts, storm:
        if wanted(case=work.__name__):
            with running('kfront', cache_bytes=1 << 30):
                work(quick)


def table(results):
    """Each kind of case against its first one."""
    rows, base = [], None
    for one in find(results, metric='instructions'):
        case = one['case']
        if case in ('10 objects', 'depth 1', 'before') or case.startswith('1 hosts'):
            base = one['value']
        than = None if case == 'misses' or not base else f'{100 * (one["value"] / base - 1):+.1f} %'
        rows.append([case, f'{one["value"]:.2f}', than, f'{one["spread"]:.1f} %',
                     one.get('misses') or (f'{one["asked"]} asked' if 'asked' in one else None)])
    head = ['case', 'thousand instructions per request', 'against the first', 'spread', '']
    return f'{__doc__}\n\n{markdown(head, rows)}'
