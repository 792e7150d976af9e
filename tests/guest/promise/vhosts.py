# SPDX-License-Identifier: GPL-2.0-only
"""With hosts= set, kfront answers for those names alone; other virtual hosts,
and one that redirects everything to https, are Apache's."""
import subprocess
import apache
from lib import *

VHOSTS = '''<VirtualHost *:80 *:8080>
	ServerName other.example.org
	DocumentRoot /srv/other
	CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
<VirtualHost *:80 *:8080>
	ServerName secure.example.org
	Redirect permanent / https://secure.example.org/
</VirtualHost>
<Directory /srv/other>
	Require all granted
</Directory>
'''
OURS = ['www.example.org', 'WWW.Example.ORG', 'www.example.org:80', 'www.example.org:8080',
        'a.static.example.org', 'a.b.STATIC.example.org:80', '127.0.0.1']
NOT_OURS = ['other.example.org', 'OTHER.example.org:80', 'secure.example.org', 'secure.example.org:80',
            'example.org', 'xwww.example.org', 'www.example.org.evil', 'static.example.org',
            'xstatic.example.org', 'localhost', '127.0.0.2', '[::1]', 'www.example.org:', 'www.example.org:x',
            'www.example.org/', 'www.example.org@other.example.org', 'www..example.org', '../www.example.org',
            'www.example.org other.example.org', '*.static.example.org', 'www.example.org:99999']
# Sane for us and for Apache alike, but whose they are is not for this test to say.


def ask(host):
    return request('/vhosts/a.html', host=host, headers=['Connection: close'])


def main():
    top, _ = fresh('vhosts')
    put(f'{top}/a.html', 'the first')
    put('/srv/other/vhosts/a.html', 'the other')
    hosts = 'www.example.org,*.static.example.org,127.0.0.1'
    with apache.configured(vhosts=VHOSTS), kfront(hosts=hosts):
        hit('/vhosts/a.html', host=OURS[0])
        for host in OURS:
            check(f'ours: {host}')
            before = stats()
            answer = same_as_backend(ask(host))
            assert answer.endswith(b'the first'), answer
            expect(before, requests=1, handed_over=0)
        for host in NOT_OURS:
            check(f'not ours: {host}')
            before = stats()
            answer = same_as_backend(ask(host))
            expect(before, requests=0, handed_over=1, handed_over_host=1)
            name = host.lower().split(':')[0]
            if name == 'other.example.org':
                assert answer.endswith(b'the other'), answer
            if name == 'secure.example.org':
                assert b'\r\nLocation: https://secure.example.org/vhosts/a.html\r\n' in answer, answer
        check('no Host at all (HTTP/1.0): not ours while names are set')
        before = stats()
        same_as_backend(request('/vhosts/a.html', host='', version='1.0'))
        expect(before, requests=0, handed_over_host=1)
        check('the names alternate on one connection: handed over with the first foreign one')
        before = stats()
        with Conn() as conn:
            assert conn.get('/vhosts/a.html', host=OURS[0]).body == b'the first'
            assert conn.get('/vhosts/a.html', host='other.example.org').body == b'the other'
            assert conn.get('/vhosts/a.html', host=OURS[0]).body == b'the first'
        expect(before, requests=1, handed_over=1)
    with kfront(hosts='localhost'):
        check('who may only administer the network may not publish other directories')
        for name, value, error in (('hosts', 'localhost=/etc', 'not permitted'), ('exclude', '/x/', 'not permitted'),
                                   ('strict', '0', 'not permitted'), ('keepalive_requests', '7', '')):
            done = subprocess.run(['setpriv', '--bounding-set', '-sys_admin,-sys_module', 'tee', f'/proc/sys/net/kfront/{name}'],
                                  input=value, capture_output=True, text=True)
            assert bool(done.returncode) == bool(error) and error in done.stderr, done
        assert sysctl('hosts') == 'localhost' and sysctl('keepalive_requests') == '7'
    log = KernelLog()
    with kfront():
        check('without hosts= every name is ours: said once in the log')
        said = [line for line in log.ours() if 'host' in line.lower()]
        assert len(said) == 1, log.ours()
        hit('/vhosts/a.html', host='anything.example')


if __name__ == '__main__':
    main()
