#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Ask a stock Debian Apache what several suffixes of a name mean together.

    tests/unit/apache/record-names.py >tests/unit/apache/names.txt

As record.py, with the same private Apache. First what its mime.types says about the
suffixes that occur ("mime TYPE SUFFIX..."), then a line for each name: itself, its
Content-Type without charset, charset, Content-Language, Content-Encoding when gzip was
asked for and, if the body was not the file's, "other"; "-" is none. test_name.c holds
kf_name_check() against it.
"""
import itertools
import os
import re
import sys

sys.dont_write_bytecode = True
import record  # noqa: E402

SIZE = 500


def suffixes():
    """Everything that mime.conf gives a meaning."""
    with open(record.HERE + "/mime.conf", encoding="ascii") as file:
        lines = [line.split() for line in file if re.match(r"\s*(Add|Remove)", line)]
    return sorted({word.lstrip(".") for line in lines for word in line[1 if line[0] == "RemoveType" else 2:]})


def names():
    for suffix in suffixes():
        yield from (f"a.{suffix}", f"a.html.{suffix}", f"a.{suffix}.html")
    some = ["html", "HTML", "png", "bz2", "tar", "xml", "en", "DE", "pt-br", "es", "tr", "utf8", "Latin1", "ua",
            "min", "1", "bak", "pl", "var"]
    for pair in itertools.product(some, repeat=2):
        yield "a." + ".".join(pair)
    for three in itertools.permutations(["html", "en", "utf8", "min", "xml"], 3):
        yield "a." + ".".join(three)
    yield from """en.html utf8.html html.en html a a. a.html. a..html a.html..en a...html.en. a.html.en.de a.en.html.de
        a.html.en.en a.html.utf8.latin1 a.latin1.html.utf8 a.html.en.utf8.js a.html.en.bak a.html.foo.en
        a.js.min.fr jquery-3.7.1.min.js a.html.orig a.html~ a.txt.no a.css.se a.html.e a.svg.utf8 a.svg.en
        a.json.utf8 a.pdf.fr a.tar.en.bz2 a.tar.bz2.en a.html.unknownunknownunknown a.webmanifest.de
        a.mp4.cs a.zip.ru a.csv.iso8859-1 a.rss.koi8-r a.atom.utf-8 a.wasm.en a.mjs.nn""".split()


def mime_types(parts):
    """The lines about these suffixes, and of each no others."""
    with open("/etc/mime.types", encoding="ascii") as file:
        for line in file:
            kind, *known = line.split("#")[0].split() or [""]
            known = [word for word in known if word.lower() in parts]
            if known:
                yield ["mime", kind, *known]


def ask(apache, name):
    with open(f"{apache.www}/{name}", "wb") as file:
        file.write(b"x" * SIZE)
    reply = apache.heads(record.get("/" + name, "Accept-Encoding: gzip"), [0])[0]
    assert reply.startswith(b"HTTP/1.1 "), reply

    def field(what):
        found = re.search(rb"\r\n" + what + rb": ([^\r]*)", reply)
        return found[1].decode() if found else ""
    kind, _, charset = field(b"Content-Type").partition("; charset=")
    plain = reply.startswith(b"HTTP/1.1 200 ") and field(b"ETag") and \
        (field(b"Content-Encoding") or field(b"Content-Length") == str(SIZE))
    return [name, kind, charset, field(b"Content-Language"), field(b"Content-Encoding"), "" if plain else "other"]


def main():
    todo = sorted(set(names()))
    for line in mime_types({part.lower() for name in todo for part in name.split(".")} | set(record.TYPES)):
        print(*line)
    apache = record.Apache()
    try:
        for name in todo:
            print(*[field or "-" for field in ask(apache, name)])
            os.unlink(f"{apache.www}/{name}")
    finally:
        apache.stop()


if __name__ == "__main__":
    main()
