# SPDX-License-Identifier: GPL-2.0-only
"""Rules in Apache's configuration: with strict=1 nothing is served that Apache refuses or answers otherwise.
scripts/audit finds each, says what mends it, arms once that is done; and a change of the configuration disarms."""
import contextlib
import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from urllib.parse import quote
import apache
import link
from lib import *

AUDIT = '/kfront/scripts/audit'
TOP, OTHER, THIRD, AWAY = (f'/srv/rules/{name}' for name in ('www', 'other', 'third', 'away'))
HERE, THERE = '198.51.100.1', '198.51.100.2'
USERS = '/srv/rules/users'
MODULES = 'rewrite headers expires substitute auth_basic authn_file authz_user'.split()

# In .htaccess: kfront leaves such a directory to Apache whatever they say.
HTACCESS = {'ht-deny': 'Require all denied', 'ht-auth': f'AuthType Basic\nAuthName x\nAuthUserFile {USERS}\nRequire valid-user',
            'ht-rewrite': 'RewriteEngine on\nRewriteRule a.html b.png', 'ht-error': 'ErrorDocument 403 gone\nRequire all denied',
            'ht-options': 'Options -FollowSymLinks'}
# In the server's configuration, each about a directory /NAME: what stands in <Directory>...
DIRECTORY = {'deny': 'Require all denied', 'ip': 'Require ip 10.0.0.0/8 2001:db8:ffff::/48', 'local': 'Require local',
             'host': 'Require host example.org', 'auth': f'AuthType Basic\nAuthName x\nAuthUserFile {USERS}\nRequire valid-user',
             'if': '<If "%{REMOTE_ADDR} != \'127.0.0.1\'">\nRequire all denied\n</If>',
             'env': 'SetEnvIf Remote_Addr ^127 near\nRequire env near', 'expr': 'Require expr %{REMOTE_ADDR} == "127.0.0.1"',
             'not': '<RequireAll>\nRequire all granted\nRequire not ip 192.0.0.0/8 198.0.0.0/8 203.0.0.0/8 2001:db8::/32\n'
                    '</RequireAll>',
             'nolinks': 'Options -FollowSymLinks', 'owner': 'Options -FollowSymLinks +SymLinksIfOwnerMatch',
             'multi': 'Options +MultiViews', 'header': 'Header set X-Rule yes', 'charset': 'AddDefaultCharset utf-8',
             'force': 'ForceType text/plain', 'expires': 'ExpiresActive on\nExpiresDefault "access plus 1 year"',
             'etag': 'FileETag None', 'index': 'DirectoryIndex b.png', 'noranges': 'MaxRanges none',
             'filter': 'AddOutputFilterByType SUBSTITUTE text/html\nSubstitute s/page/PAGE/'}
# ... and what stands beside it.
BESIDE = {'files': '<FilesMatch "secret">\nRequire all denied\n</FilesMatch>', 'location': '<Location /location>\nAuthType Basic\n'
          f'AuthName x\nAuthUserFile {USERS}\nRequire valid-user\n</Location>',
          'match': '<LocationMatch "^/ma.ch/">\nRequire all denied\n</LocationMatch>', 'alias': f'Alias /alias {AWAY}',
          'redirect': 'Redirect /redirect http://www.test/elsewhere', 'gone': 'RedirectMatch gone ^/gone/',
          'rewrite': 'RewriteEngine on\nRewriteRule ^/rewrite/a.html /plain/a.html\nRewriteRule ^/rewrite/b.png - [F]',
          'handler': '<Location /handler>\nSetHandler server-status\n</Location>', 'script': 'ScriptAlias /script /srv/rules/cgi',
          'types': '<FilesMatch "\\.txt$">\nRequire all denied\n</FilesMatch>',
          'error': 'ErrorDocument 403 "go away"\n<Directory /srv/rules/www/error>\nRequire all denied\n</Directory>'}
START = '<Location /index.html>\nRequire all denied\n</Location>'     # mod_dir asks for it
SECRET = "it's %41 secret, \u00e9.html"
PICTURES = 'deny if location header rewrite plain index gone ht-deny ht-rewrite'.split()
EQUAL = ['ht-deny', 'ht-auth', 'ht-rewrite', 'ht-error', 'ht-options', 'multi', 'plain']   # to whom it may concern
VHOST = '''<VirtualHost *:80 *:8080>
	ServerName {name}.test
	DocumentRoot /srv/rules/{name}
</VirtualHost>
<Directory /srv/rules/{name}>
	Require all granted
</Directory>
'''


