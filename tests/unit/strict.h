/* SPDX-License-Identifier: GPL-2.0-only */
/* An independent reading of what may be ours, by regular expressions (strict.c). */
#ifndef KFRONT_STRICT_H
#define KFRONT_STRICT_H

#include <stdbool.h>
#include <stddef.h>

/* May a request with this complete head be ours? */
bool strict_accepts(const char *head, size_t len);

/* May a file of this name (last component of a URL path) be ours, with the default types? */
bool strict_accepts_name(const char *name, size_t len);

#endif
