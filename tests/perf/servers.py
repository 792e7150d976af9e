# SPDX-License-Identifier: GPL-2.0-only
"""The servers that are compared, one at a time on port 80, each with the configuration in conf/
that a fair expert gives it, none of them with a log of requests; and the files they serve.

	with running('kfront', backend=dict(KEEPALIVE='Off'), keepalive_timeout_ms=60000) as server: ...
"""
import contextlib
import gzip
import os
import random
import re
import subprocess
import apache
import kmod
from client import Closed, Conn, request, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = f'{HERE}/conf'
NULL_KO = '/kfront/null.ko'
DOCROOT, CGI = '/var/www/html', '/usr/lib/cgi-bin'
PATIENCE_MS = 60000                     # how long each keeps an idle connection
KIB, MIB = 1 << 10, 1 << 20
ENOUGH = 1000000                        # requests on one connection: nobody ends it


def put(url, data):
    """A file of the site, old enough for everybody's caches and validators."""
    path = f'{DOCROOT}{url}'
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as out:
        out.write(data)
    os.chmod(path, 0o644)
    os.utime(path, (1700000000, 1700000000))
    return url


def asset(size, name=None):
    """A picture of this size, and not one that compresses: its URL."""
    return put(name or f'/perf/{size}.png', random.Random(size).randbytes(size))


def page(size, name=None):
    """HTML of this size, as compressible as pages are, with its .gz beside it: its URL."""
    rng = random.Random(size)
    words = [''.join(rng.choices('etaoinshrdlu', k=rng.randint(2, 9))) for _ in range(1500)]
    text = '<!DOCTYPE html>\n<title>page</title>\n'
    while len(text) < size:
        text += f'<p class="{rng.choice(words)}">{" ".join(rng.choices(words, k=12))}</p>\n'
    data = text.encode()[:size]
    url = put(name or f'/perf/{size}.html', data)
    put(f'{url}.gz', gzip.compress(data, 9, mtime=1700000000))
    return url


def cgi(name='perf.cgi'):
    """The smallest CGI page there is, with its length: its URL."""
    return apache.cgi(name, "printf 'Content-Type: text/plain\\r\\nContent-Length: 5\\r\\n\\r\\npage\\n'\n")


def get(url='/', port=80, method='GET', **fields):
    """One answer on a connection of its own."""
    fields = {**{name.replace('_', '-'): value for name, value in fields.items()}, 'Connection': 'close'}
    lines = [f'{name}: {value}' for name, value in fields.items()]
    with Conn(port) as conn:
        return conn.send(request(url, method, headers=lines)).response(method)


class Server:
    name, process = None, None

    def __init__(self, **options):
        self.options = options

    def spawn(self, *command):
        self.out = open(f'/tmp/{self.name}.out', 'ab')
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)

    def answers(self, port=80):
        def there():
            if self.process and self.process.poll() is not None:
                with open(self.out.name) as said:
                    raise AssertionError(f'{self.name} ended: {said.read()}')
            with contextlib.suppress(OSError, Closed):
                return get('/perf/', port)
        return wait_for(there, f'{self.name} answers', pause=0.02)

    def start(self):
        raise NotImplementedError

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def version(self):
        return ''


HEAD = '\r\n'.join(('HTTP/1.1 200 OK', 'Date: Fri, 20 Nov 2026 12:00:00 GMT',
                    'Server: Apache/2.4.65 (Debian)',
                    'Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT', 'ETag: "{size:x}-60a24f2df0c00"',
                    'Accept-Ranges: bytes', 'Content-Length: {size}',
                    '{close}Content-Type: image/png', '', ''))


def answer(size, close=False):
    """What kfront and Apache answer for asset(size), but for the date: as long. (wrk takes two dozen
    instructions for each byte of a head.)"""
    head = HEAD.format(size=size, close='Connection: close\r\n' if close else '')
    return head.encode() + random.Random(size).randbytes(size)


