#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The guest's part: a stock Apache on 8080, kfront on 80, the cases of /kfront/differential asked
by ask; what was answered and what the counters say leaves as a tar through the port "output"."""
import glob
import json
import os
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../guest')]
import files                                    # noqa: E402 (after the path is set)
from lib import check, kfront, ripe, stats, sysctl, wait_for, changed       # noqa: E402

CASES, OUT = '/kfront/differential', '/tmp/out'
# Time is not the promise here, and the guest may stand still for long.
CONF = '''KeepAliveTimeout 60
<IfModule reqtimeout_module>
	RequestReadTimeout header=0 body=0
</IfModule>
'''


def port():
    for name in glob.glob('/sys/class/virtio-ports/*/name'):
        with open(name) as file:
            if file.read().strip() == 'output':
                return f'/dev/{name.split("/")[-2]}'
    return None


def ask(phase):
    """What the counters say that this phase did."""
    before = stats()
    out = f'{OUT}/{phase}'
    subprocess.run([f'{CASES}/ask', f'{CASES}/{phase}', f'{out}.results', f'{out}.answers'], check=True)
    wait_for(lambda: not stats()['connections_open'], 'all connections end')
    return changed(before)


def warm():
    """Until the cache has all that it will have, and two askings do the same."""
    seen = []

    def same():
        counts = ask('warm').items()
        seen.append({name: count for name, count in counts if name.startswith(('served_', 'handed_over'))})
        return seen[-2:-1] == seen[-1:]
    wait_for(same, 'the cache is warm')


def main():
    files.make()
    for name in ('manual', 'files'):            # site need not make its own
        os.mkdir(f'{files.DOCROOT}/{name}')
    with open('/etc/apache2/conf-enabled/zz-differential.conf', 'w') as conf:
        conf.write(CONF)
    subprocess.run([os.path.join(HERE, '../../scripts/guest/site')], check=True, stdout=sys.stderr)
    for name in ('manual', 'files'):
        os.rmdir(f'{files.DOCROOT}/{name}')
    os.makedirs(OUT)
    counters = {}
    with kfront():
        sysctl('header_timeout_ms', 600000)
        sysctl('keepalive_timeout_ms', 60000)
        sysctl('max_object_bytes', files.STREAMED)
        for url in files.PLAIN:
            ripe(f'{files.DOCROOT}/{url}')
        check('warm')
        warm()
        for phase in ('curated', 'alone', 'pipelined'):
            check(phase)
            counters[phase] = ask(phase)
    check('done')
    with open(f'{OUT}/counters.json', 'w') as file:
        json.dump(counters, file)
    with open(wait_for(port, 'the port for the output'), 'wb') as raw:
        with tarfile.open(fileobj=raw, mode='w|') as tar:
            tar.add(OUT, '.')
    check('told')


if __name__ == '__main__':
    main()
