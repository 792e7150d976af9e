# SPDX-License-Identifier: GPL-2.0-only
"""The server alone: the client (wrk) is in a guest of its own and costs the server's nothing. What a
request takes is the time that the server's guest was not idle; its clock counts instructions."""
import time
from guest import measure
from results import find, markdown, median_spread, note, result, value, wanted
from servers import KIB

TITLE = 'The server alone'
ALONE = True                            # two guests, as in overload.py, which they are from
SERVERS = COLUMNS = ('null', 'kfront', 'nginx', 'apache', 'lighttpd')
CASES = {f'{size}-{kind}': (size, kind == 'close') for kind in ('keepalive', 'close') for size in (64, 4 * KIB)}
AIMS = {'64-keepalive': (2.5, 7)}       # nginx / kfront, Apache / kfront
SECONDS = 4


def one(guests, shift, case, name, quick):
    """Thousands of instructions for a request: the server's clock, while it was not idle."""
    server, generator = guests
    size, close = CASES[case]
    url, fields = f'/perf/{size}.png', {'Connection': 'close'} if close else {}
    length, runs, requests = server('length', url, close), [], 0
    generator('wrk', url, 1, fields, length)
    for _ in range(1 if quick else 3):
        server.ask('sample', SECONDS + 2)       # nothing to do before and after
        time.sleep(0.5)
        asked = generator('wrk', url, SECONDS, fields, length)
        seen = server.answer()
        runs.append((seen['ns'] - seen['idle']) / 2 ** shift / asked / 1000)
        requests += asked
    middle, spread = median_spread(runs)
    result(case, name, 'instructions', round(middle, 2), 'thousand', spread=round(spread, 2),
           requests=requests)


def host(quick, vm):
    overload = measure('overload')
    with overload.guests(vm) as guests:
        server = guests[0]
        for size in {size for size, _ in CASES.values()}:
            server('asset', size)
        for name in SERVERS:
            for case, (size, close) in CASES.items():
                if not wanted(case, name) or quick and size > KIB:
                    continue
                options = dict(size=size, close=int(close)) if name == 'null' else {}
                said = server('start', name, f'/perf/{size}.png', options)
                if said:
                    note(f'version of {name}', said)
                one(guests, overload.SHIFT, case, name, quick)
                server('stop')


def table(results):
    def ratio(one, two, aim):
        if not one or not two:
            return None
        return f'{one / two:.2f}' + (f' (aim: {aim})' if aim else '')
    rows = []
    for case in CASES:
        cost = {name: value(results, case=case, server=name, metric='instructions') for name in SERVERS}
        aims = AIMS.get(case, (None, None))
        if any(cost.values()):
            rows.append([case, *(cost[name] and f'{cost[name]:.1f}' for name in COLUMNS),
                         ratio(cost['nginx'], cost['kfront'], aims[0]),
                         ratio(cost['apache'], cost['kfront'], aims[1])])
    spreads = [found['spread'] for found in find(results, metric='instructions')]
    return f'''Thousands of instructions for one request: TCP and server; the client, wrk with 16
connections, is in a guest of its own, and between the two is a network card without offloads: segments of
1,460 bytes, checksums in software. The server's guest is slow enough to be always busy; what it was idle is
subtracted. Medians, of which no run was further away than {max(spreads, default=0):.1f} %.

''' + markdown(['', *COLUMNS, 'nginx / kfront', 'Apache / kfront'], rows)
