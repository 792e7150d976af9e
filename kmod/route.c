// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's host and path: ours or not, as far as names can tell.
 *
 * Comes after parse.c, which has seen to it that the path begins with '/' and
 * that a percent sign is followed by two hex digits. Here escapes are decoded,
 * once, and what comes out is looked at again: it is the name of a file. What
 * only the file system knows (guard files, permissions, symlinks) is looked at
 * when the object is built (file.c).
 *
 * Pure; softirq, under rcu_read_lock() for the policy.
 */
#include <linux/compiler.h>
#include "encoding.h"
#include "route.h"
#include "text.h"

/*
 * @from without escapes into @to, which has KF_PATH_MAX bytes. Apache says 404 to an
 * escaped NUL or slash. It takes dots that are escaped for dots, and resolves
 * segments of them, or refuses what leaves the root: never ours.
 */
static enum kf_reason kf_decode(const struct kf_str *from, char *to, u32 *len)
{
	const char *p = from->p, *end = p + from->len;
	u32 n = 0;

	while (p < end) {
		int c = kf_path_char(&p, end);

		if (c < 0)
			return KF_R_TARGET;
		if (n && to[n - 1] == '/' && (c == '.' || c == '/'))
			return c == '.' ? KF_R_DOTFILE : KF_R_TARGET;
		if (n == KF_PATH_MAX)
			return KF_R_TARGET;
		to[n++] = c;
	}
	*len = n;
	return KF_OK;
}

/* What stands before the path in the key. */
static u32 kf_put_site(const struct kf_site *site, char *buf)
{
	u32 i;

	if (site->root.len) {
		memcpy(buf, site->root.p, site->root.len);
		buf[site->root.len] = '\0';
		return site->root.len + 1;
	}
	if (!site->dir.len)
		return 0;
	buf[0] = '/';
	for (i = 0; i < site->dir.len; i++)
		buf[1 + i] = kf_lower(site->dir.p[i]);
	return 1 + site->dir.len;
}

/*
 * The key of a name that may not be the path as it was sent. Return: how much of it stands
 * before the path, or the negated reason why it is not ours.
 */
static noinline int kf_put_key(const struct kf_policy *p, const struct kf_request *rq, char *buf,
			       struct kf_key *key)
{
	u32 len = rq->path.len, front;
	enum kf_reason why;
	struct kf_site site;

	if (!kf_policy_host(p, &rq->host, &site))
		return -KF_R_HOST;
	front = kf_put_site(&site, buf);
	if (rq->escaped) {
		why = kf_decode(&rq->path, buf + front, &len);
		if (why != KF_OK)
			return -(int)why;
	} else if (len > KF_PATH_MAX) {
		return -KF_R_TARGET;
	} else if (front) {
		memcpy(buf + front, rq->path.p, len);
	}
	key->name = rq->escaped || front ? buf : rq->path.p;
	key->len = front + len;
	key->root_len = site.root.len;
	return front;
}

static noinline enum kf_reason kf_choose_codings(const struct kf_request *rq, u8 offers,
						 bool deflate, struct kf_key *key)
{
	bool odd = false;
	u8 known;

	if (!deflate)
		offers &= ~KF_CODING(KF_GZIP);
	/* Whether or not we compress: the backend would. */
	known = offers | (deflate ? KF_CODING(KF_GZIP) : 0);
	if (!known)
		return KF_OK;
	key->accepts = kf_accepts(rq, known, &odd);
	return odd || key->accepts & ~offers ? KF_R_ENCODING : KF_OK;
}

enum kf_reason kf_route(const struct kf_policy *p, const struct kf_request *rq, u8 offers,
			char *buf, struct kf_target *t)
{
	struct kf_str path = rq->path;
	u32 name_at = rq->name_at;
	enum kf_reason why;
	int front;

	if (!rq->escaped && kf_policy_is_open(p, path)) {
		if (path.len > KF_PATH_MAX)
			return KF_R_TARGET;
		t->key.name = path.p;
		t->key.len = path.len;
		t->key.root_len = 0;
	} else {
		front = kf_put_key(p, rq, buf, &t->key);
		if (front < 0)
			return -front;
		path.p = t->key.name + front;
		path.len = t->key.len - front;
		for (name_at = path.len; path.p[name_at - 1] != '/'; name_at--)
			;		/* the path begins with one */
		if (kf_policy_excluded(p, path))
			return KF_R_EXCLUDED;
	}

	t->directory = name_at == path.len;
	if (t->directory) {
		memset(&t->media, 0, sizeof(t->media));
	} else {
		why = kf_name_check(p, path.p + name_at, path.len - name_at, &t->media);
		if (why != KF_OK)
			return why;
	}
	t->key.accepts = 0;
	if (!rq->accept_encoding.p)
		return KF_OK;
	return kf_choose_codings(rq, offers, t->directory || t->media.deflate, &t->key);
}
