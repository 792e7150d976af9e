#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the requests that kfront and the backend are asked, as ask.c reads them:

    cases.py DIRECTORY COUNT SEED       all of them, COUNT generated ones
    cases.py DIRECTORY BYTES [CUT [FLAGS]]    one, given as Python writes bytes

Phases, each a file in DIRECTORY: warm (each file, so that it is in the cache), curated (whole, byte by
byte, and cut), alone (generated, cut at one place), pipelined (generated, between two other requests).
Each request comes as it is and with a browser's Accept-Encoding. load() reads them again."""
import os
import re
import struct
import subprocess
import sys
from curated import CUT_SHORT, heads
from generated import BROWSER, GOOD, generated

PHASES = 'warm', 'curated', 'alone', 'pipelined'
OPEN, URGENT, CUT_ALL = 1, 2, 0xffffffff        # ask.c
EVERY = int(os.environ.get('KFRONT_CUT_EVERY', 8))
BEFORE = b'GET /0.png HTTP/1.1\r\nHost: localhost\r\n\r\n'
AFTER = b'GET /d.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
WARM = b'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'


class Case:
    def __init__(self, raw, cuts=(0,), flags=0):
        self.raw, self.cuts, self.flags = raw, list(cuts), flags

    def packed(self):
        head = struct.pack(f'III{len(self.cuts)}I', len(self.raw), self.flags, len(self.cuts), *self.cuts)
        return head + self.raw + bytes(-len(self.raw) % 4)


def load(path):
    with open(path, 'rb') as file:
        data = file.read()
    at, cases = 0, []
    while at < len(data):
        size, flags, count = struct.unpack_from('III', data, at)
        cuts = struct.unpack_from(f'{count}I', data, at + 12)
        at += 12 + 4 * count
        cases.append(Case(data[at:at + size], cuts, flags))
        at += size + -size % 4
    return cases


def save(path, cases):
    with open(path, 'wb') as file:
        file.writelines(case.packed() for case in cases)


def both(raws):
    """Each, and the same from a browser, where its line has a place and there is none like it."""
    for raw in raws:
        yield raw
        end = raw.find(b'\r\n\r\n') + 2
        there = re.search(rb'(?i)\naccept-encoding', raw)
        if end > 1 and not there and b' HTTP/' in raw[:raw.index(b'\r\n')]:
            yield raw[:end] + BROWSER + b'\r\n' + raw[end:]


def cut(raws):
    """Each whole and in two pieces: at every so many bytes, each time at others; some byte by byte."""
    for number, raw in enumerate(raws):
        step = 1 if EVERY == 1 else max(EVERY, len(raw) // 8)
        bytewise = len(raw) < 1000 and BROWSER not in raw
        yield Case(raw, [0] + [CUT_ALL] * bytewise + list(range(1 + number % EVERY, len(raw), step)))


def unit_heads():
    """The heads that the parser's unit tests try."""
    here = os.path.dirname(os.path.abspath(__file__))
    data, at = subprocess.run([f'{here}/build/heads'], capture_output=True, check=True).stdout, 0
    while at < len(data):
        size, = struct.unpack_from('I', data, at)
        yield data[at + 4:at + 4 + size]
        at += 4 + size


def everything(count, number):
    curated = list(cut(both(dict.fromkeys([*heads(), *unit_heads()]))))
    curated += [Case(raw[:size]) for raw in CUT_SHORT for size in range(1, len(raw))]
    alone, pipelined = [], []
    for raws, place, rq in generated(count, number):
        for raw in raws:
            alone.append(Case(raw, [place], OPEN * rq.closes() | URGENT * rq.urgent))
            pipelined.append(Case(BEFORE + raw + AFTER, [0], OPEN * rq.plain))
    return curated, alone, pipelined


def main():
    directory, what = sys.argv[1:3]
    phases = dict.fromkeys(PHASES, ())
    phases['warm'] = [Case(raw) for raw in both(WARM % path for path, _ in GOOD)]
    if what.isdigit():
        phases['curated'], phases['alone'], phases['pipelined'] = everything(int(what), int(sys.argv[3]))
    else:
        place, flags = (int(text, 0) for text in (sys.argv[3:] + ['0', '0'])[:2])
        phases['curated'] = [Case(eval(what, {'__builtins__': {}}), [place], flags)]
    for name, cases in phases.items():
        save(f'{directory}/{name}', cases)
        print(f'{name}: {len(cases)} cases, kfront is asked {sum(len(case.cuts) for case in cases)} times')


if __name__ == '__main__':
    main()