def site():
    """A directory for each rule, with a page, a picture and an index; links where links matter."""
    for name in [*HTACCESS, *DIRECTORY, *BESIDE, 'plain']:
        put(f'{TOP}/{name}/a.html', f'page {name}')
        if name in PICTURES:
            put(f'{TOP}/{name}/b.png', f'picture {name}')
    for name, text in HTACCESS.items():
        put(f'{TOP}/{name}/.htaccess', text + '\n')
    for name in ('nolinks', 'owner'):
        os.chown(f'{TOP}/{name}/a.html', 33, 33)
        os.symlink('a.html', f'{TOP}/{name}/link.html')
        os.lchown(f'{TOP}/{name}/link.html', 1, 1)
    for name in ('secret.html', SECRET):
        put(f'{TOP}/files/{name}', 'secret')
    put(f'{TOP}/index/index.html', 'index')
    for name in ('plain', 'types'):
        put(f'{TOP}/{name}/c.txt', 'text')
    put(f'{TOP}/plain/a name, with \'odd\' marks \u00e9.png', 'odd')
    put(f'{TOP}/plain/not UTF-8: \udce9.png', 'odd')
    put(f'{TOP}/index.html', 'the site')
    put(f'{AWAY}/a.html', 'another page')
    put('/srv/rules/cgi/a.html', 'not a script')
    for root in (OTHER, THIRD):
        put(f'{root}/index.html', root)
        put(f'{root}/dir/b.png', f'{root} b')
    put(USERS, 'nobody:*\n')


def configuration():
    lines = [f'LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so' for name in MODULES
             if not os.path.exists(f'/etc/apache2/mods-enabled/{name}.load')]
    rules = [f'<Directory {TOP}/{name}>\n{text}\n</Directory>' for name, text in DIRECTORY.items()]
    extra = '\n'.join(['ServerName www.test'] + rules + list(BESIDE.values()) + [START])
    return apache.configured(docroot=TOP, extra=extra, vhosts='\n'.join(lines + [VHOST.format(name=name) for name in ('other', 'third')]), override='All')


@contextlib.contextmanager
def names_from_files():
    """`Require host` asks for names; here nobody answers such questions."""
    with open('/etc/nsswitch.conf') as file:
        before = file.read()
    put('/etc/nsswitch.conf', re.sub('(?m)^hosts:.*', 'hosts: files', before))
    try:
        yield
    finally:
        put('/etc/nsswitch.conf', before)


def audit(*words, status):
    began = time.monotonic()
    done = subprocess.run([sys.executable, AUDIT, *words], capture_output=True, text=True)
    assert done.returncode == status, f'audit {words}: {done.returncode}\n{done.stdout}{done.stderr}'
    check(f'  {time.monotonic() - began:.1f} s: {(done.stdout + done.stderr).splitlines()[-1]}')
    assert not devices(), 'an interface is left'
    return done.stdout, done.stderr


def mend(said):
    """What it says, done as it is said."""
    commands = [line.strip() for line in said.splitlines() if line.startswith('  sysctl -w net.kfront.')]
    for line in commands:
        name, _, value = shlex.split(line)[2].removeprefix('net.kfront.').partition('=')
        sysctl(name, value)
    return commands


def asked(ns):
    """Whoever asks gets what Apache says."""
    for client in ({'ns': ns, 'host': HERE}, {}):
        same_as_backend(request('/', host='www.test', headers=['Connection: close']), **client)
        for name in [*HTACCESS, *DIRECTORY, *BESIDE, 'plain']:
            for file in os.listdir(f'{TOP}/{name}') + ['']:
                if name != 'handler':           # a status page is never the same twice
                    raw = request(f'/{name}/{quote(os.fsencode(file))}', host='www.test', headers=['Connection: close'])
                    same_as_backend(raw, **client)


def roots():
    check('sites with roots of their own: which it is, and what to do')
    out, _ = audit('--arm', status=1)
    assert sysctl('armed') == '0'
    assert 'that other.test has' in out and 'that third.test has' not in out and 'exclude' not in out, out
    assert 'other.test /dir/b.png' in out and 'third.test /' not in out, out
    check('the Server header: what it should be')
    server = sysctl('server_header', 'kfront/1')
    out, _ = audit('--host', 'third.test', status=1)
    mend(out)
    assert sysctl('server_header') == server, out
    audit('--host', 'third.test', status=0)
    assert sysctl('armed') == '0'
    check('Keep-Alive')
    sysctl('keepalive_timeout_ms', 6000)
    sysctl('keepalive_requests', 10)
    mend(audit('--host', 'third.test', status=1)[0])
    audit('--host', 'third.test', '--arm', status=0)
    assert (sysctl('keepalive_timeout_ms'), sysctl('keepalive_requests'), sysctl('armed')) == ('5000', '100', '1')


