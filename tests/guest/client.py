# SPDX-License-Identifier: GPL-2.0-only
"""An HTTP/1.x client on raw sockets that believes nothing: it sends exactly the
bytes it is given, in the segments it is given, and takes only answers that are
correct to the byte. Everything has a deadline; nothing sleeps blindly."""
import contextlib
import ctypes
import errno
import fcntl
import gzip
import os
import re
import socket
import struct
import time

DEADLINE = 60          # seconds for one answer, whatever the machine
SIOCOUTQ = 0x5411      # bytes sent that the peer's kernel has not taken yet
CLONE_NEWNET = 0x40000000
STATUS = re.compile(rb'HTTP/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)')
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x20-\x7e\t]*)")


class Closed(Exception):
    """The peer closed (FIN) where more was due; .got are the bytes that came."""
    def __init__(self, got=b''):
        super().__init__(f'closed after {len(got)} bytes: {bytes(got[:200])!r}')
        self.got = bytes(got)


def wait_for(condition, what, deadline=DEADLINE, pause=0.005):
    """Poll until condition() is true; its value. What never comes is an error."""
    end = time.monotonic() + deadline
    while True:
        late = time.monotonic() > end       # before we look: whoever sleeps too long looks once more
        value = condition()
        if value:
            return value
        if late:
            raise AssertionError(f'not within {deadline} s: {what}')
        time.sleep(pause)


@contextlib.contextmanager
def netns(name):
    """Sockets made inside belong to the network namespace `name` (None: stay)."""
    if name is None:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    there = os.open(f'/run/netns/{name}', os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)


class Response:
    """One answer, split but not interpreted: status, fields as sent, body."""
    def __init__(self, head):
        lines = head[:-4].split(b'\r\n')
        match = STATUS.fullmatch(lines[0])
        assert match, f'bad status line {lines[0]!r}'
        self.head, self.line, self.status = head, lines[0], int(match[1])
        self.fields, self.body = [], b''
        for line in lines[1:]:
            match = FIELD.fullmatch(line)
            assert match, f'bad header line {line!r}'
            self.fields.append((match[1].decode(), match[2].decode()))
        names = [name.lower() for name, _ in self.fields]
        for name in ('content-length', 'transfer-encoding', 'date', 'content-type', 'etag'):
            assert names.count(name) <= 1, f'{name} twice in {head!r}'

    def get(self, name, default=None):
        for field, value in self.fields:
            if field.lower() == name.lower():
                return value
        return default

    def plain(self):
        """The body, decompressed."""
        coding = self.get('Content-Encoding')
        assert coding in (None, 'gzip'), coding
        return gzip.decompress(self.body) if coding and self.body else self.body

    def same(self, other, ignore=('date',)):
        """Equal in status, fields in order, and body; ignoring these fields' values. Compressed
        bytes are another zlib's, and their length is not always told."""
        for one, two in ((self.line, other.line), (self.shown(ignore), other.shown(ignore)),
                         (self.plain(), other.plain())):
            if one != two:
                if len(one) > 2000:
                    one, two = one[:200], two[:200]
                raise AssertionError(f'answers differ:\n  {one!r}\n  {two!r}')

    def shown(self, ignore):
        drop = ('content-length', 'transfer-encoding') if self.get('Content-Encoding') else ()
        return [(name, '*' if name.lower() in ignore else value) for name, value in self.fields
                if name.lower() not in drop]


