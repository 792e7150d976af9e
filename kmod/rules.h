/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy in use and how it is replaced: see rules.c. */
#ifndef KFRONT_RULES_H
#define KFRONT_RULES_H

#include "server.h"
#include "vhost.h"

/* The parts of struct kf_policy_text that change at run time. */
enum kf_rule {
	KF_RULE_TYPES,
	KF_RULE_EXCLUDE,
	KF_RULE_GUARD_FILES,
	KF_RULE_INDEX,
	KF_RULE_SERVER_HEADER,
	KF_RULE_HOSTS,
	KF_RULE_MASS_HOSTS,
	KF_RULE_DEFAULT_HOST,
	KF_RULE_MIME_TYPES,	/* the path; setting it reads the file, also when it is the same */
	KF_RULE_COUNT
};

/* What ServerTokens Prod says; an exact match of the backend's is the administrator's to set. */
#define KF_DEFAULT_SERVER_HEADER "Apache"

#define KF_DEFAULT_MIME_TYPES	"/etc/mime.types"

/* Room for one rule's text, NUL included. */
#define KF_RULE_MAX	4096
#define KF_HOSTS_RULE_MAX (KF_HOSTS_TEXT_MAX + 1)

/* What the parameters say about the first policy. */
struct kf_rules_params {
	const char *hosts;
	const char *default_host;
	const char *mime_types;		/* a path */
	bool mass_hosts;
};

/* First policy, from the parameters and the defaults. One line in the log on failure. */
int kf_rules_init(struct kf_server *srv, const struct kf_rules_params *params);
void kf_rules_exit(struct kf_server *srv);	/* after the last reader; RCU is waited for */

/* Current text of a part, copied into @buf. Process context. */
void kf_rules_get(struct kf_server *srv, enum kf_rule which, char *buf, size_t size);
/* Replace a part and with it the policy; objects built under the old one go.
 * Return: 0, -ENOMEM, or -EINVAL or (mime_types) what reading the file said: one line
 * in the log, nothing changed.
 */
int kf_rules_set(struct kf_server *srv, enum kf_rule which, const char *value);

#endif /* KFRONT_RULES_H */
