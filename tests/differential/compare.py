#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The answers to cases.py's requests: compare.py DIRECTORY

kfront's must be the backend's: status, head (names, order, values), body, how the connection
ended; of the value of Date ask.c has taken care. Both must be HTTP to the letter. What may
differ stands in JUSTIFIED, what the generated requests must have brought about in LEAST."""
import functools
import gzip
import json
import os
import re
import struct
import sys
import zlib
from collections import Counter, namedtuple
import h11
import cases
import files

# Of the generated requests, asked alone: at least so many of these.
LEAST = {'percent served by the kernel': 40, '200': 100, '206': 100, '304': 100, '412': 100, '416': 100, 'HEAD': 100, 'gzip': 100}
LEAST_REASON = 20
# Reasons for a hand-over that no client can bring about, whatever it sends.
NOT_BY_REQUEST = {
    'io_error': 'the file system fails', 'no_memory': 'memory runs out', 'disabled': 'sysctl enabled',
    'busy': 'a thousand lookups at once', 'max_connections': 'as many connections', 'unload': 'rmmod', 'unarmed': 'strict=1',
}
ENDS = 'FIN', 'RST', 'timeout', 'error'
LINES = re.compile(rb"HTTP/1\.[01] [1-5][0-9][0-9] [\x20-\x7e]*\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\x20-\x7e\t\x80-\xff]*\r\n)*\r\n")
Answer = namedtuple('Answer', 'version status reason head body')


class Wrong(Exception):
    """An answer that is no HTTP."""


def one(raw, method):
    """The first answer in raw, and the rest. A body that ends with the connection has all."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target='/', headers=[('Host', 'x')]))
    client.send(h11.EndOfMessage())
    if not LINES.match(raw):
        raise Wrong(f'odd head {raw[:300]!r}')
    body = b''
    try:
        client.receive_data(raw)
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(b'')
            elif isinstance(event, h11.InformationalResponse):
                head = bytes(client.trailing_data[0])
                return Answer(bytes(event.http_version), event.status_code, bytes(event.reason), event.headers.raw_items(), b''), head
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
    except h11.RemoteProtocolError as error:
        raise Wrong(str(error)) from None
    names = [name.lower() for name, _ in response.headers.raw_items()]
    for name in (b'content-length', b'transfer-encoding', b'date', b'content-type', b'etag', b'last-modified'):
        if names.count(name) > 1:
            raise Wrong(f'{name.decode()} twice')
    rest = bytes(client.trailing_data[0])
    if rest and client.their_state is h11.MUST_CLOSE:
        raise Wrong(f'bytes after the last answer: {rest[:100]!r}')
    return Answer(bytes(response.http_version), response.status_code, bytes(response.reason), [tuple(map(bytes, line)) for line in response.headers.raw_items()], body), rest


@functools.lru_cache(None)
def answers(raw, methods, old):
    """All the answers in raw. HTTP/0.9 has no heads: only who asked so may get one of it."""
    found = []
    for method in methods:
        if not raw:
            break
        if old and not raw.startswith(b'HTTP/'):
            return found + [Answer(b'0.9', 200, b'', [], raw)]
        status = 100
        while status < 200:
            answer, raw = one(raw, method)
            found.append(answer)
            status = answer.status
    if raw:
        raise Wrong(f'more answers than requests: {raw[:200]!r}')
    return found


def text(answer):
    """The body, decompressed if it is gzip and whole."""
    if (b'Content-Encoding', b'gzip') not in answer.head or not answer.body or answer.status == 206:
        return answer.body
    inflate = zlib.decompressobj(31)
    try:
        plain = inflate.decompress(answer.body) + inflate.flush()
    except zlib.error as error:
        raise Wrong(str(error)) from None
    if not inflate.eof or inflate.unused_data:
        raise Wrong('a gzip body that is cut short, or has something behind it')
    return plain


def without(answer, *names):
    return [line for line in answer.head if line[0].lower() not in names]


