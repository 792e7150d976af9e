/* SPDX-License-Identifier: GPL-2.0-only */
/* net.kfront.*: see sysctl.c. */
#ifndef KFRONT_SYSCTL_H
#define KFRONT_SYSCTL_H

#include "server.h"

void kf_settings_defaults(struct kf_settings *set);
int kf_sysctl_init(struct kf_server *srv);
void kf_sysctl_exit(struct kf_server *srv);	/* waits for writers */

#endif /* KFRONT_SYSCTL_H */
