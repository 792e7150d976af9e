#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The guest's part of a profile: one case of the whole exchange, one server, between two marks that
count.c sees; how many requests, and the kernel's symbols. guest.py CASE SERVER"""
import ctypes
import json
import mmap
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [f'{HERE}/..', f'{HERE}/../../guest']
import meter                                    # noqa: E402 (after the path is set)
import servers                                  # noqa: E402
from guest import measure                       # noqa: E402
from results import port                        # noqa: E402

SECONDS = 0.5
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
for at in (0, 1):
    code[16 * at:16 * at + 9] = bytes([0x0f, 0x1f, 0x84, 0x00, at, 0x00, 0x66, 0x6b, 0xc3])
base = ctypes.addressof(ctypes.c_char.from_buffer(code))
end, begin = (ctypes.CFUNCTYPE(None)(base + 16 * at) for at in (0, 1))


def main():
    exchange = measure('exchange')
    case, name = {case.name: case for case in exchange.CASES + exchange.HANDED}[sys.argv[1]], sys.argv[2]
    exchange.site()
    meter.prepare()
    options, where = {}, 8080 if name == 'apache' and case in exchange.HANDED else 80
    if name == 'null':
        with servers.running('kfront') as server:
            server.warm(case.url, case.method, **exchange.ask(case)[1])
            got = exchange.ask(case)[0]
            options = dict(answer=got.head + got.body, close=int(case.close))
    with servers.running('kfront' if where == 8080 else name, **options) as server:
        fields = exchange.ask(case, where)[1]
        if name == 'kfront' and case in exchange.CASES:
            server.warm(case.url, case.method, **fields)
        meter.wrk(case.url, 0.1, method=case.method, headers=fields, port=where)
        meter.settled()
        words = meter.command(case.url, method=case.method, headers=fields, port=where)
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as wrk:
            begin()
            time.sleep(SECONDS)
            end()
            wrk.send_signal(signal.SIGINT)
            run = meter.Run(wrk.communicate()[0])
        with open('/proc/kallsyms') as symbols:
            names = symbols.read()
    # wrk counts what it asks until it stops, and itself starts inside: near enough to divide by.
    with open(port(), 'w') as out:
        json.dump(dict(requests=run.rate * SECONDS, symbols=names), out)


if __name__ == '__main__':
    main()
