// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of hosts. Only names that no two readers could understand differently
 * pass: what kfront takes for "example.org" must be what the backend's virtual
 * hosts take for it.
 */
#include "host.h"
#include "text.h"

/* Letters, digits, '-', '_' in labels none of which is empty. Returns the length, 0 if odd. */
static u32 kf_dns_len(const char *p, u32 len)
{
	u32 i;

	for (i = 0; i < len && kf_is(p[i], KF_CC_HOST); i++)
		if (p[i] == '.' && (!i || p[i - 1] == '.'))
			return 0;
	return i;
}

/* "[" hex digits, colons, dots "]": at least one colon; no zone, no other form. */
static u32 kf_v6_len(const char *p, u32 len)
{
	bool colon = false;
	u32 i;

	for (i = 1; i < len; i++) {
		char c = kf_lower(p[i]);

		if (c == ']')
			return colon && i <= 46 ? i + 1 : 0;
		colon |= c == ':';
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.'))
			return 0;
	}
	return 0;
}

/* Empty, or ":" and a number from 1 to 65535. */
static bool kf_port_ok(const char *p, u32 len)
{
	u32 port = 0;
	u32 i;

	if (!len)
		return true;
	if (p[0] != ':' || len < 2 || len > 6)
		return false;
	for (i = 1; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		port = port * 10 + (p[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

bool kf_host_name(const struct kf_str *value, struct kf_str *name)
{
	const char *p = value->p;
	u32 len = value->len;
	u32 n;

	if (!len)
		return false;
	n = p[0] == '[' ? kf_v6_len(p, len) : kf_dns_len(p, len);
	if (!n || !kf_port_ok(p + n, len - n))
		return false;
	if (p[n - 1] == '.')
		n--;
	if (!n || n > KF_HOST_MAX)
		return false;
	name->p = p;
	name->len = n;
	return true;
}

bool kf_host_matches(const struct kf_str *name, const struct kf_str *pattern)
{
	u32 skip = 0;

	if (pattern->p[0] == '.') {
		if (name->len <= pattern->len)
			return false;
		skip = name->len - pattern->len;
	}
	return name->len - skip == pattern->len &&
	       kf_same_nocase(name->p + skip, pattern->p, pattern->len);
}
