// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is answered: two bytes that choose the file, then the values of seven
 * headers (If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, Range,
 * If-Range, Accept-Encoding), each ended by a NUL; one that begins with 0xff is absent.
 * Must hold:
 * - Nothing is read beyond a value, and asking twice gives one answer.
 * - A 206 lies within the body and is what Apache's reading of Range gives.
 * - A 304 has a tag or a date to show for it, and gzip is taken as mod_deflate takes it.
 * - A date says what kf_date_write() writes (the name of the day aside).
 * - A head is complete, fits, and tells the length of what is sent.
 */
#include "encoding.h"
#include "fuzz.h"
#include "range.h"

#define MTIME	1700000000LL

static const u64 sizes[] = { 0, 1, 68, 69, 0x1388, 1ULL << 32, 1ULL << 40, INT64_MAX };
static const s64 ages[] = { 0, 1, 59, 60, 100000000 };

struct input {
	struct kf_request rq;
	char *copies[7];
};

static void take(struct input *in, const u8 *data, size_t size)
{
	struct kf_str *slots[] = {
		&in->rq.if_match, &in->rq.if_unmodified_since, &in->rq.if_none_match,
		&in->rq.if_modified_since, &in->rq.range, &in->rq.if_range,
		&in->rq.accept_encoding,
	};
	size_t i;

	for (i = 0; i < 7; i++) {
		size_t len = strnlen((const char *)data, size);

		in->copies[i] = copy_of(data, len);
		if (size && data[0] != 0xff)
			*slots[i] = (struct kf_str){ in->copies[i], len };
		len += len < size;
		data += len;
		size -= len;
	}
}

/* mod_deflate's way through the header, over a text with a NUL behind it. */
static const char *token(const char **at, bool white, size_t *len)
{
	const char *p = *at, *start;

	while (*p == ' ' || *p == '\t')
		p++;
	for (start = p; *p && (white || (*p != ' ' && *p != '\t')) && *p != ';' && *p != ','; p++)
		if (*p == '"') {
			const char *quote = strchr(p + 1, '"');

			p = quote ? quote : p + strlen(p) - 1;
		}
	*len = p - start;
	while (*p == ' ' || *p == '\t')
		p++;
	*at = p;
	return start;
}

static bool deflates(const struct kf_str *v)
{
	char *text = strndup(v->p ? v->p : "", v->len);
	const char *p = text, *t, *q = "";
	size_t len, q_len = 0;
	bool found;

	for (t = token(&p, false, &len); len && (len != 4 || strncasecmp(t, "gzip", 4));) {
		while (*p == ';') {
			size_t ignored;

			p++;
			token(&p, true, &ignored);
		}
		p += *p == ',';
		if (!*p) {
			len = 0;
			break;
		}
		t = token(&p, false, &len);
	}
	found = len;
	if (found && *p) {
		while (*p == ';')
			p++;
		q = token(&p, true, &q_len);
	}
	found = found && !(q_len >= 3 && q_len <= 7 && !strncmp("q=0.000", q, q_len));
	free(text);
	return found;
}

static void check_codings(const struct kf_request *rq)
{
	const u8 all = KF_CODING(KF_GZIP) | KF_CODING(KF_PRE_GZIP) | KF_CODING(KF_PRE_ZSTD) |
		       KF_CODING(KF_PRE_BR);
	u8 offers, set, more;
	bool odd, odd2;

	set = kf_accepts(rq, KF_CODING(KF_GZIP), &odd);
	MUST(!(odd && set));
	if (!odd)
		MUST(!!set == deflates(&rq->accept_encoding));
	for (offers = 0; offers <= all; offers++) {
		more = kf_accepts(rq, offers, &odd2);
		MUST(!(more & ~offers) && !(odd2 && more));
		MUST(!offers || odd2 == odd);
		MUST((more & KF_CODING(KF_GZIP)) == (set & offers));
	}
}

/* One range as Apache reads it; strtoll() where it has its own. */
static bool apache_part(const struct kf_str *v, u64 size, u64 *first, u64 *length)
{
	char *text = strndup(v->p, v->len), *dash = strchr(text, '-'), *end;
	long long a = 0, b = size - 1;
	bool ok = dash && !strncasecmp(text, "bytes=", 6);

	if (ok && dash == text + 6) {
		a = strtoll(dash + 1, &end, 10);
		ok = !*end && a > 0;
		a = (u64)a > size ? 0 : size - a;
	} else if (ok) {
		a = strtoll(text + 6, &end, 10);
		ok = end == dash;
		if (dash[1]) {
			b = strtoll(dash + 1, &end, 10);
			ok = ok && !*end && b >= a;
		}
	}
	free(text);
	if ((u64)b >= size)
		b = size - 1;
	*first = a;
	*length = b - a + 1;
	return ok && (u64)a < size;
}

