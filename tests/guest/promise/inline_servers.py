# SPDX-License-Identifier: GPL-2.0-only
"""Loaded inline while one of the usual servers is being asked, kfront answers for its
static files and leaves everything else to it, unchanged; no request is lost or answered
twice, and after rmmod the server goes on alone, on the same connections."""
import threading
import servers
from lib import *
from visit import Client, Visit, more, paused, site


def add_up(server, base, askers):
    """Each line that was asked is in the server's log as often as the kernel did not answer it."""
    expected = sum((asker.sent - asker.ours for asker in askers), start=askers[0].sent - askers[0].sent)

    def difference():
        logged = server.logged(base)
        return {line: (logged[line], expected[line]) for line in set(logged) | set(expected)
                if logged[line] != expected[line]}
    try:
        wait_for(lambda: not difference(), 'the log tells of all', 10, 0.1)
    except AssertionError:
        raise AssertionError(f'(logged, expected) differ: {difference()}') from None
    server.stop()
    assert not difference(), f'(logged, expected) differ in the end: {difference()}'


def one(server, base):
    check(f'{server.name}: asked alone')
    go = threading.Event()
    go.set()
    visit, clients = Visit(server, base), [Client(base, go) for _ in range(2)]
    visit.alone()
    with running(clients):
        more(clients, 4)
        with servers.inline(server.listeners):
            check(f'{server.name}: asked with the module in front of it')
            more(clients, 12)
            assert all(client.ours for client in clients), 'the clients get nothing from the kernel'
            with paused(clients, go):
                visit.fronted()
                held = visit.held()
                ours = sum(asker.ours.total() for asker in clients + [visit])
                expect(dict.fromkeys(stats(), 0), requests=ours)
                check(f'{server.name}: rmmod, and on')
                unload()
        visit.given_back(*held)
        more(clients, 8)
    check(f'{server.name}: {sum(asker.sent.total() for asker in clients + [visit])} asked = its log + {ours}')
    add_up(server, base, clients + [visit])


def main():
    base = site('inline')
    for server in servers.ALL:
        with servers.running(server):
            one(server, base)


if __name__ == '__main__':
    main()
