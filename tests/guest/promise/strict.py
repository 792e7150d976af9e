# SPDX-License-Identifier: GPL-2.0-only
"""strict=1: nothing is served before somebody has audited and armed; while an audit is under way,
only to documentation addresses. What cannot be watched is not armed."""
import errno
import os
import shutil
import link
from lib import *
from watched import *

V4, V6 = ('198.51.100.1', '198.51.100.2'), ('2001:db8:1::1', '2001:db8:1::2')


def states(ns):
    check('disarmed after loading: everything is handed over')
    assert (sysctl('strict'), sysctl('armed'), sysctl('watch')) == ('1', '0', ETC)
    clients = [{}, {'server': '::1'}, {'ns': ns, 'server': V4[0]}, {'ns': ns, 'server': V6[0]}]
    for client in clients:
        handed_over(**client)
    refused('armed', 1, errno.EAGAIN, 'audit again')
    refused('armed', 3, errno.EINVAL)
    refused('armed', -1, errno.EINVAL)
    refused('strict', 2, errno.EINVAL)
    check('under audit: served to documentation addresses alone')
    sysctl('armed', 2)
    assert sysctl('armed') == '2'
    for client in clients:
        (served if 'ns' in client else handed_over)(**client)
    check('a change while the audit is under way')
    log = KernelLog()
    write(f'{ETC}/a.conf')
    disarmed(log)
    handed_over(**clients[2])
    refused('armed', 1, errno.EAGAIN, 'audit again')
    assert sysctl('armed') == '0'
    check('armed: served to everybody, also on a connection that goes on; 1 again changes nothing')
    arm()
    sysctl('armed', 1)
    for client in clients:
        served(**client)
    with Conn() as conn:
        before = stats()
        assert conn.get(URL).body == b'a'
        expect(before, requests=1, handed_over=0)
        log = KernelLog()
        sysctl('armed', 0)
        assert [line for line in log.ours() if 'disarmed' in line], log.ours()
        assert conn.get(URL).body == b'a'
        expect(before, requests=1, handed_over=1, handed_over_unarmed=1)
    sysctl('armed', 0)
    check('lists written with what they hold leave it armed')
    arm()
    for name in ('exclude', 'types', 'server_header', 'index'):
        sysctl(name, sysctl(name))
    sysctl('watch', ETC)
    sysctl('strict', 1)
    assert sysctl('armed') == '1'
    sysctl('watch', f'{ETC}/sub, {OUT}')
    assert sysctl('armed') == '0'
    arm()
    log = KernelLog()
    write(f'{OUT}/o.conf')
    disarmed(log)
    sysctl('watch', ETC)
    arm()
    sysctl('strict', 0)
    assert sysctl('armed') == '0'
    served()
    refused('armed', 2, errno.EINVAL, 'strict=0')
    served()
    sysctl('strict', 1)
    handed_over()


def errors():
    check('what cannot be watched is not armed, and one line names it')
    tree()
    os.symlink('loop', f'{ETC}/on/loop')        # leads nowhere, as the server finds, too
    arm()
    deep = f'{ETC}/empty' + '/d' * 33
    os.makedirs(deep)
    refused('armed', 2, errno.E2BIG, '/d/d/d')
    shutil.rmtree(f'{ETC}/empty/d')
    for paths, code, named in ((f'{ETC},{TOP}/none', errno.ENOENT, f'{TOP}/none'), ('/sys/kernel', errno.EOPNOTSUPP, '/sys'),
                               ('', errno.EINVAL, 'watch')):
        sysctl('watch', paths)
        refused('armed', 2, code, named)
        assert sysctl('armed') == '0'
    for paths in ('etc', f'{ETC},relative', f'{ETC} ../x'):
        refused('watch', paths, errno.EINVAL, 'watch')
    refused('watch', '/x' * 3000, errno.E2BIG)
    sysctl('watch', f' {ETC}/a.conf ,{ETC}/sub\t')
    arm()
    check('a mass of directories and files: up to a bound')
    sysctl('watch', ETC)
    link.sh(f'mount -t tmpfs none {ETC}/empty')
    for number in range(scaled(4000, 1000)):
        os.mkdir(f'{ETC}/empty/{number}')
        put(f'{ETC}/empty/{number}/f', old=False)
    arm()
    log = KernelLog()
    write(f'{ETC}/empty/{number}/f')
    disarmed(log)
    for number in range(number + 1, 4097):
        os.mkdir(f'{ETC}/empty/{number}')
    refused('armed', 2, errno.E2BIG, f'{ETC}/empty/')
    link.sh(f'umount {ETC}/empty')


def ends():
    """Unloading in every state, also while things change."""
    for state in (0, 2, 1):
        check(f'rmmod while armed={state}, quietly, then in the middle of changes')
        for busy in (False, True):
            tree()

            def change(beside):
                while not beside.stop:
                    put(f'{ETC}/sub/x.conf')
                    os.unlink(f'{ETC}/sub/x.conf')
            with kfront(strict=1, watch=ETC):
                for value in {0: [], 2: [2], 1: [2, 1]}[state]:
                    armed(value)
                clients = [Beside(change)] * busy
                for client in clients:
                    client.start()
                if busy:
                    wait_for(lambda: sysctl('armed') == '0', 'disarmed')
            for client in clients:
                client.stop = True
                client.join()
                assert not client.error, client.error


def main():
    top, _ = fresh('strict')
    put(f'{top}/a.html', b'a')
    tree()
    log = KernelLog()
    with kfront():
        check('strict=0: served, and one line says unaudited')
        assert (sysctl('strict'), sysctl('armed'), sysctl('watch')) == ('0', '0', '/etc/apache2')
        assert len([line for line in log.ours() if 'strict=0' in line]) == 1, log.ours()
        served()
    with link.namespace(here=V4[0], there=V4[1]) as ns:
        link.sh(f'ip addr add {V6[0]}/64 dev kf0 nodad && ip -n {ns} addr add {V6[1]}/64 dev kf1 nodad')
        with kfront(strict=1, watch=ETC):
            assert not [line for line in log.ours()[1:] if 'strict=0: serves' in line][1:], log.ours()
            states(ns)
            errors()
    ends()
    check('insmod with a wrong watch')
    for params in ({'watch': 'etc'}, {'strict': 1, 'watch': '/etc/apache2,x'}):
        try:
            load(**params)
        except OSError as error:
            assert error.errno == errno.EINVAL, error
        else:
            unload()
            raise AssertionError(f'{params} accepted')


if __name__ == '__main__':
    main()
