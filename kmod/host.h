/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The value of a Host header.
 */
#ifndef KFRONT_HOST_H
#define KFRONT_HOST_H

#include "parse.h"

#define KF_HOST_MAX	253	/* longest DNS name */

/**
 * kf_host_name() - the name in a Host value: port and trailing dot stripped
 * @value: as sent, e.g. "www.example.org:8080", "192.0.2.1", "[2001:db8::1]:80". Behind it
 *	is a byte that may be read and that is no letter, digit, '-', '.' or '_': in a head
 *	a CR or blank, in a list NUL or '='
 * @name: set to the part of @value that is the name; brackets of an IPv6 literal included
 *
 * Return: false if the value is anything but a plain name or address with an
 * optional port: the backend must say what it thinks of it.
 */
bool kf_host_name(const struct kf_str *value, struct kf_str *name);

/* Is a name (from kf_host_name()) an IPv4 or IPv6 address? */
bool kf_host_is_address(const struct kf_str *name);

#endif /* KFRONT_HOST_H */