class Conn:
    """One connection; made at once."""
    def __init__(self, port=80, host='127.0.0.1', src=None, rcvbuf=None, mss=None, ns=None, timeout=DEADLINE):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        with netns(ns):
            self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if mss:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
        if src:
            self.sock.bind((src, 0))
        self.sock.connect((host, port))
        self.buf = bytearray()

    def __enter__(self):
        return self

    def fileno(self):
        return self.sock.fileno()

    def __exit__(self, *_):
        self.close()

    def send(self, *segments):
        """Send each piece as a segment of its own: the next one leaves only when
        the peer's kernel has taken the one before."""
        for number, data in enumerate(segments):
            if number:
                self.taken()
            self.sock.sendall(data)
        return self

    def unacknowledged(self):
        return struct.unpack('i', fcntl.ioctl(self.sock, SIOCOUTQ, b'\0\0\0\0'))[0]

    def taken(self):
        def done():
            error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise ConnectionResetError(error, os.strerror(error))
            return not self.unacknowledged()
        wait_for(done, 'bytes taken by the server', pause=0.0002)

    def fill(self):
        data = self.sock.recv(262144)
        if not data:
            raise Closed(self.buf)
        self.buf += data

    def response(self, method='GET'):
        """Read exactly one answer, strictly."""
        while True:
            end = self.buf.find(b'\r\n\r\n')
            if end >= 0:
                break
            assert len(self.buf) < 65536, 'a head without end'
            self.fill()
        answer = Response(bytes(self.buf[:end + 4]))
        del self.buf[:end + 4]
        length, coding = answer.get('Content-Length'), answer.get('Transfer-Encoding')
        if method == 'HEAD' or answer.status in (204, 304):
            return answer
        if coding is not None:
            assert coding == 'chunked' and length is None, (coding, length)
            answer.body = self.chunks()
        elif length is not None:
            assert re.fullmatch('0|[1-9][0-9]*', length), f'Content-Length {length!r}'
            answer.body = self.take(int(length))
        else:
            with contextlib.suppress(Closed):
                while True:
                    self.fill()
            answer.body = self.take(len(self.buf))
        return answer

    def take(self, count):
        while len(self.buf) < count:
            self.fill()
        data = bytes(self.buf[:count])
        del self.buf[:count]
        return data

    def chunks(self):
        body = b''
        while True:
            while b'\r\n' not in self.buf:
                self.fill()
            size = int(self.take(self.buf.index(b'\r\n') + 2), 16)
            body += self.take(size)
            assert self.take(2) == b'\r\n', 'chunk without CRLF'
            if not size:
                return body

    def get(self, path, method='GET', **more):
        return self.send(request(path, method, **more)).response(method)

    def rest(self):
        """All that comes until the peer's FIN; a reset is an error."""
        with contextlib.suppress(Closed):
            while True:
                self.fill()
        return self.take(len(self.buf))

    def closed(self, deadline=DEADLINE):
        """The peer must now close, cleanly and without another byte."""
        self.sock.settimeout(deadline)
        rest = self.rest()
        assert rest == b'', f'bytes after the last answer: {rest[:200]!r}'

    def silent(self, seconds):
        """Nothing may come for this long (a promise about time, not a wait)."""
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(65536)
            raise AssertionError(f'expected silence, got {data[:200]!r}')
        except socket.timeout:
            self.sock.settimeout(DEADLINE)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Close with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def is_reset(self, deadline=DEADLINE):
        """The peer must reset; bytes before it are thrown away."""
        self.sock.settimeout(deadline)
        try:
            while self.sock.recv(262144):
                pass
        except OSError as error:
            assert error.errno == errno.ECONNRESET, error
            return
        raise AssertionError('closed, not reset')

    def close(self):
        self.sock.close()


def request(path, method='GET', host='localhost', version='1.1', headers=(), body=b''):
    """The bytes of a request; headers are 'Name: value' strings."""
    lines = [f'{method} {path} HTTP/{version}'] + ([f'Host: {host}'] if host else []) + list(headers)
    if body:
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def get(path, method='GET', port=80, server='127.0.0.1', src=None, ns=None, **more):
    """One request on a connection of its own, closed by the server afterwards."""
    more['headers'] = list(more.get('headers', ())) + ['Connection: close']
    with Conn(port, server, src, ns=ns) as conn:
        answer = conn.get(path, method, **more)
        conn.closed()
    return answer


def exchange(raw, port=80, half_close=True, **more):
    """Send bytes, say no more, return every byte of the answer until the FIN."""
    with Conn(port, **more) as conn:
        conn.send(raw)
        if half_close:
            conn.half_close()
        return conn.rest()


def normal(raw):
    """An answer without what legitimately differs between two askings at two ports."""
    raw = re.sub(rb'\r\n(Date|Expires): [^\r]*', rb'\r\n\1: *', raw)       # kfront says no Expires
    if b'REMOTE_PORT=' in raw:          # a CGI's: Apache frames it as its timing has it
        raw = re.sub(rb'\r\n(Transfer-Encoding: chunked|Content-Length: \d+)(?=\r\n)', b'', raw)
        raw = re.sub(rb'(\r\n\r\n|(?<=\n)\r\n)[0-9a-f]+\r\n', b'\r\n\r\n', raw).rstrip()
        raw = re.sub(rb'(REMOTE_PORT=)\d+', rb'\1*', raw)
    return raw.replace(b' Port 8080<', b' Port 80<')
