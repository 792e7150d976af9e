# SPDX-License-Identifier: GPL-2.0-only
"""The whole exchange: instructions of client, TCP and server together for one request, server by
server in one guest, asked by wrk over loopback. The null responder answers with the very bytes
that kfront answers with."""
import contextlib
import kmod
import meter
import servers
from results import find, markdown, named, note, result, value, wanted
from servers import ENOUGH, KIB, MIB

TITLE = 'The whole exchange'
VM = ['--icount']
SERVERS = ('kfront', 'null', 'nginx', 'apache', 'lighttpd')     # kfront first: null needs what it says
COLUMNS = ('null', 'kfront', 'nginx', 'apache', 'lighttpd')
SIZES = (64, 4 * KIB, 16 * KIB, 64 * KIB, MIB)
BROWSER = {
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    'Accept': 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
    'Accept-Language': 'de,en-US;q=0.7,en;q=0.3', 'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Connection': 'keep-alive', 'Referer': 'http://127.0.0.1/perf/16384.html',
    'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin',
    'Priority': 'u=5, i'}


class Case:
    """floors: nginx / kfront and Apache / kfront that the issue asks for."""
    def __init__(self, name, url, title, status=200, method='GET', floors=(None, None), quick=False,
                 **headers):
        self.name, self.url, self.title, self.status, self.method = name, url, title, status, method
        self.headers = {field.replace('_', '-'): text for field, text in headers.items()}
        self.floors, self.quick = floors, quick
        self.close = self.headers.get('Connection') == 'close'

    def limit(self):
        """Thousands of instructions that kfront may take more than the null responder."""
        return 3.0 if self.close else 2.0


def asset(size, name, floors, quick=False, **headers):
    title = f'{size} B' if size < KIB else f'{size // KIB} KiB' if size < MIB else f'{size // MIB} MiB'
    return Case(f'{size}-{name}', f'/perf/{size}.png', f'{title} {name}', floors=floors, quick=quick,
                **headers)


CASES = [
    asset(64, 'keepalive', (1.62, 3.3), quick=True),
    asset(4 * KIB, 'keepalive', (1.60, 3.0), quick=True),
    asset(16 * KIB, 'keepalive', (1.40, 2.6), quick=True),
    asset(64 * KIB, 'keepalive', (1.10, 1.4)),
    asset(MIB, 'keepalive', (1.02, 1.2)),
    asset(64, 'close', (1.13, 2.0), quick=True, Connection='close'),
    asset(4 * KIB, 'close', (1.10, 1.9), Connection='close'),
    asset(16 * KIB, 'close', (None, None), Connection='close'),
    Case('64-browser', '/perf/64.png', "64 B, a browser's fields", **BROWSER),
    Case('304', '/perf/4096.png', '304 by If-None-Match', status=304, floors=(1.5, 3)),
    Case('head', '/perf/4096.png', 'HEAD', method='HEAD', floors=(1.5, 3)),
    Case('206', f'/perf/{64 * KIB}.png', '206 of 4 KiB', status=206, floors=(1.5, 3),
         Range='bytes=4096-8191'),
    Case('gzip', f'/perf/{16 * KIB}.html', '16 KiB HTML with gzip', floors=(1.5, 3), Accept_Encoding='gzip'),
]
HANDED = [
    Case('cgi-close', '/cgi-bin/perf.cgi', 'CGI, close', Connection='close'),
    Case('cgi-keepalive', '/cgi-bin/perf.cgi', 'CGI, keepalive'),
    Case('404-close', '/perf/none.png', '404, close', status=404, quick=True, Connection='close'),
    Case('404-keepalive', '/perf/none.png', '404, keepalive', status=404),
]
HANDED_LIMIT = 1.03


def site():
    for size in SIZES:
        servers.asset(size)
    servers.page(16 * KIB)
    servers.cgi()


def ask(case, port=80):
    """Its answer, and the fields that it takes: this server's own validator, for a 304."""
    fields = dict(case.headers)
    if case.status == 304:
        fields['If-None-Match'] = servers.get(case.url, port).get('ETag')
    lines = [f'{name}: {text}' for name, text in fields.items()]
    with servers.Conn(port) as conn:
        got = conn.send(servers.request(case.url, case.method, headers=lines)).response(case.method)
    assert got.status == case.status, f'{case.name}: {got.line}'
    assert (got.get('Content-Encoding') == 'gzip') == (case.name == 'gzip'), got.head
    return got, fields


@contextlib.contextmanager
def all_hits(case):
    """Every answer in here comes from the kernel's cache, by reference."""
    before, told = kmod.stats(), []
    yield told
    now = kmod.changed(before)
    low, high = told[0], told[1]
    assert low <= now.get('served_softirq', 0) <= high, f'{case.name}: {now}, asked {told}'
    for name in ('served_worker', 'handed_over', 'bytes_copied'):
        assert not now.get(name), f'{case.name}: {now}'
    if case.status != 200:
        assert now[f'responses_{case.status}'] == now['served_softirq'], now


def measure(case, name, quick, port=80):
    got, fields = ask(case, port)
    length = len(got.head) + len(got.body)
    slow = case in HANDED or case.url.endswith(f'{MIB}.png')
    seconds = 0.4 if slow else 0.2 if quick else 0.1
    # What does not fit into a send buffer comes in pieces, and not always in the same ones.
    repeat = 1 if quick else 5 if length > 60 * KIB else 3
    with contextlib.ExitStack() as stack:
        told = stack.enter_context(all_hits(case)) if name == 'kfront' and case in CASES else []
        found = meter.instructions(case.url, seconds, repeat, length=length, method=case.method,
                                   headers=fields, status=case.status, port=port)
        told += [found.requests, found.requests + found.pending]
    result(case.name, name, 'instructions', round(found.middle, 3), 'thousand', spread=round(found.spread, 2),
           requests=found.requests, length=length, segments=round(found.segments, 2))
    return got


