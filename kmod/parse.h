/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a request head. Pure: bytes in, verdict out, no state but what the
 * caller keeps in struct kf_scan. scan.c finds the end of a head, parse.c
 * understands it. Strict: whatever is not fully understood is
 * "not mine", never "bad"; the backend then sees the same bytes.
 */
#ifndef KFRONT_PARSE_H
#define KFRONT_PARSE_H

#include <linux/types.h>
#include "reason.h"

/* A piece of the caller's buffer; p is NULL when the header was absent, len means nothing then. */
struct kf_str {
	const char *p;
	u32 len;
};

/* How far the end of the head was searched; 8 bytes, lives in the connection,
 * zeroed for each request. Each byte is looked at once however it was cut.
 */
struct kf_scan {
	u32 scanned;		/* bytes already passed to kf_scan_head() */
	u16 lines;		/* complete lines so far, the request line included */
	u8 state;		/* private to scan.c */
	u8 prefix;		/* private to scan.c: matched bytes of the method or the version */
};

enum kf_scan_verdict {
	KF_SCAN_COMPLETE,	/* s->scanned is the length of the head, blank line included */
	KF_SCAN_INCOMPLETE,
	KF_SCAN_NOT_MINE,	/* *why says the reason */
};

struct kf_request {
	bool head;		/* HEAD, not GET */
	bool http11;		/* HTTP/1.1, not 1.0 */
	bool keepalive;		/* the client lets the connection stay open */
	bool keepalive_token;	/* it said "Connection: keep-alive": Apache then says Keep-Alive */
	struct kf_str path;	/* of the target; begins with '/', no query; not decoded, but */
				/* each '%' has its two hex digits */
	u32 name_at;		/* where in path its last component begins, behind a slash */
	bool escaped;		/* there is a '%' in path */
	u8 seen;		/* private to parse.c */
	struct kf_str host;	/* kf_host_name() of what was sent; p == NULL: none (1.0) */
	struct kf_str if_match;
	struct kf_str if_unmodified_since;
	struct kf_str if_none_match;
	struct kf_str if_modified_since;
	struct kf_str range;
	struct kf_str if_range;
	struct kf_str accept_encoding;
};

/*
 * The last value of Host that was good, and how much of it is the name: the next request
 * nearly always brings it again, and it need not be read again. All zero: none yet.
 */
struct kf_host_memo {
	u32 len;
	u32 name_len;
	char value[64];
};

/**
 * kf_scan_head() - look for the end of a head in newly arrived bytes
 * @s: state of this head; @s->scanned advances by what was consumed
 * @data: the bytes that follow the @s->scanned already seen
 * @len: how many
 * @max_bytes: longer heads are not mine (net.kfront.max_header_bytes)
 * @max_lines: more header lines than this are not mine
 * @why: set with KF_SCAN_NOT_MINE
 *
 * Bytes behind the end of the head are not looked at. Says "not mine" as early
 * as it is certain: on a first byte that cannot begin GET or HEAD, on a bare LF,
 * a CR without LF, a NUL or another control character, a request line that does
 * not end in HTTP/1.0 or 1.1 (the backend answers HTTP/0.9 without a head), an
 * obs-fold. After "not mine" @s is of no further use.
 */
enum kf_scan_verdict kf_scan_head(struct kf_scan *s, const char *data, u32 len,
				  u32 max_bytes, u32 max_lines, enum kf_reason *why);

/**
 * kf_timeout_answers() - does a stock Apache say 408 when this head times out?
 *
 * False: it closes without a word, because no complete request line has arrived.
 */
bool kf_timeout_answers(const struct kf_scan *s);

/**
 * kf_parse() - understand a complete head
 * @head: the bytes, @len as kf_scan_head() found it
 * @len: length, blank line included
 * @rq: filled in; its strings point into @head
 *
 * Return: KF_OK when the request is a plain GET or HEAD, else why it is not ours.
 */
enum kf_reason kf_parse(const char *head, u32 len, struct kf_request *rq);

/**
 * kf_parse_whole() - both at once, for a head that has come in one piece
 * @s: of a head of which nothing has been seen: all zero
 * @data: unread bytes, from the first one on
 * @len: how many, no more than max_bytes
 * @memo: the caller's, from one request to the next
 *
 * Return: KF_OK when kf_scan_head() would find a complete head in these bytes and kf_parse()
 * say KF_OK, at less than half the price: @rq is filled in and @s tells the length, and
 * nothing more is asked of it. Else nothing is said and @s is untouched: ask those two.
 * They may say KF_OK where the last byte is no LF, as if more requests have come behind.
 */
enum kf_reason kf_parse_whole(struct kf_scan *s, const char *data, u32 len, u32 max_lines,
			      struct kf_request *rq, struct kf_host_memo *memo);

#endif /* KFRONT_PARSE_H */
