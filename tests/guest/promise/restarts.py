# SPDX-License-Identifier: GPL-2.0-only
"""Apache is restarted, reloaded, stopped for a while, and kfront unloaded meanwhile: to
the clients it is a pause. (What lies in Apache's own queue when it closes that, or is
being answered when it is killed, is lost as without kfront.)"""
import os
import signal
import subprocess
import threading
import apache
from lib import *

LONG = 60000                        # ms: longer than Apache takes to start on any machine
CREDENTIALS = 'Authorization: Basic eDp5'   # nobody asks for them; but who sends them is Apache's


def waiting(count):
    wait_for(lambda: stats()['connections_parked'] == count, f'{count} connections parked')


def listening(port):
    done = subprocess.run(['ss', '-Htln', f'sport = :{port}'], capture_output=True, text=True, check=True)
    return done.stdout


class Client(threading.Thread):
    """Asks for ever: a file of ours, and the same of Apache's, holding `asking` for that."""
    def __init__(self, url):
        super().__init__()
        self.url, self.stop, self.error, self.count, self.asking = url, False, None, 0, threading.Lock()

    def run(self):
        try:
            while not self.stop:
                assert get(self.url).body == b'a page'
                with self.asking:
                    answer = get(self.url, headers=[CREDENTIALS])
                    assert answer.status == 200 and answer.body == b'a page', answer.head
                self.count += 1
        except Exception as error:      # told to the main thread
            self.error = error


def restarts(url):
    clients = [Client(url) for _ in range(6)]

    def progress(what):
        then = [client.count for client in clients]
        wait_for(lambda: any(client.error for client in clients) or
                 all(client.count > count + 1 for client, count in zip(clients, then)), what)
        assert not any(client.error for client in clients), [client.error for client in clients]

    sysctl('backend_wait_ms', LONG)
    before = stats()
    with running(clients):
        for number in range(scaled(3, 1)):
            check(f'restart {number + 1}: stopped as systemd stops it, started again; nobody notices')
            progress('clients are served')
            # Nothing lies in Apache's own queue when it closes it: the kernel would reset that.
            for client in clients:
                client.asking.acquire()
            apache.ctl('graceful-stop')
            wait_for(lambda: not listening(apache.BACKEND) and not os.path.exists(apache.PID), 'Apache is gone')
            for client in clients:
                client.asking.release()
            waiting(len(clients))
            apache.start()
            progress('clients go on')
        check('apachectl graceful')
        apache.ctl('graceful')
        progress('clients go on')
    expect(before, responses_503=0, handover_failed_absent=0, handover_failed_full=0)


def stopped(url):
    """Apache with a tiny queue does not run for a while."""
    check('Apache is stopped (SIGSTOP), its queue fills; it goes on, and answers everybody')
    done = subprocess.run(['pgrep', '-x', 'apache2'], capture_output=True, text=True, check=True)
    pids = done.stdout.split()
    sysctl('backend_wait_ms', LONG)
    before = stats()
    for pid in pids:
        os.kill(int(pid), signal.SIGSTOP)
    try:
        conns = [Conn().send(request(f'{url}?{number}', headers=['Connection: close', CREDENTIALS]))
                 for number in range(60)]
        # One that was parked may be handed over yet: a process stops when it sees the signal.
        try:
            wait_for(lambda: delta(before, 'handed_over') + stats()['connections_parked'] == 60, 'all judged')
        except AssertionError:
            raise AssertionError(f'not all judged: {changed(before)}') from None
        assert delta(before, 'parked') >= 50, changed(before)
        assert get(url).body == b'a page'
    finally:
        for pid in pids:
            os.kill(int(pid), signal.SIGCONT)
    for conn in conns:
        assert conn.response().body == b'a page'
        conn.closed()
    expect(before, handed_over=60, handed_over_authorization=60, responses_503=0, handover_failed_full=0)


def unloaded(url):
    """rmmod while connections wait."""
    def rmmod():
        error.append('rmmod failed')
        unload()
        error.clear()

    for back in (True, False):
        check(f'rmmod while connections wait; Apache {"comes back" if back else "does not"}')
        error, thread = [], threading.Thread(target=rmmod)
        apache.stop()
        load()
        sysctl('backend_wait_ms', 1 if not back else LONG)
        sysctl('drain_timeout_ms', LONG)
        idle = Conn()
        assert idle.get(url).body == b'a page'
        conns = [Conn().send(request(url, headers=[CREDENTIALS])) for _ in range(10)] if back else []
        waiting(len(conns))
        thread.start()
        waiting(len(conns) + 1)             # the idle one wants to go over, too
        assert thread.is_alive() and not listening(80)
        if back:
            apache.start()
        else:
            sysctl('drain_timeout_ms', 0)   # whoever waits for rmmod has had enough
        thread.join()
        assert not error and not leftovers(), error
        for conn in conns:
            assert conn.response().body == b'a page'
        if back:
            assert idle.get(url, headers=[CREDENTIALS]).body == b'a page'
        else:
            idle.closed()
        for conn in conns + [idle]:
            conn.close()


def main():
    top, url = fresh('restarts')
    put(f'{top}/a.html', 'a page')
    with apache.configured(vhosts='ListenBacklog 4'):
        with kfront():
            hit(f'{url}/a.html')
            restarts(f'{url}/a.html')
            stopped(f'{url}/a.html')
        unloaded(f'{url}/a.html')


if __name__ == '__main__':
    main()
