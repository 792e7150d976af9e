# SPDX-License-Identifier: GPL-2.0-only
"""What a server is asked, alone and with kfront in front of it, inline: every kind of
request, counted by its line and by who has answered it."""
import collections
import contextlib
import re
import threading
from servers import KERNEL_SAYS, by_kernel
from lib import *

PAGE, CSS, MISSING = 'page.html', 'a.css', 'none.html'
BODY = b'a page of the site\n' * 50
REQUEST = re.compile(rb'^([A-Z]+ /\S*) HTTP/1', re.M)
MARK = f'\r\nServer: {KERNEL_SAYS}\r\n'.encode()


def site(name):
    """The files that are asked for; the URL of their directory."""
    top, base = fresh(name)
    for name in (PAGE, CSS, 'background.html', 'page.unknown', '.hidden.html'):
        put(f'{top}/{name}', BODY)
    put(f'{top}/dir/a.html', 'in a directory')
    ripe(f'{top}/dir/a.html')
    return base


def status_and_body(raw):
    head, _, body = raw.partition(b'\r\n\r\n')
    return head[9:12], body


class Asking:
    """Answers by the line that was asked, and those of them that the kernel gave."""
    def __init__(self):
        self.sent, self.ours = collections.Counter(), collections.Counter()

    def count(self, raw, answers=1, ours=0):
        lines = [line.decode() for line in REQUEST.findall(raw)][:answers]
        self.sent.update(lines)
        self.ours.update(lines[:ours])


class Client(Asking, threading.Thread):
    """Asks for a page and for one that is not there, again and again, while go is set."""
    def __init__(self, base, go):
        threading.Thread.__init__(self)
        Asking.__init__(self)
        self.base, self.go, self.turn = base, go, threading.Lock()
        self.stop, self.error = False, None

    def run(self):
        try:
            while not self.stop:
                with Conn() as conn:
                    for number in range(6):
                        self.go.wait()
                        with self.turn:
                            answer = self.ask(conn, number % 2)
                        if answer.get('Connection') == 'close' or self.stop:
                            break
        except Exception as error:      # told to the main thread
            self.error = error

    def ask(self, conn, missing):
        raw = request(f'{self.base}/{"no" if missing else "back"}ground.html')
        answer = conn.send(raw).response()
        assert (answer.status, answer.body == BODY) == ((404, False) if missing else (200, True)), answer.line
        self.count(raw, ours=by_kernel(answer))
        return answer


def more(clients, count):
    """Until each has asked so often again."""
    then = [client.sent.total() for client in clients]
    wait_for(lambda: any(client.error for client in clients) or
             all(client.sent.total() >= was + count for client, was in zip(clients, then)),
             'clients are answered')


@contextlib.contextmanager
def paused(clients, go):
    """Between two requests each, with their connections open."""
    go.clear()
    for client in clients:
        client.turn.acquire()
    try:
        yield
    finally:
        for client in clients:
            client.turn.release()
        go.set()


