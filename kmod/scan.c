// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where does a request head end? Fed with the bytes as they arrive, in whatever
 * pieces; keeps its place in struct kf_scan, so each byte is looked at once.
 *
 * Says "not mine" as soon as that is certain, because the connection then goes
 * to the backend at once instead of waiting for the rest of a head that kfront
 * would not serve anyway. One case needs it: HTTP/0.9, where no head ever ends.
 *
 * Pure; called in softirq under the socket's lock.
 */
#include <linux/minmax.h>
#include "text.h"

enum {
	KF_S_METHOD,		/* must be zero: a fresh struct kf_scan */
	KF_S_TARGET,		/* the rest of the request line */
	KF_S_TARGET_OK,		/* the same, and so far it ends in a version of ours */
	KF_S_TARGET_LF,
	KF_S_START,		/* first byte of a header line */
	KF_S_FIELD,
	KF_S_FIELD_LF,
	KF_S_BLANK_LF,
	KF_S_DONE,
};

#define KF_P_HEAD	0x80	/* in kf_scan.prefix while in KF_S_METHOD: it is HEAD */

static enum kf_reason kf_scan_method(struct kf_scan *s, char c)
{
	const char *method = s->prefix & KF_P_HEAD ? "HEAD " : "GET ";
	u32 at = s->prefix & ~KF_P_HEAD;

	if (!at && c == 'H') {
		s->prefix = KF_P_HEAD | 1;
		return KF_OK;
	}
	if (c != method[at])
		return KF_R_METHOD;
	s->prefix++;
	if (!method[at + 1]) {
		s->state = KF_S_TARGET;
		s->prefix = 0;
	}
	return KF_OK;
}

/*
 * Text of the request line behind the method. kf_scan.prefix counts how much of
 * " HTTP/1.x" the line ends in so far. The pattern begins with its only space, so
 * a mismatch starts it anew at 1 (the byte is a space) or at 0, and no more than
 * its length of the last bytes needs to be looked at. Whether the target is a
 * good one is parse.c's question.
 */
static void kf_scan_target(struct kf_scan *s, const char *p, u32 len)
{
	static const char version[] = " HTTP/1.";
	const u32 digit = sizeof(version) - 1;	/* where the last one, 0 or 1, stands */

	if (len > digit + 1) {
		p += len - (digit + 1);
		len = digit + 1;
		s->prefix = 0;
	}
	for (; len--; p++) {
		if (s->prefix < digit ? *p == version[s->prefix] :
		    s->prefix == digit && (*p == '0' || *p == '1'))
			s->prefix++;
		else
			s->prefix = *p == ' ';
	}
	s->state = s->prefix == digit + 1 ? KF_S_TARGET_OK : KF_S_TARGET;
}

static enum kf_reason kf_scan_byte(struct kf_scan *s, char c, u32 max_lines)
{
	switch (s->state) {
	case KF_S_METHOD:
		return kf_scan_method(s, c);
	case KF_S_TARGET:
	case KF_S_TARGET_OK:
		if (c != '\r')	/* kf_scan_target() has taken all text */
			return KF_R_TARGET;
		if (s->state == KF_S_TARGET)
			return KF_R_VERSION;
		s->state = KF_S_TARGET_LF;
		return KF_OK;
	case KF_S_TARGET_LF:
		s->state = KF_S_START;
		s->lines = 1;
		return c == '\n' ? KF_OK : KF_R_TARGET;
	case KF_S_START:
		if (c == ' ' || c == '\t')	/* obs-fold */
			return KF_R_HEADER;
		s->state = KF_S_FIELD;
		if (c != '\r')
			return kf_is(c, KF_CC_CTL) ? KF_R_HEADER : KF_OK;
		s->state = KF_S_BLANK_LF;
		return KF_OK;
	case KF_S_FIELD:
		if (c == '\r')
			s->state = KF_S_FIELD_LF;
		else if (kf_is(c, KF_CC_CTL) && c != '\t')
			return KF_R_HEADER;
		return KF_OK;
	case KF_S_FIELD_LF:
		if (c != '\n')
			return KF_R_HEADER;
		if (s->lines > max_lines || s->lines == U16_MAX)
			return KF_R_HEADER_TOO_LARGE;
		s->lines++;
		s->state = KF_S_START;
		return KF_OK;
	default:	/* KF_S_BLANK_LF */
		s->state = KF_S_DONE;
		return c == '\n' ? KF_OK : KF_R_HEADER;
	}
}

enum kf_scan_verdict kf_scan_head(struct kf_scan *s, const char *data, u32 len,
				  u32 max_bytes, u32 max_lines, enum kf_reason *why)
{
	u32 n = min(len, max_bytes - min(max_bytes, s->scanned));
	u32 i = 0;

	while (i < n) {
		if (s->state == KF_S_FIELD || s->state == KF_S_TARGET ||
		    s->state == KF_S_TARGET_OK) {
			u32 run = kf_text_run(data + i, n - i);

			if (s->state != KF_S_FIELD)
				kf_scan_target(s, data + i, run);
			i += run;
			if (i == n)
				break;
		}
		*why = kf_scan_byte(s, data[i++], max_lines);
		if (*why != KF_OK)
			return KF_SCAN_NOT_MINE;
		if (s->state == KF_S_DONE) {
			s->scanned += i;
			return KF_SCAN_COMPLETE;
		}
	}
	s->scanned += i;
	if (s->scanned < max_bytes)
		return KF_SCAN_INCOMPLETE;
	*why = KF_R_HEADER_TOO_LARGE;
	return KF_SCAN_NOT_MINE;
}

/*
 * Found by asking Debian's Apache 2.4 (mod_reqtimeout, header=20-40): nothing
 * at all, a part of the request line, even all of it but its LF: it closes in
 * silence. From the LF of the request line on, whatever of the headers has
 * arrived: a complete 408 and close. The same on a later request of the
 * connection.
 */
bool kf_timeout_answers(const struct kf_scan *s)
{
	return s->lines > 0;
}
