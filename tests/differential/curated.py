# SPDX-License-Identifier: GPL-2.0-only
"""Odd things that clients say: values that the generated requests are made of (cases.py),
and the curated requests, which have each of them once."""
from urllib.parse import quote
import files


def url(name):
    """As a client would write it."""
    return b'/' + quote(name, safe="/!$&'()*+,;=:@~").encode()


# What only Apache may judge, by what kfront has against it.
ODD = {'links': b'/out.txt /outdir/build/config.guess /loop.html /dangling.html /outdir/'.split(),
    'guard': b'/guarded/a.html /guarded/below/a.html /guarded/ /guarded/below/'.split(),
    'dotfile': b'/.hidden.html /.well-known/a.txt /.git/config /sub/.x.html /guarded/.htaccess'.split(),
    'permission': b'/secret.html /closed/a.html /closed/'.split(),
    'not a file': b'/noindex/ /sub/deep/ /socket.html /null.html'.split(),
    'no directory': b'/sub /sublink /a.html/ /a.html/x /sub/deep /guarded'.split(),
    'executable': [b'/exec.html'], 'unstable': [b'/epoch.html'],
    'missing': b'/none.html /none/ /none/a.html /sub/none.css'.split(),
    'excluded': b'/icons/blank.gif /icons/none.gif /cgi-bin/ /cgi-bin/none.html /icons/small/'.split(),
    'type': b'/noext /x.unknown /x. /x.html.gz /y.php /x.tar.gz /a.html.en'.split(),
    'handler': b'/y.php.html /y.cgi.html /y.shtml /a.en.html /a.utf8.html /a.de.utf8.txt'.split()}
HOSTILE = b'''
/../a.html /sub/../a.html /./a.html /sub/./index.html //a.html /sub//index.html ///p.png /%2e%2e/a.html
/sub/%2e%2e/a.html /sub/%2E/index.html /sub%2findex.html /sub%2Fdeep/p.png /%2fa.html /a.html%00 /a%00.html
/a.html% /a.html%4 /a.html%zz /%c0%ae/a.html /%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd /%e0%80%ae/ /a.html#x *
http://localhost/a.html HTTP://A/p.png http://localhost localhost:80 a.html /\\a.html /a%5c.html /a.html%20
/a.html. /A.html /a.html;v=1 /~root/a.html /a|b /{a} /<a> /^ /` /"a" /[a] /a.html%3fx=y /p.png%23 /%25
/100%.html /a.html%0d%0a /%7f /%ff.html /sub/%2e%2e%2fa.html /%252e%252e/a.html /p%2epng /%70.png
/sub/deep/../../a.html /sub/deep/.../p.png /sub/..%00/ /?/../a.html ? /a.html?%00 /p.png?#'''.split() + [
    b'/a.html\xe9', b'/\xc3\xbc.html', b'/a b.txt', b'/a\tb', b'/a\x01', b'/\x7f', b'/a\0b',
    b'/' + b'n' * 300 + b'.html',
    b'/' + b'd/' * 600, b'/' + b'u' * 5000, b'/' + b'%61' * 341 + b'.html']
QUERIES = b'? ?1 ?v=1.2.3 ?a=b&c=d ?a=%20%zz ?../.. ??? ?/a?b ?http://x/ ?a;b ?\xe9 ?"<>'.split()
BAD_LINES = [b'X : y', b'X: a\r\n b', b' X: y', b'\tX: y', b'no colon', b': y', b'X y: z', b'(X): y',
    b'X/Y: z', b'X\xe9: y', b'X: a\0b', b'X: \x0b', b'X: \x7f', b'X: a\nY: b', b'X: a\rY: b', b'Host: a\n',
    b'Connection: ,close', b'Connection: close,', b'Connection: closer', b'Connection:', b'Connection: te',
    b'Connection: "close"', b'Connection: close\r\nConnection: close', b'X\0: y']
