# SPDX-License-Identifier: GPL-2.0-only
"""A page as a browser loads it: a CGI page, then the thirty files that it is made of, over up to six
connections that are kept alive (tests/perf/client/page.c). A connection once handed over stays with the
server, so what the server does with it afterwards decides how much is left for the kernel."""
import contextlib
import json
import re
import subprocess
import time
import apache
import kmod
import servers
from results import markdown, result, value, wanted

TITLE = 'A page as a browser loads it'
VM = ['--icount', '--payload', 'build/perf/page']
PAGE = '/kfront/page'
KIB = 1 << 10
SIZES = {'css': (8, 24, 60), 'js': (4, 12, 30, 45, 90, 150), 'svg': (1, 3, 6), 'woff2': (20, 35),
         'png': (1, 2, 2, 3, 4, 5, 8, 12, 16, 20, 30, 40, 60, 80, 110, 150)}       # KiB
TEXT = ('css', 'js', 'svg')
CONNECTIONS = 6
WAY_MS = 10             # from the browser to the server and from there back: the network, not the
                        # processor, decides how the files spread over the connections

# The server's configuration, as its administrator would write it.
BACKENDS = {
    'On': 'KeepAlive On\nKeepAliveTimeout 5',
    'On, 1 s': 'KeepAlive On\nKeepAliveTimeout 1',
    'Off for the page': 'KeepAlive On\nKeepAliveTimeout 5\nSetEnvIf Request_URI ^/cgi-bin/ nokeepalive',
    'Off': 'KeepAlive Off',
}
SERVERS = ('apache', 'kfront', 'inline')

# which list of files, pages of one visit, seconds between them, does the browser take gzip
CASES = {'first-visit': ('page', 1, 0, True), 'five-pages': ('page', 5, 2, True),
         'first-visit-plain': ('page', 1, 0, False), 'cgi-alone': ('cgi', 1, 0, True)}


def site():
    """The page and its thirty files; the list of them, in the order in which a browser finds them."""
    urls = []
    for kind, sizes in SIZES.items():
        for number, size in enumerate(sizes):
            make = servers.page if kind in TEXT else servers.asset
            urls.append(make(size * KIB, f'/perf/page/{number}.{kind}'))
    assert len(urls) == 30
    html = servers.page(8 * KIB, '/perf/page/page.html')
    with open(f'{servers.DOCROOT}{html}') as text:
        cgi = apache.cgi('page.cgi', f"printf 'Content-Type: text/html\\r\\n\\r\\n%s' '{text.read()}'\n")
    with open('/tmp/page.list', 'w') as out:
        out.write('\n'.join([cgi, *urls]) + '\n')
    with open('/tmp/cgi.list', 'w') as out:
        out.write(f'{cgi}\n')
    return urls


def idle():
    """Nanoseconds in which this processor had nothing to do, exactly."""
    with open('/proc/timer_list') as timers:
        return sum(int(ns) for ns in re.findall(r'\.(?:idle|iowait)_sleeptime *: (\d+)', timers.read()))


class Backend(servers.Apache):
    """Apache with lines of configuration more."""
    def start(self):
        lines = self.options.pop('lines')
        conf = f'/tmp/{self.name}.conf'
        with open(f'{servers.CONF}/apache.conf') as stock, open(conf, 'w') as out:
            out.write(stock.read() + lines + '\n')
        directory, servers.CONF = servers.CONF, '/tmp'
        try:
            super().start()
        finally:
            servers.CONF = directory


@contextlib.contextmanager
def far():
    """lo is a network as long as that."""
    subprocess.run(['modprobe', 'sch_netem'], check=True)
    words = ['dev', 'lo', 'root', 'netem', 'limit', '100000', 'delay', f'{WAY_MS}ms']
    subprocess.run(['tc', 'qdisc', 'add', *words], check=True)
    try:
        yield
    finally:
        subprocess.run(['tc', 'qdisc', 'del', 'dev', 'lo', 'root'], check=True)


@contextlib.contextmanager
def running(name, lines):
    """This server, or Apache with kfront in front of it on a port of its own or inline."""
    server = Backend(PORT=8080 if name == 'kfront' else 80, lines=lines)
    server.start()
    try:
        if name != 'apache':
            kmod.load(port=80, backend_port=8080 if name == 'kfront' else 80)
            kmod.sysctl('server_header', servers.get('/perf/', server.port).get('Server'))
        yield
    finally:
        if name != 'apache':
            kmod.unload()
        server.stop()


