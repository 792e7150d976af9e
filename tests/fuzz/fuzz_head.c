// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection's bytes: scan, parse, route, answer, head. The first four bytes
 * of the input say how the rest is cut, which policy there is and what the file.
 * Must hold: the verdict does not depend on the cuts; what is ours is so by the
 * strict reading, too; the key names the file that the strict reading finds, once
 * decoded and beneath the root that the host has; a head that is written fits.
 */
#include "fuzz.h"
#include "strict.h"

enum { PLAIN, ROOTS, MASS, POLICIES };

static struct kf_policy *the_policy(u32 which)
{
	static struct kf_policy *policy[POLICIES];
	struct kf_policy_text text = {
		.types = KF_DEFAULT_TYPES, .exclude = KF_DEFAULT_EXCLUDE,
		.server_header = "Apache/2.4.71 (Debian)",
		.hosts = which == ROOTS ? "a=/srv/a/,*.b=/srv/b,c" : "",
		.mass_hosts = which == MASS ? "1" : "0",
		.default_host = which == MASS ? "default" : "",
	};
	static char mime[1 << 16];
	const char *err;
	FILE *f;

	if (policy[which])
		return policy[which];
	f = fopen("../unit/apache/mime.types", "r");
	MUST(f);
	text.mime_types_len = fread(mime, 1, sizeof(mime), f);
	fclose(f);
	text.mime_types = mime;
	MUST(!kf_policy_build(&text, &policy[which], &err));
	return policy[which];
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

static void answer(const struct kf_request *rq, const struct kf_target *t, u32 cut)
{
	static const u64 sizes[] = { 0, 68, 69, 5000, 1ULL << 40 };
	struct kf_front front;
	struct kf_reply_env env = { .front = &front, .keepalive_timeout = 5 };
	struct kf_str server = kf_policy_server(the_policy(PLAIN));
	struct kf_version v = { .size = sizes[cut % 5], .mtime_sec = 1700000000,
				.mtime_nsec = 123456789 };
	bool zipped = t->key.accepts & KF_CODING(KF_GZIP);
	struct kf_entity e;
	struct kf_answer a;
	char *head;

	MUST(!kf_entity_init(&e, &v, &t->media, zipped ? KF_GZIP : KF_IDENTITY,
			     zipped ? v.size / 2 : v.size, 1700000000 + cut % 3, 200000000));
	if (kf_answer(rq, &e, 1700000002, &a) != KF_OK)
		return;
	MUST(a.status == 200 || a.status == 206 || (a.status == 304 && !a.body));
	MUST(a.status != 206 || (rq->range.p && a.length && a.length <= e.size &&
				 a.first <= e.size - a.length));
	MUST(!a.body || !rq->head);
	kf_front_write(&front, 1700000000, &server);
	env.keepalive = kf_keepalive(rq, cut % 102, 100, &env.requests_left);
	head = malloc(KF_HEAD_MAX);
	MUST(kf_head_write(head, rq, &e, &a, &env) <= KF_HEAD_MAX);
	free(head);
}

/* What stands before the path in the key. */
static void check_front(const struct kf_request *rq, const struct kf_key *key, u32 front,
			u32 which)
{
	static const char of_host[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	u32 i;

	if (key->root_len) {
		MUST(which == ROOTS && rq->host.p);
		MUST(front == 7 && key->root_len == 6 && !key->name[6]);
		for (i = 0; i < rq->host.len && rq->host.p[i] != ':'; i++)
			;
		i -= rq->host.p[i - 1] == '.';
		MUST(!memcmp(key->name, i == 1 ? "/srv/a" : "/srv/b", 6));
		return;
	}
	if (which != MASS) {
		MUST(!front);
		return;
	}
	MUST(front > 1 && key->name[0] == '/' && key->name[1] != '.');
	for (i = 1; i < front; i++)
		MUST(strchr(of_host, key->name[i]));
}

static void route(const struct kf_request *rq, u32 cut)
{
	u8 offers = cut >> 8 & (KF_CODING(KF_GZIP) | KF_CODING(KF_PRE_GZIP) |
				KF_CODING(KF_PRE_ZSTD) | KF_CODING(KF_PRE_BR));
	u32 which = (cut >> 16) % POLICIES, front, len;
	char *buf = malloc(KF_KEY_MAX), file[KF_PATH_MAX + 1];
	struct kf_target t;
	const char *name;

	if (kf_route(the_policy(which), rq, offers, buf, &t) == KF_OK) {
		MUST(strict_path(rq->path.p, rq->path.len, file));
		len = strlen(file);
		MUST(t.key.len >= len);
		front = t.key.len - len;
		check_front(rq, &t.key, front, which);
		MUST(!memcmp(t.key.name + front, file, len));
		MUST(strncmp(file, "/icons/", 7) && strncmp(file, "/cgi-bin/", 9));
		MUST(!(t.key.accepts & ~offers));
		MUST(!t.key.accepts || rq->accept_encoding.len);
		name = strrchr(file, '/') + 1;
		MUST(t.directory == !*name);
		if (!t.directory) {
			MUST(strict_accepts_name(name, strlen(name)));
			answer(rq, &t, cut);
		}
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kf_request rq;
	struct kf_scan s;
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
		route(&rq, cut);
	}
	free(head);
	return 0;
}
