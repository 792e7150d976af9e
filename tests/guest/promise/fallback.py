# SPDX-License-Identifier: GPL-2.0-only
"""Own-port mode as a service: while the module cannot be loaded, is stopped or on its
way in or out, port 80 is answered by Apache through a redirect, and nobody notices."""
import threading
import apache
import kmod
import link
import units
from lib import *
from units import TABLE, redirected, rules

GOOD = f'options kfront docroot={DOCROOT}\n'
OTHERS = 'table inet others { chain in { type nat hook prerouting priority dstnat; tcp dport 81 accept; }; }'


class Client(threading.Thread):
    """Asks for ever; every request must be answered, whoever does it."""
    def __init__(self, url, body, **where):
        super().__init__()
        self.url, self.body, self.where, self.stop, self.error, self.good = url, body, where, False, None, 0
        self.pause = threading.Event()

    def run(self):
        rng = random.Random(self.name)
        try:
            while not self.stop:
                with Conn(**self.where) as conn:
                    for _ in range(rng.randrange(1, 20)):
                        answer = conn.get(self.url)
                        assert answer.status == 200 and answer.body == self.body, answer.line
                        self.good += 1
                self.pause.wait(0.02)   # the units' programs need the processors, too
        except Exception as error:      # told to the main thread
            self.error = error


class Site:
    """A file on port 80, asked for from everywhere."""
    def __init__(self):
        top, url = fresh('fallback')
        self.body = random.Random(4).randbytes(3000)
        put(f'{top}/a.png', self.body)
        self.url, self.ways = f'{url}/a.png', ({}, {'server': '::1'}, {'server': link.SERVER, 'ns': 'away'})

    def asked(self):
        for way in self.ways:
            answer = get(self.url, **way)
            assert (answer.status, answer.body) == (200, self.body), f'{way}: {answer.line}'

    def apaches(self):
        log = apache.AccessLog()
        self.asked()
        assert sum(self.url in line for line in log.lines()) == len(self.ways), log.lines()

    def ours(self):
        log, before = apache.AccessLog(), stats()
        self.asked()
        expect(before, requests=len(self.ways))
        assert not any(self.url in line for line in log.lines()), log.lines()


def refused(init, site, what, says):
    check(f'{what}: the unit has failed and says so, Apache answers')
    assert init.ctl('start', 'kfront').returncode != 0, what
    assert init.state('kfront') == 'failed' and init.state('kfront-fallback') == 'active'
    assert redirected() and not kmod.leftovers()
    status, journal = init.ctl('status', '-l', 'kfront').stdout, init.journal()
    assert 'NOT LOADED' in status and says in journal, f'{status}\n{journal}'
    site.apaches()


def refusals(init, site):
    with open(kmod.KO, 'rb') as file:
        good = file.read()
    units.module()
    units.put(units.OPTIONS, GOOD)
    refused(init, site, 'no module for this kernel', 'not found in directory')
    magic = good.replace(b' SMP preempt', b' UMP preempt')
    assert magic != good
    units.module(magic)
    refused(init, site, 'a module of another kernel', 'kfront: version magic')
    units.module(good)
    units.put(units.SYSCTLS, 'net.kfront.exclude = not-a-prefix\n')
    refused(init, site, 'a wrong sysctl', 'net/kfront/exclude')
    units.put(units.SYSCTLS, 'net.kfront.exclude = /elsewhere/\n')
    check('the rules flushed by somebody: a reload puts ours back')
    link.sh('nft flush ruleset')
    init.good('reload', 'kfront-fallback')
    assert redirected()


def loads(init, site):
    check('one that loads: the kernel answers, with its sysctls; a redirected connection goes on')
    with Conn(rcvbuf=8192) as through:
        through.send(request('/files/5242880.txt'))
        init.good('start', 'kfront')
        assert sysctl('exclude') == '/elsewhere/' and not redirected()
        site.ours()
        assert len(through.response().body) == 5242880
    wait_for(lambda: not rules(TABLE), 'no table when nobody needs it')
    site.ours()
    init.good('reload', 'kfront-fallback')
    assert not redirected()


def under_clients(init, site):
    check('stopped, started, restarted under clients')
    ways = {}, {}, {'host': '::1'}, {'host': link.SERVER, 'ns': 'away'}
    clients = [Client(site.url, site.body, **way) for way in ways]
    with running(clients):
        for verb in ('stop', 'start', 'restart'):
            init.good(verb, 'kfront')
            assert redirected() == (verb == 'stop')
            before = [client.good for client in clients]
            wait_for(lambda: all(client.good > then or client.error for client, then in zip(clients, before)),
                     f'all are served after {verb}')
            assert not any(client.error for client in clients), [client.error for client in clients]


def main():
    site = Site()
    with link.namespace(), units.module_tree(), units.Systemd() as init:
        check('systemd finds nothing wrong with the units')
        init.verify('kfront.service', 'kfront-fallback.service')
        refusals(init, site)
        loads(init, site)
        under_clients(init, site)
        check('the fallback stopped: nothing of ours is left, and all of the others')
        link.sh(f'nft "{OTHERS}"')  # not before: the kernel would track and translate for them
        others = rules('inet others')
        init.good('restart', 'kfront')
        init.good('stop', 'kfront-fallback')
        assert init.state('kfront') == 'inactive' and not rules(TABLE) and not kmod.leftovers()
        assert rules('inet others') == others
        check('a server of its own on port 80: no redirect in its way')
        with apache.configured(listen='80 8080'):
            init.good('start', 'kfront-fallback')
            assert not redirected()
            check('inline: loaded in front of it, and away')
            units.put(units.OPTIONS, GOOD.replace('\n', ' port=80 backend_port=80\n'))
            init.good('start', 'kfront')
            site.ours()
            init.good('stop', 'kfront')
            assert not rules(TABLE) and not kmod.leftovers()
            site.apaches()
    link.sh('nft delete table inet others')


if __name__ == '__main__':
    main()
