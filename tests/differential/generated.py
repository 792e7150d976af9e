# SPDX-License-Identifier: GPL-2.0-only
"""Requests made by hypothesis: mostly what clients say about the site's files, some of everything else."""
from hypothesis import HealthCheck, Phase, assume, given, seed, settings, strategies as st
import files
from curated import (AGENTS, BAD_LINES, BODIES, CODINGS, DATES, GOOD_HOSTS, HOSTILE, HOSTS, HUGE, JUNK, ODD,
                     ODD_DATES, QUERIES, RANGES_MANY, RANGES_ODD, UPGRADES, tags, url)

BROWSER = b'Accept-Encoding: gzip, deflate, br, zstd'
METHODS = b'POST PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND BREW get GETT GE HEADER Get'.split()
VERSIONS = [b'HTTP/1.2', b'HTTP/2.0', b'HTTP/0.9', b'HTTP/1.10', b'http/1.1', b'HTTP/1.1 ', b'', b'HTTP/1',
            b' HTTP/1.1']
CREDENTIALS = [b'Authorization: Basic eDp5', b'authorization:', b'Proxy-Authorization: Basic eDp5',
               b'AUTHORIZATION: Bearer x']
LARGE = [[b'X: y'] * 95, [b'X: y'] * 101, [b'X: ' + b'y' * 8000], [b'X: ' + b'y' * 9000],
         [b'X: ' + b'y' * 3000] * 3]
SPOILT = [b'', b'\r', b'\n', b' ', b'\0', b'%', b':', b'/', b'.', b'\xff', b'a', b'?', b',']
UNRESERVED = b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~'
# What the kernel may serve: URL and content.
GOOD = [(url(name), data) for name, data in (files.PLAIN | files.ESCAPED).items()] + [
    (b'/link.html', files.PLAIN['a.html']), (b'/', files.PLAIN['index.html']),
    (b'/sub/', files.PLAIN['sub/index.html']), (b'/sublink/deep/p.png', files.PLAIN['sub/deep/p.png'])]
# What the requests are about: so many of a hundred, whatever the seed.
KINDS = {'good': 21, 'conditions': 18, 'range': 18, 'spelt': 5, 'query': 5, 'hostile': 5, 'broken': 4,
         'method': 1.5, 'version': 1.5, 'host': 1.5, 'header': 1.5, 'body': 1.5, 'agent': 1, 'upgrade': 1,
         'credentials': 1, 'large': 1.5, 'urgent': 1} | dict.fromkeys(ODD, 10 / len(ODD))


def pick(*weighted):
    """(weight, value)..."""
    return st.sampled_from([what for weight, what in weighted for _ in range(weight)])