def mended(ns):
    check('an audit with all the rules: each is found, nothing is armed')
    out, _ = audit('--arm', status=1)
    assert sysctl('armed') == '0'
    said = re.findall(r'www.test /([^/\n]*)/', out)
    missed = [name for name in [*DIRECTORY, *BESIDE] if name not in EQUAL and name not in said]
    assert not missed, f'not found: {missed}'
    said = re.findall(r'www.test /([^/\n]*)/(?!c\.txt)', out)      # .txt is wrong everywhere
    wrong = [name for name in EQUAL if name in said]
    assert not wrong, f'found, although kfront hands them over, or nothing is wrong: {wrong}'
    commands = mend(out)
    check(f'  {len(commands)} settings, {len(sysctl("exclude"))} bytes of exclude')
    assert any('exclude' in line for line in commands) and any('types' in line for line in commands), commands
    exclude = sysctl('exclude').split(',')
    check('a rule about the start page, or about an odd name, costs no more than that')
    assert '/index.html' in exclude and '/' not in exclude, exclude
    assert f'/files/{quote(SECRET)}' in exclude and '/files/' not in exclude, exclude
    check('with what it proposes it arms')
    out, _ = audit('--arm', status=0)
    assert sysctl('armed') == '1' and 'all equal' in out, out
    before = stats()
    asked(ns)
    assert delta(before, 'requests') > 0, 'nothing is served'
    check('a change below /etc/apache2 disarms at once')
    put('/etc/apache2/conf-available/new.conf', '# nothing\n')
    assert sysctl('armed') == '0'
    before = stats()
    assert get('/plain/b.png', host='www.test').status == 200
    expect(before, requests=0, handed_over_unarmed=1)


def cannot():
    check('younger than the server: not armed before it has read it')
    _, err = audit('--arm', status=2)
    assert 'reload' in err and 'new.conf' in err, err
    os.unlink('/etc/apache2/conf-available/new.conf')
    check('disabled; nothing to arm; no such root')
    sysctl('enabled', 0)
    assert 'enabled' in audit(status=2)[1]
    sysctl('enabled', 1)
    sysctl('strict', 0)
    assert 'strict' in audit('--arm', status=2)[1]
    assert '/srv/rules/none' in audit('--host', 'www.test=/srv/rules/none', status=2)[1]
    check('one at a time')
    sysctl('strict', 1)
    with open('/run/kfront-audit.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert 'another audit' in audit(status=2)[1]
    check('a change while it asks: nothing is armed, and nothing is said to be equal')
    with stopped():
        long = subprocess.Popen([sys.executable, AUDIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: sysctl('armed') == '2' and devices(), 'an audit is under way')
        put('/etc/apache2/conf-available/new.conf', '# nothing\n')
        assert sysctl('armed') == '0'
    out, err = long.communicate()
    os.unlink('/etc/apache2/conf-available/new.conf')
    assert long.returncode == 2 and 'changed below' in err, f'{long.returncode}: {out}{err}'
    check('Ctrl-C, while the server does not answer: nothing is left')
    with stopped():
        long = subprocess.Popen([sys.executable, AUDIT], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: sysctl('armed') == '2' and devices(), 'an audit is under way')
        long.send_signal(signal.SIGINT)
        assert long.wait(DEADLINE) == 2
        assert sysctl('armed') == '0' and not devices()


def devices():
    return [one for one in os.listdir('/sys/class/net') if one.startswith('kfa')]


@contextlib.contextmanager
def stopped():
    """Apache's processes, all of one group."""
    with open(apache.PID) as file:
        group = os.getpgid(int(file.read()))
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def main():
    site()
    with names_from_files(), configuration(), link.namespace(here=HERE, there=THERE) as ns:
        with kfront(docroot=THIRD, strict=1, hosts='third.test,other.test'):
            roots()
        with kfront(docroot=THIRD, strict=1, hosts='third.test', port=apache.BACKEND):
            check('inline')
            audit('--arm', status=0)
            assert sysctl('armed') == '1'
        with kfront(docroot=TOP, strict=1, hosts='www.test'):
            mended(ns)
            cannot()


if __name__ == '__main__':
    main()