# --- what may differ: each takes (kfront's, the backend's) and says whether exactly this does ------
def compressed(ours, theirs):
    """kfront's zlib is the kernel's, and it knows the length beforehand: other bytes that mean the same, always
    with Content-Length. Apache sends chunks when its buffer is full before the end."""
    framing = b'content-length', b'transfer-encoding'
    return ours[:3] == theirs[:3] and (b'Content-Encoding', b'gzip') in ours.head and text(ours) == text(theirs) and ours.body and \
        (b'Content-Length', b'%d' % len(ours.body)) in ours.head and without(ours, *framing) == without(theirs, *framing)


def requests_left(ours, theirs):
    """Keep-Alive says how many more requests the connection may have. Handed over behind answers of kfront's, it
    is a new one to Apache. (That it had some stands in differences(): position is how many at most.)"""
    left = re.compile(rb'timeout=60, max=(\d+)')
    mine, others = ([left.fullmatch(value) for name, value in answer.head if name == b'Keep-Alive'] for answer in (ours, theirs))
    return ours[:3] == theirs[:3] and len(mine) == len(others) == 1 and mine[0] and others[0] and ours.body == theirs.body and \
        int(others[0][1]) < int(mine[0][1]) <= 100 and without(ours, b'keep-alive') == without(theirs, b'keep-alive')


def whole_gzip(ours, theirs):
    """Whoever takes gzip and asks for a part gets the whole from kfront: Apache gives a part of its own gzip bytes (or
    416, going by its own gzip's length), which are not kfront's, though the tag is the same. RFC 9110 lets a server
    ignore Range; Apache does so, too, where its gzip is longer than 8096 bytes."""
    part = b'content-length', b'content-range', b'content-type'
    return ours[:2] == (b'1.1', 200) and (b'Content-Encoding', b'gzip') in ours.head and text(ours) in SITE and \
        (theirs.status == 416 or theirs.status == 206 and without(ours, *part) == without(theirs, *part))


JUSTIFIED = [compressed, requests_left, whole_gzip]
SITE = set((files.PLAIN | files.ESCAPED).values())
assert len(JUSTIFIED) <= 10


def differences(ours, theirs, used):
    """In words; ours and theirs are (answers, how it ended)."""
    if ours[1] != theirs[1]:
        yield f'kfront ended it with {ours[1]}, the backend with {theirs[1]}'
    if len(ours[0]) != len(theirs[0]):
        yield f'kfront gave {len(ours[0])} answers, the backend {len(theirs[0])}'
    for a, b in zip(ours[0], theirs[0]):
        if a == b:
            continue
        entry = next((entry for entry in JUSTIFIED if entry(a, b)), None)
        if entry:
            used[entry.__name__] += 1
        else:
            yield ', '.join(f'{name} {mine!r} is not {other!r}' for name, mine, other in zip(a._fields[:3], a, b) if mine != other) or \
                'the head differs' * (a.head != b.head) or 'the body differs'


def methods(raw):
    """What was asked, as far as that decides whether an answer has a body. (To a line that Apache cannot read it
    says 400, with a body, whatever the method might have been.)"""
    lines = re.findall(rb'(?:\A|\n)([^\s:]+ [^\r\n][^\n]*\n?)', raw)
    return tuple('HEAD' if re.fullmatch(rb'HEAD [^\s\0]+ HTTP/[0-9]\.[0-9]\r?\n', line) else 'GET' for line in lines) + ('GET',)


def is_old(raw):
    return bool(re.search(rb'(?:\A|\n)[A-Za-z]+[ \t]+[^\s]+[ \t]*\r?(?:\n|\Z)', raw))


