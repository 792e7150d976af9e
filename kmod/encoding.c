// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accept-Encoding.
 *
 * For what we compress ourselves the question is only what mod_deflate would do,
 * and it is simple: the first element whose name is "gzip" (case folded) decides,
 * "q=0" with up to three decimal zeros means no, anything else yes. It knows no
 * "x-gzip", takes "*" for a name like any other, never heeds "identity;q=0", and
 * compresses even for "gzip;q=0 , br", where a blank ends what it compares with
 * "q=0". So a list is decided here only if it is written such that mod_deflate and
 * RFC 9110 read the same in it:
 *
 *	[ NAME [";q=" Q] *( "," NAME [";q=" Q] ) ]
 *
 * with blanks around commas and before and after the semicolon, but none between
 * Q and a comma; no empty element; no coding that we could send twice.
 *
 * Siblings (KF_PRE_*) have no Apache to compare with: RFC 9110, and only names
 * that are spelled out count, so "*" is no reason to send one.
 *
 * Pure; softirq, per request.
 */
#include "encoding.h"
#include "text.h"

#define KF_Q_ONE	1000

enum kf_named { KF_N_BR, KF_N_ZSTD, KF_N_GZIP, KF_N_IDENTITY, KF_NAMED };

static enum kf_named kf_coding_name(const char *p, u32 len)
{
	if (kf_is_nocase(p, len, "gzip"))
		return KF_N_GZIP;
	if (kf_is_nocase(p, len, "br"))
		return KF_N_BR;
	if (kf_is_nocase(p, len, "zstd"))
		return KF_N_ZSTD;
	if (kf_is_nocase(p, len, "identity"))
		return KF_N_IDENTITY;
	return KF_NAMED;
}

/* RFC 9110's qvalue in thousandths; NULL if it is none. */
static const char *kf_read_q(const char *p, const char *end, int *q)
{
	int unit = KF_Q_ONE;

	if (p == end || (*p != '0' && *p != '1'))
		return NULL;
	*q = (*p++ - '0') * KF_Q_ONE;
	if (p < end && *p == '.') {
		p++;
		while (p < end && *p >= '0' && *p <= '9' && unit > 1) {
			unit /= 10;
			*q += (*p++ - '0') * unit;
		}
	}
	return *q <= KF_Q_ONE ? p : NULL;
}

/* One element, its q and what stands behind it up to the next one; NULL if it is odd. */
static const char *kf_read_element(const char *p, const char *end, int q[])
{
	const char *name = p;
	enum kf_named which;
	int value = KF_Q_ONE;

	while (p < end && kf_is(*p, KF_CC_TOKEN))
		p++;
	if (p == name)
		return NULL;
	which = kf_coding_name(name, p - name);
	p = kf_skip_blanks(p, end);
	if (p < end && *p == ';') {
		p = kf_skip_blanks(p + 1, end);
		if (end - p < 2 || p[0] != 'q' || p[1] != '=')
			return NULL;
		p = kf_read_q(p + 2, end, &value);
		if (!p)
			return NULL;
	}
	if (which != KF_NAMED) {
		if (q[which] >= 0)
			return NULL;
		q[which] = value;
	}
	if (p == end)
		return p;
	if (*p++ != ',')
		return NULL;
	p = kf_skip_blanks(p, end);
	return p < end ? p : NULL;	/* a comma, and nothing behind it */
}

/* What browsers send, word for word; the elements one by one would say the same. */
static bool kf_is_browsers(const char *p, u32 len, int q[])
{
	static const char begin[] = "gzip, deflate", more[] = ", br, zstd";
	const u32 n = sizeof(begin) - 1;

	if (len < n || !kf_same(p, begin, n))
		return false;
	len -= n;
	if (len && ((len != 4 && len != 10) || !kf_same(p + n, more, len)))
		return false;
	q[KF_N_GZIP] = KF_Q_ONE;
	if (len)
		q[KF_N_BR] = KF_Q_ONE;
	if (len == 10)
		q[KF_N_ZSTD] = KF_Q_ONE;
	return true;
}

u8 kf_accepts(const struct kf_request *rq, u8 offers, bool *odd)
{
	static const u8 offered_as[KF_NAMED] = {
		[KF_N_BR] = KF_CODING(KF_PRE_BR),
		[KF_N_ZSTD] = KF_CODING(KF_PRE_ZSTD),
		[KF_N_GZIP] = KF_CODING(KF_PRE_GZIP) | KF_CODING(KF_GZIP),
		[KF_N_IDENTITY] = 0xff,
	};
	const char *p = rq->accept_encoding.p, *end;
	int q[KF_NAMED] = { -1, -1, -1, -1 };
	int top = 1;		/* q=0 excludes */
	u8 set = 0;
	int i;

	*odd = false;
	if (!offers || !p || !rq->accept_encoding.len)
		return 0;
	end = p + rq->accept_encoding.len;
	if (kf_is_browsers(p, end - p, q))
		p = end;
	while (p < end) {
		p = kf_read_element(p, end, q);
		if (!p) {
			*odd = true;
			return 0;
		}
	}

	if (q[KF_N_GZIP] > 0)
		set = KF_CODING(KF_GZIP);
	if (offers == KF_CODING(KF_GZIP))	/* no siblings to choose from */
		return set;
	for (i = 0; i < KF_NAMED; i++)
		if ((offers & offered_as[i]) && q[i] > top)
			top = q[i];
	for (i = 0; i < KF_N_IDENTITY; i++)
		if (q[i] >= top)
			set |= offered_as[i] & ~KF_CODING(KF_GZIP);
	return set & offers;
}
