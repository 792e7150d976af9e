# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 and IPv6 clients, whatever addresses Apache listens on: kfront accepts
exactly the families that the backend does, and hands over to it."""
import errno
import apache
from lib import *

V4, V6 = '127.0.0.1', '::1'


def works(server, static, cgi, client=None):
    """A hit from us and a CGI from Apache, with the client's own address."""
    before = stats()
    assert get(static, server=server).body == b'a page'
    answer = get(cgi, server=server)
    assert f'REMOTE_ADDR={client or server}\n'.encode() in answer.body, answer.body
    expect(before, requests=1, handed_over=1, handover_failed_family=0, handover_failed_absent=0)


def refused(server, changing=False):
    """Not yet while a listener is just closed and made anew: handshakes under way are reset."""
    try:
        Conn(host=server).close()
    except OSError as error:
        if changing and error.errno == errno.ECONNRESET:
            return False
        assert error.errno == errno.ECONNREFUSED, error
        return True
    return False


def main():
    top, url = fresh('ipv6')
    put(f'{top}/a.html', 'a page')
    static, cgi = f'{url}/a.html', apache.cgi('echo.cgi', apache.ECHO)
    for listen, families in (('8080', (V4, V6)), ('0.0.0.0:8080', (V4,)), ('127.0.0.1:8080', (V4,)),
                             ('[::]:8080', None), ('[::1]:8080', (V6,)),
                             ('0.0.0.0:8080 [::]:8080', (V4, V6)), ('127.0.0.1:8080 [::1]:8080', (V4, V6))):
        check(f'Listen {listen}')
        home = V6 if listen.startswith('[') else V4
        with apache.configured(listen=listen, server=home):
            families = families or [one for one in (V4, V6) if apache.answers(one)]
            with kfront():
                hit(static, server=families[0])
                for server in (V4, V6):
                    if server in families:
                        works(server, static, cgi)
                    else:
                        check(f'{server} is refused, as by Apache')
                        assert refused(server)
                if listen == '127.0.0.1:8080':
                    check("a client of another of the machine's addresses reaches the loopback backend")
                    works('127.0.0.9', static, cgi, V4)

    apache.restore()
    with kfront():
        hit(static)
        check('a backend that comes back with another family is followed, and back again')
        with apache.configured(listen='0.0.0.0:8080'):
            wait_for(lambda: refused(V6, changing=True), 'IPv6 no longer accepted', 15)
            works(V4, static, cgi)
        apache.restore()
        wait_for(lambda: not refused(V6), 'IPv6 accepted again', 15)
        works(V6, static, cgi)
        works(V4, static, cgi)

    for address, there, elsewhere in ((V4, V4, '127.0.0.2'), (V6, V6, V4), ('127.0.0.2', '127.0.0.2', V4)):
        check(f'address={address}: there and nowhere else')
        with kfront(address=address):
            hit(static, server=there)
            works(there, static, cgi, V4 if there == '127.0.0.2' else there)
            assert refused(elsewhere)


if __name__ == '__main__':
    main()
