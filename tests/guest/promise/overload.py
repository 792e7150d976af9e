# SPDX-License-Identifier: GPL-2.0-only
"""A processor that gets more SYNs than it can answer drops some of them at once, counted, and
goes on serving; others are served as ever. One that is not behind drops none."""
import contextlib
import os
import subprocess
import time
from lib import *
from link import SERVER, namespace, sh

SYNS = '/kfront/tests/guest/build/syns'
SPOOFED = '10.9.1.0'


@contextlib.contextmanager
def flood():
    """From the other namespace on processor 1; all of it is received by processor 0."""
    command = ['ip', 'netns', 'exec', 'away', 'taskset', '-c', '1', SYNS, SERVER, '80', SPOOFED]
    with subprocess.Popen(command) as process:
        try:
            yield
            assert process.poll() is None, process.returncode
        finally:
            process.kill()


def serves(url, times):
    """Connections of processor 1 are its own: loopback stays where it is."""
    for _ in range(times):
        assert get(url).status == 200


def main():
    top, url = fresh('overload')
    put(f'{top}/a.png', b'x' * 3000)
    page = f'{url}/a.png'
    with namespace(), kfront():
        sh(f'ip route add {SPOOFED}/24 via 10.9.0.2')
        sh('echo 1 > /sys/class/net/kf0/queues/rx-0/rps_cpus')
        os.sched_setaffinity(0, {1})
        sysctl('shed_after_ms', 100)
        before = stats()
        check('many who wait, and a processor that is not behind: nothing is dropped')
        silent = [Conn() for _ in range(600)]   # more than are let in where one is
        serves(page, scaled(50, 10))
        assert delta(before, 'syns_shed') == 0, changed(before)
        for conn in silent:
            conn.close()

        check('a flood: what is too much is dropped, and counted; others are served')
        with flood():
            wait_for(lambda: delta(before, 'syns_shed') > 100, 'SYNs are shed', 60)
            serves(page, scaled(20, 5))

        for knob, off, on in ('shed_after_ms', 0, 100), ('enabled', 0, 1):
            check(f'{knob}={off}: nothing is dropped')
            sysctl(knob, off)
            before = stats()
            with flood():
                time.sleep(scaled(2, 4))    # many times as long as it took before
                serves(page, scaled(20, 5))
            assert delta(before, 'syns_shed') == 0, changed(before)
            sysctl(knob, on)

        check('it is over: clients of that processor are served, and no SYN of theirs is dropped')
        os.sched_setaffinity(0, {0})

        def none_shed():                # what the flood left (SYN-ACKs sent again) ends, too
            before = stats()
            serves(page, scaled(50, 10))
            return delta(before, 'syns_shed') == 0
        wait_for(none_shed, 'no SYN is shed', 60)


if __name__ == '__main__':
    main()
