# SPDX-License-Identifier: GPL-2.0-only
"""A client that asks for one page for ever, in one of several ways, and counts who answers."""
import contextlib
import socket
import threading
from client import Conn, DEADLINE, get, request

OURS = 'Apache'     # kfront's Server header, as long as nobody sets it; Debian's servers say more


class Asker(threading.Thread):
    """Asks by ask(self); whatever is not a right answer is an error."""
    def __init__(self, url, body, mark, ask):
        super().__init__()
        self.url, self.body, self.ask = url, body, ask
        self.headers = [f'User-Agent: {mark}']
        self.stop, self.error, self.ours, self.others = False, None, 0, 0

    def good(self, answer):
        assert answer.status == 200 and answer.body == self.body, answer.head
        if answer.get('Server') == OURS:
            self.ours += 1
        else:
            self.others += 1

    @property
    def total(self):
        return self.ours + self.others

    def run(self):
        try:
            while not self.stop:
                self.ask(self)
        except Exception as error:      # told to the main thread
            self.error = error

    def once(self):
        self.good(get(self.url, headers=self.headers))

    def for_apache(self):
        self.good(get(self.url, headers=self.headers + ['Authorization: Basic eDp5']))

    def slowly(self):
        """Silent after its connection is made, and in the middle of its head."""
        raw = request(self.url, headers=self.headers + ['Connection: close'])
        with Conn() as conn:
            conn.sock.settimeout(0.05)
            for piece in (raw[:20], raw[20:]):
                with contextlib.suppress(socket.timeout):   # a pace, no wait
                    conn.fill()
                conn.sock.sendall(piece)
            conn.sock.settimeout(DEADLINE)
            self.good(conn.response())
            conn.closed()

    def in_turn(self):
        """Several on one connection, until whoever answers says that it is the last."""
        with Conn() as conn:
            for _ in range(10):
                answer = conn.get(self.url, headers=self.headers)
                self.good(answer)
                if answer.get('Connection', '').lower() == 'close':
                    break
