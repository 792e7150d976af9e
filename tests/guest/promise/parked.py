# SPDX-License-Identifier: GPL-2.0-only
"""What Apache shall have waits while Apache is away or has no room, bounded in time and
number, and then Apache has it as if nothing had been; who waited in vain gets 503 with
Retry-After."""
import os
import socket
import subprocess
import time
import apache
from lib import *

LONG = 60000                        # ms: longer than Apache takes to start on any machine


def waiting(count):
    wait_for(lambda: stats()['connections_parked'] == count, f'{count} connections parked')


def unavailable(conn, method='GET'):
    answer = conn.response(method)
    assert answer.status == 503 and answer.get('Retry-After') == '1', answer.head
    assert answer.get('Connection') == 'close', answer.head
    conn.closed()


def absent(static, cgi):
    """Everything that Apache shall have, sent while it is not there, in all the ways."""
    check('Apache is away: requests wait, with what comes after them')
    sysctl('backend_wait_ms', LONG)
    before = stats()
    plain, head, missing = (Conn().send(raw) for raw in (
        request(cgi), request(cgi, 'HEAD'), request('/none.html', headers=['Connection: close'])))
    post = Conn().send(request(cgi, 'POST', headers=['Content-Length: 9000']))
    half, gone, killed = (Conn().send(request(cgi)) for _ in range(3))
    mixed = Conn().send(request(static) * 2 + request(cgi))
    assert mixed.response().body == mixed.response().body == b'a page'
    waiting(8)
    half.half_close()
    post.send(b'x' * 4000, b'y' * 5000)
    plain.send(request(static))
    check('one that is reset, or killed by ss -K, waits no more; files are served')
    gone.reset()
    port = killed.sock.getsockname()[1]
    subprocess.run(['ss', '-K', f'sport = :80 and dport = :{port}'], check=True, stdout=subprocess.DEVNULL)
    waiting(6)
    assert get(static).body == b'a page'
    for conn in (plain, head, missing, post, half, mixed):
        conn.silent(0.05)
    expect(before, parked=8, handed_over=0, killed_reset=2, responses_503=0, handover_failed_absent=0)
    check('Apache starts: it gets every byte')
    apache.start()
    assert b'REQUEST_METHOD=GET' in plain.response().body and plain.response().body == b'a page'
    assert head.response('HEAD').status == 200 and missing.response().status == 404
    assert b'CONTENT_LENGTH=9000' in post.response().body
    assert b'REQUEST_METHOD=GET' in half.response().body and b'REQUEST_METHOD=GET' in mixed.response().body
    expect(before, parked=8, handed_over=6, handed_over_missing=1, handed_over_excluded=4,
           handed_over_method=1, responses_503=0, handover_failed_absent=0)
    wait_for(lambda: not stats()['connections_open'], 'none is left')


def in_vain(cgi):
    check('nobody comes: 503, not before its time, counted once')
    sysctl('backend_wait_ms', 400)
    before, began = stats(), time.monotonic()
    conns = [Conn().send(request(cgi)) for _ in range(20)]
    for conn in conns:
        unavailable(conn)
    assert time.monotonic() - began >= 0.39, 'given up too early'
    expect(before, parked=20, responses_503=20, handover_failed_absent=20, handed_over=0)
    check('a shorter time holds for those who wait already; 0: nobody waits')
    sysctl('backend_wait_ms', LONG)
    conn = Conn().send(request(cgi, 'HEAD'))
    waiting(1)
    sysctl('backend_wait_ms', 0)
    unavailable(conn, 'HEAD')
    before = stats()
    unavailable(Conn().send(request(cgi)))
    expect(before, parked=0, responses_503=1, handover_failed_absent=1)
    check('max_parked: the others get 503 at once')
    sysctl('backend_wait_ms', LONG)
    sysctl('max_parked', 2)
    before = stats()
    conns = [Conn().send(request(cgi)) for _ in range(5)]
    wait_for(lambda: delta(before, 'responses_503') == 3, 'three are turned away')
    expect(before, parked=2, handover_failed_absent=3)
    assert stats()['connections_parked'] == 2
    for conn in conns:
        conn.close()
    sysctl('backend_wait_ms', 0)
    waiting(0)
    sysctl('max_parked', 4096)


def full():
    """A backend with room for few. All on one CPU, so that one poll has them in order."""
    check('a full queue: first come, first served, nobody overtakes')
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    sysctl('backend_wait_ms', LONG)
    both = {'family': socket.AF_INET6, 'dualstack_ipv6': True, 'backlog': 2}
    with socket.create_server(('', apache.BACKEND), **both) as server:
        server.settimeout(DEADLINE)
        before = stats()
        conns = [Conn().send(request(f'/cgi-bin/{number}')) for number in range(12)]
        wait_for(lambda: delta(before, 'handed_over') + delta(before, 'parked') == 12, 'all judged')
        room = delta(before, 'handed_over')
        assert 2 <= room <= 4, f'{room} connections in a queue for 2'
        for expected in range(24):
            child, _ = server.accept()
            with child:
                if len(conns) < 24:     # a newcomer comes when there is room again
                    conns.append(Conn().send(request(f'/cgi-bin/{len(conns)}')))
                got = child.recv(1000).split()[1]
                assert got == b'/cgi-bin/%d' % expected, f'{got}, not {expected}'
        expect(before, handed_over=24, handed_over_excluded=24, handover_failed_full=0, responses_503=0)
        for conn in conns:
            conn.close()
    os.sched_setaffinity(0, cpus)


def one_of_two():
    check('IPv6 is full and its connections are older: those of IPv4 go when there is room')
    v4 = socket.create_server(('127.0.0.1', apache.BACKEND), backlog=1)
    v6 = socket.create_server(('::1', apache.BACKEND), family=socket.AF_INET6, backlog=1)
    with v4, v6:
        one_has_room(v4, v6)


def one_has_room(v4, v6):
    load()
    sysctl('backend_wait_ms', LONG)
    conns, left, before = [], [], stats()
    for host in ('::1', '127.0.0.1'):
        then = stats()
        conns += [Conn(host=host).send(request('/cgi-bin/x')) for _ in range(30)]
        wait_for(lambda: delta(then, 'handed_over') + delta(then, 'parked') == 30, 'all judged')
        left.append(delta(then, 'parked'))
        assert left[-1] > 20, changed(then)
    v4.settimeout(DEADLINE)
    for _ in range(30):
        v4.accept()[0].close()
    left = left[0]
    waiting(left)
    expect(before, handed_over=60 - left)
    check('nobody listens any more: those who waited get 503 when their time is over')
    for backend in (v4, v6):
        backend.close()
    sysctl('backend_wait_ms', 100)
    for conn in conns[30 - left:30]:
        unavailable(conn)
    expect(before, handed_over=60 - left, handover_failed_absent=left, responses_503=left)
    unload()
    for conn in conns:
        conn.close()


def main():
    top, url = fresh('parked')
    put(f'{top}/a.html', 'a page')
    static, cgi = f'{url}/a.html', apache.cgi('echo.cgi', apache.ECHO)
    with kfront():
        hit(static)
        apache.stop()
        absent(static, cgi)
        apache.stop()
        in_vain(cgi)
        full()
    one_of_two()


if __name__ == '__main__':
    try:
        main()
    finally:
        if apache.answers() is None:
            apache.start()