def browse(visits, pages, think, gzip, paths):
    """What page did, with the instructions it took ("busy") and the stillness between them."""
    words = [PAGE, *([] if gzip else ['-a']), '80', CONNECTIONS, visits, pages, think * 1000, paths]
    began, still = time.monotonic_ns(), idle()
    said = json.loads(subprocess.run([str(word) for word in words], check=True, capture_output=True,
                                     text=True).stdout)
    took, still = time.monotonic_ns() - began, idle() - still
    return dict(said, busy=took - still, idle=still)


def measure(case, server, setting, quick):
    paths, pages, think, gzip = CASES[case]
    paths, visits = f'/tmp/{paths}.list', (10 if quick else 40) // pages
    browse(2, 1, 0, gzip, paths)
    if server != 'apache':
        time.sleep(2)
        browse(2, 1, 0, gzip, paths)    # now everything is in the cache
    before = kmod.stats() if server != 'apache' else {}
    with far():
        got = browse(visits, pages, think, gzip, paths)
    count = got['pages']
    assert got['requests'] - got['repeated'] == count * len(open(paths).read().split()), got

    def told(metric, value, unit):
        result(case, server, metric, round(value, 2), unit, setting=setting, pages=count)
    told('instructions', got['busy'] / count / 1e6, 'million')
    told('connections', got['connections'] / count, 'opened')
    told('time', got['ns'] / count / 1e6, 'ms')
    if before:
        did = kmod.changed(before)
        mine = did.get('served_softirq', 0) + did.get('served_worker', 0)
        told('share', 100 * mine / got['requests'], '%')


def main(quick):
    site()
    for server in SERVERS:
        for setting, lines in BACKENDS.items():
            cases = [case for case in CASES
                     if wanted(case, server) and not (quick and case == 'first-visit-plain')]
            if not cases or setting == 'Off for the page' and server == 'apache':
                continue
            with running(server, lines):
                for case in cases:
                    if case != 'cgi-alone' or setting == 'On':
                        measure(case, server, setting, quick)


TEXT_BEFORE = """\
One CGI page of 8 KiB (a shell script), then 30 files of 1 to 150 KiB, 1.1 MB in all: 3 style sheets, 6
scripts, 3 SVG, 2 fonts, 16 pictures. A browser with up to 6 connections, 10 ms away; it takes gzip, so
Apache compresses the page, the style sheets and the scripts anew each time (`-plain`: it does not).
`first-visit`: each page on new connections; `five-pages`: with 2 s between pages, connections are used
again. `KeepAlive` is that of the Apache behind (or alone): On with `KeepAliveTimeout 5` (Debian's), On
with 1 s, Off only for what begins with `/cgi-bin/`, Off. Millions of instructions per page, browser
included, and the share of the requests answered in the kernel. The time is that of the guest's clock,
in which this processor has 10^9 instructions a second.
"""
ADVICE = """
A connection that was handed over stays with the server until that closes it, and a browser has its page
on it first. With KeepAlive On the files that follow on it come from the server, and after some pages
all six connections are the server's. **Advice: `KeepAlive Off` for what kfront hands over**: for the
whole virtual host on port 80 (not for 443), or, if pages are also asked for by programs that ask often,
`SetEnvIf Request_URI ^/app/ nokeepalive` for the paths that visits begin with. What it costs is a
connection more per page, which is kfront's, and for the second page of a visit the round trip of its
handshake (20 ms here).
"""


def table(results):
    rows = []
    for case in CASES:
        for setting in BACKENDS:
            row = [case, setting]
            for server in SERVERS:
                row.append(value(results, case=case, server=server, metric='instructions', setting=setting))
            for metric in 'share', 'connections':
                row.append(value(results, case=case, server='kfront', metric=metric, setting=setting))
            for server in 'apache', 'kfront':
                row.append(value(results, case=case, server=server, metric='time', setting=setting))
            if any(cell is not None for cell in row[2:]):
                rows.append(row)
    head = ['case', 'KeepAlive', 'Apache alone', 'kfront, own port', 'kfront, inline', '% in kernel',
            'connections per page', 'ms, Apache', 'ms, kfront']
    return f'{TEXT_BEFORE}\n{markdown(head, rows)}{ADVICE}'
