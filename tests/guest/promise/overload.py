# SPDX-License-Identifier: GPL-2.0-only
"""A processor that gets more SYNs than it can answer drops some of them at once, counted, and
goes on serving; others are served as ever. One that is not behind drops none."""
import contextlib
import os
import subprocess
import threading
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
        before = stats()
        check('as many clients as there are processors for: nothing is dropped')
        threads = [threading.Thread(target=serves, args=(page, scaled(100, 20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert delta(before, 'syns_shed') == 0, changed(before)

        check('a flood: what is too much is dropped, and counted; others are served')
        with flood():
            wait_for(lambda: delta(before, 'syns_shed') > 100, 'SYNs are shed', 60)
            serves(page, scaled(20, 5))
        then = stats()
        wait_for(lambda: get(page).status == 200, 'it answers')

        check('shed_after_ms=0: nothing is dropped')
        sysctl('shed_after_ms', 0)
        before = stats()
        with flood():
            time.sleep(scaled(2, 4))    # many times as long as it took before
            serves(page, scaled(20, 5))
        assert delta(before, 'syns_shed') == 0, changed(before)
        sysctl('shed_after_ms', 100)

        check('it is over: a client of that processor is served, and no SYN of its is dropped')
        os.sched_setaffinity(0, {0})
        serves(page, 5)                 # ksoftirqd has come to its end by then
        before = stats()
        serves(page, scaled(50, 10))
        assert delta(before, 'syns_shed') == 0, changed(before)
        assert then['syns_shed'] > 100


if __name__ == '__main__':
    main()
