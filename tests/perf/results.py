# SPDX-License-Identifier: GPL-2.0-only
"""What a measure finds: told in the guest one JSON line at a time, through the virtio port that
scripts/vm --output gives it (on the host: a file); read and laid out on the host."""
import glob
import json
import os
import statistics
import sys

sink = None


def port():
    for name in glob.glob('/sys/class/virtio-ports/*/name'):
        with open(name) as file:
            if file.read().strip() == 'output':
                return f'/dev/{name.split("/")[-2]}'
    return os.devnull                   # by hand, without --output: what is printed is enough


def write(line):
    global sink
    if sink is None:
        path = os.environ.get('KFRONT_RESULTS')
        sink = open(path or port(), 'a' if path else 'w')
    sink.write(json.dumps(line) + '\n')
    sink.flush()


def note(name, value):
    """Something to know beside the findings: a version, a setting."""
    write(dict(note=name, value=value))
    print(f'  {name}: {value}', flush=True)


def result(case, server, metric, value, unit, **more):
    """One finding. value is a number; more: spread=, expected=, whatever explains it."""
    write(dict(case=case, server=server, metric=metric, value=value, unit=unit, **more))
    extra = ' '.join(f'{name}={some}' for name, some in more.items())
    print(f'  {case:28} {server:10} {metric:20} {value:12.4g} {unit} {extra}'.rstrip(), flush=True)


def wanted(case=None, server=None):
    """Do --case and --server of tests/perf/run leave this one in?"""
    cases, servers = (os.environ.get(name, '').split() for name in ('KFRONT_CASES', 'KFRONT_SERVERS'))
    return (not case or not cases or case in cases) and (not server or not servers or server in servers)


def named():
    """Cases were asked for by name: those, quick or not."""
    return bool(os.environ.get('KFRONT_CASES'))


def read(path):
    """All lines that are whole: a guest may have died in the middle of one."""
    with open(path) as file:
        return [json.loads(line) for line in file if line.endswith('\n')]


def find(results, **what):
    return [one for one in results if all(one.get(name) == value for name, value in what.items())]


def value(results, **what):
    """The one finding of this case, server, metric; the last, when it was told twice. Or None."""
    found = find(results, **what)
    return found[-1]['value'] if found else None


def median_spread(numbers):
    """The median, and how far the others are from it, in per cent."""
    middle = statistics.median(numbers)
    return middle, 100 * max(abs(number - middle) for number in numbers) / middle if middle else 0


def markdown(head, rows):
    """A table: head is a list of titles, None in a row is a dash."""
    def line(cells):
        return '| ' + ' | '.join('-' if cell is None else str(cell) for cell in cells) + ' |'
    return '\n'.join([line(head), '|' + '---|' * len(head)] + [line(row) for row in rows]) + '\n'


if __name__ == '__main__':
    sys.exit('this is what the measures share; see run')
