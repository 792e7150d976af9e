# SPDX-License-Identifier: GPL-2.0-only
"""A server that listens with MPTCP is left alone, and the log says so in one line; one
beside it that does not is served for."""
import socket
from servers import Tiny, bound, by_kernel, hooked, inline, ours
from lib import *

IPPROTO_MPTCP = 262


def by_mptcp(url, server):
    """Asked by a client that speaks MPTCP; body of the answer."""
    conn = Conn.__new__(Conn)
    conn.sock, conn.buf = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP), bytearray()
    with conn:
        conn.sock.settimeout(DEADLINE)
        conn.sock.connect((server, 80))
        return conn.get(url, headers=['Connection: close']).body


def left_alone(url):
    before = stats()
    for asked in by_mptcp(url, '127.0.0.2'), get(url, server='127.0.0.2').body:
        assert asked == f'mptcp GET {url}'.encode(), asked
    expect(before, connections=0)


def lines(log):
    return [line for line in log.ours() if 'MPTCP' in line]


def main():
    top, base = fresh('mptcp')
    ripe(put(f'{top}/a.html', 'a page'))
    url, missing = f'{base}/a.html', f'{base}/none.html'
    with open('/proc/sys/net/mptcp/enabled', 'w') as knob:
        knob.write('1')
    log = KernelLog()
    with Tiny(bound('127.0.0.2', protocol=IPPROTO_MPTCP), 'mptcp'), Tiny(bound('127.0.0.3'), 'plain'):
        check('MPTCP listens before the module is loaded')
        assert by_mptcp(url, '127.0.0.2') == f'mptcp GET {url}'.encode()
        with inline(1):
            left_alone(url)
            assert ours(url, missing, server='127.0.0.3').body == f'plain GET {missing}'.encode()
            check('another server is found meanwhile; the line in the log is said once')
            with Tiny(bound('127.0.0.4'), 'late'):
                hooked(2)
                assert ours(url, missing, server='127.0.0.4').body == f'late GET {missing}'.encode()
            hooked(1)
            left_alone(url)
            said = lines(log)
            assert len(said) == 1 and 'port 80 ' in said[0], said
    check('MPTCP only, and later than the module')
    with inline(0):
        with Tiny(bound('127.0.0.2', protocol=IPPROTO_MPTCP), 'mptcp'):
            wait_for(lambda: len(lines(log)) == 2, 'a line in the log', 20)
            left_alone(url)
            assert not by_kernel(get(url, server='127.0.0.2'))
            hooked(0)


if __name__ == '__main__':
    main()
