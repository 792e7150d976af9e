# SPDX-License-Identifier: GPL-2.0-only
"""A network that can be disturbed: a namespace joined to ours by a veth pair, and
a look at the TCP sockets the kernel holds, owned or not."""
import contextlib
import os
import subprocess
from client import wait_for

SERVER, CLIENT = '10.9.0.1', '10.9.0.2'


def sh(line):
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, f'{line}: {done.stdout}{done.stderr}'
    return done.stdout


@contextlib.contextmanager
def namespace(name='away', here=SERVER, there=CLIENT):
    """`here` on kf0 in our namespace, `there` on kf1 in the new one."""
    sh(f'ip netns add {name}')
    try:
        sh(f'ip link add kf0 type veth peer name kf1 netns {name}')
        sh(f'ip addr add {here}/24 dev kf0 && ip link set kf0 up')
        sh(f'ip -n {name} addr add {there}/24 dev kf1 && ip -n {name} link set kf1 up')
        sh(f'ip -n {name} link set lo up')
        yield name
    finally:
        if os.path.exists(f'/run/netns/{name}'):
            sh(f'ip netns del {name}')
        wait_for(lambda: not os.path.exists('/sys/class/net/kf0'), 'the namespace is gone', 150)


def lose(what, device='kf0', ns=None):
    """netem on what leaves by this device; '' ends it."""
    at = f'tc -n {ns}' if ns else 'tc'
    sh(f'{at} qdisc {"replace" if what else "del"} dev {device} root {"netem " + what if what else ""}')


def dropped(device='kf0'):
    """Packets that netem has thrown away so far."""
    words = sh(f'tc -s qdisc show dev {device}').replace(',', '').split()
    return int(words[words.index('(dropped') + 1])


def sockets(peer=CLIENT, port=80, without=('TIME-WAIT', 'LISTEN')):
    """TCP sockets between this port of ours and that peer, as ss shows them."""
    lines = sh(f"ss -Htanoe 'sport = :{port} and dst = {peer}'").splitlines()
    return [line for line in lines if not line.startswith(without)]


def no_sockets(deadline=150, **which):
    """Every connection has come to its end: none leaked in any state."""
    try:
        wait_for(lambda: not sockets(**which), 'all sockets ended', deadline, 0.1)
    except AssertionError:
        raise AssertionError('sockets left: ' + '\n'.join(sockets(**which))) from None
