# SPDX-License-Identifier: GPL-2.0-only
"""The backend: Debian's Apache, started, stopped and configured as a test needs
it, and its access log read in step with what was asked."""
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
from client import get, wait_for

ETC, LOGS, CGI = '/etc/apache2', '/var/log/apache2', '/usr/lib/cgi-bin'
BACKEND = 8080
SAVED, PID = f'{ETC}/saved-by-test', '/run/apache2/apache2.pid'
marks = itertools.count()


def ctl(verb):
    """As apache2ctl does it, without the ten programs it starts."""
    done = subprocess.run(f'. {ETC}/envvars; exec apache2 -k {verb}', shell=True, capture_output=True, text=True)
    assert done.returncode == 0, f'apache2 -k {verb}: {done.stdout}{done.stderr}'


def answers(server='127.0.0.1'):
    try:
        return get('/', 'OPTIONS', port=BACKEND, server=server).status
    except OSError:
        return None


def name():
    """What it says in its Server header; None while it is down."""
    for server in ('127.0.0.1', '::1'):
        with contextlib.suppress(OSError):
            return get('/', 'OPTIONS', port=BACKEND, server=server).get('Server')
    return None


def start(server='127.0.0.1'):
    ctl('start')
    wait_for(lambda: answers(server), 'Apache answers')


def stop():
    """Stop, and wait until the process and its listening socket are gone."""
    with open(PID) as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f'/proc/{pid}'), 'Apache ended')
    for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.connect((address, BACKEND))
            raise AssertionError('something still listens on the backend port')


def restart():
    stop()
    start()


VHOST = '''<VirtualHost *:80 *:8080>
	DocumentRoot {docroot}
	ErrorLog ${{APACHE_LOG_DIR}}/error.log
	CustomLog ${{APACHE_LOG_DIR}}/access.log combined
{extra}
</VirtualHost>
<Directory {docroot}>
	Options Indexes FollowSymLinks
	AllowOverride {override}
	Require all granted
{directory}
</Directory>
{vhosts}
'''


@contextlib.contextmanager
def configured(docroot='/var/www/html', extra='', directory='', vhosts='', override='None',
               listen='8080', server='127.0.0.1'):
    """Apache with this configuration instead of the site's, which comes back when the
    script ends, or calls restore(): a restart costs seconds on a debug kernel."""
    if not os.path.isdir(SAVED):
        os.mkdir(SAVED)
        for name in ('sites-enabled', 'ports.conf'):
            shutil.move(f'{ETC}/{name}', f'{SAVED}/{name}')
        os.mkdir(f'{ETC}/sites-enabled')
    with open(f'{ETC}/sites-enabled/test.conf', 'w') as site:
        site.write(VHOST.format(**locals()))
    with open(f'{ETC}/ports.conf', 'w') as ports:
        ports.writelines(f'Listen {one}\n' for one in listen.split())
    if os.path.exists(PID):
        stop()
    start(server)
    yield


def restore():
    """The site's own configuration, and Apache running with it, whatever a test has done."""
    if os.path.isdir(SAVED):
        shutil.rmtree(f'{ETC}/sites-enabled', ignore_errors=True)
        for name in os.listdir(SAVED):
            shutil.move(f'{SAVED}/{name}', f'{ETC}/{name}')
        os.rmdir(SAVED)
        if os.path.exists(PID):
            stop()
    if answers() is None:
        start()


class AccessLog:
    """What Apache has logged since this object was made, direct askings of ours
    included: mark those by a User-Agent to tell them apart."""
    def __init__(self):
        self.at = os.path.getsize(f'{LOGS}/access.log')

    def lines(self, server='127.0.0.1'):
        """Everything finished before this call: a marked request is logged after it."""
        mark = f'/log-mark-{os.getpid()}-{next(marks)}'
        get(mark, port=BACKEND, server=server)
        wait_for(lambda: any(mark in line for line in self.read()), f'log line of {mark}')
        return [line for line in self.read() if '/log-mark-' not in line]

    def read(self):
        with open(f'{LOGS}/access.log', errors='surrogateescape') as log:
            log.seek(self.at)
            return log.read().splitlines()


def cgi(name, text):
    """Install a shell script as /cgi-bin/NAME."""
    os.makedirs(CGI, exist_ok=True)
    with open(f'{CGI}/{name}.new', 'w') as script:
        script.write('#!/bin/sh\n' + text)
    os.chmod(f'{CGI}/{name}.new', 0o755)
    os.rename(f'{CGI}/{name}.new', f'{CGI}/{name}')     # the old one may still be running
    return f'/cgi-bin/{name}'


# With its length, else Apache's framing depends on how fast the script ends.
ECHO = r'''out=$(
	for v in REQUEST_METHOD QUERY_STRING REMOTE_ADDR REMOTE_PORT SERVER_PROTOCOL CONTENT_LENGTH; do
		eval "echo $v=\$$v"
	done
	[ -z "$CONTENT_LENGTH" ] || sha256sum
)
printf 'Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\n' $((${#out} + 1)) "$out"
'''
