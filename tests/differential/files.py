# SPDX-License-Identifier: GPL-2.0-only
"""The site that is asked about: the host makes requests of it (cases.py), the guest makes
it (guest.py). Same content, sizes and times each time, so that tags and dates are known."""
import os
import random
import shutil
import stat
import string

MTIME = 1600000000      # Sun, 13 Sep 2020 12:26:40 GMT
DOCROOT = '/var/www/html'
STREAMED = 32768        # larger files are streamed
rng = random.Random(MTIME)
WORDS = 'kernel server static file answer request header module apache nobody can tell'.split()


def text(size):
    return ' '.join(rng.choice(WORDS) for _ in range(size // 3))[:size].encode()


# What the kernel may serve: every type of content, sizes at which something changes.
PLAIN = {
    'index.html': text(400), 'a.html': text(300), '0.html': b'', '0.png': b'', '1.txt': b'x',
    '68.txt': text(68), '69.txt': text(69), '4095.css': text(4095), '4096.js': text(4096),
    '4097.txt': text(4097),
    'big.html': text(9000), 'p.png': rng.randbytes(1000), 'q.jpg': rng.randbytes(4096),
    'w.woff2': rng.randbytes(500), 'large.zip': rng.randbytes(33001),
    # zlib gives more than 8096 bytes of it before it has seen the end
    'chunked.css': ''.join(rng.choices(string.ascii_letters, k=20000)).encode(),
    'large.txt': rng.randbytes(16501).hex().encode()[:33001], 'd.json': text(200), 'v.svg': text(600),
    'x.xml': text(300), 'a.b.html': text(90), 'a.min.js': text(120), 'random.txt': rng.randbytes(3000),
    'sub/index.html': text(200), 'sub/deep/p.png': rng.randbytes(200), "s'(x)!$&*,;=:@~.txt": text(80),
    'UP.HTML': text(99),
}
# Whose URL is not its name.
ESCAPED = {'a b.txt': text(100), '\u00fc.html': text(100), '100%.html': text(100), 'q?.html': text(100),
    'hash#.png': text(100), 'sub/a b/\u65e5.txt': text(100), 'pl+us.html': text(100), 'c\x01.txt': text(100)}
# What Apache may see otherwise than as a plain file: it must be asked.
ODD = {'a.html.en': text(100), 'a.en.html': text(100), 'a.utf8.html': text(100), 'a.de.utf8.txt': text(100),
    'x.tar.gz': rng.randbytes(100), 'x.html.gz': rng.randbytes(100), 'y.php.html': text(100),
    'y.php': text(100), 'y.cgi.html': text(100), 'y.shtml': text(100), 'noext': text(100),
    'x.unknown': text(100), 'x.': text(100), 'guarded/.htaccess': b'Header set X-Guard yes\n',
    'guarded/a.html': text(100), 'guarded/below/a.html': text(100), '.hidden.html': text(100),
    '.well-known/a.txt': text(100), 'noindex/a.html': text(100), 'secret.html': text(100),
    'closed/a.html': text(100), 'exec.html': text(100), 'epoch.html': text(100)}
LINKS = {'link.html': 'a.html', 'sublink': 'sub', 'out.txt': '/etc/debian_version', 'loop.html': 'loop.html',
    'dangling.html': 'nowhere.html', 'outdir': '/usr/share/apache2'}
MODES = {'secret.html': 0o600, 'closed': 0o700, 'exec.html': 0o755}


def make(top=DOCROOT):
    shutil.rmtree(top, ignore_errors=True)
    for name, data in (PLAIN | ESCAPED | ODD).items():
        os.makedirs(os.path.dirname(f'{top}/{name}'), exist_ok=True)
        with open(f'{top}/{name}', 'wb') as file:
            file.write(data)
    for name, to in LINKS.items():
        os.symlink(to, f'{top}/{name}')
    os.mknod(f'{top}/socket.html', stat.S_IFSOCK)
    os.mknod(f'{top}/null.html', stat.S_IFCHR, os.makedev(1, 3))
    for where, _, names in os.walk(top, topdown=False):
        for name in [f'{where}/{name}' for name in names] + [where]:
            if not os.path.islink(name):
                os.chmod(name, MODES.get(name[len(top) + 1:], 0o755 if name == where else 0o644))
            os.utime(name, (MTIME, MTIME), follow_symlinks=False)
    os.utime(f'{top}/epoch.html', (0, 0))
