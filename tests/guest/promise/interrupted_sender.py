# SPDX-License-Identifier: GPL-2.0-only
"""A task that is sending when the softirq interrupts it keeps its bytes: what
kfront sends meanwhile never goes through the interrupted task's page fragment.
(sk_page_frag() is current->task_frag: kernel-traps 2.)

The victim, bound to CPU 1, sends a mapped file whose pages fault in anew each
time, so that it is interrupted in the middle of copying; receive packet steering
brings every request of clients on CPU 0 to CPU 1. Whatever comes out at the
victim's peer must be the file."""
import mmap
import os
import socket
import threading
import time
import apache
from lib import *

SIZE = 4 << 20


def steer(mask):
    """Packets on lo are received on these CPUs."""
    with open('/sys/class/net/lo/queues/rx-0/rps_cpus', 'w') as knob:
        knob.write(f'{mask:x}')


def victim(path, stop, problems, sent):
    """Send the pattern again and again from a mapping without resident pages."""
    os.sched_setaffinity(0, {1})
    with socket.create_server(('127.0.0.1', 0)) as server, open(path, 'rb') as file, \
            mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pattern:
        reader = threading.Thread(target=compare, args=(server.getsockname(), path, problems))
        reader.start()
        peer, _ = server.accept()
        with peer:
            while not stop.is_set():
                pattern.madvise(mmap.MADV_DONTNEED)
                peer.sendall(pattern)
                sent[0] += 1
        reader.join()


def compare(address, path, problems):
    with open(path, 'rb') as file:
        pattern = file.read()
    with socket.create_connection(address) as sock:
        part, filled = bytearray(SIZE), 0
        while True:
            count = sock.recv_into(memoryview(part)[filled:])
            filled += count
            if not count or filled == SIZE:
                if part[:filled] != pattern[:filled]:
                    at = next(n for n in range(filled) if part[n] != pattern[n])
                    problems.append(f'foreign bytes at {at}: {bytes(part[at:at + 60])!r}')
                    return
                filled = 0
            if not count:
                return


def clients(stop, problems, ask, expected, served):
    os.sched_setaffinity(0, {0})
    try:
        while not stop.is_set():
            with Conn() as conn:
                for _ in range(50):
                    answer = conn.send(ask).response()
                    if not expected(answer):
                        problems.append(f'a wrong answer: {answer.line}')
                        return
                    served[0] += 1
                    if answer.get('Connection') == 'close':
                        break
    except Exception as error:          # told to the main thread
        problems.append(repr(error))


def interrupt(what, path, ask, expected, least):
    check(what)
    stop, problems, sent, served = threading.Event(), [], [0], [0]
    threads = [threading.Thread(target=victim, args=(path, stop, problems, sent))]
    threads += [threading.Thread(target=clients, args=(stop, problems, ask, expected, served)) for _ in range(3)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        wait_for(lambda: problems or (served[0] >= least and sent[0] >= 5), f'{least} answers', 80, 0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems, problems
    check(f'{served[0]} answers, {sent[0]} times {SIZE} bytes in {time.monotonic() - began:.1f} s')


def main():
    assert os.cpu_count() >= 2, 'needs two processors'
    top, base = fresh('interrupted')
    pattern = put('/srv/pattern', b''.join(b'%07d\n' % n for n in range(SIZE // 8)))
    put(f'{top}/a.png', b'K' * 3000)
    ripe(put(f'{top}/b.mp4', b'S' * 2000000))
    steer(2)
    try:
        with kfront():
            patient()
            hit(f'{base}/a.png')
            interrupt('hits', pattern, request(f'{base}/a.png'), lambda a: a.body == b'K' * 3000,
                      scaled(2500, 300))
            interrupt('streams', pattern, request(f'{base}/b.mp4'), lambda a: a.body == b'S' * 2000000,
                      scaled(30, 10))
            apache.stop()
            sysctl('backend_wait_ms', 0)
            try:
                interrupt('answers that kfront makes itself (503)', pattern, request('/cgi-bin/echo.cgi'),
                          lambda a: a.status == 503, scaled(800, 100))
            finally:
                apache.start()
    finally:
        steer(0)


if __name__ == '__main__':
    main()
