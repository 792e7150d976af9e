// SPDX-License-Identifier: GPL-2.0-only
/* mod_deflate's decisions are also in apache/replies.txt; these tables have RFC 9110's, too. */
#include "encoding.h"
#include "unit.h"

#define G	KF_CODING(KF_GZIP)
#define PGZ	KF_CODING(KF_PRE_GZIP)
#define PZSTD	KF_CODING(KF_PRE_ZSTD)
#define PBR	KF_CODING(KF_PRE_BR)
#define ALL	(G | PGZ | PZSTD | PBR)
#define ODD	0x80

/* In a buffer of just its size; ODD for what is. */
static u8 accepts(const char *value, size_t len, u8 offers)
{
	char *copy = exact(value, len);
	struct kf_request rq = { .accept_encoding = { copy, len } };
	bool odd = true;
	u8 set = kf_accepts(&rq, offers, &odd);

	assert_true(!(set & ~offers));
	assert_true(!odd || !set);
	free(len ? copy : copy - 1);
	return odd ? ODD : set;
}

static void check(const char *value, u8 offers, u8 want)
{
	u8 got = accepts(value, strlen(value), offers);

	if (got != want)
		fail_msg("\"%s\" of 0x%x: 0x%x, not 0x%x", value, offers, got, want);
}

/* What Debian's Apache did with each, or "odd": hand over whatever it does. */
static void kf_accepts__as_mod_deflate(void **state)
{
	static const struct {
		const char *value;
		u8 want;
	} cases[] = {
		{ "", 0 },
		{ "gzip", G },
		{ "GZIP", G },
		{ "gZip", G },
		{ "x-gzip", 0 },
		{ "*", 0 },
		{ "*;q=0", 0 },
		{ "*, gzip;q=0", 0 },
		{ "identity", 0 },
		{ "Identity", 0 },
		{ "identity;q=0", 0 },
		{ "identity;q=1, *;q=0", 0 },
		{ "identity;q=1, gzip;q=0.1", G },
		{ "br", 0 },
		{ "deflate", 0 },
		{ "gzipx", 0 },
		{ "xgzip", 0 },
		{ "gzip, deflate", G },
		{ "gzip, deflate, br, zstd", G },
		{ "gzip;q=0.5, br", G },
		{ "gzip;q=0.001", G },
		{ "gzip;q=1", G },
		{ "gzip;q=1.", G },
		{ "gzip;q=1.000", G },
		{ "deflate, gzip;q=1.0, *;q=0.5", G },
		{ "br;q=1.0, gzip;q=0.8, *;q=0.1", G },
		{ "br;q=0, gzip", G },
		{ "br , gzip", G },
		{ "br ; q=0.5,\tgzip", G },
		{ "gzip;q=0", 0 },
		{ "gzip;q=0.", 0 },
		{ "gzip;q=0.0", 0 },
		{ "gzip;q=0.00", 0 },
		{ "gzip;q=0.000", 0 },
		{ "gzip; q=0", 0 },
		{ "gzip ;q=0", 0 },
		{ "gzip\t;\tq=0", 0 },
		{ "gzip;q=0, br", 0 },
		{ "br, gzip;q=0", 0 },

		{ "gzip;q=0 , br", ODD },	/* mod_deflate compresses */
		{ "gzip;q=0.5 , br", ODD },
		{ "gzip;q=0.0000", ODD },	/* compresses */
		{ "gzip;Q=0", ODD },		/* compresses */
		{ "gzip;q =0", ODD },
		{ "gzip;q= 0", ODD },
		{ "gzip;q=1.001", ODD },
		{ "gzip;q=2", ODD },
		{ "gzip;q=00", ODD },
		{ "gzip;q=-0", ODD },
		{ "gzip;q=.5", ODD },
		{ "gzip;q=0,5", 0 },	/* "5" is a name that nobody knows */
		{ "gzip;q=", ODD },
		{ "gzip;q", ODD },
		{ "gzip;", ODD },
		{ "gzip;a=b", ODD },
		{ "gzip;q=0;a=b", ODD },
		{ "gzip;a=b;q=0", ODD },
		{ "gzip;q=0, gzip", ODD },
		{ "gzip, gzip;q=0", ODD },
		{ "identity, identity", ODD },
		{ "br gzip", ODD },		/* compresses */
		{ "gzip br", ODD },
		{ "br,,gzip", ODD },
		{ ",gzip", ODD },
		{ "gzip,", ODD },
		{ "gzip, ", ODD },
		{ ",", ODD },
		{ ";q=0", ODD },
		{ "\"gzip\"", ODD },
		{ "gzip(x)", ODD },
		{ "gzip/1", ODD },
		{ "gz\xefp", ODD },
		{ " gzip", ODD },	/* parse.c takes the blanks away */
		{ "gzip;q=0 ", ODD },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		check(cases[i].value, G, cases[i].want);
		/* what else is on offer changes nothing for gzip */
		assert_int_equal(accepts(cases[i].value, strlen(cases[i].value), ALL) & (G | ODD),
				 cases[i].want);
	}
}

