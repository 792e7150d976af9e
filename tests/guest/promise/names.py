# SPDX-License-Identifier: GPL-2.0-only
"""A file is found by every spelling of its name that Apache knows for it, and is to
clients what its suffixes make it; whatever else a path may be is Apache's."""
import errno
import os
import apache
from lib import *

FILES = ['a.html', 'a b.html', '100%.html', 'ä/€.html', 'a?b.html', 'a#b.html', 'a\\b.html', 'a;b.html', 'x%41.html',
         'page.html.en', 'page.en.html', 'page.pt-br.html', 'page.html.utf8', 'page.latin1.html', 'page.en.html.utf8',
         'logo.min.js', 'pic.png.de', 'sub/index.html', 'tab.html.tr', 'data.es.json']
SPELLINGS = ['a.html', '%61.html', 'a%2ehtml', 'a%2Ehtml', 'a%20b.html', '100%25.html', '%c3%a4/%E2%82%AC.html',
             'a%3Fb.html', 'a%23b.html', 'a%5Cb.html', 'a;b.html', 'a%3bb.html', 'x%2541.html', 'page.html.en',
             'page.en.html', 'page.pt-br.html', 'page.html.utf8', 'page.latin1.html', 'page.en.html.utf8',
             'page.html%2een', 'logo.min.js', 'pic.png.de', 'sub/', 's%75b/', 'tab.html.tr', 'data.es.json']
QUERIES = ['?', '?v=1.2', '?a=b&c[]=%20%2f%00', '?/../..//.htaccess', '?x?y', '?{|}`^\\', '?' + 'q' * 4000]
# path: reason
THEIRS = {'a%2f..%2fa.html': 'target', 'sub%2findex.html': 'target', 'a.html%00': 'target', 'a.html%': 'target',
          'a%zz.html': 'target', 'a%0a.html': 'target', 'sub//index.html': 'target', '%2e%2e/x.html': 'dotfile',
          'sub/%2e/index.html': 'dotfile', '%2ehidden.html': 'dotfile', 'a.html?x#y': 'target', 'a.html?%': 'target',
          'a.html?\xe9': 'target', '%2561.html': 'missing', 'A.html': 'missing', 'page.html.en.de': 'handler',
          'page.php.html': 'handler', 'page.%70hp.html': 'handler', 'page.html.old': 'type', 'page.html.ascii': 'type'}


def spelled(url, path):
    return request(f'{url}/{path}', headers=['Connection: close'])


def main():
    top, url = fresh('names')
    for name in FILES:
        put(f'{top}/{name}', name)
    for name in 'page.html.en.de', 'page.php.html', 'page.html.old', 'page.html.ascii', '.hidden.html':
        put(f'{top}/{name}', name)
    ripe(put(f'{top}/a.html', 'a page'))
    put('/srv/names.types', 'text/html html\ntext/x-new new\n')
    with kfront():
        patient()
        for path in SPELLINGS:
            check(path)
            hit(f'{url}/{path}')
            before = stats()
            for raw in spelled(url, path), spelled(url, f'{path}?v=1'), spelled(url, path).replace(b'GET', b'HEAD', 1):
                answer = same_as_backend(raw)
                assert b' 200 OK\r\n' in answer, answer
            expect(before, requests=3, served_softirq=3, handed_over=0)
        for query in QUERIES:
            check(f'a query: {query[:40]}')
            before = stats()
            same_as_backend(spelled(url, f'a.html{query}'))
            same_as_backend(spelled(url, f'sub/{query}'))
            expect(before, requests=2, served_softirq=2, handed_over=0)
        check('one object for all spellings and queries')
        before = stats()
        for path in SPELLINGS[:4]:
            assert get(f'{url}/{path}?{path}').body == b'a page'
        expect(before, requests=4, served_softirq=4)
        for path, reason in THEIRS.items():
            check(f'{path}: Apache\'s')
            before = stats()
            same_as_backend(spelled(url, path))
            expect(before, requests=0, **{'handed_over': 1, f'handed_over_{reason}': 1})
        check('excluded by what the path means')
        old = sysctl('exclude', f'{url}/sub/')
        for path in 'sub/index.html', 's%75b/index.html':
            before = stats()
            same_as_backend(spelled(url, path))
            expect(before, requests=0, handed_over_excluded=1)
        check('an excluded name may be written with escapes')
        for path in 'a%20b.html', '100%25.html', '%c3%a4/%E2%82%AC.html', 'x%2541.html':
            hit(f'{url}/{path}')
            sysctl('exclude', f'{url}/{path}')
            before = stats()
            same_as_backend(spelled(url, path))
            assert get(f'{url}/a.html').body == b'a page'
            expect(before, requests=1, handed_over_excluded=1)
            sysctl('exclude', '/nothing/')
        check('an index file that is excluded, or one that would go before it: not for its directory either')
        for exclude in f'{url}/sub/index', f'{url}/sub/home.html':
            sysctl('index', 'home.html index.html')
            sysctl('exclude', '/nothing/')
            hit(f'{url}/sub/')
            sysctl('exclude', exclude)
            before = stats()
            same_as_backend(spelled(url, 'sub/'))
            expect(before, requests=0, handed_over=1, handed_over_excluded=1)
        sysctl('index', 'index.html')
        hit(f'{url}/sub/')
        sysctl('exclude', old)

        check('mime_types: read again when written')
        path = sysctl('mime_types')
        assert path == '/etc/mime.types', path
        sysctl('types', 'html,new')
        put(f'{top}/a.new', 'new')
        before = stats()
        assert get(f'{url}/a.new').body == b'new'
        expect(before, requests=0, handed_over_type=1)
        sysctl('mime_types', '/srv/names.types')
        assert hit(f'{url}/a.new').get('Content-Type') == 'text/x-new'
        put('/srv/names.types', 'text/html html\ntext/x-newer new\n')
        sysctl('mime_types', '/srv/names.types')
        assert hit(f'{url}/a.new').get('Content-Type') == 'text/x-newer'
        log = KernelLog()
        put('/srv/names.types', 'text/html "html"\n')
        os.mkfifo('/srv/fifo.types')                # nobody writes to it, and nobody waits for that
        for wrong, number in (('/srv/names.types', errno.EINVAL), ('/srv/none.types', errno.ENOENT),
                              ('/srv/fifo.types', errno.EINVAL), ('/dev/zero', errno.EINVAL), ('/srv', errno.EINVAL)):
            try:
                sysctl('mime_types', wrong)
            except OSError as error:
                assert error.errno == number, error
            else:
                raise AssertionError(f'{wrong} was taken')
            assert sysctl('mime_types') == '/srv/names.types'
            # Python writes again when closing what it could not write: the same line twice.
            assert len({line for line in log.ours() if 'mime_types' in line}) == 1, log.ours()
            log = KernelLog()
        os.unlink('/srv/fifo.types')
        assert hit(f'{url}/a.new').get('Content-Type') == 'text/x-newer'


if __name__ == '__main__':
    main()
