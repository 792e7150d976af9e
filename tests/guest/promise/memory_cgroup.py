# SPDX-License-Identifier: GPL-2.0-only
"""Connections handed over with answers just sent do not upset the accounts of the
memory cgroup Apache lives in: afterwards its socket memory is zero again and its
limit still holds. (Bytes queued before accept() are uncharged but never charged:
kernel-traps 6.)"""
import os
import apache
from lib import *

GROUP = '/sys/fs/cgroup/kfront-backend'


def knob(name, value=None, group=GROUP):
    with open(f'{group}/{name}', 'r' if value is None else 'w') as file:
        return file.read() if value is None else file.write(str(value))


def sock():
    return int(dict(line.split() for line in knob('memory.stat').splitlines())['sock'])


def start_inside():
    """Apache's processes are born in the group."""
    knob('cgroup.procs', os.getpid())
    try:
        apache.start()
    finally:
        knob('cgroup.procs', os.getpid(), '/sys/fs/cgroup')


def round_of(count, static, other, body, rcvbuf):
    """Pipeline ours, ..., Apache's in one segment; some read slowly, some go away."""
    conns = []
    for number in range(count):
        conn = Conn(rcvbuf=rcvbuf)
        conn.send(request(static) * (1 + number % 5) + request(other, headers=['Connection: close']))
        conns.append(conn)
    for number, conn in enumerate(conns):
        if number % 7 == 6:
            conn.reset()
            continue
        for _ in range(1 + number % 5):
            assert conn.response().body == body
        assert conn.response().body == b'from Apache'
        conn.closed()
        conn.close()


def main():
    top, base = fresh('memory-cgroup')
    body = random.Random(6).randbytes(60000)
    put(f'{top}/a.png', body)
    put(f'{top}/b.dat', b'from Apache')
    static, other = f'{base}/a.png', f'{base}/b.dat'
    if '+memory' not in knob('cgroup.subtree_control', group='/sys/fs/cgroup'):
        knob('cgroup.subtree_control', '+memory', '/sys/fs/cgroup')
    os.makedirs(GROUP, exist_ok=True)
    apache.stop()
    start_inside()
    try:
        log = KernelLog()
        with kfront():
            hit(static)
            before = stats()
            check('the control: a connection that Apache holds is charged to its group')
            with Conn(rcvbuf=4096) as conn:
                put(f'{top}/huge.bin', bytes(4 << 20))
                conn.send(request(f'{base}/huge.bin'))
                wait_for(lambda: sock() > 0, 'socket memory is charged')
            for rcvbuf in (None, 4096):
                for number in range(scaled(10, 3)):
                    check(f'round {number}, receive buffer {rcvbuf}')
                    round_of(scaled(40, 10), static, other, body, rcvbuf)
            assert delta(before, 'handed_over') > scaled(400, 30), changed(before)
            check('every connection is over: nothing may be charged, nothing owed')
            wait_for(lambda: sock() == 0, 'memory.stat sock is 0', 40)
        assert not log.trouble(), log.trouble()
        check('and without its processes the group is empty')
        apache.stop()
        wait_for(lambda: not knob('cgroup.procs').split(), 'no process')
        assert sock() == 0, sock()
        os.rmdir(GROUP)
    finally:
        if apache.answers() is not None:
            apache.stop()
        apache.start()


if __name__ == '__main__':
    main()
