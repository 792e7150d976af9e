# SPDX-License-Identifier: GPL-2.0-only
"""How many packets does an answer take?

A 4 KiB file over a veth pair with an MTU of 1500, segmentation offloads off, so that what tcpdump
sees is what a wire would carry. The least that TCP allows, for an answer of n segments of 1448
bytes (head and body; n is each server's own, from the bytes that it sent):

    client   SYN
    server       SYN+ACK
    client   ACK                        Linux sends it at once, without waiting for the request
    client   request
    server       segment 1 (carries the ACK of the request) ... segment n (carries the FIN)
    client   ACK                        RFC 1122: one for every two full segments
    client   FIN (carries the ACK of the last segment and of the FIN)
    server       ACK

so the server needs n + 2. What the client sends is its own business, and is shown beside it.
On a connection kept alive each request needs n from the server. There is one exception: when
head and body fill the last segment to the byte it has left before the FIN is known of."""
import contextlib
import re
import signal
import socket
import subprocess
import kmod
from client import Conn, request, wait_for
from link import CLIENT, SERVER, namespace, no_sockets, sh
from results import find, markdown, result, wanted
from servers import asset, running

TITLE = 'Packets of a 4 KiB answer, MTU 1500'
VM = ['--icount']
SERVERS = 'null', 'kfront', 'kfront-inline', 'nginx', 'apache', 'lighttpd'
CASES = {'close': 1, 'kept-alive': 5}   # requests on a connection
SIZE, MSS, MARKER = 4096, 1448, 9
LINE = re.compile(r'IP (\S+) > (\S+): Flags \[(\S+)\].* length (\d+)')
FLAGS = {'S': 'SYN', 'F': 'FIN', 'R': 'RST', '.': 'ACK'}


class Dump:
    """tcpdump on our end of the pair, read up to a packet that we send last."""
    def __init__(self):
        self.tool = subprocess.Popen(['tcpdump', '-i', 'kf0', '-nn', '-S', '-l', '--immediate-mode',
                                      f'tcp port 80 or udp port {MARKER}'], text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while 'listening on' not in self.tool.stderr.readline():
            assert self.tool.poll() is None, 'tcpdump ended'

    def packets(self):
        """Those since the last time: (from the server?, flags, bytes of data)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b'', (CLIENT, MARKER))
        found = []
        for line in self.tool.stdout:
            if 'UDP' in line:
                return found
            match = LINE.search(line)
            assert match, line
            flags = '+'.join(name for one, name in FLAGS.items() if one in match[3])
            found.append((match[1] == f'{SERVER}.80', flags, int(match[4])))
        raise AssertionError('tcpdump ended')

    def stop(self):
        self.tool.send_signal(signal.SIGTERM)
        self.tool.wait(60)


@contextlib.contextmanager
def wire():
    with namespace():
        for name, where in (('kf0', ''), ('kf1', 'ip netns exec away ')):
            sh(f'{where}ethtool -K {name} gso off tso off gro off')
        yield


@contextlib.contextmanager
def serving(name, case):
    if name != 'kfront-inline':
        with running(name, **dict(size=SIZE, close=case == 'close') if name == 'null' else {}):
            yield
        return
    with running('apache'):
        kmod.load(port=80, backend_port=80)
        try:
            wait_for(lambda: kmod.stats()['listeners'], 'Apache is found')
            yield
        finally:
            kmod.unload()


def ask(url, case):
    """The requests of one connection, which the client ends when the server has, or after the last
    answer; the answers' bytes."""
    lengths = []
    with Conn(host=SERVER, ns='away') as conn:
        for _ in range(CASES[case]):
            conn.send(request(url, host=SERVER, headers=['Connection: close'] * (case == 'close')))
            answer = conn.response()
            assert answer.status == 200 and len(answer.body) == SIZE, answer.head
            lengths.append(len(answer.head) + SIZE)
        if case == 'close':
            conn.closed()
    no_sockets()
    return lengths


def least(case, lengths):
    """Of the server. Where the client ends the connection, SYN+ACK and FIN besides, which carries the
    ACK; where the server does, SYN+ACK and the ACK of the client's FIN."""
    return 2 + sum(-(-length // MSS) for length in lengths)


def told(packet):
    ours, flags, length = packet
    return f'{"server" if ours else "client"} {flags}{f" {length}" if length else ""}'


def measured(dump, server, case, url, repeat):
    seen = []
    for _ in range(repeat):
        dump.packets()
        lengths = ask(url, case)
        seen.append(dump.packets())
    for who, mine in (('server', True), ('client', False)):
        counts = sorted(sum(packet[0] == mine for packet in packets) for packets in seen)
        more = dict(least=least(case, lengths)) if mine else {}
        result(case, server, f'packets of the {who}', counts[len(counts) // 2], 'packets', fewest=counts[0],
               most=counts[-1], bytes=lengths[-1], **more)
    result(case, server, 'all packets', len(seen[-1]), 'packets', list=[told(packet) for packet in seen[-1]])


def main(quick):
    url = asset(SIZE)
    with wire():
        for server in SERVERS:
            for case in CASES:
                if not wanted(case, server.removesuffix('-inline')):
                    continue
                with serving(server, case):
                    for _ in range(3):          # what it reads once, it reads now
                        ask(url, case)
                    dump = Dump()
                    try:
                        measured(dump, server, case, url, 2 if quick else 10)
                    finally:
                        dump.stop()


def table(results):
    rows = []
    for one in find(results, metric='packets of the server'):
        which = dict(case=one['case'], server=one['server'])
        client = find(results, metric='packets of the client', **which)[-1]
        spread = '' if one['fewest'] == one['most'] else f' ({one["fewest"]} to {one["most"]})'
        rows.append([one['case'], one['server'], one['bytes'], one['least'], f'{one["value"]}{spread}',
                     client['value'], one['value'] + client['value']])
    lists = ''.join(f'{one["server"]}, {one["case"]}:\n\n    ' + '\n    '.join(one['list']) + '\n\n'
                    for one in find(results, metric='all packets', case='close'))
    return (__doc__ + '\n\n' + markdown(['case', 'server', 'bytes of an answer', 'least for the server',
                                         'sent by it', 'by the client', 'together'], rows) + '\n' + lists)
