#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The answers to cases.py's requests: compare.py DIRECTORY

kfront's must be the backend's: status, head (names, order, values), body, how the connection
ended; of the value of Date ask.c has taken care. Both must be HTTP to the letter. What may
differ stands in JUSTIFIED, what the generated requests must have brought about in LEAST."""
import functools
import json
import os
import re
import shlex
import struct
import sys
import zlib
from collections import Counter, namedtuple
import h11
import can_fail
import cases
import files

# Of 5000 generated requests, each asked alone in two ways: at least so many of these.
FULL = 5000
LEAST = {'percent served by the kernel': 40, '200': 100, '206': 100, '304': 100, '412': 100, '416': 100,
         'HEAD': 100, 'gzip': 100}
LEAST_REASON = 20
# Reasons for a hand-over that no client can bring about, whatever it sends.
NOT_BY_REQUEST = {
    'io_error': 'the file system fails', 'no_memory': 'memory runs out', 'disabled': 'sysctl enabled',
    'busy': 'a thousand lookups at once', 'max_connections': 'as many connections',
    'unload': 'rmmod', 'unarmed': 'strict=1',
}
TROUBLE = re.compile('killed_|handover_failed_|timeouts_|responses_[45]')        # counters that must not move
ENDS = 'FIN', 'RST', 'timeout', 'error'
HEAD = re.compile(rb"HTTP/1\.[01] [1-5][0-9][0-9] [\x20-\x7e]*\r\n"
                  rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\x20-\x7e\t\x80-\xff]*\r\n)*\r\n")
ONCE = b'content-length', b'transfer-encoding', b'date', b'content-type', b'etag', b'last-modified'
Answer = namedtuple('Answer', 'version status reason head body')


class Wrong(Exception):
    """An answer that is no HTTP."""


def one(raw, method):
    """The first answer in raw, and the rest. A body without a length ends with the connection."""
    if not HEAD.match(raw):
        raise Wrong(f'odd head {raw[:300]!r}')
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target='/', headers=[('Host', 'x')]))
    client.send(h11.EndOfMessage())
    client.receive_data(raw)
    response, body, event = None, b'', None
    try:
        while not isinstance(event, (h11.EndOfMessage, h11.InformationalResponse)):
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(b'')
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, (h11.Response, h11.InformationalResponse)):
                response = event
    except h11.RemoteProtocolError as error:
        raise Wrong(str(error)) from None
    head = [tuple(map(bytes, line)) for line in response.headers.raw_items()]
    names = [name.lower() for name, _ in head]
    if any(names.count(name) > 1 for name in ONCE):
        raise Wrong(f'twice the same name: {names}')
    rest = bytes(client.trailing_data[0])
    if rest and client.their_state is h11.MUST_CLOSE:
        raise Wrong(f'bytes after the last answer: {rest[:100]!r}')
    line = bytes(response.http_version), response.status_code, bytes(response.reason)
    return Answer(*line, head, body), rest


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
            try:
                answer, raw = one(raw, method)
            except Wrong:
                if not raw.startswith(b'HTTP/1.1 400 '):
                    raise
                answer, raw = one(raw, 'GET')       # who cannot read a line knows of no HEAD in it
            found.append(answer)
            status = answer.status
    if raw:
        raise Wrong(f'more answers than requests: {raw[:200]!r}')
    return found


def is_gzip(answer):
    return (b'Content-Encoding', b'gzip') in answer.head


def text(answer):
    """The body, decompressed if it is gzip and whole."""
    if not is_gzip(answer) or not answer.body or answer.status == 206:
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
    """kfront's zlib is the kernel's, and it knows the length beforehand: other bytes that mean the same,
    always with Content-Length. Apache sends chunks when 8096 bytes are full before it has seen the end."""
    framing = b'content-length', b'transfer-encoding'
    return ours[:3] == theirs[:3] and is_gzip(ours) and text(ours) == text(theirs) and ours.body and \
        (b'Content-Length', b'%d' % len(ours.body)) in ours.head and \
        without(ours, *framing) == without(theirs, *framing)


def requests_left(ours, theirs):
    """Keep-Alive says how many more requests the connection may have. Handed over behind answers of kfront's,
    it is a new one to Apache, which says more. Nothing else differs."""
    left = re.compile(rb'timeout=60, max=(\d+)')
    mine, others = (left.fullmatch(dict(answer.head).get(b'Keep-Alive', b'')) for answer in (ours, theirs))
    return ours[:3] == theirs[:3] and ours.body == theirs.body and mine and others and \
        int(others[1]) < int(mine[1]) <= 100 and \
        without(ours, b'keep-alive') == without(theirs, b'keep-alive')


def whole_gzip(ours, theirs):
    """Who takes gzip and asks for a part gets the whole from kfront: Apache gives a part of its own gzip, or
    416 going by its length, and its bytes need not be kfront's, though the tag is the same. RFC 9110 lets a
    server ignore Range; Apache ignores it, too, where it sends chunks."""
    part = b'content-length', b'content-range', b'content-type'
    return ours[:2] == (b'1.1', 200) and is_gzip(ours) and text(ours) in SITE and \
        (theirs.status == 416 or theirs.status == 206 and without(ours, *part) == without(theirs, *part))


JUSTIFIED = [compressed, requests_left, whole_gzip]         # answer by answer
SITE = set((files.PLAIN | files.ESCAPED).values())
assert len(JUSTIFIED) + 1 <= 10


def bare_newline(ours, theirs, raw):
    """Apache drops empty lines between requests, also one of a bare LF, if they are there when it has
    answered; at the beginning of a connection it says 400 to such a LF, and handed over, it begins so."""
    known = len(ours) - 1
    return known and ours[-1].status == 400 and ours[:known] == theirs[:known] and \
        len(re.findall(rb'\r\n\r\n(?:\r\n)*\n', raw)) == 1


def differences(ours, theirs, used, raw=b''):
    """In words; ours and theirs are (answers, how it ended)."""
    if ours != theirs and bare_newline(ours[0], theirs[0], raw):
        used['bare_newline'] += 1
        return
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
            names = [name for name, mine, other in zip(a._fields, a, b) if mine != other]
            yield f'other {", ".join(names)}: {a.status}, not {b.status}'


def methods(raw):
    """What was asked, as far as that decides whether an answer has a body."""
    names = re.findall(rb'(?:\A|\n)([^\s:]+) [^\r\n]', raw)
    return tuple('HEAD' if name == b'HEAD' else 'GET' for name in names) + ('GET',)


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
                wrong = list(differences(*both, self.used, case.raw))
            except Wrong as error:
                wrong = [str(error)]
            if 'timeout' in (ours[1], theirs[0][1]):
                wrong.append('somebody never ended')
            if wrong:
                said = {'kfront ': ours[0], 'backend': theirs[0][0]}
                self.failures.append((case, cut, '; '.join(wrong), said))
        if whole:
            self.classes[str(whole[0].status)] += 1
            self.classes['HEAD'] += asked[0][0] == 'HEAD' and whole[0].version > b'1'
            self.classes['gzip'] += is_gzip(whole[0])


def literal(raw):
    """As Python writes it, long repetitions short."""
    if len(raw) < 3000:
        return repr(raw)
    return re.sub(r'((?:\\x..|\\?.){1,60}?)\1{20,}',
                  lambda m: f"' + b'{m[1]}' * {len(m[0]) // len(m[1])} + b'", repr(raw))


def brief(raw):
    """An answer without what fills the screen."""
    return re.sub(rb'(?s)(\r\n\r\n.{30})(?:(?!HTTP/1).){100,}',
                  lambda m: b'%s...%d bytes...' % (m[1], len(m[0]) - 34), raw)[:4000]


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
            how = f'{shlex.quote(literal(case.raw))} {cut:#x} {case.flags}'
            yield f'    again: tests/differential/run --case {how}'


def reasons():
    """Those that a request can bring about."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(f'{here}/../../kmod/reason.h', encoding='ascii') as file:
        names = re.findall(r'\b_\(\w+, (\w+)\)', file.read())
    assert names and set(NOT_BY_REQUEST) <= set(names), f'no reasons: {set(NOT_BY_REQUEST) - set(names)}'
    return [name for name in names if name not in NOT_BY_REQUEST]


