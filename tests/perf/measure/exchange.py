# SPDX-License-Identifier: GPL-2.0-only
"""The whole exchange: instructions of client, TCP and server together for one request."""
import meter
import servers
from results import find, markdown, result, value, wanted

TITLE = 'The whole exchange'
VM = ['--icount']
CASES = {'64-keepalive': (64, False), '64-close': (64, True)}
SERVERS = ('null', 'kfront')


def main(quick):
    for size in (64, 4096, 16384):
        servers.asset(size)
    for case, (size, close) in CASES.items():
        for name in SERVERS:
            if not wanted(case, name):
                continue
            options = dict(size=size, close=int(close)) if name == 'null' else {}
            with servers.running(name, **options) as server:
                url = f'/perf/{size}.png'
                if name == 'kfront':
                    server.warm(url)
                middle, spread, requests = meter.instructions(
                    url, repeat=1 if quick else 3, headers={'Connection': 'close'} if close else {})
                result(case, name, 'instructions', middle, 'thousand', spread=round(spread, 2), requests=requests)


def table(results):
    rows = [[case] + [value(results, case=case, server=name, metric='instructions') for name in SERVERS]
            for case in CASES if find(results, case=case)]
    return markdown(['case', *SERVERS], rows)
