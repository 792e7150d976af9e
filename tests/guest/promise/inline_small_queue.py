# SPDX-License-Identifier: GPL-2.0-only
"""Inline, a server with room for few connections in its queue, and slow to accept them,
gets every one that is not ours: none is refused because kfront had taken it out."""
import time
from servers import Tiny, bound, by_kernel, inline, ours
from lib import *

MANY = 20


def slow(tiny):
    """Accepts one, and then takes a moment."""
    accept = tiny.get_request

    def get_request():
        time.sleep(0.02)
        return accept()
    tiny.get_request = get_request


def main():
    top, base = fresh('queue')
    ripe(put(f'{top}/a.html', 'a page'))
    url, missing = f'{base}/a.html', f'{base}/none.html'
    with Tiny(bound('127.0.0.1'), 'slow', backlog=2) as tiny, inline(1):
        sysctl('backend_wait_ms', 60000)        # how long is not the promise
        ours(url, missing)
        slow(tiny)
        for path, rest in ((missing, b''), (url, request(missing))):
            check(f'{MANY} connections at once: {path} {"and on" if rest else ""}')
            before = stats()
            conns = [Conn().send(request(path) + rest) for _ in range(MANY)]
            for conn in conns:
                answer = conn.response()
                if rest and by_kernel(answer):
                    answer = conn.response()
                assert answer.status == 200 and answer.body.startswith(b'slow GET'), answer.head
                conn.close()
            expect(before, responses_503=0)
            assert delta(before, 'handed_over') >= MANY / 2 and delta(before, 'parked'), changed(before)


if __name__ == '__main__':
    main()
