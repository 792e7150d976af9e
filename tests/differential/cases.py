#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the requests that kfront and the backend are asked, as ask.c reads them:

    cases.py DIRECTORY COUNT SEED       all of them, COUNT generated ones
    cases.py DIRECTORY LITERAL [CUT]    one, given as Python writes bytes

Phases, each a file in DIRECTORY: warm (each file, so that it is in the cache), curated
(whole, and cut at every byte), alone (generated, cut at one place), pipelined (generated,
between two other requests). Each request comes as it is and with a browser's
Accept-Encoding. load() reads them again."""
import ast
import os
import re
import struct
import subprocess
import sys
from os.path import abspath, dirname
from hypothesis import HealthCheck, Phase, assume, given, seed, settings, strategies as st
import files
from curated import *

PHASES = 'warm', 'curated', 'alone', 'pipelined'
OPEN, URGENT = 1, 2             # ask.c
CUT_ALL = 0xffffffff
EVERY = int(os.environ.get('KFRONT_CUT_EVERY', 16))
BROWSER = b'Accept-Encoding: gzip, deflate, br, zstd\r\n'
BEFORE = b'GET /0.png HTTP/1.1\r\nHost: localhost\r\n\r\n'
AFTER = b'GET /d.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
ANY = b'Accept-Encoding: ?\r\n'         # stands for the line that the two variants differ in


class Case:
    def __init__(self, raw, cuts=(0,), flags=0):
        self.raw, self.cuts, self.flags = raw, list(cuts), flags

    def packed(self):
        return struct.pack(f'III{len(self.cuts)}I', len(self.raw), self.flags, len(self.cuts), *self.cuts) + \
            self.raw + bytes(-len(self.raw) % 4)


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


def browsers(raw):
    """The same from a browser; None where there is no place for it or its kind is there already."""
    end = raw.find(b'\r\n\r\n') + 2
    if end < 2 or b' HTTP/' not in raw[:raw.index(b'\r\n')] or re.search(rb'(?i)\naccept-encoding', raw):
        return None
    return raw[:end] + BROWSER + raw[end:]


def both(raws):
    for raw in raws:
        yield raw
        if browsers(raw):
            yield browsers(raw)


# --- what is generated ---------------------------------------------------------------------------
GOOD = [(url(name), data) for name, data in (files.PLAIN | files.ESCAPED).items()]
GOOD += [(url(link), files.PLAIN['a.html']) for link in ('link.html',)]
GOOD += [(b'/', files.PLAIN['index.html']), (b'/sub/', files.PLAIN['sub/index.html']),
         (b'/sublink/deep/p.png', files.PLAIN['sub/deep/p.png'])]
OCTET = b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/'

def pick(*weighted):
    """(weight, strategy or value)..."""
    return st.sampled_from([what for weight, what in weighted for _ in range(weight)])


@st.composite
def ranges(draw, size):
    def near():
        return draw(st.integers(0, 9)) and draw(st.sampled_from([0, 1, size // 2, max(size - 1, 0), size, size + 1, 10])) or \
            draw(st.sampled_from(HUGE))
    kind = draw(pick((5, 'pair'), (3, 'first'), (3, 'suffix'), (4, 'past'), (2, 'many'), (2, 'odd')))
    if kind == 'first':
        return b'bytes=%d-' % draw(st.integers(0, max(size - 1, 0)))
    if kind == 'suffix':
        return b'bytes=-%d' % near()
    if kind == 'pair':
        first = draw(st.integers(0, max(size - 1, 0)))
        return b'bytes=%d-%d' % (first, draw(st.sampled_from([first, first + 10, size - 1, size, near()])) if size else 0)
    if kind == 'past':
        first = size + draw(st.sampled_from([0, 1, 1000]))
        return b'bytes=%d-%s' % (first, draw(st.sampled_from([b'', b'%d' % (first + 5), b'%d' % HUGE[-3]])))
    return draw(st.sampled_from(RANGES_MANY if kind == 'many' else RANGES_ODD))


class Request:
    """Pieces of one request, put together by raw()."""
    def __init__(self):
        self.method, self.target, self.version = b'GET', b'/', b'HTTP/1.1'
        self.host, self.lines, self.coding, self.body, self.data = b'Host: localhost', [], None, b'', b''
        self.plain = True       # a head whose end both servers see: who closes, and when, is their answer

    def raw(self, browser):
        lines = [b' '.join(filter(None, (self.method, self.target, self.version)))] + ([self.host] if self.host else []) + self.lines
        if browser:
            lines.append(BROWSER[:-2])
        elif self.coding is not None:
            lines.append(b'Accept-Encoding: ' + self.coding)
        return b'\r\n'.join(lines) + b'\r\n\r\n' + self.body

    def closes(self):
        head = b'\n'.join(self.lines).lower()
        return self.plain and (b'connection: close' in head or (self.version == b'HTTP/1.0' and b'connection: keep-alive' not in head))


def conditions(draw, rq):
    exact, some, odd = tags(rq.data)
    for _ in range(draw(pick((4, 1), (2, 2), (1, 3)))):
        name = draw(pick((4, b'If-None-Match'), (4, b'If-Modified-Since'), (3, b'If-Match'), (3, b'If-Unmodified-Since')))
        usual, unusual = (some, odd) if name.endswith(b'Match') else (DATES, ODD_DATES)
        value = draw(st.sampled_from(usual if draw(st.integers(0, 4)) else unusual))
        if name in (b'If-Match', b'If-Unmodified-Since') and draw(st.booleans()):
            value = exact[0] if name == b'If-Match' else DATES[4]     # else nearly all fail
        rq.lines.append(name + b': ' + value)


def a_range(draw, rq):
    rq.lines.append(draw(pick((20, b'Range: '), (1, b'Request-Range: '), (1, b'range:'))) + draw(ranges(len(rq.data))))
    if not draw(st.integers(0, 2)):
        exact, some, odd = tags(rq.data)
        rq.lines.append(b'If-Range: ' + draw(st.sampled_from(exact * 3 + some + odd + DATES[:1] * 4 + DATES + ODD_DATES)))
    if not draw(st.integers(0, 7)):
        conditions(draw, rq)


def spelt(draw, path):
    """Some characters as percent and two digits."""
    places = [i for i, c in enumerate(path) if c in OCTET and c != 0x2f and path[max(i - 2, 0):i].find(b'%') < 0]
    for at in sorted(draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True)), reverse=True) if places else []:
        path = path[:at] + (b'%%%02x' if draw(st.booleans()) else b'%%%02X') % path[at] + path[at + 1:]
    return path


# What the generated requests are about: so many of a hundred, whatever the seed.
KINDS = {'good': 21, 'conditions': 18, 'range': 18, 'spelt': 5, 'query': 5, 'hostile': 5, 'broken': 4, 'method': 1.5, 'version': 1.5,
         'host': 1.5, 'header': 1.5, 'body': 1.5, 'agent': 1, 'upgrade': 1, 'authorization': 1, 'large': 1.5, 'urgent': 1} | \
    dict.fromkeys(ODD, 10 / len(ODD))


@st.composite
def requests(draw, kind):
    """(request as it is, from a browser, cut, flags alone, flags pipelined)"""
    rq = Request()
    rq.target, rq.data = draw(st.sampled_from(GOOD))
    rq.method = draw(pick((4, b'GET'), (1, b'HEAD')))
    rq.version = draw(pick((9, b'HTTP/1.1'), (1, b'HTTP/1.0')))
    rq.host = draw(st.sampled_from(GOOD_HOSTS))
    rq.lines += draw(st.lists(st.sampled_from(JUNK), max_size=3))
    connection = draw(pick((6, None), (3, b'close'), (3, b'keep-alive'), (1, b'Keep-Alive, close'), (1, b'CLOSE')))
    if connection and kind not in ('upgrade', 'header'):
        rq.lines.insert(draw(st.integers(0, len(rq.lines))), b'Connection: ' + connection)
    if kind not in ODD and not draw(st.integers(0, 4)):
        rq.coding = draw(st.sampled_from(CODINGS))
    urgent = 0
    if kind == 'conditions':
        conditions(draw, rq)
    elif kind == 'range':
        a_range(draw, rq)
    elif kind == 'spelt':
        rq.target = spelt(draw, rq.target)
    elif kind == 'query':
        rq.target += draw(st.sampled_from(QUERIES))
    elif kind in ODD:
        rq.target = draw(st.sampled_from(ODD[kind]))
    elif kind == 'hostile':
        rq.target, rq.plain = draw(st.sampled_from(HOSTILE)), False
    elif kind == 'method':
        rq.method, rq.plain = draw(st.sampled_from(b'POST PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND BREW get GETT GE HEADER Get'.split())), False
    elif kind == 'version':
        rq.version, rq.plain = draw(st.sampled_from([b'HTTP/1.2', b'HTTP/2.0', b'HTTP/0.9', b'HTTP/1.10', b'http/1.1', b'HTTP/1.1 ', b'', b'HTTP/1', b' HTTP/1.1'])), False
    elif kind == 'host':
        rq.host, rq.plain = draw(st.sampled_from(HOSTS)), False
    elif kind == 'header':
        rq.lines.insert(draw(st.integers(0, len(rq.lines))), draw(st.sampled_from(BAD_LINES)))
        rq.plain = False
    elif kind == 'body':
        line, rq.body = draw(st.sampled_from(BODIES))
        rq.lines.append(line)
        rq.plain = False
    elif kind == 'agent':
        rq.lines.append(b'User-Agent: ' + draw(st.sampled_from(AGENTS)))
        rq.plain = False
    elif kind == 'upgrade':
        rq.lines.append(draw(st.sampled_from(UPGRADES)))
        rq.plain = False
    elif kind == 'authorization':
        rq.lines.append(draw(st.sampled_from([b'Authorization: Basic eDp5', b'authorization:', b'Proxy-Authorization: Basic eDp5', b'AUTHORIZATION: Bearer x'])))
    elif kind == 'large':
        rq.lines += draw(st.sampled_from([[b'X: y'] * 95, [b'X: y'] * 101, [b'X: ' + b'y' * 8000], [b'X: ' + b'y' * 9000], [b'X: ' + b'y' * 3000] * 3]))
        rq.plain = False
    elif kind == 'urgent':
        urgent = URGENT
    raws = [rq.raw(False), rq.raw(True)]
    if kind == 'broken':        # a byte of it is another one, gone, or twice
        at, what = draw(st.integers(0, len(raws[0]) - 5)), draw(st.sampled_from([b'', b'\r', b'\n', b' ', b'\0', b'%', b':', b'/', b'.', b'\xff', b'a', b'?', b',']))
        keep = draw(st.integers(0, 1))
        raws = [raw[:at] + what + raw[at + keep:] for raw in raws]
        rq.plain = False
    cut = draw(st.integers(1, max(len(raws[0]) - 1, 1)))
    return raws, cut, (OPEN if rq.closes() else 0) | urgent, OPEN if rq.plain else 0


def examples(kind, count, number, seen):
    """So many different ones of a kind, by hypothesis."""
    found = []

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(requests(kind))
    def collect(one):
        assume(one[0][0] not in seen)
        seen.add(one[0][0])
        found.append(one)
    collect()
    assert len(found) == count, f'hypothesis made only {len(found)} of {count} requests: {kind}'
    return found


def generated(count, number):
    found, seen, total = [], set(), sum(KINDS.values())
    for kind, share in KINDS.items():
        found += examples(kind, -int(-count * share // total), number, seen)
    alone, pipelined = [], []
    for raws, cut, flags, between in found:
        for raw in raws:
            alone.append(Case(raw, [cut], flags))
            pipelined.append(Case(BEFORE + raw + AFTER, [0], between))
    return alone, pipelined


def cut(raws, every):
    """Each whole, byte by byte, and in two pieces: at every so many bytes, each time at others."""
    for number, raw in enumerate(raws):
        step = max(every, len(raw) // 8)
        yield Case(raw, [0] + [CUT_ALL] * (number % 2 == 0 and len(raw) < 1000) + list(range(1 + number % every, len(raw), step)))


def unit_heads():
    """The heads that the parser's unit tests try."""
    done = subprocess.run([f'{dirname(abspath(__file__))}/build/heads'], capture_output=True, check=True)
    data, at = done.stdout, 0
    while at < len(data):
        size, = struct.unpack_from('I', data, at)
        yield data[at + 4:at + 4 + size]
        at += 4 + size


def main():
    directory, what = sys.argv[1:3]
    phases = dict.fromkeys(PHASES, ())
    phases['warm'] = [Case(raw) for raw in both(b'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' % path for path, _ in GOOD)]
    if what.isdigit():
        phases['curated'] = list(cut(both(dict.fromkeys([*heads(), *unit_heads()])), EVERY))
        phases['curated'] += [Case(raw[:size]) for raw in CUT_SHORT for size in range(1, len(raw))]
        phases['alone'], phases['pipelined'] = generated(int(what), int(sys.argv[3]))
    else:
        phases['curated'] = [Case(ast.literal_eval(what), [int(sys.argv[3], 0) if sys.argv[3:] else 0])]
    for name, cases in phases.items():
        save(f'{directory}/{name}', cases)
        print(f'{name}: {len(cases)} cases, kfront is asked {sum(len(case.cuts) for case in cases)} times')


if __name__ == '__main__':
    main()