@st.composite
def ranges(draw, size):
    def near():
        """A place in the file, or not quite; seldom a number that does not fit somewhere."""
        if draw(st.integers(0, 9)):
            return draw(st.sampled_from([0, 1, size // 2, max(size - 1, 0), size, size + 1, 10]))
        return draw(st.sampled_from(HUGE))
    kind = draw(pick((5, 'pair'), (3, 'first'), (3, 'suffix'), (6, 'past'), (2, 'many'), (2, 'odd')))
    first = draw(st.integers(0, max(size - 1, 0)))
    if kind == 'first':
        return b'bytes=%d-' % first
    if kind == 'suffix':
        return b'bytes=-%d' % near()
    if kind == 'pair':
        return b'bytes=%d-%d' % (first, draw(st.sampled_from([first, first + 10, max(size - 1, 0), near()])))
    if kind == 'past':
        first = size + draw(st.sampled_from([0, 1, 1000]))
        return b'bytes=%d-' % first + draw(st.sampled_from([b'', b'%d' % (first + 5), b'%d' % 2**63]))
    return draw(st.sampled_from(RANGES_MANY if kind == 'many' else RANGES_ODD))


class Request:
    """One request, in pieces."""
    def __init__(self):
        self.method, self.target, self.version = b'GET', b'/', b'HTTP/1.1'
        self.host, self.lines, self.coding, self.body, self.data = b'Host: localhost', [], None, b'', b''
        self.plain = True       # both servers see where it ends: who closes, and when, is part of the answer
        self.urgent = False

    def raw(self, browser):
        first = b' '.join(filter(None, (self.method, self.target, self.version)))
        lines = [first] + [self.host] * bool(self.host) + self.lines
        if browser:
            lines.append(BROWSER)
        elif self.coding is not None:
            lines.append(b'Accept-Encoding: ' + self.coding)
        return b'\r\n'.join(lines) + b'\r\n\r\n' + self.body

    def closes(self):
        """Will the server close by itself?"""
        head = b'\n'.join(self.lines).lower()
        return self.plain and (b'connection: close' in head or
                               (self.version == b'HTTP/1.0' and b'connection: keep-alive' not in head))


def conditions(draw, rq):
    own, some, odd = tags(rq.data)
    for _ in range(draw(pick((4, 1), (2, 2), (1, 3)))):
        name = draw(pick((4, b'If-None-Match'), (4, b'If-Modified-Since'), (3, b'If-Match'),
                          (3, b'If-Unmodified-Since')))
        usual, unusual = (some, odd) if name.endswith(b'Match') else (DATES, ODD_DATES)
        value = draw(st.sampled_from(usual if draw(st.integers(0, 4)) else unusual))
        if name in (b'If-Match', b'If-Unmodified-Since') and not draw(st.integers(0, 2)):
            value = own[0] if name == b'If-Match' else DATES[4]     # else hardly any would hold
        rq.lines.append(name + b': ' + value)


def a_range(draw, rq):
    name = draw(pick((20, b'Range: '), (1, b'Request-Range: '), (1, b'range:')))
    rq.lines.append(name + draw(ranges(len(rq.data))))
    if not draw(st.integers(0, 2)):
        own, some, odd = tags(rq.data)
        values = own * 3 + some + odd + DATES[:1] * 4 + DATES + ODD_DATES
        rq.lines.append(b'If-Range: ' + draw(st.sampled_from(values)))
    if not draw(st.integers(0, 7)):
        conditions(draw, rq)


def spelt(draw, path):
    """Some characters as percent and two digits."""
    places = [i for i, c in enumerate(path) if c in UNRESERVED and b'%' not in path[max(i - 2, 0):i]]
    if places:
        some = draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True))
        for at in sorted(some, reverse=True):
            path = path[:at] + (b'%%%02x' if draw(st.booleans()) else b'%%%02X') % path[at] + path[at + 1:]
    return path


def particular(draw, rq, kind):
    """What this kind is about. What is not said to be plain may end the connection, or wait for more."""
    if kind in ODD:
        rq.target = draw(st.sampled_from(ODD[kind]))
    elif kind == 'conditions':
        conditions(draw, rq)
    elif kind == 'range':
        a_range(draw, rq)
    elif kind == 'spelt':
        rq.target = spelt(draw, rq.target)
    elif kind == 'query':
        rq.target += draw(st.sampled_from(QUERIES))
    elif kind == 'credentials':
        rq.lines.append(draw(st.sampled_from(CREDENTIALS)))
    elif kind == 'urgent':
        rq.urgent = True
    elif kind != 'good':
        rq.plain = False
    if kind == 'hostile':
        rq.target = draw(st.sampled_from(HOSTILE))
    elif kind == 'method':
        rq.method = draw(st.sampled_from(METHODS))
    elif kind == 'version':
        rq.version = draw(st.sampled_from(VERSIONS))
    elif kind == 'host':
        rq.host = draw(st.sampled_from(HOSTS))
    elif kind == 'header':
        rq.lines.insert(draw(st.integers(0, len(rq.lines))), draw(st.sampled_from(BAD_LINES)))
    elif kind == 'body':
        line, rq.body = draw(st.sampled_from(BODIES))
        rq.lines.append(line)
    elif kind == 'agent':
        rq.lines.append(b'User-Agent: ' + draw(st.sampled_from(AGENTS)))
    elif kind == 'upgrade':
        rq.lines.append(draw(st.sampled_from(UPGRADES)))
    elif kind == 'large':
        rq.lines += draw(st.sampled_from(LARGE))


@st.composite
def requests(draw, kind):
    """(as it is and from a browser, where to cut, whose pieces they are)"""
    rq = Request()
    rq.target, rq.data = draw(st.sampled_from(GOOD))
    rq.method = draw(pick((4, b'GET'), (1, b'HEAD')))
    rq.version = draw(pick((9, b'HTTP/1.1'), (1, b'HTTP/1.0')))
    rq.host = draw(st.sampled_from(GOOD_HOSTS))
    rq.lines += draw(st.lists(st.sampled_from(JUNK), max_size=3))
    connection = draw(pick((6, None), (3, b'close'), (3, b'keep-alive'), (1, b'Keep-Alive, close'),
                           (1, b'CLOSE')))
    if connection and kind not in ('upgrade', 'header'):
        rq.lines.insert(draw(st.integers(0, len(rq.lines))), b'Connection: ' + connection)
    if kind not in ODD and not draw(st.integers(0, 4)):
        rq.coding = draw(st.sampled_from(CODINGS))
    particular(draw, rq, kind)
    raws = [rq.raw(False), rq.raw(True)]
    if kind == 'broken':        # a byte of it is another one, gone, or one too many
        at, what = draw(st.integers(0, len(raws[0]) - 5)), draw(st.sampled_from(SPOILT))
        replaced = draw(st.integers(0, 1))
        raws = [raw[:at] + what + raw[at + replaced:] for raw in raws]
    return raws, draw(st.integers(1, max(len(raws[0]) - 1, 1))), rq


def examples(kind, count, number, seen):
    """So many different ones of a kind."""
    found = []

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(requests(kind))
    def collect(one):
        assume(one[0][0] not in seen)
        seen.add(one[0][0])
        found.append(one)
    collect()
    assert len(found) == count, f'hypothesis made only {len(found)} of {count} requests: {kind}'
    return found


def generated(count, number):
    seen, total = set(), sum(KINDS.values())
    for kind, share in KINDS.items():
        yield from examples(kind, -int(-count * share // total), number, seen)
