# SPDX-License-Identifier: GPL-2.0-only
"""The knobs: defaults as documented (stock Apache's where it has one), nonsense
refused with the value kept, and each takes effect with the next request."""
import errno
import os
import apache
from kmod import SYSCTLS
from lib import *

DEFAULTS = {'enabled': 1, 'header_timeout_ms': 20000, 'keepalive_timeout_ms': 5000, 'keepalive_requests': 100,
            'send_timeout_ms': 300000, 'max_header_bytes': 8190, 'max_header_lines': 100,
            'max_object_bytes': 1 << 20, 'revalidate_ms': 1000, 'backend_wait_ms': 3000, 'max_parked': 4096,
            'drain_timeout_ms': 10000, 'guard_files': '.htaccess', 'index': 'index.html'}
TYPES = '''html htm css js mjs json txt xml svg png jpg jpeg gif webp avif ico bmp woff woff2 ttf otf eot pdf
mp3 mp4 webm ogg wav zip bz2 xz wasm'''.split()
WORDS = {'guard_files': ['a/b', '..', '.'], 'index': ['a/b', '..', '/x'], 'exclude': ['icons/', '*', '/a//', '/a/../b', '/a%2fb', '/100%/', '/ok /%00'],
         'server_header': ['a\x01b', 'a\tb\x7f']}


def refuses(name, value):
    before = sysctl(name)
    try:
        sysctl(name, value)
    except OSError as error:
        assert error.errno in (errno.EINVAL, errno.ERANGE), f'{name}={value!r}: {error}'
    else:
        raise AssertionError(f'{name}={value!r} accepted')
    assert sysctl(name) == before, f'{name}: {before!r} became {sysctl(name)!r}'


def defaults():
    for name, value in DEFAULTS.items():
        assert sysctl(name) == str(value), f'{name} = {sysctl(name)}, documented {value}'
    with open('/proc/meminfo') as lines:
        ram = int(lines.readline().split()[1]) * 1024
    assert 0.8 * ram / 16 <= int(sysctl('cache_bytes')) <= 1.2 * ram / 16, sysctl('cache_bytes')
    assert int(sysctl('max_connections')) >= 1000
    assert '/icons/' in sysctl('exclude').replace(',', ' ').split(), sysctl('exclude')
    missing = set(TYPES) - set(sysctl('types').replace(',', ' ').split())
    assert not missing, f'types without {missing}'
    assert not {'php', 'cgi', 'var', 'shtml', 'pl'} & set(sysctl('types').replace(',', ' ').split())


def effects(top, url):
    page = f'{url}/a.html'
    patient()
    hit(page)
    check('enabled = 0 hands everything over, on connections that are open too')
    with Conn() as conn:
        conn.get(page)
        before = stats()
        sysctl('enabled', 0)
        assert conn.get(page).body == b'a' and get(page).body == b'a'
        expect(before, requests=0, handed_over=2, handed_over_disabled=2)
        sysctl('enabled', 1)
    before = stats()
    assert get(page).body == b'a'
    expect(before, requests=1, handed_over=0)
    check('exclude')
    old = sysctl('exclude', f'/icons/,{url}/')
    before = stats()
    assert get(page).body == b'a'
    expect(before, requests=0, handed_over_excluded=1)
    sysctl('exclude', old)
    assert hit(page).body == b'a'
    check('index')
    assert get(f'{url}/').body == b'index'
    sysctl('index', 'none.html b.html index.html')
    assert get(f'{url}/').body == b'b'
    sysctl('index', 'index.html')
    assert get(f'{url}/').body == b'index'
    check('guard_files')
    sysctl('guard_files', '.htaccess .lock')
    before = stats()
    put(f'{top}/.lock', '')
    assert get(page).body == b'a'
    expect(before, requests=0, handed_over_guard=1)
    sysctl('guard_files', '.htaccess')
    assert hit(page).body == b'a'
    check('server_header')
    for value in ('Apache', 'x y/1.2 (z)', ''):
        sysctl('server_header', value)
        assert get(page).get('Server', '') == value, get(page).fields
    sysctl('server_header', 'Apache')
    assert hit(page).get('Server') == 'Apache'
    check('keepalive_requests')
    sysctl('keepalive_requests', 3)
    with Conn() as conn:
        answers = [conn.get(page, headers=['Connection: keep-alive']) for _ in range(4)]
        conn.closed()
    # As Apache counts: "max=3" on the first, and one more after "max=1".
    assert [answer.get('Connection') for answer in answers] == ['Keep-Alive'] * 3 + ['close'], answers[3].fields
    assert answers[2].get('Keep-Alive') == 'timeout=120, max=1', answers[2].fields
    check('max_header_bytes, max_header_lines')
    for name, value in (('max_header_bytes', 1024), ('max_header_lines', 16)):
        old = sysctl(name, value)
        before = stats()
        assert get(page, headers=[f'X-{n}: {"y" * 60}' for n in range(20)]).body == b'a'
        expect(before, requests=0, handed_over_header_too_large=1)
        sysctl(name, old)
    check('max_object_bytes: what is read from now on is streamed')
    for name, limit, streams in (('b', 1 << 20, 0), ('c', 100000, 1)):
        ripe(put(f'{top}/{name}.png', bytes(200000)))
        sysctl('max_object_bytes', limit)
        before = stats()
        assert get(f'{url}/{name}.png').body == bytes(200000)
        expect(before, streams=streams, requests=1)
    check('max_connections')
    patient()
    sysctl('max_connections', 3)
    wait_for(lambda: stats()['connections_open'] == 0, 'no connection open')
    held = [Conn() for _ in range(3)]
    for conn in held:
        conn.get(page)
    before = stats()
    assert get(page).body == b'a'
    expect(before, requests=0, handed_over_max_connections=1)
    for conn in held:
        conn.close()


def main():
    top, url = fresh('sysctls')
    for name in ('a', 'b', 'index'):
        put(f'{top}/{name}.html', name)
    with kfront():
        check('defaults')
        defaults()
        for name, value in DEFAULTS.items():
            if isinstance(value, int):
                for bad in ('-1', '2147483648', '99999999999999999999', 'abc', '1x', '0x'):
                    refuses(name, bad)
        refuses('enabled', 2)
        for name in ('cache_bytes', 'max_connections'):
            for bad in ('-1', 'abc', '99999999999999999999999'):
                refuses(name, bad)
        for name, values in WORDS.items():
            for bad in values:
                refuses(name, bad)
        check('a list comes in one piece: shells cut what is long')
        with open(f'{SYSCTLS}/types', 'rb', buffering=0) as knob:
            types = knob.read()
        for pieces in ([b'a,' * 512], [b'html\n', b'css\n']):
            knob = os.open(f'{SYSCTLS}/types', os.O_WRONLY)
            try:
                for piece in pieces:
                    os.write(knob, piece)
                raise AssertionError('a list in pieces was taken')
            except OSError as error:
                assert error.errno == errno.EINVAL, error
            finally:
                os.close(knob)
        sysctl('types', types.decode().strip())
        check('effects')
        effects(top, url)
    with kfront():
        check('a fresh load has the defaults again')
        defaults()


if __name__ == '__main__':
    main()
