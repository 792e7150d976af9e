# SPDX-License-Identifier: GPL-2.0-only
"""A file that a test changes under a cached answer."""
from lib import *


class Page:
    """One file under test; hot() before each change, so that there is a cached answer
    that could be wrong."""
    def __init__(self, name):
        self.top, base = fresh(name)
        self.path, self.url = f'{self.top}/d/page.html', f'{base}/d/page.html'
        put(self.path, 'version 0')

    def hot(self, body):
        assert hit(self.url).body == body

    def now(self, body, what):
        """The next request, and the one after it, see `body` (None: not found)."""
        for _ in range(2):
            answer = get(self.url)
            if body is None:
                assert answer.status == 404, f'{what}: {answer.line} {answer.body[:80]}'
            else:
                assert (answer.status, answer.body) == (200, body), f'{what}: {answer.line} {answer.body[:80]}'

    def backend_answers(self, what, status):
        before = stats()
        assert get(self.url).status == status, what
        expect(before, requests=0, handed_over=1)
