# SPDX-License-Identifier: GPL-2.0-only
"""No byte of a file that a handler could claim ever comes from the kernel: no
script's source is published, whatever its name looks like."""
import os
import apache
from lib import *

SOURCE = b'<?php $password = "no byte of this"; ?>\n'
NAMES = '''info.php INFO.PHP a.php.html a.html.php x.php.bak p.php~ p.php5 p.php7.html p.phtml p.phar p.phps
a.shtml a.shtml.html m.var m.html.var run.cgi run.fcgi s.pl s.pl.txt t.py t.py.txt u.rb v.lua w.asp w.aspx
x.jsp y.inc y.inc.html z.asis index.php a.php.en a.en.php.html a.php.html.utf8 a.html.php.de a.html.gz a.gz.html
a.cgi.de.txt a.de.pl.utf8
Makefile README a. a.html. a.html.bak .user.ini config.ini db.sql key.pem dump.sqlite a.conf a.html.var'''.split()
CONF = '''	Options +ExecCGI
	AddHandler cgi-script .cgi
	AddHandler type-map .var
'''


def main():
    top, url = fresh('no-source')
    for name in NAMES:
        put(f'{top}/{name}', SOURCE)
    put(f'{top}/run.cgi', '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\nrun"\n# ' + SOURCE.decode(), mode=0o755)
    put(f'{top}/m.var', 'URI: ok.html\nContent-Type: text/html\n\n')
    put(f'{top}/ok.html', 'the control')
    put(f'{top}/dir/index.php', SOURCE)
    put(f'{top}/executable.html', SOURCE, mode=0o755)
    put(f'{top}/group-executable.html', SOURCE, mode=0o654)
    for link, target in (('link.html', 'info.php'), ('link.css', 'run.cgi'), ('link.js', 'dir/index.php'),
                         ('link.txt', 'link.html')):
        os.symlink(target, f'{top}/{link}')
    paths = NAMES + ['executable.html', 'group-executable.html', 'dir/', 'dir/index.php', 'link.html',
                     'link.css', 'link.js', 'link.txt', 'info.php/', 'info.php/x.html', 'run.cgi/ok.html',
                     'info.php%00.html', 'info.php%20', 'info.php;a.html', 'info.php%2ehtml', './info.php',
                     'info.php?a.html', 'info%2ephp', 'info.php/.', 'dir//index.php', 'dir/../ok.html/info.php']
    check(f'{len(paths)} paths, each on its own connection')
    with apache.configured(directory=CONF), kfront():
        log, before = apache.AccessLog(), stats()
        answers = {}
        for path in paths:
            raw = request(f'{url}/{path}', headers=['User-Agent: through', 'Connection: close'])
            answers[path] = normal(exchange(raw))
            direct = normal(exchange(raw.replace(b'through', b'direct'), port=apache.BACKEND))
            assert answers[path] == direct, f'{path}: {answers[path][:400]!r} {direct[:400]!r}'
        check('nothing was answered by the kernel, every connection was handed over')
        expect(before, requests=0, bytes_sent=0, connections=len(paths), handed_over=len(paths))
        assert sum(handed(before).values()) == len(paths), handed(before)
        check("Apache's log has each of them once")
        lines = [line.split('"')[1].split(' ')[1] for line in log.lines() if '"through"' in line]
        assert len(lines) == len(paths), f'{len(lines)} lines for {len(paths)} requests'
        for path in paths:
            assert lines.count(f'{url}/{path}') == 1, f'{path} not in the log'
        check('the CGI ran, the type map mapped: the backend would have been bypassed')
        assert answers['run.cgi'].endswith(b'run'), answers['run.cgi']
        check('twice on one connection, behind a file that is ours')
        hit(f'{url}/ok.html')
        before = stats()
        with Conn() as conn:
            assert conn.get(f'{url}/ok.html').body == b'the control'
            assert conn.get(f'{url}/run.cgi').body == b'run'
        expect(before, requests=1, handed_over=1)
        check('a file that gets its execute bit is ours no more, at once')
        os.chmod(f'{top}/ok.html', 0o744)
        before = stats()
        assert get(f'{url}/ok.html').body == b'the control'
        expect(before, requests=0, handed_over_executable=1)
        check('a type taken off the list is ours no more, at once')
        os.chmod(f'{top}/ok.html', 0o644)
        hit(f'{url}/ok.html')
        types = sysctl('types')
        sysctl('types', types.replace('html', 'xyz'))
        before = stats()
        assert get(f'{url}/ok.html').body == b'the control'
        expect(before, requests=0, handed_over_type=1)


if __name__ == '__main__':
    main()
