// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's host and path: ours or not, as far as names can tell.
 *
 * Comes after parse.c, which has seen to it that the path begins with '/', has
 * no empty segment and none that begins with a dot. What only the file system
 * knows (guard files, permissions, symlinks) is looked at when the object is
 * built (file.c).
 *
 * Pure; softirq, under rcu_read_lock() for the policy.
 */
#include "head.h"
#include "route.h"

enum kf_reason kf_route(const struct kf_policy *p, const struct kf_request *rq, struct kf_target *t)
{
	const char *name = rq->path.p + rq->path.len;

	if (!kf_policy_host_ok(p, &rq->host))
		return KF_R_HOST;
	if (kf_policy_excluded(p, &rq->path))
		return KF_R_EXCLUDED;

	t->path = rq->path;
	t->type = NULL;
	while (name[-1] != '/')		/* the path begins with one */
		name--;
	if (name == rq->path.p + rq->path.len)
		return KF_OK;

	return kf_name_check(p, name, rq->path.p + rq->path.len - name, &t->type);
}
