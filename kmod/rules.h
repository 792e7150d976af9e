/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy in use and how it is replaced: see rules.c. */
#ifndef KFRONT_RULES_H
#define KFRONT_RULES_H

#include "server.h"

/* The parts of struct kf_policy_text that change at run time. */
enum kf_rule {
	KF_RULE_TYPES,
	KF_RULE_EXCLUDE,
	KF_RULE_GUARD_FILES,
	KF_RULE_INDEX,
	KF_RULE_SERVER_HEADER,
	KF_RULE_COUNT
};

/* What ServerTokens Prod says; an exact match of the backend's is the administrator's to set. */
#define KF_DEFAULT_SERVER_HEADER "Apache"

#define KF_RULE_MAX	4096	/* bytes of one list, NUL included */

/* First policy, from the parameters and the defaults. One line in the log on failure. */
int kf_rules_init(struct kf_server *srv, const char *hosts, const char *mime_types);
void kf_rules_exit(struct kf_server *srv);	/* after the last reader; RCU is waited for */

/* Current text of a part, copied into @buf (KF_RULE_MAX bytes). Process context. */
void kf_rules_get(struct kf_server *srv, enum kf_rule which, char *buf);
/* Replace a part and with it the policy; objects built under the old one go.
 * Return: 0, -ENOMEM, or -EINVAL: one line in the log, nothing changed.
 */
int kf_rules_set(struct kf_server *srv, enum kf_rule which, const char *value);

#endif /* KFRONT_RULES_H */