static void kf_accepts__siblings(void **state)
{
	static const struct {
		const char *value;
		u8 offers, want;
	} cases[] = {
		{ "gzip, deflate, br, zstd", ALL, ALL },
		{ "gzip, deflate, br", ALL, G | PGZ | PBR },
		{ "gzip, deflate, br", PBR | PZSTD, PBR },
		{ "br", ALL, PBR },
		{ "BR, ZStd", ALL, PBR | PZSTD },
		{ "*", ALL, 0 },
		{ "*;q=1, br;q=0.5", ALL, PBR },
		{ "br;q=0, gzip", ALL, G | PGZ },
		{ "br;q=0", ALL, 0 },
		{ "br;q=0.001", ALL, PBR },
		{ "br;q=0.9, gzip;q=0.8", ALL, PBR | G },
		{ "br;q=0.9, gzip;q=0.8", G | PGZ, PGZ | G },
		{ "br;q=0.8, gzip", ALL, PGZ | G },
		{ "br;q=0.8, gzip", G | PBR, G },	/* ours is liked better */
		{ "br;q=0.8, gzip", PBR, PBR },
		{ "br;q=0.8, zstd;q=0.80, gzip;q=0.800", ALL, ALL },
		{ "identity", ALL, 0 },
		{ "identity, br", ALL, PBR },
		{ "identity, br;q=0.9", ALL, 0 },
		{ "identity;q=0.5, br;q=0.9", ALL, PBR },
		{ "identity, gzip;q=0.5", ALL, G },	/* Apache does not ask */
		{ "identity;q=0, br", ALL, PBR },
		{ "x-gzip, x-br", ALL, 0 },
		{ "compress, exi, pack200-gzip", ALL, 0 },
		{ "", ALL, 0 },
		{ "br,", ALL, ODD },
		{ "br, br", ALL, ODD },
		{ "br,", 0, 0 },	/* nothing offered, nothing read */
	};
	struct kf_request none = { };
	bool odd = true;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].value, cases[i].offers, cases[i].want);
	assert_int_equal(kf_accepts(&none, ALL, &odd), 0);
	assert_false(odd);
}

/* Every truncation and every damaged byte: nothing is read beyond it. */
static void kf_accepts__no_byte_beyond_the_list(void **state)
{
	static const char list[] = "gzip;q=0.25, br\t; q=1.00,zstd;q=0.001, identity;q=0, *;q=0";
	char damaged[sizeof(list)];
	size_t len, at;
	int c;

	(void)state;
	memcpy(damaged, list, sizeof(list));
	for (len = 0; len < sizeof(list); len++) {
		accepts(list, len, ALL);
		for (at = 0; at < len; at++) {
			for (c = 0; c < 256; c += 5) {
				damaged[at] = c;
				accepts(damaged, len, ALL);
			}
			damaged[at] = list[at];
		}
	}
	check(list, ALL, PBR | G);
}

/* What is known word for word is read as the same with a capital letter, which is not. */
static void kf_accepts__browsers_have_no_privilege(void **state)
{
	static const char list[] = "gzip, deflate, br, zstd, x";
	size_t len, at, k;
	u32 c;

	(void)state;
	for (len = 1; len < sizeof(list); len++)
		for (at = 1; at < len; at++)
			for (c = 0; c < 256; c++)
				for (k = 0; k < 3; k++) {
					u8 offers = k ? k > 1 ? ALL : PBR | G : G;
					char value[sizeof(list)];
					u8 got;

					memcpy(value, list, sizeof(list));
					value[at] = c;
					got = accepts(value, len, offers);
					value[0] = 'G';
					assert_int_equal(got, accepts(value, len, offers));
				}
}

KF_GROUP(encoding,
	 cmocka_unit_test(kf_accepts__browsers_have_no_privilege),
	 cmocka_unit_test(kf_accepts__as_mod_deflate),
	 cmocka_unit_test(kf_accepts__siblings),
	 cmocka_unit_test(kf_accepts__no_byte_beyond_the_list));