def static(quick, cases):
    """Each server with all the cases; the null responder is another one for each."""
    said = {}
    for name in SERVERS if not quick else SERVERS[:-1]:
        # Debian has lighttpd's compression in a package of its own, and no files made beforehand.
        mine = [case for case in cases if wanted(case.name, name) and (case.name, name) != ('gzip', 'lighttpd')]
        if name == 'null':
            for case in mine:
                with servers.running('null', answer=said[case.name], close=int(case.close)):
                    measure(case, name, quick)
            continue
        if not mine and not (name == 'kfront' and wanted(None, 'null')):
            continue
        with servers.running(name) as server:
            note(f'version of {name}', server.version())
            for case in cases:
                if name == 'kfront':
                    fields = ask(case)[1]
                    server.warm(case.url, case.method, **fields)
                    got = ask(case)[0]
                    said[case.name] = got.head + got.body
                if case in mine:
                    measure(case, name, quick)


def handed(quick, cases):
    """What Apache answers: kfront asked, and Apache itself, which sits behind it all the while."""
    if not any(wanted(case.name, name) for case in cases for name in ('kfront', 'apache')):
        return
    with servers.running('kfront'):
        for case in cases:
            for name, port in (('kfront', 80), ('apache', 8080)):
                if wanted(case.name, name):
                    measure(case, name, quick, port)


def main(quick):
    site()
    meter.prepare()
    handed(quick, [case for case in HANDED if wanted(case.name) and (case.quick or not quick or named())])
    static(quick, [case for case in CASES if wanted(case.name) and (case.quick or not quick or named())])


def judged(number, limit, at_least=False):
    if number is None or limit is None:
        return None if number is None else f'{number:.2f}'
    met = number >= limit if at_least else number <= limit
    return f'{number:.2f} ({"met" if met else "**not met**"}: {limit})'


def table(results):
    def cost(case, name):
        return value(results, case=case.name, server=name, metric='instructions')

    def number(cell):
        return None if cell is None else f'{cell:.1f}'

    def ratio(one, two):
        return one / two if one and two else None
    rows, over = [], []
    for case in CASES:
        costs = {name: cost(case, name) for name in SERVERS}
        if not any(costs.values()):
            continue
        ours, null = costs['kfront'], costs['null']
        rows.append([case.title, *(number(costs[name]) for name in COLUMNS),
                     judged(ours - null if ours and null else None, case.limit()),
                     judged(ratio(costs['nginx'], ours), case.floors[0], True),
                     judged(ratio(costs['apache'], ours), case.floors[1], True)])
    for case in HANDED:
        ours, theirs = cost(case, 'kfront'), cost(case, 'apache')
        if ours or theirs:
            over.append([case.title, number(ours), number(theirs), judged(ratio(ours, theirs), HANDED_LIMIT)])
    spreads = [one['spread'] for one in find(results, metric='instructions')]
    text = f'''Thousands of instructions for one request: client (wrk, one thread, 16 connections), TCP
and server, over loopback on one processor. The medians of several runs, of which none was further from its
median than {max(spreads, default=0):.1f} %. The null responder answers everything with the bytes that kfront
answers with, and looks at nothing. Nobody limits the requests on a connection, nobody logs.

'''
    if rows:
        text += markdown(['', *COLUMNS, 'kfront - null', 'nginx / kfront', 'Apache / kfront'], rows)
    if over:
        text += '\nWhat is handed over, against the same Apache asked directly:\n\n' + \
            markdown(['', 'kfront', 'Apache', 'kfront / Apache'], over)
    return text


def plots(results, directory):
    import plots as draw                # the guest has no gnuplot, and no need for this

    def by_size(kind, what):
        return {name: [(size, what(size, cost)) for size in SIZES
                       if (cost := value(results, case=f'{size}-{kind}', server=name, metric='instructions'))]
                for name in COLUMNS}
    ticks = {64: '64 B', 4 * KIB: '4 KiB', 16 * KIB: '16 KiB', 64 * KIB: '64 KiB', MIB: '1 MiB'}
    drawn = []
    for kind, title in (('keepalive', 'keep-alive'), ('close', 'a connection for each request')):
        for name, y, what, logy in (
                (f'requests-{kind}', 'requests in 10^9 instructions',
                 lambda size, cost: 1e6 / cost, False),
                (f'kilobytes-{kind}', 'kB in 10^9 instructions',
                 lambda size, cost: size * 1e3 / cost, True)):
            lines = by_size(kind, what)
            if any(lines.values()):
                draw.curves(f'{directory}/{name}', f'The whole exchange, {title}', 'size of the file', y,
                            lines, logx=True, logy=logy, ticks=ticks)
                drawn.append((name, f'{y} over file size, {title}'))
    over = {}
    for case in CASES:
        ours, null = (value(results, case=case.name, server=name, metric='instructions')
                      for name in ('kfront', 'null'))
        if ours and null and ours < 1000:       # one that is far beyond would hide the others
            over[case.title] = {'kfront - null': ours - null, 'limit': case.limit()}
    if over:
        draw.bars(f'{directory}/over-null', 'What kfront adds to the null responder',
                  'thousand instructions', over)
        drawn.append(('over-null', 'kfront minus the null responder, and the limit; 1 MiB left out'))
    return drawn
