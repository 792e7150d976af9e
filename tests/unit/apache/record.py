#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Ask a stock Debian Apache and write down what it says.

Needs the package apache2 (its configuration is copied and run privately, on a
free port of loopback, with a document root of its own; the system's instance is
left alone) and root, because Apache changes to www-data. Takes half a minute.

    tests/unit/apache/record.py    writes replies.txt, timeouts.txt, mime.types, mime.conf,
                                   deflate.conf beside itself

Each record of replies.txt is a file, a request, what kfront is expected to do
with it ("mine", or the reason for handing it over) and the head of the reply.
test_apache.c holds the pure code against it: where it says "mine", kfront's head
must equal Apache's to the byte.
"""
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MTIME = (1700000000, 123456789)

# kfront's default types; a unit test compares this with KF_DEFAULT_TYPES
TYPES = """html htm css js mjs json txt xml svg png jpg jpeg gif webp avif ico bmp tif tiff
woff woff2 ttf otf eot pdf epub mp3 mp4 m4a m4v mov webm ogg oga ogv opus flac wav
zip bz2 xz 7z tar wasm csv rss atom webmanifest""".split()

# names that mod_mime sees more in, or nothing: name -> what kfront does
NAMES = {
    "a.HTML": "mine", "a.HtM": "mine", "a.Jpg": "mine",
    "jquery.min.js": "mine", "a.1.2.html": "mine", "a..html": "mine", "a.bak.html": "mine",
    "html.html": "mine", "php.html": "mine", "en.html": "mine",
    "a.tar.html": "mine", "a.png.txt": "mine", "a.html.png": "mine", "a.unknownunknown.html": "mine",
    "a.html.": "type", "html": "type", "a.html~": "type", "a.php": "type", "a": "type",
    "a.html.bak": "type", "a.html.en": "mine", "a.shtml": "type", "a.var": "type",
    "a.php.html": "handler", "a.PHP5.html": "handler", "a.phtml.html": "handler",
    "a.en.html": "mine", "a.EN.html": "mine", "a.pt-br.html": "mine",
    "a.utf8.html": "mine", "a.iso8859-1.txt": "mine", "a.es.html": "mine",
    "a.gz.html": "handler", "a.Z.html": "handler", "a.var.html": "handler",
    "a.html.utf8": "mine", "a.utf8.en.html": "mine", "a.html.en.utf8": "mine", "a.latin1.txt.de": "mine",
    "a.cgi.html": "handler", "a.shtml.html": "handler", "a.x.de.y.html": "mine",
}

PATH_CHARACTERS = "-._~!$&'()*+,;=:@"


class Apache:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="kfront-record-")
        os.chmod(self.dir, 0o755)
        self.www = self.dir + "/www"
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        etc = self.dir + "/etc"
        shutil.copytree("/etc/apache2", etc, symlinks=True)
        for d in ("www", "run", "log"):
            os.mkdir(f"{self.dir}/{d}")
        self.edit(etc + "/ports.conf", r"(?m)^Listen 80$", f"Listen 127.0.0.1:{self.port}")
        self.edit(etc + "/sites-available/000-default.conf", r"/var/www/html", self.www)
        self.edit(etc + "/sites-available/000-default.conf", r"\*:80>", "*:*>")
        self.edit(etc + "/apache2.conf", r"/var/www/", self.www)
        env = dict(os.environ, APACHE_RUN_USER="www-data", APACHE_RUN_GROUP="www-data",
                   APACHE_PID_FILE=self.dir + "/run/pid", APACHE_RUN_DIR=self.dir + "/run",
                   APACHE_LOCK_DIR=self.dir + "/run", APACHE_LOG_DIR=self.dir + "/log", LANG="C")
        self.proc = subprocess.Popen(["apache2", "-d", etc, "-f", "apache2.conf", "-DFOREGROUND"],
                                     env=env, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("apache2 did not start; see " + self.dir)

    @staticmethod
    def edit(path, pattern, new):
        with open(path) as f:
            text = f.read()
        text, n = re.subn(pattern, new, text)
        assert n, (path, pattern)
        with open(path, "w") as f:
            f.write(text)

    def stop(self):
        self.proc.terminate()
        self.proc.wait()
        shutil.rmtree(self.dir)

    def file(self, name, size, mtime=MTIME):
        """Zeros; what is called incompressible... is."""
        path = self.www + "/" + name
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.truncate(size)
                if name.startswith("incompressible"):
                    f.write(random.Random(size).randbytes(size))
            os.utime(path, ns=(mtime[0] * 10**9 + mtime[1],) * 2)

    def heads(self, raw, bodies):
        """Send raw, return the heads of the answers; bodies[i] is the length of the i-th body."""
        s = socket.create_connection(("127.0.0.1", self.port))
        s.settimeout(10)
        s.sendall(raw)
        data, out = b"", []
        for length in bodies:
            while b"\r\n\r\n" not in data:
                got = s.recv(65536)
                if not got:
                    sys.exit(f"no answer to {raw[:200]!r}: {data[:200]!r}")
                data += got
            head, _, data = data.partition(b"\r\n\r\n")
            out.append(head + b"\r\n\r\n")
            while len(data) < length:
                data += s.recv(65536)
            data = data[length:]
        s.close()
        return out


def escape(raw):
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else
                   {13: "\\r", 10: "\\n"}.get(c, "\\x%02x" % c) for c in raw)


class Recorder:
    def __init__(self, apache, out):
        self.apache, self.out = apache, out
        self.count = 0

    def record(self, name, size, request, expect, reply, mtime=MTIME, now=None, done=0):
        if now is None:
            date = re.search(rb"\r\nDate: ([^\r]*)", reply).group(1).decode()
            now = (int(subprocess.check_output(["date", "-d", date, "+%s"])), 0)
        self.out.write(f"record {escape(name.encode())}\nfile {size} {mtime[0]} {mtime[1]}\nnow {now[0]} {now[1]}\n"
                       f"done {done}\nrequest {escape(request)}\nexpect {expect}\n"
                       f"reply {escape(reply)}\n\n")
        self.count += 1

    def ask(self, name, file, size, request, expect, **more):
        mtime = more.get("mtime", MTIME)
        self.apache.file(file, size, mtime)
        reply = self.apache.heads(request, [0])[0]
        if expect == "mine":
            assert re.match(rb"HTTP/1.1 (200|206|304) ", reply), (name, reply)
        self.record(name, size, request, expect, reply, **more)


def get(path, *lines, method="GET", version="1.1", host="localhost", connection="close"):
    out = f"{method} {path} HTTP/{version}\r\n".encode()
    if host is not None:
        out += b"Host: " + host.encode("latin1") + b"\r\n"
    if connection:
        out += b"Connection: " + connection.encode() + b"\r\n"
    for line in lines:
        out += line.encode("latin1") + b"\r\n"
    return out + b"\r\n"


def record_all(r):
    # what the head says about a file, by method, version and connection
    for method in ("GET", "HEAD"):
        for version, host in (("1.1", "localhost"), ("1.0", None), ("1.0", "localhost")):
            for connection in ("close", "keep-alive", "Keep-Alive", "", "keep-alive, close"):
                for file, size in (("b.html", 5000), ("e.html", 0), ("b.png", 5000), ("e.png", 0)):
                    r.ask(f"{method} {version} {host} connection={connection!r} {file}", file, size,
                          get("/" + file, method=method, version=version, host=host,
                              connection=connection), "mine")

    # sizes: where Vary begins, where numbers grow
    for size in (0, 1, 67, 68, 69, 70, 4095, 4096, 4097, 99999):
        r.ask(f"{size} bytes of html", f"s{size}.html", size, get(f"/s{size}.html"), "mine")
    for size in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40):
        r.ask(f"{size} bytes of zip", f"s{size}.zip", size, get(f"/s{size}.zip", method="HEAD"), "mine")

    # the same at several mtimes: Last-Modified, ETag
    for i, mtime in enumerate(((1, 0), (951782400, 999999999), (951868799, 1000), (1078012800, 999),
                               (1709164800, 5), (1735689599, 999999000))):
        r.ask(f"mtime {mtime}", f"m{i}.html", 100, get(f"/m{i}.html"), "mine", mtime=mtime)

    # names
    for ext in TYPES:
        r.ask("type " + ext, "t." + ext, 100, get("/t." + ext), "mine")
    for name, expect in NAMES.items():
        r.ask("name " + name, name, 100, get("/" + name), expect)
    for c in PATH_CHARACTERS:
        r.ask("path character " + c, f"c{c}c.html", 100, get(f"/c{c}c.html"), "mine")
    r.ask("directory", "index.html", 100, get("/"), "mine")
    os.mkdir(r.apache.www + "/sub")
    r.ask("directory below", "sub/index.html", 100, get("/sub/"), "mine")
    r.ask("directory, no slash", "sub/index.html", 100, get("/sub"), "type")

    # targets that are not plain
    for target, expect in (("/b.html?", "mine"), ("/b.html?x=y&z/../%25", "mine"), ("//b.html", "target"),
                           ("/./b.html", "dotfile"), ("/sub/../b.html", "dotfile"),
                           ("/..", "dotfile"), ("/.", "dotfile"), ("/.htaccess", "dotfile"),
                           ("/%62.html", "mine"), ("/b.html%", "target"), ("/b.html%0", "target"),
                           ("/%00", "target"), ("/b.html%zz", "target"), ("/b.html#", "target"),
                           ("/%2e%2e/b.html", "dotfile"), ("/%c0%ae", "type"), ("*", "target"),
                           ("http://localhost/b.html", "target"), ("b.html", "target"),
                           ("/b\\.html", "target"), ("/b.html|", "target"), ("/<b>", "target")):
        r.ask("target " + target, "b.html", 5000, get(target), expect)
    r.ask("POST", "b.html", 5000, get("/b.html", "Content-Length: 0", method="POST"), "method")
    r.ask("OPTIONS", "b.html", 5000, get("/b.html", method="OPTIONS"), "method")
    for version in ("1.2", "2.0", "0.9", "01.1", "1.10"):
        r.ask("version " + version, "b.html", 5000, get("/b.html", version=version), "version")

    # hosts
    for host in ("a_b.c", "a.b.", "A.B", "a:80", "a:080", "a:65535", "1.2.3.4", "1.2.3.4.", "999.1.1.1",
                 "[::1]", "[::1]:80", "[2001:db8::1]", "[1:2:3:4:5:6:7:8]", "[1::]", "[::]", "-a", "_",
                 "xn--a.de", "localhost.:80", "a" * 253, "1a", "1a.b", "1.a"):
        r.ask("Host " + host, "b.html", 5000, get("/b.html", host=host), "mine")
    for host in ("", "a..b", ".", "a:", "a:0", "a:65536", "[::1", "[::1]x", "[1.2.3.4]", "[::1%25eth0]",
                 "[g::1]", "a b", "a/b", "a,b", "a\tb", "a%41", "user@h", "1", "0x7f.1", "1.2.3", "01.2.3.4",
                 "a.-b", "a.1b", "[:::::]", "[1:2]", "[12345::]", "[1:2:3:4:5:6:7:8:9]", "[1::2::3]", "[:]",
                 "[]", "[1:]", "[:1]", "a\xe9", ".a", "a" * 254, "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:7::8]"):
        r.ask("Host " + repr(host), "b.html", 5000, get("/b.html", host=host), "host")
    r.ask("no Host on 1.1", "b.html", 5000, get("/b.html", host=None), "host")
    r.ask("two Hosts", "b.html", 5000, get("/b.html", "Host: localhost"), "host")
    r.ask("two Hosts on 1.0", "b.html", 5000, get("/b.html", "Host: localhost", version="1.0"), "host")

    # headers that change nothing
    for line in ("X: \xe9\x80\xff", "X: a\tb", "X:", "X: \t ", "X: a  ", "!#$%&'*+-.^_`|~: x", 'Cookie: a="\\";',
                 "Accept: text/css", "Accept-Language: de", "Accept-Charset: utf-16", "Negotiate: trans",
                 "Referer: http://example.org/", "Cache-Control: no-cache", "Pragma: no-cache",
                 "Origin: http://example.org", "Sec-Fetch-Mode: navigate", "DNT: 1", "Keep-Alive: 300",
                 "Upgrade-Insecure-Requests: 1", "Proxy-Connection: close", "Max-Forwards: 0", "Via: 1.0 x",
                 "Prefer: x", "If: x", "Proxy: x", "X-HTTP-Method-Override: POST", "Forwarded: for=x",
                 "X-Forwarded-For: 192.0.2.1", "Content-Type: a/b", "Content-Encoding: gzip", "From: x",
                 "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                 "User-Agent: curl/7.88.1", "User-Agent: java/1.0", "User-Agent:"):
        r.ask(line, "b.html", 5000, get("/b.html", line), "mine")
    # headers that do, or might
    for line, expect in (("X : a", "header"), ("X: \x7f", "header"), ("X: \x01", "header"), ("X", "header"),
                         (": x", "header"), ('"X": x', "header"), ("X[0]: x", "header"), ("X\xe9: a", "header"),
                         ("X: a\x00b", "header"), ("X: a\r\n b", "header"), ("X: a\rb", "header"),
                         ("X: a\nY: b", "header"), ("Connection: close", "header"),
                         ("Upgrade: foo", "upgrade"), ("TE: trailers", "upgrade"), ("HTTP2-Settings: AA", "upgrade"),
                         ("Trailer: x", "body"), ("Expect: 100-continue", "body"), ("Expect: foo", "body"),
                         ("Content-Length: 0", "body"), ("Content-Length: x", "body"),
                         ("Content-Length: -1", "body"), ("content-length:  +0", "body"),
                         ("Transfer-Encoding: chunked\r\n\r\n0", "header"), ("Transfer-Encoding: identity", "body"),
                         ("Authorization: Basic eDp5", "authorization"),
                         ("Proxy-Authorization: Basic eDp5", "authorization"),
                         ("User-Agent: Mozilla/2.0", "user_agent"), ("User-Agent: x MSIE 4.0b2; y", "user_agent"),
                         ("User-Agent: RealPlayer 4.0", "user_agent"), ("User-Agent: Java/1.0.2", "user_agent"),
                         ("User-Agent: xJDK/1.0", "user_agent"), ("User-Agent: a\r\nUser-Agent: b", "user_agent")):
        if expect == "header" and line.startswith("Transfer"):
            expect = "body"
        r.ask(line, "b.html", 5000, get("/b.html", line), expect)
    for connection, expect in (("upgrade", "upgrade"), ("keep-alive, Upgrade", "upgrade"), ("te", "header"),
                               ("foo", "header"), ("close,", "header"), (",close", "header"), ("close close", "header"),
                               ("CLOSE", "mine"), ("Keep-Alive ,\tclose", "mine"), ("close,close", "mine")):
        r.ask(f"Connection: {connection}", "b.html", 5000, get("/b.html", connection=connection), expect)
    r.ask("Connection: (empty)", "b.html", 5000, get("/b.html", "Connection: ", connection=""), "header")
    r.ask("100 header lines", "b.html", 5000, get("/b.html", *["X: y"] * 98), "mine")
    r.ask("101 header lines", "b.html", 5000, get("/b.html", *["X: y"] * 99), "header_too_large")
    r.ask("an empty line first", "b.html", 5000, b"\r\n" + get("/b.html"), "method")

    r.ask("directory, gzip", "index.html", 100, get("/", "Accept-Encoding: gzip"), "mine")
    record_codings(r)
    record_languages(r)
    record_ranges(r)
    record_if_range(r)
    record_conditions(r)
    record_keepalive(r)
    record_young(r)


def cases(mine, other, reason):
    """What kfront is expected to do with each value."""
    return [(value, "mine") for value in mine] + [(value, reason) for value in other]


def words(text):
    """What stands between the bars; blanks behind them do not count."""
    return re.split(r"\|\s*", text)


def record_codings(r):
    served = """gzip|GZIP|gZip|gzip, deflate|gzip, deflate, br, zstd|gzip, deflate, br|gzip;q=0.5, br|
        gzip;q=0.001|gzip;q=1|gzip;q=1.|gzip;q=1.000|deflate, gzip;q=1.0, *;q=0.5|
        br;q=1.0, gzip;q=0.8, *;q=0.1|br;q=0, gzip|br , gzip|br ; q=0.5,\tgzip|identity;q=1, gzip;q=0.1|
        x-gzip|*|*;q=0|*, gzip;q=0|identity|Identity||
        identity;q=0|identity;q=1, *;q=0|identity, *;q=0|br|deflate|
        compress|gzipx|gzip;q=0|gzip;q=0.|gzip;q=0.0|gzip;q=0.00|gzip;q=0.000|gzip; q=0|gzip ;q=0|
        gzip\t;\tq=0|gzip;q=0, br|br, gzip;q=0|gzip;q=0,5"""
    odd = """gzip;q=0 , br|gzip;q=0.5 , br|gzip;q=0.0000|gzip;Q=0|gzip;q =0|gzip;q= 0|gzip;q=1.001|gzip;q=2|
        gzip;q=00|gzip;q=|gzip;q|gzip;|gzip;a=b|gzip;q=0;a=b|gzip;a=b;q=0|gzip;q=0, gzip|gzip, gzip;q=0|
        br gzip|gzip br|br,,gzip|,gzip|gzip,|,|"gzip"|gzip/1|gz\xefp"""
    for value, expect in cases(words(served) + ["  gzip  ", "gzip;q=0 "], words(odd), "encoding"):
        line = "Accept-Encoding: " + value
        r.ask("html, " + line, "b.html", 5000, get("/b.html", line), expect)
        r.ask("png, " + line, "b.png", 5000, get("/b.png", line), "mine")
    gzip = "Accept-Encoding: gzip, deflate, br"
    for size in (0, 1, 68, 69, 70, 4096, 99999):
        r.ask(f"{size} bytes of html, gzip", f"s{size}.html", size, get(f"/s{size}.html", gzip), "mine")
    for size in (5000, 9000, 40000, 99999, 300000):
        name = f"incompressible{size}.html"
        for about, more, expect in (("", {}, "mine"), ("HEAD, ", {"method": "HEAD"}, "encoding"),
                                    ("1.0, ", {"version": "1.0"}, "encoding")):
            r.ask(f"{about}{size} bytes of noise, gzip", name, size, get("/" + name, gzip, **more), expect)
    for ext in TYPES:
        r.ask(f"type {ext}, gzip", "t." + ext, 100, get("/t." + ext, gzip), "mine")
    for connection in ("close", "keep-alive", ""):
        for method in ("GET", "HEAD"):
            for version in ("1.1", "1.0"):
                how = {"method": method, "version": version, "connection": connection}
                r.ask(f"{method} {version} gzip connection={connection!r}", "b.html", 5000,
                      get("/b.html", gzip, **how),
                      "mine" if (method, version) == ("GET", "1.1") else "encoding")
                r.ask(f"{method} {version} gzip, small, connection={connection!r}", "s68.html", 68,
                      get("/s68.html", gzip, **how), "mine")


def record_languages(r):
    """Content-Type with its charset, and Content-Language: not in a 304."""
    for name in ("l.en.html", "l.html.utf8", "l.utf8.de.html"):
        for lines in ((), ("Accept-Encoding: gzip",), ("Range: bytes=0-9",), ("If-None-Match: *",),
                      ("If-None-Match: *", "Accept-Encoding: gzip")):
            for connection in ("close", "keep-alive"):
                r.ask(f"{name} {lines} {connection}", name, 500,
                      get("/" + name, *lines, connection=connection), "mine")


def tag_of(size):
    return '"%x-%x"' % (size, MTIME[0] * 10**6 + MTIME[1] // 1000)


def record_ranges(r):
    parts = """0-0|0-9|0-|0-4999|0-5000|0-99999|10-10|4999-4999|4999-|4999-5000|-1|-5|-4999|-5000|-5001|
        -99999|007-00010|0000000000000000000-|0-9223372036854775807|-9223372036854775807"""
    odd = """5000-|5000-5001|99999-|9223372036854775807-|-0|1-0|500-499||-|--1|0|0--1|9223372036854775808-|
        0-9223372036854775808|-9223372036854775808|18446744073709551615-|0-18446744073709551615|
        0-18446744073709551616|-18446744073709551615|0 -9|0- 9|- 5|0-9,|,0-9|0-9,20-29|0-9, 20-29|0-,5-9|
        5-9,0-|0-9;x|0-9-|
        +0-9|0-+9|0x0-9|a-b|00000000000000000000-9|0-00000000000000000009|0-1,2-3,4-5,6-7,8-9"""
    for spec, expect in cases(words(parts), [" 0-9"] + words(odd), "range"):
        for unit in ("bytes=", "BYTES=") if spec == "0-9" else ("bytes=",):
            for method in ("GET", "HEAD"):
                for file in ("b.html", "b.png"):
                    r.ask(f"{method} {file} {unit}{spec}", file, 5000,
                          get("/" + file, "Range: " + unit + spec, method=method), expect)
            r.ask(f"empty, {unit}{spec}", "e.png", 0, get("/e.png", "Range: " + unit + spec), "mine")
    for value in ("bits=0-9", "bytes", "", "bytes 0-9", "bytes =0-9", "x", "lines=1-2"):
        r.ask("Range: " + value, "b.png", 5000, get("/b.png", "Range: " + value), "range")
    for connection in ("close", "keep-alive", ""):
        for version in ("1.0", "1.1"):
            r.ask(f"part, {version} {connection}", "b.html", 5000,
                  get("/b.html", "Range: bytes=-500", version=version, connection=connection), "mine")
    for size in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40):
        for spec in (f"{size - 1}-", f"-{size}", "-1", f"0-{size - 1}", f"{size // 2}-{size}", f"{size}-"):
            r.ask(f"{spec} of {size}", f"s{size}.zip", size,
                  get(f"/s{size}.zip", "Range: bytes=" + spec, method="HEAD"),
                  "range" if spec == f"{size}-" else "mine")
    for line, expect in (("gzip", "range"), ("gzip;q=0", "mine"), ("br", "mine"), ("gzip,", "encoding")):
        if line != "gzip":      # kfront gives the whole (condition.c), and says so in test_condition.c
            r.ask("part and Accept-Encoding: " + line, "b.html", 5000,
                  get("/b.html", "Range: bytes=0-9", "Accept-Encoding: " + line), expect)
        r.ask("part of a small one and Accept-Encoding: " + line, "s68.html", 68,
              get("/s68.html", "Range: bytes=0-9", "Accept-Encoding: " + line),
              "mine" if expect == "range" else expect)
    for lines in (("Range: bytes=0-9", "Range: bytes=0-9"), ("Request-Range: bytes=0-9",),
                  ("Range: bytes=0-9", "If-Range: x", "If-Range: x")):
        r.ask(str(lines), "b.png", 5000, get("/b.png", *lines), "range")


SAME, BEFORE, AFTER = ("Tue, 14 Nov 2023 22:13:%02d GMT" % second for second in (20, 19, 21))
FUTURE = "Tue, 14 Nov 2034 22:13:20 GMT"


def record_if_range(r):
    tag = tag_of(5000)
    known = (tag, "W/" + tag, '"x"', '"', '""', tag + ", " + tag, tag[:-1], tag + "x", 'W/"x"', SAME, BEFORE,
             AFTER, FUTURE, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023",
             "Tuesday, 14-Nov-23 22:13:19 GMT")
    odd = ("x", "", "*", tag[1:-1], "w/" + tag, SAME + "; x", SAME[:-3] + "UTC")
    for value, expect in cases(known, odd, "range"):
        for spec in ("bytes=0-9", "bytes=-1"):
            for method in ("GET", "HEAD"):
                r.ask(f"{method} {spec}, If-Range: {value}", "b.html", 5000,
                      get("/b.html", "Range: " + spec, "If-Range: " + value, method=method), expect)
        r.ask("no Range, If-Range: " + value, "b.html", 5000, get("/b.html", "If-Range: " + value), "mine")
        r.ask("of nothing, If-Range: " + value, "e.png", 0,
              get("/e.png", "Range: bytes=0-9", "If-Range: " + value), "mine")
    # kfront's gzip is not Apache's byte for byte: what a client wants more of, it gets whole
    large = tag_of(99999)
    for about, name, size, values in (
            ("large", "incompressible99999.html", 99999, (large, large[:-1] + '-gzip"', '"x"', SAME, BEFORE)),
            ("small", "b.html", 5000, (tag, '"x"', "W/" + tag[:-1] + '-gzip"', BEFORE))):
        for value in values:
            r.ask(f"gzip, {about}, If-Range: {value}", name, size,
                  get("/" + name, "If-Range: " + value, "Accept-Encoding: gzip", "Range: bytes=0-9"), "mine")
    # behind a bad If-Range the range is not read
    for spec in ("x", "bytes=9999-", "bytes=0-1,3-4"):
        r.ask("bad If-Range, Range: " + spec, "b.png", 5000,
              get("/b.png", "Range: " + spec, 'If-Range: "x"'), "mine")


def record_conditions(r):
    tag = tag_of(5000)
    gzip_tag = tag[:-1] + '-gzip"'
    gzip, part = "Accept-Encoding: gzip", "Range: bytes=0-9"

    mixed = '"x","y",W/"z"\t,\tW/' + tag
    known = (tag, "W/" + tag, "*", '"x"', '"x", ' + tag, mixed, tag + ', "x"', '"a,b"', '""', gzip_tag,
             tag.upper())
    odd = (tag[1:-1], "x", "", "*, " + tag, tag + ",", "," + tag, "w/" + tag, '"x\\" , ' + tag, tag + " x",
           '"x', "W/", '"\xe9"')
    for value, expect in cases(known, odd, "conditional"):
        line = "If-None-Match: " + value
        for method in ("GET", "HEAD"):
            r.ask(f"{method} {line}", "b.html", 5000, get("/b.html", line, method=method), expect)
        r.ask(line + ", part", "b.html", 5000, get("/b.html", line, part),
              "conditional" if value == mixed else expect)
        r.ask(line + ", gzip", "b.html", 5000, get("/b.html", line, gzip), expect)

    # what is not "mine" is odd, or it is a 412
    known = (tag, "*", '"x", ' + tag, tag + ', "x"')
    others = ('"x"', "W/" + tag, '"x", W/' + tag, "W/" + tag + ", " + tag, tag + ', W/"x"', gzip_tag, "", "x",
              "*, *", tag + ",")
    for value, expect in cases(known, others, "conditional"):
        line = "If-Match: " + value
        for lines in ((), (gzip,), (part,), ("If-None-Match: " + tag,), ('If-None-Match: "x"',),
                      ("If-Modified-Since: " + SAME,), ("If-Modified-Since: " + BEFORE,)):
            r.ask(f"{line}, {lines}", "b.html", 5000, get("/b.html", line, *lines), expect)
        r.ask("HEAD " + line, "b.html", 5000, get("/b.html", line, method="HEAD"), expect)

    known = (SAME, AFTER, FUTURE, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023")
    others = (BEFORE, "x", "Tue Nov 14 22:13:19 2023", "", "Thu, 01 Jan 1970 00:00:00 GMT", SAME + " x")
    for value, expect in cases(known, others, "conditional"):
        line = "If-Unmodified-Since: " + value
        for lines in ((), (gzip,), (part,), ("If-None-Match: " + tag,), ("If-Match: " + tag,),
                      ("If-Modified-Since: " + SAME,), ("If-Modified-Since: " + BEFORE,),
                      ("If-Match: *", "If-None-Match: *")):
            r.ask(f"{line}, {lines}", "b.html", 5000, get("/b.html", line, *lines), expect)
        r.ask("HEAD " + line, "b.html", 5000, get("/b.html", line, method="HEAD"), expect)

    record_since(r)
    for etag in (tag, "*", '"x"'):
        for date in (SAME, BEFORE, FUTURE):
            for lines in ((), (gzip,), (part,), (part, "If-Range: " + tag), (part, 'If-Range: "x"')):
                r.ask(f"If-None-Match: {etag}, If-Modified-Since: {date}, {lines}", "b.html", 5000,
                      get("/b.html", "If-None-Match: " + etag, "If-Modified-Since: " + date, *lines), "mine")
    for file in ("b.html", "b.png"):
        for connection in ("close", "keep-alive", ""):
            for version in ("1.0", "1.1"):
                how = {"connection": connection, "version": version}
                for lines in ((), (gzip,)):
                    r.ask(f"304 {file} {version} {connection} {lines}", file, 5000,
                          get("/" + file, "If-None-Match: " + tag, *lines, **how), "mine")
    r.ask("304 of a directory despite gzip", "index.html", 100,
          get("/", "If-None-Match: " + tag_of(100), gzip), "mine")
    r.ask("304 for an empty file", "e.html", 0, get("/e.html", "If-None-Match: " + tag_of(0)), "mine")
    for name, value, expect in (("If-None-Match", tag, "conditional"), ("If-Match", tag, "conditional"),
                                ("If-Modified-Since", SAME, "conditional"), ("If-Range", tag, "range"),
                                ("If-Unmodified-Since", SAME, "conditional"),
                                ("Accept-Encoding", "x", "encoding")):
        r.ask("two " + name, "b.html", 5000, get("/b.html", *[f"{name}: {value}"] * 2), expect)


def record_since(r):
    dates = f"""{SAME}|{BEFORE}|{AFTER}|{FUTURE}|Fri{SAME[3:]}|Thu, 29 Feb 2024 00:00:00 GMT|
        Thu, 01 Jan 1970 00:00:00 GMT|Tuesday, 14-Nov-23 22:13:20 GMT|Tue Nov 14 22:13:20 2023|
        Tuesday, 14-Nov-23 22:13:19 GMT|Tue Nov 14 22:13:19 2023|Monday, 14-Nov-94 22:13:20 GMT|
        Wed Dec  6 22:13:20 2023|Friday, 14-Nov-69 22:13:20 GMT|Friday, 14-Nov-70 22:13:20 GMT"""
    odd = f"""Tue, 14-Nov-23 22:13:20 GMT|Tuesday, 14-Nov-2023 22:13:20 GMT|Tue Nov 14 22:13:20 2023 GMT|
        Tue Nov 4 22:13:20 2023|{SAME}; length=5000|x||tue{SAME[3:]}|{SAME[:-3]}UTC|
        Tue, 31 Nov 2023 22:13:20 GMT|Tue, 14 Nov 2023 24:13:20 GMT|Tue, 14 Nov 2023 22:60:20 GMT|
        Tue, 14 Nov 2023 22:13:60 GMT|Tue, 14 Nov 1969 22:13:20 GMT|Tue, 29 Feb 2023 22:13:20 GMT|
        Tue,  4 Nov 2023 22:13:20 GMT|Tue, 14 nov 2023 22:13:20 GMT"""
    for value, expect in cases(words(dates), words(odd), "conditional"):
        line = "If-Modified-Since: " + value
        for method in ("GET", "HEAD"):
            r.ask(f"{method} {line}", "b.html", 5000, get("/b.html", line, method=method), expect)


def record_keepalive(r):
    for connection in ("keep-alive", ""):
        one = get("/k.html", connection=connection)
        r.apache.file("k.html", 10)
        heads = r.apache.heads(one * 101, [10] * 101)
        for done in (0, 1, 50, 98, 99, 100):
            r.record(f"{done} answers before, connection={connection!r}", 10, one, "mine", heads[done], done=done)


def record_young(r):
    """Soon after the file's mtime: within a second, within a minute. Both clocks are this machine's."""
    for age, name, lines in ((0, "young.html", ()), (0, "young2.html", ("If-None-Match: *",)),
                             (0, "young3.html", ("Accept-Encoding: gzip",)),
                             (0, "young4.html", ("Range: bytes=0-9",)),
                             (0, "young5.html", ("If-None-Match: *", "Range: bytes=0-9")),
                             (0, "young6.html", ("If-None-Match: TAG",)),
                             (0, "young7.html", ("If-None-Match: W/TAG",)),
                             (0, "young8.html", ("If-None-Match: TAG", "Range: bytes=0-9")),
                             (0, "young9.html", ("If-Range: TAG", "Range: bytes=0-9")),
                             (9, "recent1.png", ("If-Range: TAG", "Range: bytes=0-9")),
                             (9, "recent2.png", ("If-Range: DATE", "Range: bytes=0-9")),
                             (9, "recent3.png", ("If-Modified-Since: DATE",)),
                             (9, "recent4.png", ("If-Modified-Since: DATE", "Range: bytes=0-9")),
                             (9, "recent5.png", ("If-Modified-Since: DATE", "If-None-Match: TAG",
                                                 "Range: bytes=0-9")),
                             (9, "recent6.png", (f"If-Unmodified-Since: {SAME}", "Range: bytes=0-9"))):
        now = time.time_ns()
        mtime = divmod(now - age * 10**9, 10**9)
        tag = '"64-%x"' % (mtime[0] * 10**6 + mtime[1] // 1000)
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(mtime[0]))
        lines = [line.replace("TAG", tag).replace("DATE", date) for line in lines]
        r.ask(name, name, 100, get("/" + name, *lines), "mine", mtime=mtime,
              now=divmod(now + 10**6, 10**9))


def record_timeouts(apache, out):
    """Begin requests, wait until mod_reqtimeout loses patience, write down what it says."""
    starts = [b"G", b"GET /b.ht", b"GET /b.html HTTP/1.1", b"GET /b.html HTTP/1.1\r",
              b"GET /b.html HTTP/1.1\r\n", b"GET /b.html HTTP/1.1\r\nHos", b"GET /b.html HTTP/1.0\r\nX: y\r\n",
              b"GET /b.html HTTP/1.1\r\nHost: localhost\r\n", b"GET /b.html HTTP/1.1\r\nHost: localhost\r\n\r",
              b"HEAD /b.html HTTP/1.1\r\nHost: localhost\r\nX: y"]
    socks = []
    for start in starts:
        s = socket.create_connection(("127.0.0.1", apache.port))
        s.settimeout(60)
        s.sendall(start)
        socks.append(s)
    for start, s in zip(starts, socks):
        reply = b""
        while True:
            got = s.recv(65536)
            if not got:
                break
            reply += got
        out.write(f"start {escape(start)}\nreply {escape(reply)}\n\n")
        s.close()
    return len(starts)


def main():
    if os.geteuid() or not shutil.which("apache2"):
        sys.exit("needs root and the package apache2 (apt-get install apache2)")
    apache = Apache()
    try:
        with open(HERE + "/replies.txt", "w") as out:
            out.write("# Written by record.py; see there. Asked: %s\n\n" %
                      subprocess.check_output(["apache2", "-v"], text=True).split("\n")[0])
            r = Recorder(apache, out)
            record_all(r)
        print(r.count, "replies recorded; now 20 seconds for the timeouts")
        with open(HERE + "/timeouts.txt", "w") as out:
            out.write("# Written by record.py: requests that were begun, and how Apache ended them.\n\n")
            print(record_timeouts(apache, out), "timeouts recorded")
    finally:
        apache.stop()
    write_configuration()


def write_configuration():
    """What the unit tests want to know of Debian's configuration: its directives, no comments."""
    used = set(TYPES) | {"shtml", "gz", "tgz", "z", "es", "tr", "php", "phtml"}
    with open("/etc/mime.types") as f, open(HERE + "/mime.types", "w") as out:
        out.write("# The lines of Debian's mime.types for the suffixes that the tests use.\n")
        for line in f:
            if not line.startswith("#") and used & set(line.split()[1:]):
                out.write(line)
    for name in ("mime.conf", "deflate.conf"):
        with open("/etc/apache2/mods-available/" + name) as f, open(f"{HERE}/{name}", "w") as out:
            out.write(f"# The directives of Debian's {name} that the tests use.\n")
            out.writelines(line.strip() + "\n" for line in f
                           if re.match(r"\s*(Add|Remove)\w+\s", line))


if __name__ == "__main__":
    main()