BODIES = [(b'Content-Length: 0', b''), (b'Content-Length: 4', b'abcd'), (b'Content-Length: 4', b'ab'),
    (b'Content-Length:', b''), (b'Content-Length: -1', b''), (b'Content-Length: +1', b'a'),
    (b'Content-Length: 1, 1', b'a'), (b'Content-Length: 18446744073709551616', b''),
    (b'Content-Length: 0x1', b'a'), (b'Content-Length: 1\r\nContent-Length: 2', b'ab'),
    (b'Content-Length: 9223372036854775807', b'x'), (b'Transfer-Encoding: chunked', b'0\r\n\r\n'),
    (b'Transfer-Encoding: chunked', b'3\r\nabc\r\n0\r\n\r\n'), (b'Transfer-Encoding: chunked', b'zz\r\n'),
    (b'Transfer-Encoding: identity', b''), (b'Transfer-Encoding: gzip, chunked', b'0\r\n\r\n'),
    (b'Transfer-Encoding: chunked\r\nContent-Length: 3', b'0\r\n\r\n'), (b'Trailer: x', b''),
    (b'Expect: 100-continue', b''), (b'Expect: 100-continue\r\nContent-Length: 2', b'ab'),
    (b'Expect: nothing', b'')]
AGENTS = [b'Mozilla/2.02 [fr]', b'Mozilla/4.0 (compatible; MSIE 4.0b2; Windows 95)', b'RealPlayer 4.0',
    b'x Java/1.0.2', b'JDK/1.0', b'Mozilla/5.0\r\nUser-Agent: two']
