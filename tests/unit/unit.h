/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests share. One test_NAME.c for each kmod/NAME.c, each with one
 * group of tests; tests are named function__case.
 */
#ifndef KFRONT_UNIT_H
#define KFRONT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include "curated.h"
#include "head.h"
#include "route.h"
#include "strict.h"

/* Bytes and their number from a string constant; NULs in it count. */
#define BYTES(text) text, sizeof(text) - 1
#define STR(text) ((struct kf_str){ text, strlen(text) })

struct kf_group {
	const char *name;
	const struct CMUnitTest *tests;
	size_t n;
};

#define KF_GROUP(group, ...)						\
	static const struct CMUnitTest tests_of_##group[] = { __VA_ARGS__ }; \
	const struct kf_group kf_group_##group = {			\
		#group, tests_of_##group, ARRAY_SIZE(tests_of_##group) }

/* lib.c */
char *
exact(const char *bytes,
      size_t len); /* copy in a buffer of just that size: ASan sees overreads */
const char *reason_name(enum kf_reason r);
enum kf_reason reason_number(const char *name);	/* "mine" is KF_OK; fails the test if unknown */
u32 random_below(u32 n);			/* always the same sequence */
void random_seed(u32 seed);
char *read_file(const char *path, size_t *len);
void assert_reason(enum kf_reason got, enum kf_reason want, const char *about);

extern const char test_mime_types[];
struct kf_policy_text policy_text(void);	/* defaults, with test_mime_types */
struct kf_policy *policy_new(const struct kf_policy_text *text);	/* must succeed */

/* What scan and parse together say about bytes that arrive in pieces: KF_OK, a reason, VERDICT_INCOMPLETE. */
int verdict_in_pieces(const char *bytes, size_t len,
		      size_t (*next)(size_t at, void *arg), void *arg,
		      struct kf_request *rq, char **head, size_t *head_len);
int verdict(const char *bytes, size_t len);
int verdict_split_at(const char *bytes, size_t len, size_t at);
int verdict_bytewise(const char *bytes, size_t len);

#endif