class Phase:
    def __init__(self, directory, name, used):
        self.name, self.used, self.failures, self.classes = name, used, [], Counter()
        self.cases = cases.load(f'{directory}/cases/{name}')
        blobs = self.blobs(f'{directory}/out/{name}.answers')
        seen = [{} for _ in self.cases]
        with open(f'{directory}/out/{name}.results', 'rb') as file:
            for number, cut, port, end, blob in struct.iter_unpack('5I', file.read()):
                seen[number][port, cut] = blobs[blob], ENDS[end]
        for case, got in zip(self.cases, seen):
            self.judge(case, got)

    @staticmethod
    def blobs(path):
        with open(path, 'rb') as file:
            data = file.read()
        at, found = 0, []
        while at < len(data):
            size, = struct.unpack_from('I', data, at)
            found.append(data[at + 4:at + 4 + size])
            at += 4 + size
        return found

    def judge(self, case, got):
        asked = methods(case.raw), is_old(case.raw)
        theirs = [got.pop((port, cut)) for port, cut in list(got) if port == 8080]
        if len(theirs) != 1 or sorted(got) != sorted((80, cut) for cut in set(case.cuts)):
            self.failures.append((case, 0, 'not every question was asked', {}))
            return
        whole = None
        for (_, cut), ours in got.items():
            try:
                both = [(answers(raw, *asked), end) for raw, end in (ours, theirs[0])]
                whole = whole or both[0][0]
                wrong = list(differences(*both, self.used))
            except Wrong as error:
                wrong = [str(error)]
            if 'timeout' in (ours[1], theirs[0][1]):
                wrong.append('somebody never ended')
            if wrong:
                self.failures.append((case, cut, '; '.join(wrong), {'kfront ': ours[0], 'backend': theirs[0][0]}))
        if whole:
            self.classes[str(whole[0].status)] += 1
            self.classes['HEAD'] += asked[0][0] == 'HEAD' and whole[0].version > b'1'
            self.classes['gzip'] += (b'Content-Encoding', b'gzip') in whole[0].head


def literal(raw):
    """As Python writes it, long repetitions short."""
    return re.sub(r'((?:\\x..|\\?.){1,60}?)\1{20,}', lambda m: f"' + {m[1]!r}.encode() * {len(m[0]) // len(m[1])} + b'", repr(raw)) \
        if len(raw) > 3000 else repr(raw)


def brief(raw):
    """An answer without what fills the screen."""
    return re.sub(rb'(?s)(\r\n\r\n.{30})(?:(?!HTTP/1).){100,}', lambda m: b'%s...%d bytes...' % (m[1], len(m[0]) - 34), raw)[:4000]


def report(name, wrong):
    print('not ok' if wrong else 'ok', f'differential-{name}')
    for line in wrong:
        print('#', line)
    return bool(wrong)


def shown(failures):
    """The first of each sort."""
    sorts = {}
    for case, cut, why, got in failures:
        sorts.setdefault(re.sub(r'\d+', '', why)[:60], []).append((case, cut, why, got))
    for some in sorts.values():
        yield f'{len(some)} times like these:'
        for case, cut, why, got in some[:int(os.environ.get('KFRONT_SHOW', 5))]:
            yield f'  {why}'
            for who, raw in got.items():
                yield f'    {who} {brief(raw)!r}'
            yield f"    again: tests/differential/run --case \"{literal(case.raw)}\" {cut:#x}"


