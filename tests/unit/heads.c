// SPDX-License-Identifier: GPL-2.0-only
/*
 * The curated heads. Each is tried whole, split at every byte and byte by byte:
 * the verdict must be the same. Among them, what broke the ancestors' parsers.
 */
#include "curated.h"

#define L(text) "GET / HTTP/1.1\r\nHost: a\r\n" text "\r\n\r\n"
#define T(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define R(line) line "\r\nHost: a\r\n\r\n"
#define HOST(value) "GET / HTTP/1.1\r\nHost: " value "\r\n\r\n"
#define TEN(text) text text text text text text text text text text
#define PATH100 TEN("/abcdefghi")
#define PATH1000 TEN(PATH100)

const struct curated curated[] = {
#define C(text, want) { text, sizeof(text) - 1, want },
	/* plain */
	C(T("/"), KF_OK)
	C(T("/index.html"), KF_OK)
	C(T("/a/b/c.d.e"), KF_OK)
	C(T("/a-._~!$&'()*+,;=:@/x"), KF_OK)
	C("HEAD /a HTTP/1.0\r\n\r\n", KF_OK)
	C("GET /a HTTP/1.0\r\nHost: a\r\n\r\n", KF_OK)
	C(T(PATH1000 "/abcdefghijklmnopqrstuvw"), KF_OK)	/* 1024 bytes */
	C(T(PATH1000 "/abcdefghijklmnopqrstuvwx"), KF_R_TARGET)
	C(L("X:"), KF_OK)
	C(L("X: a\tb \t"), KF_OK)
	C(L("X:\xe9\xff"), KF_OK)
	C(L("Cookie: a=b; c=d\r\nAccept: */*\r\nReferer: http://x/?y#z"), KF_OK)
	C(L("hOsTess: x\r\nRanges: y\r\nxRange: y\r\nIf-Matches: x"), KF_OK)
	C(L("X: 1\r\nX: 2"), KF_OK)
	C(T("/a") "GET /rest is not looked at \0\n\r", KF_OK)

	/* not complete */
	C("G", VERDICT_INCOMPLETE)
	C("GET ", VERDICT_INCOMPLETE)
	C("HEAD", VERDICT_INCOMPLETE)
	C("GET / HTTP/1.1", VERDICT_INCOMPLETE)
	C("GET / HTTP/1.1\r", VERDICT_INCOMPLETE)
	C("GET / HTTP/1.1\r\n", VERDICT_INCOMPLETE)
	C("GET / HTTP/1.1\r\nHost: a\r\n", VERDICT_INCOMPLETE)
	C("GET / HTTP/1.1\r\nHost: a\r\n\r", VERDICT_INCOMPLETE)

	/* methods */
	C(R("POST / HTTP/1.1"), KF_R_METHOD)
	C(R("get / HTTP/1.1"), KF_R_METHOD)
	C(R("GETT / HTTP/1.1"), KF_R_METHOD)
	C(R("GE / HTTP/1.1"), KF_R_METHOD)
	C(R("HEADER / HTTP/1.1"), KF_R_METHOD)
	C(R("HET / HTTP/1.1"), KF_R_METHOD)
	C(R("GEAD / HTTP/1.1"), KF_R_METHOD)
	C(R(" GET / HTTP/1.1"), KF_R_METHOD)
	C("P", KF_R_METHOD)
	C("\r\nGET / HTTP/1.1\r\n", KF_R_METHOD)
	C("\0", KF_R_METHOD)
	C("GET\t/ HTTP/1.1\r\n", KF_R_METHOD)
	C("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", KF_R_METHOD)
	C("\x16\x03\x01\x02", KF_R_METHOD)	/* TLS */

	/* request lines; HTTP/0.9 must not wait for a head that never ends */
	C("GET /\r\n", KF_R_VERSION)
	C("GET / \r\n", KF_R_VERSION)
	C("GET \r\n", KF_R_VERSION)
	C("GET HTTP/1.1\r\n", KF_R_VERSION)
	C(R("GET / HTTP/1.2"), KF_R_VERSION)
	C(R("GET / HTTP/2.0"), KF_R_VERSION)
	C(R("GET / HTTP/0.9"), KF_R_VERSION)
	C(R("GET / HTTP/1.10"), KF_R_VERSION)
	C(R("GET / HTTP/01.1"), KF_R_VERSION)
	C(R("GET / http/1.1"), KF_R_VERSION)
	C(R("GET / HTTP/1.1 "), KF_R_VERSION)
	C(R("GET / XHTTP/1.1"), KF_R_VERSION)
	C(R("GET / HTTP/1. HTTP/1.1"), KF_R_VERSION)
	C(R("GET /  HTTP/1.1"), KF_R_VERSION)
	C(R("GET  / HTTP/1.1"), KF_R_TARGET)
	C(R("GET / x HTTP/1.1"), KF_R_VERSION)
	C("GET / HTTP/1.1\nHost: a\n\n", KF_R_TARGET)
	C("GET / HTTP/1.1\r\r\n", KF_R_TARGET)
	C("GET / HTTP/1.1\rX", KF_R_TARGET)
	C("GET /\rx HTTP/1.1\r\n", KF_R_VERSION)

	/* targets */
	C(T("/a?"), KF_R_QUERY)
	C(T("/a?b=../.."), KF_R_QUERY)
	C(T("*"), KF_R_TARGET)
	C(T("http://a/"), KF_R_TARGET)
	C(T("a:80"), KF_R_TARGET)
	C(T("a"), KF_R_TARGET)
	C(T("//"), KF_R_TARGET)
	C(T("//a"), KF_R_TARGET)
	C(T("/a//b"), KF_R_TARGET)
	C(T("/a#b"), KF_R_TARGET)
	C(T("/a\\b"), KF_R_TARGET)
	C(T("/a\"b"), KF_R_TARGET)
	C(T("/a|b"), KF_R_TARGET)
	C(T("/a^b"), KF_R_TARGET)
	C(T("/a`b"), KF_R_TARGET)
	C(T("/{a}"), KF_R_TARGET)
	C(T("/<a>"), KF_R_TARGET)
	C(T("/[a]"), KF_R_TARGET)
	C(T("/%"), KF_R_TARGET)		/* kHTTPd read beyond it */
	C(T("/%0"), KF_R_TARGET)
	C(T("/%00"), KF_R_TARGET)
	C(T("/%zz"), KF_R_TARGET)
	C(T("/%2e%2e/x"), KF_R_TARGET)
	C(T("/%c0%ae%c0%ae/"), KF_R_TARGET)
	C(T("/\xc0\xae\xc0\xae/"), KF_R_TARGET)
	C(T("/\xe9"), KF_R_TARGET)
	C(T("/\x7f"), KF_R_TARGET)
	C(T("/\x01"), KF_R_TARGET)
	C(T("/a\0b"), KF_R_TARGET)
	C(T("/a\tb"), KF_R_TARGET)
	C(T("/."), KF_R_DOTFILE)
	C(T("/./a"), KF_R_DOTFILE)
	C(T("/.."), KF_R_DOTFILE)
	C(T("/../a"), KF_R_DOTFILE)
	C(T("/a/../b"), KF_R_DOTFILE)
	C(T("/a/.."), KF_R_DOTFILE)
	C(T("/..."), KF_R_DOTFILE)
	C(T("/.htaccess"), KF_R_DOTFILE)
	C(T("/a/.git/config"), KF_R_DOTFILE)
	C(T("/a."), KF_OK)
	C(T("/a../b"), KF_OK)

	/* header lines */
	C("GET / HTTP/1.1\r\n Host: a\r\n\r\n", KF_R_HEADER)
	C(L("X: a\r\n b"), KF_R_HEADER)
	C(L("X: a\r\n\tb"), KF_R_HEADER)
	C(L("X : a"), KF_R_HEADER)
	C(L("X\t: a"), KF_R_HEADER)
	C(L(": a"), KF_R_HEADER)
	C(L("X"), KF_R_HEADER)
	C(L("X y: a"), KF_R_HEADER)
	C(L("X\xe9: a"), KF_R_HEADER)
	C(L("(X): a"), KF_R_HEADER)
	C(L("X/Y: a"), KF_R_HEADER)
	C(L("X: a\0b"), KF_R_HEADER)
	C(L("X: a\x0b"), KF_R_HEADER)
	C(L("X: a\x7f"), KF_R_HEADER)
	C(L("X: a\nY: b"), KF_R_HEADER)
	C(L("X: a\rY: b"), KF_R_HEADER)
	C(L("X: a\r\rY: b"), KF_R_HEADER)
	C("GET / HTTP/1.1\r\nHost: a\n\n", KF_R_HEADER)
	C("GET / HTTP/1.1\r\nHost: a\r\n\n", KF_R_HEADER)
	C("GET / HTTP/1.1\r\nHost: a\r\n\rX", KF_R_HEADER)

	/* Host */
	C("GET / HTTP/1.1\r\n\r\n", KF_R_HOST)
	C("HEAD / HTTP/1.1\r\nX: y\r\n\r\n", KF_R_HOST)
	C(L("Host: a"), KF_R_HOST)
	C(L("hOST: b"), KF_R_HOST)
	C("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", KF_R_HOST)
	C(HOST(""), KF_R_HOST)		/* kHTTPd crashed */
	C(HOST("  \t"), KF_R_HOST)
	C("GET / HTTP/1.0\r\nHost:\r\n\r\n", KF_R_HOST)
	C(HOST("../../etc"), KF_R_HOST)	/* TUX made a directory of it */
	C(HOST("a/b"), KF_R_HOST)
	C(HOST(".."), KF_R_HOST)
	C(HOST("a b"), KF_R_HOST)
	C(HOST("a:http"), KF_R_HOST)
	C(HOST("www.example.org:8080"), KF_OK)
	C(HOST("\tEXAMPLE.org. \t"), KF_OK)
	C(HOST("[::1]:80"), KF_OK)
	C(HOST("127.0.0.1"), KF_OK)

	/* bodies, and other things a static file has nothing to do with */
	C(L("Content-Length: 0"), KF_R_BODY)
	C(L("CONTENT-LENGTH:0"), KF_R_BODY)
	C(L("Content-Length:"), KF_R_BODY)
	C(L("Content-Length: -1"), KF_R_BODY)
	C(L("Content-Length: 18446744073709551616"), KF_R_BODY)
	C(L("Content-Length: 1, 1"), KF_R_BODY)
	C(L("Transfer-Encoding: chunked"), KF_R_BODY)
	C(L("transfer-encoding: identity"), KF_R_BODY)
	C(L("Trailer: x"), KF_R_BODY)
	C(L("Expect: 100-continue"), KF_R_BODY)
	C(L("Upgrade: websocket"), KF_R_UPGRADE)
	C(L("HTTP2-Settings: AAMAAABkAAQAAP__"), KF_R_UPGRADE)
	C(L("TE: trailers"), KF_R_UPGRADE)
	C(L("Authorization: Basic eDp5"), KF_R_AUTHORIZATION)
	C(L("Proxy-Authorization: Basic eDp5"), KF_R_AUTHORIZATION)
	C(L("Range: bytes=-500"), KF_R_RANGE)
	C(L("Range: bytes=0-18446744073709551615"), KF_R_RANGE)	/* MS15-034 */
	C(L("If-Range: \"x\""), KF_R_RANGE)
	C(L("Request-Range: bytes=0-1"), KF_R_RANGE)
	C(L("If-Match: *"), KF_R_CONDITIONAL)
	C(L("If-Unmodified-Since: x"), KF_R_CONDITIONAL)
	C(L("If-None-Match: *\r\nif-none-match: *"), KF_R_CONDITIONAL)
	C(L("If-Modified-Since: x\r\nIf-Modified-Since: x"), KF_R_CONDITIONAL)
	C(L("Accept-Encoding: gzip\r\nAccept-Encoding: br"), KF_R_ENCODING)
	C(L("Accept-Encoding:\r\nAccept-Encoding:"), KF_R_ENCODING)
	C(L("If-None-Match: anything\r\nIf-Modified-Since: any\r\nAccept-Encoding: gzip"), KF_OK)

	/* Connection */
	C(L("Connection: close"), KF_OK)
	C(L("CONNECTION:Keep-Alive"), KF_OK)
	C(L("Connection: keep-alive\t, close"), KF_OK)
	C(L("Connection: Upgrade"), KF_R_UPGRADE)
	C(L("Connection: keep-alive, HTTP2-Settings"), KF_R_UPGRADE)
	C(L("Connection: te"), KF_R_HEADER)
	C(L("Connection:"), KF_R_HEADER)
	C(L("Connection: ,close"), KF_R_HEADER)
	C(L("Connection: close,"), KF_R_HEADER)
	C(L("Connection: close,,close"), KF_R_HEADER)
	C(L("Connection: close close"), KF_R_HEADER)
	C(L("Connection: closer"), KF_R_HEADER)
	C(L("Connection: \"close\""), KF_R_HEADER)
	C(L("Connection: close\r\nConnection: close"), KF_R_HEADER)

	/* User-Agent */
	C(L("User-Agent: Mozilla/5.0 (Macintosh) Java/17 JDK/11"), KF_OK)
	C(L("User-Agent: Mozilla/2.02 [fr]"), KF_R_USER_AGENT)
	C(L("User-Agent: Mozilla/4.0 (compatible; MSIE 4.0b2; Windows 95)"), KF_R_USER_AGENT)
	C(L("User-Agent: Mozilla/4.0 (compatible; MSIE 4.0b2"), KF_OK)
	C(L("User-Agent: RealPlayer 4.0"), KF_R_USER_AGENT)
	C(L("User-Agent: Java/1.0.2"), KF_R_USER_AGENT)
	C(L("User-Agent: JDK/1.0"), KF_R_USER_AGENT)
	C(L("User-Agent: JDK/1."), KF_OK)
	C(L("User-Agent: a\r\nUser-Agent: a"), KF_R_USER_AGENT)
#undef C
};

const size_t curated_n = sizeof(curated) / sizeof(curated[0]);
