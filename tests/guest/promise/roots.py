# SPDX-License-Identifier: GPL-2.0-only
"""Virtual hosts with document roots of their own: HOST=ROOT pairs, and mass hosting by
directory; each name gets its own files, guards and links included, and no other's."""
import os
import shutil
import apache
from lib import *

VHOST = '''<VirtualHost *:80 *:8080>
	ServerName {name}
	ServerAlias {alias}
	DocumentRoot {root}
	CustomLog ${{APACHE_LOG_DIR}}/access.log combined
</VirtualHost>
<Directory {root}>
	Options FollowSymLinks
	Require all granted
</Directory>
'''
SRV = '/srv/roots'


def ask(host, path='/a.html', *headers):
    return request(path, host=host, headers=['Connection: close', *headers])


def ours(host, body, path='/a.html'):
    check(f'{host}{path}: ours')
    hit(path, host=host)
    before = stats()
    answer = same_as_backend(ask(host, path))
    assert answer.endswith(body), answer
    expect(before, requests=1, handed_over=0)


def theirs(host, why, path='/a.html'):
    check(f'{host}{path}: handed over, {why}')
    before = stats()
    answer = same_as_backend(ask(host, path))
    expect(before, requests=0, handed_over=1, **{f'handed_over_{why}': 1})
    return answer


def pairs():
    for name in 'one', 'two', 'wild':
        put(f'{SRV}/{name}/a.html', f'of {name}')
        put(f'{SRV}/{name}/only-{name}.html', f'only {name}')
        put(f'{SRV}/{name}/sub/index.html', f'index of {name}')
    put(f'{SRV}/two/guarded/.htaccess', '')
    put(f'{SRV}/two/guarded/a.html', 'guarded')
    os.symlink('../one/a.html', f'{SRV}/two/out.html')
    os.symlink('a.html', f'{SRV}/two/in.html')
    ripe(put(f'{DOCROOT}/a.html', 'of the document root'))
    vhosts = ''.join(VHOST.format(name=name, alias=alias, root=f'{SRV}/{root}') for name, alias, root in (
        ('one.example', 'uno.example', 'one'), ('two.example', 'dos.example', 'two'),
        ('wild.example', '*.wild.example', 'wild')))
    hosts = (f'one.example={SRV}/one,uno.example={SRV}/one/,two.example={SRV}/two,dos.example={SRV}/two,'
             f'*.wild.example={SRV}/wild,localhost')
    with apache.configured(vhosts=vhosts), kfront(hosts=hosts):
        patient()
        for _ in range(2):
            for host, name in (('one.example', 'one'), ('UNO.example:80', 'one'), ('two.example.', 'two'),
                               ('a.wild.example', 'wild'), ('a.b.wild.example:8080', 'wild')):
                ours(host, f'of {name}'.encode())
                ours(host, f'index of {name}'.encode(), '/sub/')
            ours('localhost', b'of the document root')
        assert b'404 Not Found' in theirs('one.example', 'missing', '/only-two.html')
        theirs('two.example', 'missing', '/only-one.html')
        theirs('two.example', 'guard', '/guarded/a.html')
        theirs('two.example', 'symlink', '/out.html')
        ours('two.example', b'of two', '/in.html')
        check('excluded is the URL, whatever the root')
        old = sysctl('exclude', '/sub/index.html')
        theirs('two.example', 'excluded', '/sub/')
        theirs('two.example', 'excluded', '/sub/index.html')
        ours('two.example', b'of two')
        sysctl('exclude', f'{SRV}/two/sub/')
        ours('two.example', b'index of two', '/sub/')
        sysctl('exclude', old)
        theirs('wild.example', 'host')
        theirs('three.example', 'host')
        check('all on one connection')
        before = stats()
        with Conn() as conn:
            for host, name in (('one.example', 'one'), ('two.example', 'two'), ('x.wild.example', 'wild')) * 5:
                assert conn.get('/a.html', host=host).body == f'of {name}'.encode()
        expect(before, requests=15, handed_over=0)
        check('a file changes in one root only')
        put(f'{SRV}/one/a.html', 'one anew', old=False)
        assert get('/a.html', host='one.example').body == b'one anew'
        assert get('/a.html', host='two.example').body == b'of two'
        check('the list is changed while it runs')
        sysctl('hosts', f'one.example={SRV}/two')
        assert get('/a.html', host='one.example').body == b'of two'
        before = stats()
        assert get('/a.html', host='two.example').body == b'of two'
        expect(before, requests=0, handed_over_host=1)
        for wrong in ('one.example=relative', 'one.example=/srv/../etc', 'one.example=', '=/srv', 'one.example=/srv//x', '*.=/srv',
                      'one.example:80', 'one.example:80=/srv'):
            try:
                sysctl('hosts', wrong)
                raise AssertionError(f'hosts={wrong} was taken')
            except OSError as error:
                assert error.errno == 22, error
        assert sysctl('hosts') == f'one.example={SRV}/two'


