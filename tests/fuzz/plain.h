/* SPDX-License-Identifier: GPL-2.0-only */
/* The plain way to read a head and a name, byte by byte (plain.c). */
#ifndef KFRONT_PLAIN_H
#define KFRONT_PLAIN_H

#include "route.h"

enum kf_reason plain_parse(const char *head, u32 len, struct kf_request *rq);
bool plain_host_name(const struct kf_str *value, struct kf_str *name);
enum kf_reason plain_name_check(const struct kf_policy *p, const char *name, u32 len,
				struct kf_media *media);

#endif
