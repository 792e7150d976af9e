// SPDX-License-Identifier: GPL-2.0-only
/* What Apache does with each of these is also in apache/replies.txt. */
#include "range.h"
#include "unit.h"

struct part {
	const char *value;
	u64 size;
	enum kf_range want;
	u64 first, length;
};

static enum kf_range parse(const char *value, size_t len, u64 size, u64 *first, u64 *length)
{
	char *copy = exact(value, len);
	struct kf_str v = { copy, len };
	enum kf_range ret = kf_range_parse(&v, size, first, length);

	if (ret == KF_RANGE_PART) {
		assert_true(*length >= 1);
		assert_true(*first < size && *length <= size - *first);
	}
	free(len ? copy : copy - 1);
	return ret;
}

static void check(const struct part *c)
{
	u64 first, length;
	enum kf_range got = parse(c->value, strlen(c->value), c->size, &first, &length);

	if (got != c->want)
		fail_msg("%s of %llu: %d", c->value, (unsigned long long)c->size, got);
	if (got == KF_RANGE_PART && (first != c->first || length != c->length))
		fail_msg("%s of %llu: %llu, %llu", c->value, (unsigned long long)c->size,
			 (unsigned long long)first, (unsigned long long)length);
}

/* RFC 9110, 14.1.2: its examples, and what they leave to be asked. */
static void kf_range_parse__rfc(void **state)
{
	static const u64 tib = 1ULL << 40, most = INT64_MAX;
	const struct part cases[] = {
		{ "bytes=0-499", 10000, KF_RANGE_PART, 0, 500 },
		{ "bytes=500-999", 10000, KF_RANGE_PART, 500, 500 },
		{ "bytes=-500", 10000, KF_RANGE_PART, 9500, 500 },
		{ "bytes=9500-", 10000, KF_RANGE_PART, 9500, 500 },
		{ "bytes=0-0", 10000, KF_RANGE_PART, 0, 1 },
		{ "bytes=-1", 10000, KF_RANGE_PART, 9999, 1 },
		{ "bytes=0-", 10000, KF_RANGE_PART, 0, 10000 },
		{ "bytes=0-9999", 10000, KF_RANGE_PART, 0, 10000 },
		{ "bytes=0-10000", 10000, KF_RANGE_PART, 0, 10000 },
		{ "bytes=9999-10000", 10000, KF_RANGE_PART, 9999, 1 },
		{ "bytes=9999-", 10000, KF_RANGE_PART, 9999, 1 },
		{ "bytes=10000-", 10000, KF_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=10000-10000", 10000, KF_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-10000", 10000, KF_RANGE_PART, 0, 10000 },
		{ "bytes=-10001", 10000, KF_RANGE_PART, 0, 10000 },
		{ "bytes=0-0", 1, KF_RANGE_PART, 0, 1 },
		{ "bytes=-1", 1, KF_RANGE_PART, 0, 1 },
		{ "bytes=1-", 1, KF_RANGE_UNSATISFIABLE, 0, 0 },
		{ "BYTES=0-9", 100, KF_RANGE_PART, 0, 10 },
		{ "bYtEs=0-9", 100, KF_RANGE_PART, 0, 10 },
		{ "bytes=00-009", 100, KF_RANGE_PART, 0, 10 },
		{ "bytes=0000000000000000007-", 100, KF_RANGE_PART, 7, 93 },
		/* beyond 32 bits */
		{ "bytes=2147483647-2147483648", tib, KF_RANGE_PART, 2147483647, 2 },
		{ "bytes=4294967295-4294967296", tib, KF_RANGE_PART, 4294967295, 2 },
		{ "bytes=1099511627775-", tib, KF_RANGE_PART, tib - 1, 1 },
		{ "bytes=1099511627776-", tib, KF_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-1099511627776", tib, KF_RANGE_PART, 0, tib },
		{ "bytes=0-9223372036854775807", 100, KF_RANGE_PART, 0, 100 },
		{ "bytes=9223372036854775807-", 100, KF_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-9223372036854775807", 100, KF_RANGE_PART, 0, 100 },
		{ "bytes=0-9223372036854775807", most, KF_RANGE_PART, 0, most },
		{ "bytes=9223372036854775806-", most, KF_RANGE_PART, most - 1, 1 },
		{ "bytes=9223372036854775807-9223372036854775807", most,
		  KF_RANGE_UNSATISFIABLE, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void kf_range_parse__odd(void **state)
{
	static const char * const odd[] = {
		"", "b", "bytes", "bytes=", "bytes=-", "bytes=0", "bytes=--1", "bytes=0--1",
		"bytes=-0", "bytes=-00", "bytes=1-0", "bytes=500-499",
		"bits=0-9", "byte=0-9", "bytess=0-9", "bytes:0-9", "seconds=1-2",
		"bytes =0-9", "bytes= 0-9", "bytes=0 -9", "bytes=0- 9", "bytes=0-9 ", " bytes=0-9",
		"bytes=\t0-9", "bytes=- 5",
		"bytes=0-9,", "bytes=,0-9", "bytes=0-9,20-29", "bytes=0-9, 20-29", "bytes=0-,5-9",
		"bytes=0-9;x", "bytes=0-9-", "bytes=+0-9", "bytes=0-+9", "bytes=0x0-9",
		"bytes=a-b", "bytes=0-9a", "bytes=0/9", "bytes=0:9", "bytes=:-9",
		/* HTTP.sys, MS15-034, and what is around the ends of 63 and 64 bits */
		"bytes=0-18446744073709551615", "bytes=18-18446744073709551615",
		"bytes=18446744073709551615-", "bytes=-18446744073709551615",
		"bytes=18446744073709551616-", "bytes=0-18446744073709551616",
		"bytes=9223372036854775808-", "bytes=0-9223372036854775808",
		"bytes=-9223372036854775808", "bytes=9999999999999999999-",
		"bytes=00000000000000000000-9", "bytes=0-00000000000000000009",
		"bytes=0-99999999999999999999999999999999999999999",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		check(&(struct part){ odd[i], 1, KF_RANGE_ODD, 0, 0 });
		check(&(struct part){ odd[i], 100, KF_RANGE_ODD, 0, 0 });
		check(&(struct part){ odd[i], INT64_MAX, KF_RANGE_ODD, 0, 0 });
	}
}

/* Every range of every small body, against counting. */
static void kf_range_parse__counted(void **state)
{
	char text[64];
	u64 size, a, b;

	(void)state;
	for (size = 1; size < 12; size++)
		for (a = 0; a < 14; a++) {
			u64 tail = a < size ? size - a : 0;

			sprintf(text, "bytes=%d-", (int)a);
			check(&(struct part){ text, size, tail ? KF_RANGE_PART :
					      KF_RANGE_UNSATISFIABLE, a, tail });
			sprintf(text, "bytes=-%d", (int)a);
			check(&(struct part){ text, size, a ? KF_RANGE_PART : KF_RANGE_ODD,
					      a < size ? size - a : 0, a < size ? a : size });
			for (b = 0; b < 14; b++) {
				u64 last = b < size ? b : size - 1;

				sprintf(text, "bytes=%d-%d", (int)a, (int)b);
				check(&(struct part){ text, size, b < a ? KF_RANGE_ODD :
						      !tail ? KF_RANGE_UNSATISFIABLE :
						      KF_RANGE_PART, a, last - a + 1 });
			}
		}
}

static void kf_range_parse__no_byte_beyond_it(void **state)
{
	static const char value[] = "bytes=1099511627775-1099511627776";
	char damaged[sizeof(value)];
	u64 first, length;
	size_t len, at;
	int c;

	(void)state;
	memcpy(damaged, value, sizeof(value));
	for (len = 0; len < sizeof(value); len++) {
		parse(value, len, 1ULL << 41, &first, &length);
		for (at = 0; at < len; at++) {
			for (c = 0; c < 256; c++) {
				damaged[at] = c;
				parse(damaged, len, 1ULL << 41, &first, &length);
			}
			damaged[at] = value[at];
		}
	}
}

KF_GROUP(range,
	 cmocka_unit_test(kf_range_parse__rfc),
	 cmocka_unit_test(kf_range_parse__odd),
	 cmocka_unit_test(kf_range_parse__counted),
	 cmocka_unit_test(kf_range_parse__no_byte_beyond_it));
