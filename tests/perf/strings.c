// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcpy() and its kin at the kernel's price: where it has no fast "rep movsb" it copies
 * 32 bytes a turn and overlaps at the end, compares eight a turn and searches one a turn.
 * glibc's have vector registers, which softirq has not.
 */
#include <stddef.h>
#include <stdint.h>

#define COPY(type, at) do {						\
	type x;								\
	__builtin_memcpy(&x, from + (at), sizeof(x));			\
	__builtin_memcpy(to + (at), &x, sizeof(x));			\
} while (0)

void *memcpy(void *restrict dest, const void *restrict src, size_t n)
{
	const char *from = src;
	char *to = dest;

	for (; n >= 32; n -= 32, from += 32, to += 32) {
		COPY(uint64_t, 0);
		COPY(uint64_t, 8);
		COPY(uint64_t, 16);
		COPY(uint64_t, 24);
	}
	if (n >= 16) {
		COPY(uint64_t, 0);
		COPY(uint64_t, 8);
		COPY(uint64_t, n - 16);
		COPY(uint64_t, n - 8);
	} else if (n >= 8) {
		COPY(uint64_t, 0);
		COPY(uint64_t, n - 8);
	} else if (n >= 4) {
		COPY(uint32_t, 0);
		COPY(uint32_t, n - 4);
	} else if (n) {
		*to = *from;
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
	return dest;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;
	uint64_t x, y;

	for (; n >= 8; n -= 8, p += 8, q += 8) {
		__builtin_memcpy(&x, p, 8);
		__builtin_memcpy(&y, q, 8);
		if (x != y)
			break;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memset(void *dest, int c, size_t n)
{
	uint64_t word = (unsigned char)c * 0x0101010101010101ULL;
	char *to = dest;

	for (; n >= 8; n -= 8, to += 8)
		__builtin_memcpy(to, &word, 8);
	while (n--)
		*to++ = c;
	return dest;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n--; p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}
