# SPDX-License-Identifier: GPL-2.0-only
"""kfront serves the network namespace it was loaded in, and only that one; a
namespace that is deleted with connections alive goes away, and so does kfront."""
import contextlib
import os
import subprocess
import apache
import link
from lib import *

# Seen from the server's namespace: it is the one that is made and deleted here.
HOME, THERE = link.SERVER, link.CLIENT


def inside(*words):
    done = subprocess.run(['ip', 'netns', 'exec', 'srv', *words], capture_output=True, text=True)
    assert done.returncode == 0, f'{words}: {done.stdout}{done.stderr}'


@contextlib.contextmanager
def backend():
    """Apache moves into the namespace for a while."""
    apache.stop()
    inside('apache2ctl', 'start')
    try:
        yield
    finally:
        if os.path.exists(apache.PID):
            subprocess.run(['apache2ctl', 'stop'], check=False)
            wait_for(lambda: not os.path.exists(apache.PID), 'Apache ended')
        apache.start()


def asked(url):
    return get(url, server=THERE)


def lived_in(top, url, cgi):
    """Load there, be served there, leave connections open there."""
    with netns('srv'):
        load()
        check('counters and sysctls are of the namespace that asks')
        assert 'requests' in stats() and sysctl('enabled') == '1'
    assert not os.path.exists('/proc/sys/net/kfront'), 'sysctls outside'
    assert Conn(apache.BACKEND, THERE).get(url).status == 200
    assert asked(url).body == b'a page'
    assert f'REMOTE_ADDR={HOME}\n'.encode() in asked(cgi).body
    with netns('srv'):
        before = stats()
        for _ in range(5):
            assert asked(url).body == b'a page'
        expect(before, requests=5)
    try:
        Conn(host='127.0.0.1').close()
        raise AssertionError('port 80 answers in our own namespace')
    except ConnectionRefusedError:
        pass
    conns = [Conn(host=THERE) for _ in range(4)]
    assert conns[0].get(url).status == 200
    conns[1].send(request(url)[:-3])
    stream = Conn(host=THERE, rcvbuf=8192).send(request(f'{os.path.dirname(url)}/big.mp4'))
    stream.take(10000)
    with netns('srv'):                  # not before all is said: this machine may be slow
        for name in ('keepalive_timeout_ms', 'header_timeout_ms', 'send_timeout_ms'):
            sysctl(name, 1000)
    return conns + [stream]


def main():
    top, base = fresh('netns')
    put(f'{top}/a.html', 'a page')
    ripe(put(f'{top}/big.mp4', bytes(8 << 20)))
    cgi = apache.cgi('echo.cgi', apache.ECHO)
    for first in ('rmmod', 'ip netns del'):
        check(f'{first} with live connections')
        with link.namespace('srv'), backend():
            conns = lived_in(top, f'{base}/a.html', cgi)
            if first == 'rmmod':
                unload()
            else:
                subprocess.run(['apache2ctl', 'stop'], check=True)
                wait_for(lambda: not os.path.exists(apache.PID), 'Apache ended')
                link.sh('ip netns del srv')
                wait_for(lambda: not os.path.exists('/sys/class/net/kf0'), 'the namespace is gone', 60)
                check('the namespace is gone; the module can go and come again')
                unload()
            for conn in conns:
                conn.close()
    with kfront():
        assert hit(f'{base}/a.html').body == b'a page'


if __name__ == '__main__':
    main()