def can_fail():
    """What is wrong with the comparison itself: pairs that must, and must not, be told apart."""
    head = (b'HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nETag: "1-2-gzip"\r\nContent-Length: 4\r\n'
            b'Keep-Alive: timeout=60, max=99\r\nConnection: Keep-Alive\r\nContent-Type: text/html\r\n\r\n')
    plain = files.PLAIN['a.html']
    mine, others = (gzip.compress(plain, level, mtime=0) for level in (9, 1))
    coded = b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s\r\n\r\n%s'
    ours = coded % (b'Content-Length: %d' % len(mine), mine)
    chunks = coded % (b'Transfer-Encoding: chunked', b'%x\r\n%s\r\n0\r\n\r\n' % (len(others), others))
    part = b'HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nabcd'

    def verdict(one, two, ends=('FIN', 'FIN')):
        used = Counter()
        try:
            wrong = list(differences(*((answers(raw, ('GET', 'GET'), False), end) for raw, end in zip((one, two), ends)), used))
        except Wrong:
            return 'no HTTP'
        return 'different' if wrong else ' '.join(used) or 'same'
    body = head + b'abcd'
    tries = [(body, body, 'same'), (body + body, body + body, 'same'), (body, body + body, 'different'), (body, b'', 'different'),
             (ours, chunks, 'compressed'), (ours, ours[:-4] + b'abcd', 'no HTTP'), (ours.replace(b'OK', b'Ok'), chunks, 'different'),
             (ours, chunks.replace(b'Content-E', b'X: y\r\nContent-E'), 'different'), (chunks, ours, 'different'),
             (coded % (b'Content-Length: %d' % len(mine), mine), coded % (b'Content-Length: 23', gzip.compress(b'abc', mtime=0)), 'different'),
             (ours, part, 'whole_gzip'), (body, part, 'different'), (part, ours, 'different'), (ours, part.replace(b'gzip', b'br'), 'different')]
    for old, new, want in ((b'200', b'206', 'different'), (b'OK', b'Ok', 'different'), (b'ETag', b'Etag', 'different'), (b'1-2', b'1-3', 'different'),
                           (b'Date: Thu', b'Date: Fri', 'different'), (b'h: 4', b'h: 3', 'no HTTP'), (b'h: 4', b'h: 5', 'no HTTP'), (b'abcd', b'abcD', 'different'),
                           (b'Connection: Keep-Alive\r\nContent-Type: text/html', b'Content-Type: text/html\r\nConnection: Keep-Alive', 'different'),
                           (b'Connection: Keep-Alive\r\n', b'', 'different'), (b'\r\nETag', b'\nETag', 'no HTTP'), (b'ETag:', b'ETag :', 'no HTTP'),
                           (b'max=99', b'max=98', 'requests_left'), (b'max=99', b'max=100', 'different'), (b'timeout=60', b'timeout=5', 'different'),
                           (b'ETag', b'ETag: "x"\r\nETag', 'no HTTP'), (b'HTTP/1.1', b'HTTP/1.0', 'different')):
        tries.append((body, body.replace(old, new), want))
    wrong = [f'{verdict(one, two)}, not {want}: {one!r} {two!r}' for one, two, want in tries if verdict(one, two) != want]
    return wrong + ['RST is not FIN'] * (verdict(body, body, ('FIN', 'RST')) != 'different')


def reasons():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../kmod/reason.h'), encoding='ascii') as file:
        names = re.findall(r'\b_\(\w+, (\w+)\)', file.read())
    unknown = set(NOT_BY_REQUEST) - set(names)
    assert names and not unknown, f'no reasons: {unknown}'
    return [name for name in names if name not in NOT_BY_REQUEST]


def main():
    directory = sys.argv[1]
    used = Counter()
    with open(f'{directory}/out/counters.json', encoding='ascii') as file:
        counters = json.load(file)
    phases = {name: Phase(directory, name, used) for name in cases.PHASES}
    failed = report('can-fail', can_fail())
    for name, phase in phases.items():
        if phase.cases:
            failed += report(name, list(shown(phase.failures)))
    for name, counts in counters.items():
        bad = [f'{what} {count}' for what, count in counts.items() if re.match('killed_|handover_failed_|timeouts_|responses_[45]', what)]
        failed += report(f'{name}-counters', bad)
    if phases['alone'].cases:
        alone, counts = phases['alone'], counters['alone']
        got = Counter(alone.classes)
        got['percent served by the kernel'] = 100 * counts.get('requests', 0) // len(alone.cases)
        for what, least in LEAST.items():
            failed += report(f'share: {what}: {got[what]}', [f'fewer than {least}'] * (got[what] < least))
        for name in reasons():
            count = counts.get(f'handed_over_{name}', 0)
            failed += report(f'reason: {name}: {count}', [f'fewer than {LEAST_REASON}'] * (count < LEAST_REASON))
        for entry in JUSTIFIED:
            failed += report(f'justified: {entry.__name__}: {used[entry.__name__]}', [] if used[entry.__name__] else ['never needed'])
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