class Visit(Asking):
    """All that one server is asked by the main thread."""
    def __init__(self, server, base):
        super().__init__()
        self.server, self.base = server, base

    def raw(self, path, *headers, method='GET', close=True, **more):
        headers = list(headers) + ['Connection: close'] * close
        return request(f'{self.base}/{path}', method, headers=headers, **more)

    def static(self):
        """What the kernel answers."""
        return [self.raw(CSS), self.raw(PAGE), self.raw(PAGE, method='HEAD'), self.raw(PAGE, version='1.0'),
                self.raw(f'{PAGE}?a=b'),
                self.raw(CSS, 'User-Agent: Mozilla/5.0', 'Accept: text/css', 'Accept-Language: de')]

    def other(self):
        """What it must not."""
        return [self.raw(MISSING), self.raw(MISSING, version='1.0'), self.raw('dir'), self.raw('dir/'),
                self.raw(PAGE, method='POST', body=b'abc'), self.raw(PAGE, method='OPTIONS'),
                self.raw(PAGE, method='DELETE'), self.raw(PAGE, 'Range: bytes=99999-'),
                self.raw(PAGE, 'Accept-Encoding: gzip', version='1.0'), self.raw('page.unknown'),
                self.raw('.hidden.html')]

    def ask(self, raw, **more):
        answer = exchange(raw, **more)
        self.count(raw, ours=MARK in answer)
        return normal(answer)

    def ask_kernel(self, raw, **more):
        """Until the kernel answers: a connection that comes while the server is in accept() is
        the server's."""
        answer = wait_for(lambda: (MARK in (found := self.ask(raw, **more))) and found,
                          f'{raw!r} is answered by the kernel', 20)
        return answer

    def halves(self, raw):
        """A head in two parts; the other side has seen the first when the second leaves."""
        with Conn() as conn:
            conn.send(raw[:25], raw[25:])
            answer = conn.rest()
        self.count(raw, ours=MARK in answer)
        return normal(answer)

    def pipelined(self):
        """Static, other, static in one segment: status and body of each answer that comes."""
        raw = self.raw(PAGE, close=False) + self.raw(MISSING, close=False) + self.raw(CSS)
        with Conn() as conn:
            conn.send(raw)
            got = [conn.response() for _ in range(2)]
            if got[1].get('Connection') != 'close':
                got.append(conn.response())
            conn.closed()
        assert not any(by_kernel(answer) for answer in got[1:])
        self.count(raw, len(got), by_kernel(got[0]))
        return [(answer.status, answer.body) for answer in got]

    def on(self, conn):
        """A page over this connection, which goes on. By the kernel?"""
        raw = self.raw(PAGE, close=False)
        answer = conn.send(raw).response()
        assert (answer.status, answer.body) == (200, BODY), answer.head
        assert answer.get('Connection') != 'close', answer.head
        self.count(raw, ours=by_kernel(answer))
        return by_kernel(answer)

    def alone(self):
        """The server's answers without the module, and a connection that it has."""
        self.plain = [self.ask(raw) for raw in self.static() + self.other()]
        self.half, self.pipe = self.halves(self.raw(MISSING)), self.pipelined()
        self.old = Conn()
        self.on(self.old)
        assert not self.ours

    def fronted(self):
        """The same with the module: nobody but the counters and the log can tell."""
        split, before = len(self.static()), stats()
        for raw, plain in zip(self.static(), self.plain):
            now = self.ask_kernel(raw)
            assert status_and_body(now) == status_and_body(plain), f'{raw!r}:\n  {now!r}\n  {plain!r}'
        others = self.other() + [self.raw(MISSING)]
        for raw, plain in zip(others, self.plain[split:] + [self.half]):
            now = self.ask(raw) if raw is not others[-1] else self.halves(raw)
            assert now == plain, f'{raw!r}:\n  with the module {now!r}\n  without {plain!r}'
        assert 3 / 4 * len(others) < delta(before, 'handed_over') <= len(others), changed(before)
        assert self.pipelined() == self.pipe
        if self.server.ipv6:
            check('  over IPv6; on a connection from before')
            assert BODY in self.ask_kernel(self.raw(PAGE), host='::1')
            assert b' 404 ' in self.ask(self.raw(MISSING), host='::1')
        assert not self.on(self.old), 'a connection that the server had'

    def held(self):
        """Connections in kfront that rmmod has to give back: idle, half a head, silent."""
        idle = wait_for(lambda: self.on(conn := Conn()) and conn, 'the kernel has a connection', 20)
        half, silent, raw = Conn(), Conn(), self.raw(PAGE)
        half.send(raw[:40]).taken()
        wait_for(lambda: stats()['connections_open'] >= 2, 'they are in the kernel')
        return idle, half, silent, raw

    def given_back(self, idle, half, silent, raw):
        for conn in (self.old, idle, silent):
            assert not self.on(conn)
            conn.close()
        answer = half.send(raw[40:]).response()
        assert (answer.status, answer.body) == (200, BODY) and not by_kernel(answer), answer.head
        self.count(raw)
        half.close()
