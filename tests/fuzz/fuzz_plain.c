// SPDX-License-Identifier: GPL-2.0-only
/*
 * A head in one piece, and perhaps more behind it. The first four bytes of the input are
 * the limits. Must hold: kf_parse_whole() takes what kf_scan_head() and plain_parse() take,
 * where it looks at all, and nothing else; kf_parse() says what plain_parse() says; all
 * three read the same in it; names are what plain_name_check() says they are. What is
 * remembered of one input is there for the next.
 */
#include "fuzz.h"
#include "plain.h"

/* A real mime.types; types with digits, and as long as they may be. */
static struct kf_policy *the_policy(void)
{
	struct kf_policy_text text = {
		.types = KF_DEFAULT_TYPES ",a_b,abcdefgh,abcdefghijklmnop,en,utf8,z,php,map",
		.exclude = "/icons/,/i/,/cgi-bin/",
	};
	static struct kf_policy *policy;
	static char mime[1 << 16];
	const char *err;
	FILE *f;

	if (policy)
		return policy;
	f = fopen("../unit/apache/mime.types", "r");
	MUST(f);
	text.mime_types_len = fread(mime, 1, sizeof(mime), f);
	text.mime_types_len += sprintf(mime + text.mime_types_len,
				       "\ntext/x-odd a_b abcdefgh abcdefghijklmnop en z\n");
	fclose(f);
	text.mime_types = mime;
	MUST(!kf_policy_build(&text, &policy, &err));
	return policy;
}

static void must_be_same(const struct kf_str *a, const char *base_a, const struct kf_str *b,
			 const char *base_b)
{
	MUST(!a->p == !b->p);
	if (a->p)
		MUST(a->len == b->len && a->p - base_a == b->p - base_b);
}

static void compare(const struct kf_request *a, const char *base_a, const struct kf_request *b,
		    const char *base_b)
{
	MUST(a->head == b->head && a->http11 == b->http11 && a->keepalive == b->keepalive &&
	     a->keepalive_token == b->keepalive_token && a->escaped == b->escaped &&
	     a->name_at == b->name_at);
	must_be_same(&a->path, base_a, &b->path, base_b);
	must_be_same(&a->host, base_a, &b->host, base_b);
	must_be_same(&a->if_match, base_a, &b->if_match, base_b);
	must_be_same(&a->if_unmodified_since, base_a, &b->if_unmodified_since, base_b);
	must_be_same(&a->if_none_match, base_a, &b->if_none_match, base_b);
	must_be_same(&a->if_modified_since, base_a, &b->if_modified_since, base_b);
	must_be_same(&a->range, base_a, &b->range, base_b);
	must_be_same(&a->if_range, base_a, &b->if_range, base_b);
	must_be_same(&a->accept_encoding, base_a, &b->accept_encoding, base_b);
}

static void same_text(const struct kf_str *a, const struct kf_str *b)
{
	MUST(a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len)));
}

static void check_name(const char *name, u32 len)
{
	struct kf_policy *p = the_policy();
	struct kf_media ours, plain;
	char *copy = copy_of(name, len);
	enum kf_reason why;

	memset(&ours, 0xff, sizeof(ours));
	why = kf_name_check(p, copy, len, &ours);
	MUST(why == plain_name_check(p, copy, len, &plain));
	if (why == KF_OK) {
		same_text(&ours.type, &plain.type);
		same_text(&ours.charset, &plain.charset);
		same_text(&ours.language, &plain.language);
		MUST(ours.deflate == plain.deflate);
	}
	free(copy);
}

static void check_path(const struct kf_request *rq)
{
	struct kf_policy *p = the_policy();

	check_name(rq->path.p + rq->name_at, rq->path.len - rq->name_at);
	MUST(!kf_policy_is_open(p, rq->path) || !kf_policy_excluded(p, rq->path));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct kf_host_memo memo;
	u32 limits, max_bytes, max_lines, len;
	struct kf_request whole, ours, plain;
	enum kf_scan_verdict verdict;
	struct kf_scan s = { }, s_whole = { };
	enum kf_reason why, taken;
	char *piece, *head;

	if (size < 4)
		return 0;
	memcpy(&limits, data, 4);
	data += 4;
	size -= 4;
	max_bytes = limits & 0x8000 ? limits % 256 : 2000;
	max_lines = limits & 0x80000000 ? limits >> 16 & 15 : U32_MAX;

	len = size < max_bytes ? size : max_bytes;
	piece = copy_of(data, len);
	memset(&whole, 0xff, sizeof(whole));
	taken = kf_parse_whole(&s_whole, piece, len, max_lines, &whole, &memo);
	verdict = kf_scan_head(&s, (const char *)data, size, max_bytes, max_lines, &why);
	if (taken != KF_OK)
		MUST(!s_whole.scanned && !s_whole.lines && !s_whole.state && !s_whole.prefix);
	if (verdict != KF_SCAN_COMPLETE) {
		MUST(taken != KF_OK);
		free(piece);
		return 0;
	}

	head = copy_of(data, s.scanned);
	memset(&ours, 0xff, sizeof(ours));
	why = kf_parse(head, s.scanned, &ours);
	MUST(why == plain_parse(head, s.scanned, &plain));
	if (why == KF_OK) {
		compare(&ours, head, &plain, head);
		check_path(&ours);
		MUST(taken == KF_OK || piece[len - 1] != '\n');
	}
	if (taken == KF_OK) {
		MUST(why == KF_OK);
		MUST(s_whole.scanned == s.scanned && s_whole.lines == s.lines);
		compare(&whole, piece, &plain, head);
	}
	free(head);
	free(piece);
	return 0;
}
