// SPDX-License-Identifier: GPL-2.0-only
/*
 * A name that is not there is asked for again and again (a favicon, a scanner's
 * list), and to find out costs a worker more than Apache's answer costs Apache. So
 * each poll remembers for a second what was missing, and hands over at once.
 *
 * Nothing has to be watched for that: when the file has come meanwhile, or when it
 * is another name of the same hash, it is the backend that serves it, and it
 * always may. Per poll, so without a lock; a name takes the place of another of the
 * same slot.
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include "missed.h"

static u64 kf_missed_hash(const struct kf_missed *m, const struct kf_key *key)
{
	return siphash(key->name, key->len, &m->secret);
}

void kf_missed_init(struct kf_missed *m)
{
	int i;

	get_random_bytes(&m->secret, sizeof(m->secret));
	for (i = 0; i < KF_MISSED; i++)
		m->name[i].at = (u32)jiffies - HZ;
}

void kf_missed_add(struct kf_missed *m, const struct kf_key *key)
{
	u64 hash = kf_missed_hash(m, key);

	m->name[hash % KF_MISSED].hash = hash;
	m->name[hash % KF_MISSED].at = (u32)jiffies;
}

bool kf_missed_lately(const struct kf_missed *m, const struct kf_key *key)
{
	u64 hash = kf_missed_hash(m, key);

	return m->name[hash % KF_MISSED].hash == hash &&
	       (u32)jiffies - m->name[hash % KF_MISSED].at < HZ;
}
