#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The guest's part of one measure: guest.py NAME [--quick] [--case CASE]... [--server SERVER]..."""
import argparse
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# What is here comes first: servers.py is another one there.
sys.path[:0] = [HERE, os.path.join(HERE, '../guest')]


def measure(name):
    """The module measure/NAME.py."""
    spec = importlib.util.spec_from_file_location(f'measure_{name}', f'{HERE}/measure/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('name')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--case', action='append', default=[])
    parser.add_argument('--server', action='append', default=[])
    args = parser.parse_args()
    os.environ.update(KFRONT_CASES=' '.join(args.case), KFRONT_SERVERS=' '.join(args.server))
    measure(args.name).main(args.quick)


if __name__ == '__main__':
    main()