UPGRADES = [b'Upgrade: websocket',
    b'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    b'TE: trailers', b'Connection: upgrade', b'Connection: keep-alive, Upgrade', b'Upgrade: TLS/1.0', b'TE:']
HOSTS = [b'', b'Host:', b'Host: ', b'Host: a/b', b'Host: ..', b'Host: a b', b'Host: a:http',
    b'Host: a\r\nHost: a', b'Host: a\r\nhOST: b', b'Host: ../../etc', b'Host: a_b', b'Host: [::1',
    b'Host: a:99999', b'Host: \xe9', b'Host: a,b', b'Host: a@b', b'Host: -a']
GOOD_HOSTS = [b'Host: localhost'] * 6 + [
    b'Host: www.example.org', b'host:a', b'HOST:\tEXAMPLE.org. \t', b'Host: localhost:80',
    b'Host: [::1]:80', b'Host: 127.0.0.1', b'Host: a:8080']
JUNK = [b'Accept: */*', b'Cookie: a=b; c=d', b'Referer: http://x/?y#z',
    b'User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/1', b'Cache-Control: no-cache',
    b'Pragma: no-cache', b'Accept-Language: de,en;q=0.5', b'Accept-Charset: utf-8', b'X:', b'X: \xe9\xff',
    b'X: a\tb \t', b'If-Matches: "x"', b'Ranges: bytes=0-1', b'Sec-Fetch-Mode: navigate',
    b'Upgrade-Insecure-Requests: 1', b'DNT: 1', b'Via: 1.1 x', b'X-Forwarded-For: 10.0.0.1', b'From: a@b',
    b'Max-Forwards: 0', b'Origin: http://x', b'Forwarded: for=x', b'X: ' + b'y' * 500,
    b"!#$%&'*+-.^_`|~09: z", b'Keep-Alive: 300', b'Proxy-Connection: keep-alive', b'Date: x', b'ETag: "x"',
    b'Accept: text/plain;q=0', b'X-HTTP-Method-Override: DELETE', b'Last-Modified: x',
    b'Content-Type: text/x', b'Content-Encoding: gzip', b'Accept-Ranges: none', b'Vary: *',
    b'Negotiate: trans', b'Depth: 1', b'If: (<x>)', b'Destination: /x', b'Early-Data: 1']
CODINGS = [b'', b'identity', b'gzip', b'GZIP', b'gzip;q=0', b'gzip;q=0.5, br', b'gzip; q=0.000', b'gzip;q=1',
    b'x-gzip', b'*', b'*;q=0', b'br', b'deflate', b'deflate, gzip;q=1.0, *;q=0.5', b'gzip,', b',gzip',
    b'gzip gzip', b'"gzip"', b'gzip;x=y', b'gzip;q=', b'gzip;q=2', b'gzip;Q=0', b'identity;q=0',
    b'identity;q=0, gzip', b'br, identity', b'gzip\r\nAccept-Encoding: br', b'notgzip', b'gzipx',
    b'gzip ; q=0', b'br;q=1, gzip;q=0', b'compress', b'identity, *;q=0', b'x-gzip;q=0, gzip',
    b'gzip;q=0, x-gzip', b'gzip/1', b'a, b, c, gzip']
DATES = [b'Sun, 13 Sep 2020 12:26:40 GMT', b'Sunday, 13-Sep-20 12:26:40 GMT', b'Sun Sep 13 12:26:40 2020',
    b'Sun, 13 Sep 2020 12:26:39 GMT', b'Sun, 13 Sep 2020 12:26:41 GMT', b'Sunday, 13-Sep-20 12:26:39 GMT',
    b'Sun Sep 13 12:26:41 2020', b'Thu, 01 Jan 1970 00:00:00 GMT', b'Tue, 01 Jan 2036 00:00:00 GMT',
    b'Fri, 31 Dec 9999 23:59:59 GMT', b'Sat, 29 Feb 2020 00:00:00 GMT', b'Mon, 29 Feb 2021 00:00:00 GMT']
ODD_DATES = [b'', b'0', b'x', b'Sun, 13 Sep 2020 12:26:40', b'Sun, 13 Sep 2020 12:26:40 UTC',
    b'Sun, 13 Sep 2020 12:26:40 +0200', b'sun, 13 sep 2020 12:26:40 gmt', b'Mon, 13 Sep 2020 12:26:40 GMT',
    b'Sun, 13 Sep 2020 24:00:00 GMT', b'Sun, 32 Sep 2020 12:26:40 GMT', b'13 Sep 2020 12:26:40 GMT',
    b'Sun, 3 Sep 2020 12:26:40 GMT', b'Sun, 13 Sep 2020 12:26:40 GMT; length=300',
    b'Sun, 13 Sep 2020 12:26:60 GMT', b'Sun, 13-Sep-2020 12:26:40 GMT', b'Sun Sep  3 12:26:40 2020',
    b'Sunday, 13-Sep-99 12:26:40 GMT', b'Sunday, 13-Sep-69 12:26:40 GMT', b'1600000000']
HUGE = [2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**19, 10**30]
RANGES_MANY = [b'bytes=0-0,2-3', b'bytes=0-1, -1', b'bytes=0-,0-,0-,0-', b'bytes=1-2,99999999-',
    b'bytes=5-,,6-7', b'bytes=0-0,', b'bytes=,0-0', b'bytes=99999999-,99999999-',
    b'bytes=' + b','.join(b'%d-%d' % (i, i) for i in range(0, 40, 2))]
RANGES_ODD = [b'', b'bytes', b'bytes=', b'bytes=-', b'bytes=--1', b'bytes=a-b', b'bytes=1', b'bytes=2-1',
    b'bytes = 0-1', b'bytes=0 - 1', b'bytes= 0-1', b'BYTES=0-1', b'Bytes=0-1', b'items=0-1', b'0-1',
    b'bytes=0-1x', b'bytes=+1-2', b'bytes=00-01', b'bytes=0-1;x', b'bytes=\t0-1', b'bytes=0x0-1',
    b'bytes 0-1', b'bytes=-0', b'bytes=0--1', b'bytes=0-1\r\nRange: bytes=0-1', b'none', b'bytes=1e1-',
    b'bytes=000000000000000000000-1']


def tags(data):
    """A file's own (plain and compressed), those worth comparing, those worth refusing."""
    tag = b'%x-%x' % (len(data), files.MTIME * 1000000)
    own = [b'"%s"' % tag, b'"%s-gzip"' % tag]
    some = own + [b'W/' + one for one in own] + [
        b'*', b'"x"', b'W/"x"', b'"x", ' + own[0], own[1] + b',"y"', b'"",' + own[0]]
    odd = [b'', tag, own[0] + b' ' + own[1], b'"x', b'"x" ' + own[0], b'w/' + own[0], b', ' + own[0],
        own[0] + b',', b'*, ' + own[0], b'"a b"', b'"*"', b'"x"y', b'W/*', b'"%s-br"' % tag,
        b'"%s-gzip-gzip"' % tag]
    return own, some, odd


def get(*lines, target=b'/a.html', method=b'GET', version=b'HTTP/1.1', host=b'Host: a'):
    first = b'%s %s %s' % (method, target, version)
    return b'\r\n'.join([first] + [host] * bool(host) + list(lines)) + b'\r\n\r\n'


PIPELINES = [get(target=b'/1.txt') * 1000,                          # ten connections' worth
             b''.join(get(target=path) for path in (b'/p.png', b'/y.php', b'/q.jpg', b'/none', b'/0.html')),
             get() + get(method=b'HEAD') + get(b'Range: bytes=1-2') + get(b'If-None-Match: *'),
             get(b'Content-Length: 3') + b'abc' + get(), get() + b'\r\n' + get(),
             get() + b'\n' + get(), get() + b'\r\n\n' + get(method=b'HEAD'),
             get(b'Content-Length: 36') + get()]
LONG = [get(*[b'X: y'] * 10000), get(*[b'X: y'] * 99), get(*[b'X: y'] * 100), get(b'X: ' + b'y' * 8150),
    get(b'X: ' + b'y' * 20000), get(target=b'/' + b'a' * 65536), get(target=b'/a.html?' + b'q' * 8150),
    get(b'Range: bytes=' + b'0-0,' * 999 + b'1-1'),
    b'GET /a.html HTTP/1.1\r\n' + b'X: and so on without an end\r\n' * 400]
FRAMING = [b'GET /a.html\r\n', b'GET /a.html \r\n\r\n', b'HEAD /a.html\r\n\r\n', b'GET\r\n\r\n', b'\r\n\r\n',
    b'\r\n' + get(), b'\n', b'', get().replace(b'\r\n', b'\n'), get().replace(b'\r\n', b'\r'),
    get(b'X: y').replace(b'\r\n\r\n', b'\n\n'), b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' + bytes(80),
    b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', get(host=b''), get(host=b'', version=b'HTTP/1.0'),
    get(b'Connection: Keep-Alive', version=b'HTTP/1.0'), get(version=b'HTTP/1.2'), get(version=b'HTTP/2.0'),
    get(version=b'HTTP/0.9'), get(b'Host: b'), get(method=b'CONNECT', target=b'a:80'),
    get(method=b'OPTIONS', target=b'*'), get(method=b'TRACE'), get(method=b'POST'),
    get(b'Content-Length: 1')]
CUT_SHORT = [get(), get(b'Range: bytes=1-2', b'If-Range: "x"', b'Connection: close', method=b'HEAD'),
    get(b'Content-Length: 3') + b'abc', get(target=b'/%61.html?x', version=b'HTTP/1.0')]


def heads():
    """Every line of the project's list of inputs to survive, and everything above once."""
    yield from FRAMING + PIPELINES + LONG
    for target in [*sum(ODD.values(), []), *HOSTILE]:
        yield get(target=target)
    for query in QUERIES:
        yield get(target=b'/p.png' + query)
    for line in BAD_LINES + UPGRADES + [b'User-Agent: ' + agent for agent in AGENTS] + [
            b'Authorization: x', b'Proxy-Authorization: x', b'Connection: close', b'Connection: Keep-Alive']:
        yield get(line)
    for host in HOSTS:
        yield get(host=host)
    for line, body in BODIES:
        yield get(line) + body
    for coding in CODINGS:
        yield get(b'Accept-Encoding: ' + coding)
    for date in DATES + ODD_DATES:
        for name in (b'If-Modified-Since: ', b'If-Unmodified-Since: ', b'Range: bytes=0-1\r\nIf-Range: '):
            yield get(name + date, target=b'/1.txt')
    _, some, odd = tags(files.PLAIN['a.html'])
    for tag in some + odd:
        for name in (b'If-None-Match: ', b'If-Match: ', b'Range: bytes=1-\r\nIf-Range: '):
            yield get(name + tag)
    huge = [form % n for form in (b'bytes=%d-', b'bytes=-%d', b'bytes=0-%d') for n in HUGE]
    for value in RANGES_MANY + RANGES_ODD + huge:
        yield get(b'Range: ' + value, target=b'/p.png')
    for target in (b'/0.html', b'/0.png', b'/1.txt', b'/4097.txt', b'/large.zip'):
        for value in (b'0-', b'-1', b'-0', b'0-0', b'1-', b'0-4095', b'4096-', b'-4097', b'33000-',
                      b'32767-32769'):
            yield get(b'Range: bytes=' + value, target=target)
