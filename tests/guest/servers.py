# SPDX-License-Identifier: GPL-2.0-only
"""The servers that kfront is loaded in front of, inline: Debian's, as they come, one at a
time on port 80 with the tests' site, each with a log of every request; and a tiny one
for what none of them does."""
import collections
import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import apache
from client import Closed, get, wait_for
from kmod import DOCROOT, delta, leftovers, load, stats, sysctl, unload

LINE = re.compile(r'"([A-Z]+ /[^ "]*) HTTP/1')
KERNEL_SAYS = 'Apache'   # kfront's Server header, unless told: no server here is as brief
PATIENCE = 60           # seconds that an idle connection is kept, by every server and by kfront


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f'{words}: {done.stdout}{done.stderr}'
    return done.stdout


def listening(port=80):
    """Sockets that listen on this port, as ss shows them."""
    return run('ss', '-Hltn', f'sport = :{port}').splitlines()


class Server:
    """In the foreground, so that nothing outlives the script that started it."""
    name, command, log = None, (), None
    listeners = 2           # sockets it listens on
    ipv6 = True
    process = None

    def prepare(self):
        """What the administrator does once."""

    def tidy(self):
        """... and takes back."""

    def start(self):
        with open('/tmp/server.out', 'ab') as out:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.wait()

    def wait(self):
        """Until it answers; what it calls itself."""
        def answers():
            with contextlib.suppress(OSError, Closed):
                return get('/')
        self.header = wait_for(answers, f'{self.name} answers').get('Server')
        assert len(listening()) == self.listeners, f'{self.name}: {listening()}'

    def stop(self):
        """Its port is free when its process has ended, whoever hooks it."""
        self.end()
        assert not listening(), f'after {self.name}: {listening()}'

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.process = None

    def running(self):
        return self.process is not None

    def reload(self):
        """New configuration, same sockets; returns when the old workers are told to go."""

    def pid(self):
        return self.process.pid

    def workers(self):
        """Processes that it has started."""
        found = subprocess.run(['pgrep', '-P', str(self.pid())], capture_output=True, text=True)
        return set(found.stdout.split())    # for a moment there may be none

    def flush(self):
        """What it has logged gets into the file."""

    def logged(self, prefix):
        """How often it has logged each 'METHOD /path' below prefix since running()."""
        self.flush()
        with open(self.log, errors='surrogateescape') as log:
            log.seek(self.mark)
            found = collections.Counter(match[1] for match in map(LINE.search, log) if match)
        return collections.Counter({line: count for line, count in found.items()
                                    if line.split(' ')[1].startswith(prefix)})


class Apache(Server):
    """The tests' own Apache moves from port 8080 to 80, until apache.restore(), which run calls."""
    log, listeners = f'{apache.LOGS}/access.log', 1

    def __init__(self, mpm):
        self.name, self.mpm = f'Apache {mpm}', mpm

    def prepare(self):
        if os.path.exists(apache.PID):
            apache.stop()
        if not os.path.isdir(apache.SAVED):
            os.mkdir(apache.SAVED)
            shutil.copytree(f'{apache.ETC}/sites-enabled', f'{apache.SAVED}/sites-enabled', symlinks=True)
            shutil.copy(f'{apache.ETC}/ports.conf', apache.SAVED)
        with open(f'{apache.ETC}/ports.conf', 'w') as ports:
            ports.write(f'Listen 80\nKeepAliveTimeout {PATIENCE}\n')
        if self.mpm == 'prefork':
            run('a2dismod', '-q', 'mpm_event')
            run('a2enmod', '-q', 'mpm_prefork')

    def tidy(self):
        """The rest is restore()'s, when the script has ended."""
        if self.mpm == 'prefork':       # as the tools do it, in no time
            enabled = f'{apache.ETC}/mods-enabled'
            for kind in 'load', 'conf':
                os.unlink(f'{enabled}/mpm_prefork.{kind}')
                os.symlink(f'../mods-available/mpm_event.{kind}', f'{enabled}/mpm_event.{kind}')

    def start(self):
        apache.ctl('start')
        self.wait()

    def end(self):
        apache.stop()

    def running(self):
        return os.path.exists(apache.PID)

    def pid(self):
        with open(apache.PID) as file:
            return int(file.read())

    def reload(self):
        before = self.workers()
        apache.ctl('graceful')
        wait_for(lambda: self.workers() - before, 'Apache has new workers')


