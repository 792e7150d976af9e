# SPDX-License-Identifier: GPL-2.0-only
"""The units of userland/systemd under a systemd of their own: process 1 of a PID
namespace, since the guest's is scripts/guest/init. And a module tree of ours, so
that modprobe finds the kfront that a test wants it to find."""
import contextlib
import os
import shutil
import signal
import subprocess
from client import wait_for
from link import sh

UNITS, USER, ETC = '/kfront/userland/systemd', '/usr/local/lib/systemd/system', '/run/systemd/system'
SHIPPED = '/usr/lib/systemd/system'
NEEDED = ('systemd-journald', '-.mount')
MODULES, OPTIONS, SYSCTLS = f'/lib/modules/{os.uname().release}', '/etc/modprobe.d/kfront.conf', \
    '/etc/sysctl.d/kfront.conf'
CGROUP, TABLE = '/sys/fs/cgroup/units', 'inet kfront_fallback'


def put(path, text='', mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)


@contextlib.contextmanager
def module_tree():
    """An empty directory of modules in front of the kernel's own; what nft needs is loaded before."""
    sh('modprobe -a nf_tables nft_chain_nat nft_nat nft_fib_inet nft_ct inet_diag tcp_diag')
    sh(f'mount -t tmpfs tmpfs {MODULES} && touch {MODULES}/modules.order {MODULES}/modules.builtin')
    try:
        yield
    finally:
        sh(f'umount {MODULES}')
        for path in (OPTIONS, SYSCTLS):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def module(image=None):
    """What `modprobe kfront` finds from now on; None: nothing."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f'{MODULES}/kfront.ko')
    if image is not None:
        put(f'{MODULES}/kfront.ko', image)
    sh('depmod')


def rules(table):
    """What nft says of a table; '' when there is none."""
    return subprocess.run(f'nft list table {table}', shell=True, capture_output=True, text=True).stdout


def redirected():
    return 'dnat to :8080' in rules(TABLE)


def install():
    """As `make install-service` does."""
    for name in os.listdir(UNITS):
        if name.endswith('.service'):
            put(f'{USER}/{name}', open(f'{UNITS}/{name}', 'rb').read())
        else:
            put(f'/usr/local/libexec/{name}', open(f'{UNITS}/{name}', 'rb').read(), 0o755)


class Systemd:
    """Boots on entering: the units that a test asks for, the journal, hardly anything else."""
    def __enter__(self):
        install()
        for wants in ('sysinit', 'timers', 'local-fs'):
            for where in (SHIPPED, '/etc/systemd/system'):
                with contextlib.suppress(FileNotFoundError):
                    for unit in os.listdir(f'{where}/{wants}.target.wants'):
                        if not unit.startswith(NEEDED):
                            self.mask(unit)
        put(f'{ETC}/test.target', '[Unit]\nWants=basic.target systemd-journald.service\n')
        os.makedirs(CGROUP, exist_ok=True)
        inside = ('mount -t proc proc /proc; umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; '
                  'exec env container=test /lib/systemd/systemd --system --unit=test.target --show-status=no')
        self.outer = subprocess.Popen(
            ['sh', '-c', f'echo $$ >{CGROUP}/cgroup.procs; exec unshare --fork --pid --mount --cgroup '
             f'--kill-child sh -c "{inside}"'], start_new_session=True)
        try:
            self.pid = int(wait_for(self.inner, 'process 1 of the namespace'))
            wait_for(lambda: self.ctl('is-system-running').stdout.strip() in ('running', 'degraded'),
                     'systemd is up')
        except BaseException:
            self.__exit__()
            raise
        return self

    def inner(self):
        with open(f'/proc/{self.outer.pid}/task/{self.outer.pid}/children') as children:
            return children.read().strip()

    def mask(self, unit):
        os.makedirs(ETC, exist_ok=True)
        if not os.path.lexists(f'{ETC}/{unit}'):
            os.symlink('/dev/null', f'{ETC}/{unit}')

    def __exit__(self, *_):
        """The namespace dies with its first process; nobody must think systemd runs here."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.outer.pid, signal.SIGKILL)
        self.outer.wait()
        wait_for(lambda: not any(open(f'{at}/cgroup.procs').read() for at, _, _ in os.walk(CGROUP)),
                 'all have ended')
        for at, _, _ in os.walk(CGROUP, topdown=False):
            os.rmdir(at)
        shutil.rmtree('/run/systemd')
        shutil.rmtree('/run/log', ignore_errors=True)

    def run(self, *words):
        return subprocess.run(['nsenter', '-t', str(self.pid), '-p', '-m', *words],
                              env=dict(os.environ, SYSTEMD_COLORS='0', SYSTEMD_PAGER='', LC_ALL='C.UTF-8'),
                              capture_output=True, text=True)

    def ctl(self, *words):
        return self.run('systemctl', '--no-pager', *words)

    def good(self, *words):
        done = self.ctl(*words)
        assert done.returncode == 0, f'systemctl {words}: {done.stderr}\n{self.journal()}'

    def verify(self, *names):
        done = self.run('systemd-analyze', 'verify', '--man=no', *names)
        assert (done.returncode, done.stdout + done.stderr) == (0, ''), done.stdout + done.stderr

    def state(self, unit):
        return self.ctl('is-active', unit).stdout.strip()

    def journal(self, *words):
        self.run('journalctl', '--sync')
        return self.run('journalctl', '-q', '--no-pager', '-o', 'cat', '-u', 'kfront*',
                        *words).stdout
