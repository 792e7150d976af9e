# SPDX-License-Identifier: GPL-2.0-only
"""Without Apache the static files are still served and everything else gets 503
with Retry-After, after waiting for as long as it may; when it is back, so is everything."""
import select
import socket
import apache
from lib import *

WAIT = 100                          # ms that what is Apache's waits; parked.py is about that


def unavailable(answer):
    assert answer.status == 503, answer.line
    assert answer.get('Retry-After', '').isdigit() and answer.get('Connection') == 'close', answer.fields


def without_backend(static, fresh_file, cgi):
    check('a hit, and a file never asked for before')
    before = stats()
    assert get(static).body == b'a page' and get(fresh_file).body == b'another'
    expect(before, requests=2, responses_503=0)
    sysctl('backend_wait_ms', WAIT)
    for what, raw in (('CGI', request(cgi)), ('404', request('/none.html')), ('HEAD', request(cgi, 'HEAD')),
                      ('POST', request(cgi, 'POST', body=b'x' * 5000)), ('no HTTP', b'hello\r\n\r\n')):
        check(f'{what}: 503')
        before = stats()
        with Conn() as conn:
            conn.send(raw)
            unavailable(conn.response(what))
            conn.closed()
        expect(before, responses_503=1, handed_over=0, parked=1, handover_failed_absent=1)
    check('static, static, CGI on one connection, in one segment and apart')
    for pieces in ([request(static) * 2 + request(cgi)], [request(static), request(static), request(cgi)]):
        with Conn() as conn:
            conn.send(*pieces)
            assert conn.response().body == conn.response().body == b'a page'
            unavailable(conn.response())
            conn.closed()
    check('a hundred at once')
    before = stats()
    conns = [Conn().send(request(cgi)) for _ in range(100)]
    for conn in conns:
        unavailable(conn.response())
        conn.close()
    expect(before, responses_503=100, parked=100, handover_failed_absent=100)
    wait_for(lambda: stats()['connections_open'] == 0, 'no connection left')


def full_queue(static, cgi):
    """A backend that never accepts, with room for few."""
    check('the backend does not accept: its queue fills, then 503')
    with socket.create_server(('', apache.BACKEND), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4):
        wait_for(lambda: get(static).body == b'a page', 'static served')
        before = stats()
        conns = [Conn().send(request(cgi)) for _ in range(20)]
        try:
            wait_for(lambda: delta(before, 'handed_over') + delta(before, 'handover_failed_full') == 20,
                     'all judged')
        except AssertionError:
            raise AssertionError(f'not all judged: {changed(before)}') from None
        taken = delta(before, 'handed_over')
        assert 4 <= taken <= 6, f'{taken} connections in a queue for 4'
        expect(before, handover_failed_full=20 - taken, responses_503=20 - taken)
        told = wait_for(lambda: len(ready := select.select(conns, [], [], 0)[0]) >= 20 - taken and ready,
                        'the others are told')
        assert len(told) == 20 - taken, f'{len(told)} answers'
        for conn in told:
            unavailable(conn.response())
        assert get(static).body == b'a page'
    check('the backend dies with connections queued: they are reset by the kernel')
    for conn in conns:
        conn.close()


def main():
    top, url = fresh('backend-down')
    put(f'{top}/a.html', 'a page')
    static, cgi = f'{url}/a.html', apache.cgi('echo.cgi', apache.ECHO)
    with kfront():
        hit(static)
        assert get(cgi).status == 200
        for number in range(2):
            put(f'{top}/{number}.html', 'another')
            apache.stop()
            without_backend(static, f'{url}/{number}.html', cgi)
            apache.start()
            check('Apache is back')
            before = stats()
            assert b'REQUEST_METHOD=GET' in get(cgi).body and get(static).body == b'a page'
            expect(before, handed_over=1, requests=1, handover_failed_absent=0)
        apache.stop()
        full_queue(static, cgi)
    check('loaded before Apache is there')
    put(f'{top}/new.html', 'another')
    with kfront():
        without_backend(static, f'{url}/new.html', cgi)
        apache.start()
        wait_for(lambda: get(cgi).status == 200, 'the backend that came late is found', 15)


if __name__ == '__main__':
    try:
        main()
    finally:
        if apache.answers() is None:
            apache.start()
