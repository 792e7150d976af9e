/* SPDX-License-Identifier: GPL-2.0-only */
/* Closing what was not handed over: see close.c. */
#ifndef KFRONT_CLOSE_H
#define KFRONT_CLOSE_H

#include <linux/workqueue.h>
#include "conn.h"

/*
 * Our FIN is queued and our callbacks are out of the socket: let TCP have it, if that can be
 * done here. Holds: slock, not owned. False: kf_close() leaves it to the worker.
 */
bool kf_close_at_once(struct kf_conn *c);

/* Closes the socket of @c, unless that is done, and frees both. From the poll; no lock held. */
void kf_close(struct kf_conn *c);

void kf_close_work(struct work_struct *work);	/* kf_poll.close_work */

#endif /* KFRONT_CLOSE_H */