def shares(alone, counts, used):
    """What the generated requests must have brought about; how many failed."""
    failed = 0
    got = Counter(alone.classes)
    got['percent served by the kernel'] = 100 * counts.get('requests', 0) // len(alone.cases)
    part = min(1, len(alone.cases) / FULL / 2)
    for what, least in LEAST.items():
        least = least if 'percent' in what else int(least * part)
        failed += report(f'share: {what}: {got[what]}', [f'fewer than {least}'] * (got[what] < least))
    for name in reasons():
        count = counts.get(f'handed_over_{name}', 0)
        least = int(LEAST_REASON * part)
        failed += report(f'reason: {name}: {count}', [f'fewer than {least}'] * (count < least))
    for name in [entry.__name__ for entry in JUSTIFIED] + ['bare_newline']:
        failed += report(f'justified: {name}: {used[name]}', ['never needed'] * (not used[name]))
    return failed


def main():
    directory = sys.argv[1]
    used = Counter()
    with open(f'{directory}/out/counters.json', encoding='ascii') as file:
        counters = json.load(file)
    failed = report('can-fail', can_fail.can_fail(sys.modules[__name__]))
    phases = {name: Phase(directory, name, used) for name in cases.PHASES}
    for name, phase in phases.items():
        if phase.cases:
            failed += report(name, list(shown(phase.failures)))
    for name, counts in counters.items():
        bad = [f'{what} {count}' for what, count in counts.items() if TROUBLE.match(what)]
        failed += report(f'{name}-counters', bad)
    if phases['alone'].cases:
        failed += shares(phases['alone'], counters['alone'], used)
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
