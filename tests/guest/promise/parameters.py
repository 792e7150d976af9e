# SPDX-License-Identifier: GPL-2.0-only
"""A wrong parameter: the right errno, one clear line in the log, nothing left
behind, and the next insmod with good parameters works."""
import errno
import os
import socket
from lib import *

CLOSED, FILE = '/srv/parameters/closed', '/srv/parameters/file'
WRONG = [   # parameters, errno, what the line must name
    ({'docroot': None}, errno.EINVAL, 'docroot'),
    ({'docroot': '""'}, errno.EINVAL, 'docroot'),
    ({'docroot': 'var/www/html'}, errno.EINVAL, 'docroot'),
    ({'docroot': '/srv/parameters/none/below'}, errno.ENOENT, '/srv/parameters/none'),
    ({'docroot': FILE}, errno.ENOTDIR, FILE),
    ({'docroot': f'{FILE}/below'}, errno.ENOTDIR, FILE),
    ({'docroot': f'{CLOSED}/site'}, errno.EACCES, CLOSED),
    ({'port': 0}, errno.EINVAL, 'port'),
    ({'port': 65536}, (errno.EINVAL, errno.ERANGE), 'port'),
    ({'port': -1}, (errno.EINVAL, errno.ERANGE), 'port'),
    ({'port': 'http'}, errno.EINVAL, 'port'),
    ({'backend_port': 0}, errno.EINVAL, 'backend_port'),
    ({'backend_port': 70000}, (errno.EINVAL, errno.ERANGE), 'backend_port'),
    ({'uid': 0}, errno.EINVAL, 'uid'),
    ({'gid': 0}, errno.EINVAL, 'gid'),
    ({'uid': 'www-data'}, errno.EINVAL, 'uid'),
    ({'groups': '33,x'}, errno.EINVAL, 'groups'),
    ({'groups': 0}, errno.EINVAL, 'groups'),
    ({'mime_types': '/srv/parameters/none.types'}, errno.ENOENT, '/srv/parameters/none.types'),
    ({'mime_types': '/srv'}, (errno.EISDIR, errno.EINVAL), '/srv'),
    ({'hosts': 'www.example.org,a@b'}, errno.EINVAL, 'hosts'),
    ({'hosts': '*'}, errno.EINVAL, 'hosts'),
    ({'hosts': 'www.*.org'}, errno.EINVAL, 'hosts'),
    ({'hosts': 'a/b'}, errno.EINVAL, 'hosts'),
    ({'hosts': 'www.example.org:80'}, errno.EINVAL, 'no ports'),
    ({'hosts': 'www..example.org'}, errno.EINVAL, 'hosts'),
    ({'address': '1.2.3'}, errno.EINVAL, '1.2.3'),
    ({'address': 'localhost'}, errno.EINVAL, 'localhost'),
    ({'address': '192.0.2.1'}, errno.EADDRNOTAVAIL, '192.0.2.1'),
]


def refused(params, codes, named):
    log, codes = KernelLog(), codes if isinstance(codes, tuple) else (codes,)
    try:
        load(**params)
    except OSError as error:
        assert error.errno in codes, f'{params}: {error}, expected {codes}'
    else:
        unload()
        raise AssertionError(f'{params}: accepted')
    said = log.ours()
    assert len(said) == 1 and str(named) in said[0], f'{params}: the log says {said}'
    assert not leftovers(), f'{params}: {leftovers()}'
    with socket.socket() as probe:
        assert probe.connect_ex(('127.0.0.1', 80)) == errno.ECONNREFUSED, f'{params}: port 80 answers'


def works(url):
    with kfront():
        assert hit(url).body == b'good'


def main():
    top, url = fresh('parameters')
    put(f'{top}/a.html', 'good')
    put(FILE, 'not a directory')
    os.makedirs(f'{CLOSED}/site', exist_ok=True)
    os.chmod(CLOSED, 0o700)
    works(f'{url}/a.html')              # from now on the "taints kernel" line is said
    for params, codes, named in WRONG:
        check(f'{params} is refused')
        refused(params, codes, named)
    works(f'{url}/a.html')
    for family, address in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET, '127.0.0.1')):
        check(f'port 80 taken at {address}')
        with socket.socket(family) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((address, 80))
            other.listen()
            log = KernelLog()
            try:
                load()
            except OSError as error:
                assert error.errno == errno.EADDRINUSE, error
            else:
                unload()
                raise AssertionError('loaded on a port that is taken')
            assert len(log.ours()) == 1 and '80' in log.ours()[0], log.ours()
            assert not leftovers(), leftovers()
    check('loaded twice: refused by the kernel, the first goes on')
    with kfront():
        try:
            load()
            raise AssertionError('loaded twice')
        except OSError as error:
            assert error.errno == errno.EEXIST, error
        assert hit(f'{url}/a.html').body == b'good'
    check('good ones, all at once')
    with kfront(address='127.0.0.1', port=81, backend_port=8080, hosts='localhost,*.example.org',
                uid=33, gid=33, groups='33,4', mime_types='/etc/mime.types'):
        assert get(f'{url}/a.html', port=81).body == b'good'
    works(f'{url}/a.html')


if __name__ == '__main__':
    main()
