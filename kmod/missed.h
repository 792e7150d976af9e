/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that were not there a moment ago: see missed.c. */
#ifndef KFRONT_MISSED_H
#define KFRONT_MISSED_H

#include <linux/siphash.h>
#include <linux/types.h>
#include "route.h"

#define KF_MISSED	256	/* names remembered by each poll */

struct kf_missed {
	siphash_key_t secret;	/* nobody is to find names that push out others */
	struct {
		u64 hash;
		u32 at;		/* jiffies */
	} name[KF_MISSED];
};

void kf_missed_init(struct kf_missed *m);
/* From the poll: a worker has just found nothing under this name. */
void kf_missed_add(struct kf_missed *m, const struct kf_key *key);
/* From the poll: was that so within the last second? */
bool kf_missed_lately(const struct kf_missed *m, const struct kf_key *key);

#endif /* KFRONT_MISSED_H */