static void check_date(const struct kf_str *v)
{
	char again[KF_DATE_LEN + 1] = "", old[64], day[16];
	struct kf_str s = { old, 0 };
	s64 sec, sec2;

	if (!v->p || !kf_date_parse(v, &sec))
		return;
	kf_date_write(again, sec);
	if (v->len == KF_DATE_LEN && v->p[3] == ',') {
		MUST(!memcmp(again + 3, v->p + 3, KF_DATE_LEN - 3));
	} else if (v->len == 24) {	/* asctime() writes a blank for a zero */
		sprintf(old, "%.3s %.3s %.2s %.8s %.4s", v->p, again + 8, again + 5, again + 17,
			again + 12);
		MUST(!memcmp(old, v->p, 8) && !memcmp(old + 9, v->p + 9, 15));
		MUST(old[8] == v->p[8] || (old[8] == '0' && v->p[8] == ' '));
	} else {
		sscanf(v->p, "%15[^,]", day);
		s.len = sprintf(old, "%s, %.2s-%.3s-%.2s %.8s GMT", day, again + 5, again + 8,
				again + 14, again + 17);
		MUST(s.len == v->len && !memcmp(old, v->p, s.len));
		MUST(sec < 100LL * 366 * 86400);
	}
	s = (struct kf_str){ again, KF_DATE_LEN };
	MUST(kf_date_parse(&s, &sec2) && sec2 == sec);
}

static bool has_tag(const struct kf_str *v, const struct kf_entity *e)
{
	return v->p && ((v->len == 1 && *v->p == '*') ||
			memmem(v->p, v->len, e->text + e->etag, e->etag_len));
}

static bool same_since(const struct kf_str *v, s64 now)
{
	s64 sec;

	return v->p && kf_date_parse(v, &sec) && sec >= MTIME && sec <= now;
}

static void check_answer(const struct kf_request *rq, const struct kf_entity *e, s64 now,
			 const struct kf_answer *a)
{
	u64 first, length;

	MUST(a->body == (!rq->head && a->status != 304));
	MUST(!rq->if_match.p || has_tag(&rq->if_match, e));
	switch (a->status) {
	case 200:
		MUST(!a->first && a->length == e->size);
		MUST(e->coding != KF_GZIP || (!rq->head && rq->http11));
		MUST(!e->deflate || !deflates(&rq->accept_encoding));
		break;
	case 206:
		MUST(rq->range.p && e->coding != KF_GZIP);
		MUST(a->length && a->length <= e->size && a->first <= e->size - a->length);
		MUST(apache_part(&rq->range, e->size, &first, &length));
		MUST(first == a->first && length == a->length);
		MUST(!e->deflate || !deflates(&rq->accept_encoding));
		break;
	case 304:
		MUST(!a->first && !a->length);
		MUST(has_tag(&rq->if_none_match, e) || same_since(&rq->if_modified_since, now));
		MUST(!rq->if_none_match.p || has_tag(&rq->if_none_match, e));
		break;
	default:
		MUST(false);
	}
}

static void check_head(const struct kf_request *rq, const struct kf_entity *e,
		       const struct kf_answer *a)
{
	struct kf_front front;
	struct kf_reply_env env = { .front = &front, .keepalive = true };
	struct kf_str server = { "", 0 };
	char *buf = malloc(KF_HEAD_MAX + 1), want[128];
	u32 len;

	kf_front_write(&front, 1700000000, &server);
	len = kf_head_write(buf, rq, e, a, &env);
	MUST(len <= KF_HEAD_MAX);
	buf[len] = '\0';
	MUST(strlen(buf) == len && strstr(buf, "\r\n\r\n") == buf + len - 4);
	MUST(atoi(buf + 9) == a->status);
	sprintf(want, "\r\nContent-Length: %llu\r\n", (unsigned long long)a->length);
	if (a->status == 304)
		MUST(!strstr(buf, "\r\nContent-"));
	else if (e->size || !rq->head)
		MUST(strstr(buf, want));
	sprintf(want, "\r\nContent-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)a->first,
		(unsigned long long)(a->first + a->length - 1), (unsigned long long)e->size);
	MUST(!strstr(buf, "\r\nContent-Range: ") == (a->status != 206));
	MUST(a->status != 206 || strstr(buf, want));
	free(buf);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kf_media m = { .type = { "text/html", 9 } };
	struct kf_version v = { 0, MTIME, 123456789 };
	struct kf_answer a = { }, again = { };
	struct input in = { };
	enum kf_reason why;
	struct kf_entity e;
	size_t i;
	s64 now;

	if (size < 2)
		return 0;
	v.size = sizes[data[0] & 7];
	m.deflate = data[0] & 8;
	in.rq.head = data[0] & 16;
	in.rq.http11 = !(data[0] & 32);
	now = MTIME + 1 + ages[(data[1] >> 3) % 5];
	MUST(!kf_entity_init(&e, &v, &m, (data[1] & 7) % 5, v.size, now, 0));
	e.siblings |= data[0] & 64;
	take(&in, data + 2, size - 2);

	check_codings(&in.rq);
	check_date(&in.rq.if_unmodified_since);
	check_date(&in.rq.if_modified_since);
	check_date(&in.rq.if_range);
	why = kf_answer(&in.rq, &e, now, &a);
	MUST(why == KF_OK || why == KF_R_CONDITIONAL || why == KF_R_RANGE || why == KF_R_ENCODING);
	MUST(kf_answer(&in.rq, &e, now, &again) == why);
	if (why == KF_OK) {
		MUST(a.status == again.status && a.first == again.first &&
		     a.length == again.length && a.body == again.body);
		check_answer(&in.rq, &e, now, &a);
		check_head(&in.rq, &e, &a);
	}
	for (i = 0; i < 7; i++)
		free(in.copies[i]);
	return 0;
}