def mass():
    top = f'{SRV}/mass'
    for name in 'a.example', 'b.example', 'fallback.example':
        put(f'{top}/{name}/a.html', f'of {name}')
    os.symlink('a.example', f'{top}/www.a.example')
    os.symlink('/srv/roots/one', f'{top}/out.example')
    put(f'{top}/a.html', 'nobody\'s')
    put(f'{top}/.hidden/a.html', 'hidden')
    ripe(put(f'{top}/b.example/sub/index.html', 'index'))
    with apache.configured(extra=f'\tUseCanonicalName Off\n\tVirtualDocumentRoot {top}/%0\n',
                           vhosts=f'LoadModule vhost_alias_module /usr/lib/apache2/modules/mod_vhost_alias.so\n'
                                  f'<Directory {top}>\n\tOptions FollowSymLinks\n\tRequire all granted\n'
                                  f'</Directory>\n'):
        with kfront(docroot=top, mass_hosts=1):
            patient()
            for _ in range(2):
                for host, name in (('a.example', 'a.example'), ('A.EXAMPLE:80', 'a.example'),
                                   ('b.example', 'b.example'), ('www.a.example', 'a.example')):
                    ours(host, f'of {name}'.encode())
            ours('b.example', b'index', '/sub/')
            for exclude in '/sub/index.html', '/sub/':
                old = sysctl('exclude', exclude)
                theirs('b.example', 'excluded', '/sub/')
                sysctl('exclude', '/b.example/sub/index.html')     # a directory is no part of the URL
                ours('b.example', b'index', '/sub/')
                sysctl('exclude', old)
            theirs('c.example', 'missing')
            theirs('out.example', 'symlink')
            for host in ('.', '..', '.hidden', '', '../mass/a.example', 'a.example/..', '127.0.0.1', '[::1]', 'a..example'):
                theirs(host, 'host')
            check('no Host at all')
            before = stats()
            same_as_backend(request('/a.html', host='', version='1.0'))
            expect(before, requests=0, handed_over_host=1)
            check('a default for requests without a name')
            sysctl('default_host', 'fallback.example')
            for raw in (request('/a.html', host='', version='1.0'), ask('127.0.0.1'), ask('[::1]')):
                before = stats()
                answer = exchange(raw)
                assert answer.endswith(b'of fallback.example'), answer
                expect(before, requests=1, handed_over=0)
            theirs('c.example', 'missing')
            check('a new host appears, and goes')
            ripe(put(f'{top}/c.example/a.html', 'of c.example'))
            ours('c.example', b'of c.example')
            shutil.rmtree(f'{top}/c.example')
            theirs('c.example', 'missing')


def main():
    shutil.rmtree(SRV, ignore_errors=True)
    try:
        pairs()
        mass()
    finally:
        shutil.rmtree(SRV, ignore_errors=True)
        os.unlink(f'{DOCROOT}/a.html')


if __name__ == '__main__':
    main()
