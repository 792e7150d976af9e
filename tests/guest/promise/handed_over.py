# SPDX-License-Identifier: GPL-2.0-only
"""Whatever kfront does not fully understand or may not serve reaches Apache as it
was sent: the answer equals Apache's own, and the counters say why."""
import os
from lib import *
import apache


def reason(raw, why, count=1, **more):
    """Same answer as from the backend; handed over once, for this reason."""
    check(f'{why}: {raw[:70]!r}')
    before = stats()
    answer = same_as_backend(raw, **more)
    expect(before, handed_over=count, requests=0, **{f'handed_over_{why}': count})
    return answer


def plain(path, *headers, method='GET', version='1.1', host='localhost', body=b''):
    return request(path, method, host, version, list(headers) + ['Connection: close'], body)


def fifo(path, url):
    """Apache opens it and waits for a writer: be one, twice."""
    check('a FIFO is Apache\'s to wait for')

    def writer():
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            return True
        except OSError:
            return False            # nobody reads it yet

    def ask(port):
        with Conn(port) as conn:
            conn.send(plain(url))
            wait_for(writer, 'Apache opens the FIFO')
            return normal(conn.rest())
    before = stats()
    assert ask(80) == ask(apache.BACKEND)
    expect(before, requests=0, handed_over_not_a_file=1)


def files(top, url):
    put(f'{top}/a.html', 'a page')
    put(f'{top}/a b.txt', 'blank')
    put(f'{top}/guarded/.htaccess', 'Header set X-Guard yes\n# no directives needed')
    put(f'{top}/guarded/a.html', 'guarded')
    put(f'{top}/guarded/below/a.html', 'guarded below')
    put(f'{top}/.hidden.html', 'hidden')
    put(f'{top}/.dir/a.html', 'hidden')
    put(f'{top}/secret.html', 'secret', mode=0o600)
    put(f'{top}/closed/a.html', 'closed')
    os.chmod(f'{top}/closed', 0o700)
    os.makedirs(f'{top}/noindex')
    os.mkfifo(f'{top}/fifo.html')
    os.chmod(f'{top}/fifo.html', 0o644)
    os.symlink('/etc/hostname', f'{top}/out.txt')
    os.symlink('nowhere.html', f'{top}/dangling.html')
    os.symlink('loop.html', f'{top}/loop.html')
    put(f'{top}/x.html', 'executable', mode=0o755)
    put(f'{top}/noext', 'no suffix')
    put(f'{top}/page.html.gz', 'not really gzip')


def main():
    top, url = fresh('handed-over')
    files(top, url)
    echo = apache.cgi('echo.cgi', apache.ECHO)
    with kfront():
        check('the control: a plain file is ours, and the same')
        before = stats()
        same_as_backend(plain(f'{url}/a.html'))
        expect(before, requests=1, handed_over=0)

        answer = reason(plain(f'{echo}?a=b'), 'query')
        assert b'REMOTE_ADDR=127.0.0.1\n' in answer and b'QUERY_STRING=a=b\n' in answer, answer
        check("the client's own address, not one of the machine's others")
        answer = exchange(plain(f'{echo}'), src='127.0.0.77')
        assert b'REMOTE_ADDR=127.0.0.77\n' in answer, answer
        body = bytes(range(256)) * 400
        answer = reason(plain(echo, method='POST', body=body), 'method')
        assert b'CONTENT_LENGTH=102400\n' in answer, answer
        reason(plain(f'{url}/a.html', method='POST', body=b'x'), 'method')
        reason(plain('/', method='OPTIONS'), 'method')
        reason(plain('/', method='TRACE'), 'method')
        reason(plain(f'{url}/a.html', method='BREW'), 'method')
        reason(plain(f'{url}/a.html', body=b'body of a GET'), 'body')
        reason(plain(f'{url}/a.html', 'Transfer-Encoding: chunked') + b'0\r\n\r\n', 'body')

        reason(plain(f'{url}/none.html'), 'missing')
        reason(plain(f'{url}/none.html', method='HEAD'), 'missing')
        reason(plain(f'{url}/none/a.html'), 'missing')
        reason(plain(f'{url}/a.html/more.html'), 'missing')
        reason(plain(f'{url}/dangling.html'), 'missing')
        before = stats()
        answer = same_as_backend(plain(url))
        assert b' 301 ' in answer and b'/handed-over/\r\n' in answer, answer
        expect(before, handed_over=1, requests=0)
        reason(plain(f'{url}/noindex/'), 'not_a_file')
        fifo(f'{top}/fifo.html', f'{url}/fifo.html')
        reason(plain(f'{url}/guarded/a.html'), 'guard')
        reason(plain(f'{url}/guarded/below/a.html'), 'guard')
        reason(plain(f'{url}/secret.html'), 'permission')
        reason(plain(f'{url}/closed/a.html'), 'permission')
        reason(plain(f'{url}/.hidden.html'), 'dotfile')
        reason(plain(f'{url}/.dir/a.html'), 'dotfile')
        reason(plain(f'{url}/out.txt'), 'symlink')
        before = stats()
        same_as_backend(plain(f'{url}/loop.html'))
        expect(before, handed_over=1, requests=0)
        reason(plain(f'{url}/x.html'), 'executable')
        reason(plain(f'{url}/noext'), 'type')
        reason(plain(f'{url}/page.html.gz'), 'type')
        reason(plain('/icons/blank.gif'), 'excluded')
        reason(plain('/icons/none.gif'), 'excluded')

        reason(plain(f'{url}/a.html', 'Range: bytes=0-2'), 'range')
        reason(plain(f'{url}/a.html', 'Range: bytes=0-18446744073709551615'), 'range')
        reason(plain(f'{url}/a.html', 'If-Range: "x"', 'Range: bytes=1-2'), 'range')
        reason(plain(f'{url}/a.html', 'If-Match: "x"'), 'conditional')
        reason(plain(f'{url}/a.html', 'Accept-Encoding: gzip'), 'encoding')
        reason(plain(f'{url}/a.html', 'Authorization: Basic eDp5'), 'authorization')
        reason(plain(f'{url}/a.html', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'), 'upgrade')
        reason(plain(f'{url}/a.html', 'User-Agent: Mozilla/2.0'), 'user_agent')
        reason(plain(f'http://localhost{url}/a.html'), 'target')
        reason(plain(f'{url}/a%2fb.txt'), 'target')
        reason(plain(f'{url}/../handed-over/a.html'), 'dotfile')
        reason(plain(f'{url}/a.html', version='1.1', host=''), 'host')
        reason(plain(f'{url}/a.html', 'Host: other'), 'host')
        reason(plain(f'{url}/a.html', version='1.2'), 'version')
        reason(plain(f'{url}/a.html', *[f'X-{n}: y' for n in range(101)]), 'header_too_large')
        reason(plain(f'{url}/a.html', 'X: ' + 'y' * 8200), 'header_too_large')


if __name__ == '__main__':
    main()
