# SPDX-License-Identifier: GPL-2.0-only
"""rmmod at any moment, under load, again and again: it succeeds, nothing is left, and
connections that Apache has are not touched."""
import contextlib
import os
import subprocess
import threading
import apache
import kmod
from lib import *

SLOW = r'''touch /tmp/unload-begun
printf 'Content-Type: text/plain\r\n\r\nbegun\n'
while [ ! -e /tmp/unload-go ]; do sleep 0.1; done
printf 'ended\n'
'''


class Client(threading.Thread):
    """Asks for ever. A connection may end with the module; an answer that comes is right."""
    def __init__(self, pages):
        super().__init__()
        self.pages, self.stop, self.error, self.good = pages, False, None, 0
        self.pause = threading.Event()

    def run(self):
        rng = random.Random(self.name)
        try:
            while not self.stop:
                with contextlib.suppress(ConnectionError, Closed), Conn() as conn:
                    for _ in range(rng.randrange(1, 40)):
                        url = rng.choice(list(self.pages))
                        answer = conn.get(url)
                        # A backend that finds no kfront in front of it answers nobody here.
                        assert answer.status == 200 and answer.body == self.pages[url], f'{url}: {answer.line}'
                        self.good += 1
                self.pause.wait(0.01)   # while there is nobody on port 80
        except Exception as error:      # told to the main thread
            self.error = error


def states(url, big):
    """One connection in each state that rmmod may meet."""
    idle = Conn()
    assert idle.get(url).status == 200
    partial = Conn().send(request(url)[:-5])
    stream = Conn(rcvbuf=16384).send(request(big))
    stream.take(20000)
    blocked = Conn(rcvbuf=8192).send(request(url) * 50)
    return idle, partial, stream, blocked, Conn()


def estab():
    """Sockets on port 80 that still have a state to lose."""
    text = subprocess.run(['ss', '-Htan', 'sport = :80'], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines() if not line.startswith(('TIME-WAIT', 'LAST-ACK', 'FIN-WAIT',
                                                                       'CLOSING'))]


def cycle(number, url, big, cgi, clients):
    before = [client.good for client in clients]
    load()
    sysctl('drain_timeout_ms', 500)     # some never take what they asked for
    wait_for(lambda: sum(client.good > then for client, then in zip(clients, before)) >= 3 or
             any(client.error for client in clients), 'clients are served again')
    held = states(url, big)
    apaches = Conn().send(request(cgi, headers=['Connection: close']))
    wait_for(lambda: os.path.exists('/tmp/unload-begun'), 'the CGI runs')
    unload()                            # asserts that nothing of ours is left
    check(f'{number}: unloaded under load; the connection Apache has goes on')
    with open('/tmp/unload-go', 'w'):
        pass
    assert apaches.response().body == b'begun\nended\n'
    for flag in ('go', 'begun'):
        os.unlink(f'/tmp/unload-{flag}')
    for conn in held:
        conn.close()
    apaches.close()


def main():
    top, base = fresh('unload')
    rng = random.Random(15)
    pages = {}
    for size in (100, 5000, 200000):
        pages[f'{base}/{size}.png'] = rng.randbytes(size)
        put(f'{top}/{size}.png', pages[f'{base}/{size}.png'])
    ripe(put(f'{top}/big.mp4', bytes(8 << 20)))
    cgi = apache.cgi('slow.cgi', SLOW)
    clients = [Client(pages) for _ in range(scaled(6, 4))]
    with running(clients):
        for number in range(1, 1 + scaled(20, 10)):
            cycle(number, f'{base}/5000.png', f'{base}/big.mp4', cgi, clients)
            assert not any(client.error for client in clients)
    check('no socket of ours lives on')
    wait_for(lambda: not estab(), 'no socket on port 80')
    assert not kmod.leftovers()
    check('unloaded at once after being loaded')
    for _ in range(scaled(10, 5)):
        load()
        unload()


if __name__ == '__main__':
    with expedited():
        main()
