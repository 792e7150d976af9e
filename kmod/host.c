// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of hosts. Only names that no two readers could understand differently
 * pass: what kfront takes for "example.org" must be what the backend's virtual
 * hosts take for it.
 *
 * Behind a value stands a byte that no name has: loops over names need no other end.
 */
#include "host.h"
#include "text.h"

static bool kf_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool kf_is_hex(char c)
{
	c = kf_lower(c);
	return kf_is_digit(c) || (c >= 'a' && c <= 'f');
}

/*
 * Four numbers without leading zeros, then nothing or a port. Return: the length of the
 * four, 0 if there is anything else.
 */
static u32 kf_v4_len(const char *p, u32 len)
{
	const char *start = p;
	u32 numbers = 0;

	do {
		if (!kf_is_digit(*p))
			return 0;
		if (kf_is_digit(*++p)) {
			if (p[-1] == '0')
				return 0;
			while (kf_is_digit(*++p))
				;
		}
		if (++numbers == 4)
			return p - start == len || *p == ':' ? p - start : 0;
	} while (*p++ == '.');
	return 0;
}

/*
 * A name whose labels are letters, digits, '-', '_', none of them empty; a trailing dot
 * counts as part of it. Apache says 400 to what only looks like an address: digits and
 * dots must be one, and the last label of any other name with dots must begin with a
 * letter. Return: the length, 0 if odd.
 */
static u32 kf_dns_len(const char *p)
{
	const char *start = p, *label, *stop;

	for (;;) {
		label = p;
		while (kf_is(*p, KF_CC_LABEL))
			p++;
		if (p == label)
			return 0;
		stop = p;	/* of the name, without a dot at its end */
		if (*p != '.')
			break;
		p++;
		if (!kf_is(*p, KF_CC_HOST))
			break;
	}
	if (kf_lower(*label) >= 'a' && kf_lower(*label) <= 'z')
		return p - start;
	if (label > start)
		return kf_v4_len(start, stop - start) ? p - start : 0;
	while (label < stop && kf_is_digit(*label))
		label++;
	return label < stop ? p - start : 0;
}

/*
 * "[" an IPv6 address "]": groups of one to four hex digits, eight or, with one
 * "::" in it, fewer. No zone, no embedded IPv4. Return: the length, 0 if odd.
 */
static u32 kf_v6_len(const char *p, u32 len)
{
	u32 i = 1, digits, groups = 0;
	bool gap = false;

	if (len > 2 && p[1] == ':' && p[2] == ':') {
		gap = true;
		i = 3;
	}
	while (i < len && p[i] != ']') {
		for (digits = 0; i < len && kf_is_hex(p[i]); i++)
			digits++;
		if (!digits || digits > 4)
			return 0;
		groups++;
		if (i == len || p[i] == ']')
			break;
		if (p[i++] != ':' || i == len || p[i] == ']')
			return 0;
		if (p[i] == ':') {
			if (gap)
				return 0;
			gap = true;
			i++;
		}
	}
	if (i == len || (gap ? groups > 7 : groups != 8))
		return 0;
	return i + 1;
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
		if (!kf_is_digit(p[i]))
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
	n = p[0] == '[' ? kf_v6_len(p, len) : kf_v4_len(p, len) ?: kf_dns_len(p);
	if (!n || !kf_port_ok(p + n, len - n))
		return false;
	if (p[n - 1] == '.')
		n--;
	if (n > KF_HOST_MAX)
		return false;
	name->p = p;
	name->len = n;
	return true;
}

bool kf_host_is_address(const struct kf_str *name)
{
	u32 i;

	for (i = 0; i < name->len; i++)
		if (name->p[i] != '.' && !kf_is_digit(name->p[i]))
			return name->p[0] == '[';
	return true;	/* kf_host_name() has seen to it that such a name is one */
}
