// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection's bytes: scan, parse, route, answer, head. The first four bytes
 * of the input say how the rest is cut.
 * Must hold: the verdict does not depend on the cuts; what is ours is so by the
 * strict reading, too; a head that is written fits.
 */
#include "fuzz.h"
#include "strict.h"

static struct kf_policy *default_policy(void)
{
	static struct kf_policy *policy;
	struct kf_policy_text text = {
		.types = KF_DEFAULT_TYPES, .exclude = KF_DEFAULT_EXCLUDE,
		.server_header = "Apache/2.4.71 (Debian)",
	};
	static char mime[1 << 16];
	const char *err;
	FILE *f;

	if (policy)
		return policy;
	f = fopen("../unit/apache/mime.types", "r");
	MUST(f);
	text.mime_types_len = fread(mime, 1, sizeof(mime), f);
	fclose(f);
	text.mime_types = mime;
	MUST(!kf_policy_build(&text, &policy, &err));
	return policy;
}

static int verdict(const char *data, size_t size, u32 cut, struct kf_scan *s)
{
	enum kf_scan_verdict v = KF_SCAN_INCOMPLETE;
	enum kf_reason why = KF_OK;
	size_t at = 0;

	memset(s, 0, sizeof(*s));
	while (at < size && v == KF_SCAN_INCOMPLETE) {
		size_t n = cut ? 1 + (cut = cut * 1103515245 + 12345) / 65536 % 40 : size;
		char *piece;

		if (n > size - at)
			n = size - at;
		piece = copy_of(data + at, n);
		v = kf_scan_head(s, piece, n, 2000, 20, &why);
		free(piece);
		at += n;
		MUST(s->scanned <= at);
		MUST(v != KF_SCAN_INCOMPLETE || s->scanned == at);
	}
	MUST(v != KF_SCAN_NOT_MINE || (why > KF_OK && why < KF_R_COUNT));
	return v == KF_SCAN_NOT_MINE ? (int)why : v == KF_SCAN_COMPLETE ? KF_OK : KF_R_COUNT;
}

static void answer(const struct kf_request *rq, const struct kf_type *type, u32 cut)
{
	static const u64 sizes[] = { 0, 68, 69, 5000, 1ULL << 40 };
	struct kf_reply_env env = { .date = "Tue, 14 Nov 2023 22:13:20 GMT",
				    .keepalive_timeout = 5 };
	struct kf_entity e;
	struct kf_answer a;
	char *head;

	MUST(!kf_entity_init(&e, sizes[cut % 5], 1700000000, 123456789, type,
			     1700000000 + cut % 3, 200000000));
	if (kf_answer(rq, &e, 1700000002, &a) != KF_OK)
		return;
	MUST(a.status == 200 || (a.status == 304 && !a.body));
	MUST(a.status == 200 || rq->if_none_match.p || rq->if_modified_since.p);
	MUST(!a.body || !rq->head);
	env.server = kf_policy_server(default_policy());
	env.keepalive = kf_keepalive(rq, cut % 102, 100, &env.requests_left);
	head = malloc(KF_HEAD_MAX);
	MUST(kf_head_write(head, rq, &e, &a, &env) <= KF_HEAD_MAX);
	free(head);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kf_request rq;
	struct kf_target t;
	struct kf_scan s;
	const char *name;
	int whole;
	char *head;
	u32 cut;

	if (size < 4)
		return 0;
	memcpy(&cut, data, 4);
	data += 4;
	size -= 4;

	whole = verdict((const char *)data, size, cut | 1, &s);
	MUST(verdict((const char *)data, size, 0, &s) == whole);
	if (whole != KF_OK)
		return 0;

	head = copy_of(data, s.scanned);
	if (kf_parse(head, s.scanned, &rq) == KF_OK) {
		MUST(strict_accepts(head, s.scanned));
		if (kf_route(default_policy(), &rq, &t) == KF_OK) {
			for (name = rq.path.p + rq.path.len; name[-1] != '/'; name--)
				;
			MUST(!t.type == (name == rq.path.p + rq.path.len));
			MUST(!t.type || strict_accepts_name(name, rq.path.p + rq.path.len - name));
			if (t.type)
				answer(&rq, t.type, cut);
		}
	}
	free(head);
	return 0;
}
