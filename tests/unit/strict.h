/* SPDX-License-Identifier: GPL-2.0-only */
/* An independent reading of what may be ours, by regular expressions (strict.c). */
#ifndef KFRONT_STRICT_H
#define KFRONT_STRICT_H

#include <stdbool.h>
#include <stddef.h>

/* May a request with this complete head be ours? */
bool strict_accepts(const char *head, size_t len);

/*
 * What file does a well-formed path of a request name? Decoded into @file (1025 bytes),
 * NUL-terminated. False: none that may be ours.
 */
bool strict_path(const char *path, size_t len, char *file);

/* May a file of this name (last component of a URL path) be ours, with the default types? */
bool strict_accepts_name(const char *name, size_t len);

#endif