class Null(Server):
    """tests/perf/null: the least that can answer. Options: answer=bytes, or size=64 for one that
    looks like a server's; close=1."""
    name = 'null'

    def start(self):
        size, close = self.options.get('size', 64), int(self.options.get('close', 0))
        with open('/tmp/null.answer', 'wb') as out:
            out.write(self.options.get('answer') or answer(size, close))
        subprocess.run(['insmod', NULL_KO, 'answer=/tmp/null.answer', f'close={close}'], check=True)

    def stop(self):
        """It cannot wait for its connections: so we do. Those in TIME-WAIT are not its own any more."""
        def free():
            words = ['ss', '-Htan', 'exclude', 'time-wait', 'exclude', 'listening', 'sport', '=', ':80']
            return not subprocess.run(words, capture_output=True, check=True).stdout
        if not os.path.exists('/sys/module/null'):
            return
        wait_for(free, 'no connection to the null responder is open', pause=0.02)
        subprocess.run(['rmmod', 'null'], check=True)


class Apache(Server):
    """conf/apache.conf. Options: PORT=80, and what else the file has a ${NAME} for."""
    name = 'apache'

    def start(self):
        define = {'PORT': 80, 'KEEPALIVE': 'On', **self.options}
        self.port = define['PORT']
        words = [word for name, value in define.items() for word in ('-C', f'Define {name} {value}')]
        os.makedirs('/run/apache2', exist_ok=True)
        self.spawn('apache2', '-DFOREGROUND', '-f', f'{CONF}/apache.conf', *words)
        self.answers(self.port)

    def version(self):
        return subprocess.run(['apache2', '-v'], capture_output=True, text=True).stdout.split()[2].split('/')[1]


class Kfront(Server):
    """The module with port 80 of its own, the same Apache behind it on 8080. Options: backend={...}
    for Apache; a sysctl's name and value; else a parameter of the module."""
    name = 'kfront'
    SYSCTLS = dict(keepalive_requests=ENOUGH, keepalive_timeout_ms=PATIENCE_MS)

    def start(self):
        options = {**self.SYSCTLS, **self.options}
        self.backend = Apache(PORT=8080, **options.pop('backend', {}))
        self.backend.start()
        params = {name: value for name, value in options.items() if name in self.params()}
        kmod.load(**params)
        kmod.sysctl('server_header', get('/perf/', 8080).get('Server'))
        for name in options.keys() - params.keys():
            kmod.sysctl(name, options[name])

    def params(self):
        words = ['modinfo', '-F', 'parm', kmod.KO]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return {line.split(':')[0] for line in said.splitlines()}

    def stop(self):
        if kmod.leftovers():
            kmod.unload()
        self.backend.stop()

    def version(self):
        """What is behind it."""
        return f'in front of Apache {self.backend.version()}'

    def warm(self, url, method='GET', **fields):
        """Until it answers this from its cache."""
        def hit():
            before = kmod.stats()
            get(url, method=method, **fields)
            return kmod.stats()['served_softirq'] > before['served_softirq']
        wait_for(hit, f'{url} is a hit', pause=0.2)


class Nginx(Server):
    name = 'nginx'

    def start(self):
        self.spawn('nginx', '-c', f'{CONF}/nginx.conf')
        self.answers()

    def version(self):
        return subprocess.run(['nginx', '-v'], capture_output=True, text=True).stderr.split('/')[-1].strip()


class Lighttpd(Server):
    name = 'lighttpd'

    def start(self):
        self.spawn('lighttpd', '-D', '-f', f'{CONF}/lighttpd.conf')
        self.answers()

    def version(self):
        said = subprocess.run(['lighttpd', '-v'], capture_output=True, text=True).stdout
        return said.split()[0].split('/')[1]


ALL = {one.name: one for one in (Null, Kfront, Nginx, Apache, Lighttpd)}


@contextlib.contextmanager
def running(name, **options):
    """This server, alone, on port 80, until the end."""
    server = ALL[name](**options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
