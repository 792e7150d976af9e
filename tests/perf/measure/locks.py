# SPDX-License-Identifier: GPL-2.0-only
"""Which locks does a request take, and who waits for them? The debug kernel's lock statistics
(CONFIG_LOCK_STAT), two processors, each with a wrk of its own asking for the same small file.

Contended is a lock that was held when somebody wanted it. Kfront's own are those whose classes are
initialised in kmod/: nobody should take one of them for a hit."""
import re
import subprocess
import time
from results import find, markdown, result, wanted

TITLE = 'Locks'
CASES = {'keep-alive': (), 'close': ('-H', 'Connection: close')}
STAT = '/proc/lock_stat'
LINE = re.compile(r'\s*(.+?):\s+(\d+)\s+(\d+)\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+(\d+)\s+(\d+)\s')
# How lockdep calls what kmod/ initialises: by the expression.
OURS = re.compile(r'&(arm|cache|ls|srv)->|kf_')


def host(quick, vm):
    subprocess.run(['scripts/build', 'debug'], check=True)
    guest = vm(['--kernel', 'debug', '--smp', '2'])
    if guest.wait():
        raise RuntimeError(f'its guest ended with {guest.returncode}')


def clear():
    with open(STAT, 'w') as stat:
        stat.write('0')


def classes():
    """name -> (contentions, acquisitions)"""
    found = {}
    with open(STAT) as stat:
        for match in filter(None, map(LINE.match, stat)):
            name = re.sub(r'[-/][RW1]?$', '', match[1])
            before = found.get(name, (0, 0))
            found[name] = before[0] + int(match[3]), before[1] + int(match[5])
    assert found, 'the kernel has no lock statistics'
    return found


def main(quick):
    from kmod import stats              # in the guest only
    from servers import asset, get, running
    url = asset(64)
    with open('/proc/sys/kernel/lock_stat', 'w') as knob:
        knob.write('1')
    with running('kfront'):
        while not stats()['served_softirq']:
            get(url)
            time.sleep(0.2)
        for case, options in CASES.items():
            if not wanted(case):
                continue
            before = stats()['served_softirq']
            clear()
            both = [subprocess.Popen(['taskset', '-c', str(cpu), 'wrk', '-t1', '-c4', f'-d{10 if quick else 30}s',
                                      '--timeout', '60s', *options, f'http://127.0.0.1{url}'],
                                     stdout=subprocess.DEVNULL) for cpu in (0, 1)]
            assert not any([one.wait() for one in both])
            found, requests = classes(), stats()['served_softirq'] - before
            assert requests > 100, requests
            ours = {name: count for name, count in found.items() if OURS.match(name)}
            result(case, 'kfront', 'requests', requests, '')
            result(case, 'kfront', 'own', 1000 * sum(taken for _, taken in ours.values()) / requests,
                   'per 1000 requests', which=' '.join(f'{name} {taken}' for name, (_, taken) in
                                                       sorted(ours.items(), key=lambda one: -one[1][1])[:6]))
            result(case, 'kfront', 'contended', 1000 * sum(waited for waited, _ in found.values()) / requests,
                   'per 1000 requests', which=' '.join(f'{name} {waited}' for name, (waited, _) in
                                                       sorted(found.items(), key=lambda one: -one[1][0])[:6] if waited))


def table(found):
    rows = []
    for case in CASES:
        own, contended = (find(found, case=case, metric=metric) for metric in ('own', 'contended'))
        if own and contended:
            rows.append([case, f'{find(found, case=case, metric="requests")[0]["value"]:.0f}',
                         f'{own[0]["value"]:.1f}', own[0]['which'] or None,
                         f'{contended[0]["value"]:.1f}', contended[0]['which'] or None])
    return __doc__ + '\n\n' + markdown(
        ['', 'requests', "kfront's own, taken per 1000", 'which (times)', 'any, contended per 1000', 'which (times)'], rows)
