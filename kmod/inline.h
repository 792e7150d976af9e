/* SPDX-License-Identifier: GPL-2.0-only */
/* In front of a server, on its own port: see inline.c. */
#ifndef KFRONT_INLINE_H
#define KFRONT_INLINE_H

#include "server.h"

int kf_inline_start(struct kf_server *srv);	/* may sleep; one line in the log on failure */
void kf_inline_stop(struct kf_server *srv);	/* waits for RCU; no connection comes after it */
void kf_inline_free(struct kf_server *srv);	/* after the last connection */

#endif /* KFRONT_INLINE_H */