class Nginx(Server):
    log = '/var/log/nginx/access.log'
    command = 'nginx', '-g', 'daemon off;'

    def __init__(self, option=''):
        self.name, self.option = f'nginx {option}'.strip(), option
        self.listeners = 2 * os.cpu_count() if option == 'reuseport' else 2

    def prepare(self):
        self.site(self.option)

    def tidy(self):
        self.site('')

    def site(self, option):
        """Debian's default site, with this option for each of its listening sockets."""
        with open('/etc/nginx/sites-available/default') as stock:
            text = stock.read()
        assert text.count(':80 default_server;') == 1
        os.unlink('/etc/nginx/sites-enabled/default')
        with open('/etc/nginx/sites-enabled/default', 'w') as site:
            site.write(re.sub(r'^(\tlisten .*80 default_server);', rf'\1 {option};', text, flags=re.M))

    def reload(self):
        before = self.workers()
        run('nginx', '-s', 'reload')
        wait_for(lambda: self.workers() - before, 'nginx has new workers')


class Lighttpd(Server):
    name, log = 'lighttpd', '/var/log/lighttpd/access.log'
    command = 'lighttpd', '-D', '-f', '/etc/lighttpd/lighttpd.conf'

    def prepare(self):
        link = '/etc/lighttpd/conf-enabled/10-accesslog.conf'   # lighttpd-enable-mod accesslog
        if not os.path.lexists(link):
            os.symlink('../conf-available/10-accesslog.conf', link)
        with open('/etc/lighttpd/conf-enabled/50-test.conf', 'w') as conf:
            conf.write(f'server.max-keep-alive-idle = {PATIENCE}\n')

    def flush(self):
        """It keeps lines for seconds unless it is told that the log was rotated."""
        if self.running():
            self.process.send_signal(signal.SIGHUP)


class Python(Server):
    """Only IPv4, a queue for five, a thread per connection, blocking accept() after poll()."""
    name, log, listeners, ipv6 = 'Python', '/tmp/server.out', 1, False
    command = (sys.executable, '-u', '-m', 'http.server', '80', '--protocol', 'HTTP/1.1',
               '--directory', DOCROOT)


ALL = (Apache('event'), Apache('prefork'), Nginx(), Nginx('reuseport'), Nginx('deferred'), Lighttpd(),
       Python())


@contextlib.contextmanager
def running(server):
    """This server, started now and gone in the end."""
    server.prepare()
    try:
        server.mark = os.path.getsize(server.log) if os.path.exists(server.log) else 0
        server.start()
        yield server
    finally:
        if server.running():
            server.stop()
        server.tidy()


@contextlib.contextmanager
def inline(listeners=0, port=80, **params):
    """The module in front of so many listening sockets; it may be unloaded before the end."""
    load(port=port, backend_port=port, **params)
    try:
        sysctl('keepalive_timeout_ms', 1000 * PATIENCE)
        hooked(listeners)
        yield
    finally:
        if leftovers():
            unload()


def hooked(count):
    """Found, or let go, by itself: so many listening sockets are hooked."""
    try:
        wait_for(lambda: stats()['listeners'] == count, f'{count} listeners hooked', 20)
    except AssertionError:
        raise AssertionError(f'{stats()["listeners"]} listeners hooked, not {count}') from None


def by_kernel(answer):
    return answer.get('Server') == KERNEL_SAYS


def ours(url, missing, **more):
    """New connections come to the kernel first, and go on to the server. (Those that come while
    the server is in accept() are the server's at once: ask again.) The server's answer."""
    wait_for(lambda: by_kernel(get(url, **more)), f'{url} comes from the kernel', 20)
    before = stats()

    def passed_on():
        answer = get(missing, **more)
        assert not by_kernel(answer), answer.head
        return delta(before, 'handed_over') and answer
    return wait_for(passed_on, f'{missing} goes on to the server', 20)


class Tiny(http.server.ThreadingHTTPServer):
    """On a listening socket of the test's making; says 'NAME METHOD /path' to everything and
    keeps the client's addresses."""
    def __init__(self, sock, name='tiny', backlog=64):
        super().__init__(sock.getsockname()[:2], Answer, bind_and_activate=False)
        self.socket.close()
        self.socket, self.name, self.seen = sock, name, []
        sock.setblocking(False)         # others may take what poll() has promised
        sock.listen(backlog)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def __exit__(self, *_):
        self.close()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = 'HTTP/1.1', True

    def do_GET(self):
        self.server.seen.append(self.client_address[:2])
        body = f'{self.server.name} {self.command} {self.path}'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def bound(address, port=80, v6only=True, reuseport=False, protocol=0):
    """A TCP socket bound there, not yet listening."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    sock.bind((address, port))
    return sock
