// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure code from the first byte to the last of a head, against what a stock
 * Debian Apache answered (apache/record.py asked it). Where kfront takes a
 * request for its own, its head must equal Apache's; Date and Server are taken
 * from Apache's reply.
 */
#include "unit.h"

struct record {
	char name[400];
	unsigned long long size;
	long long mtime_sec, now_sec;
	unsigned int mtime_nsec, now_nsec, done;
	char request[20000], reply[20000];
	size_t request_len, reply_len;
	enum kf_reason expect;
};

static size_t unescape(char *to, const char *from)
{
	char *start = to;

	for (; *from; from++) {
		unsigned int c = (u8)*from;

		if (c == '\\') {
			from++;
			c = *from == 'r' ? '\r' : '\n';
			if (*from == 'x') {
				assert_int_equal(sscanf(from + 1, "%2x", &c), 1);
				from += 2;
			}
		}
		*to++ = c;
	}
	return to - start;
}

/* The next record; false at the end of the text. Each line is "key value". */
static bool next_record(char **text, struct record *r)
{
	int fields = 0;
	char *line;

	memset(r, 0, sizeof(*r));
	while (*text && (line = strsep(text, "\n"))) {
		char *value = strchr(line, ' ');

		if (line[0] == '#')
			continue;
		if (!line[0]) {
			if (fields)
				break;
			continue;
		}
		assert_non_null(value);
		*value++ = '\0';
		fields++;
		if (!strcmp(line, "record"))
			snprintf(r->name, sizeof(r->name), "%s", value);
		else if (!strcmp(line, "file"))
			assert_int_equal(sscanf(value, "%llu %lld %u", &r->size,
						&r->mtime_sec, &r->mtime_nsec),
					 3);
		else if (!strcmp(line, "now"))
			assert_int_equal(sscanf(value, "%lld %u", &r->now_sec, &r->now_nsec), 2);
		else if (!strcmp(line, "done"))
			r->done = atoi(value);
		else if (!strcmp(line, "request"))
			r->request_len = unescape(r->request, value);
		else if (!strcmp(line, "expect"))
			r->expect = reason_number(value);
		else if (!strcmp(line, "reply"))
			r->reply_len = unescape(r->reply, value);
		else
			fail_msg("what is %s?", line);
	}
	if (fields)
		assert_int_equal(fields, 7);
	return fields;
}

/* The value of a header in the reply, as a piece of it. */
static struct kf_str reply_header(const struct record *r, const char *name)
{
	const char *p = strstr(r->reply, name);

	assert_non_null(p);
	p += strlen(name);
	return (struct kf_str){ p, strcspn(p, "\r") };
}

static const struct kf_front *front_of(const struct record *r)
{
	struct kf_str date = reply_header(r, "\r\nDate: ");
	struct kf_str server = reply_header(r, "\r\nServer: ");
	static struct kf_front front;
	s64 sec;

	assert_true(kf_date_parse(&date, &sec));
	kf_front_write(&front, sec, &server);
	return &front;
}

/* The file in the coding that the target asks for, as the worker makes it. */
static enum kf_reason build(const struct record *r, const struct kf_target *t,
			    struct kf_entity *e)
{
	struct kf_version v = { r->size, r->mtime_sec, r->mtime_nsec };
	const char *said = strstr(r->reply, "\r\nContent-Length: ");
	u64 length = r->size;
	enum kf_coding coding = KF_IDENTITY;

	/* mod_deflate leaves alone what is smaller */
	if ((t->key.accepts & KF_CODING(KF_GZIP)) && t->media.deflate && r->size >= 69) {
		coding = KF_GZIP;
		length = said ? strtoull(said + 18, NULL, 10) : 0;
	}
	return kf_entity_init(e, &v, &t->media, coding, length, r->now_sec, r->now_nsec);
}

/* Everything the kernel side does with these functions, in its order. */
static enum kf_reason serve(const struct kf_policy *policy,
			    const struct record *r, char *out, u32 *out_len)
{
	struct kf_request rq;
	struct kf_target target;
	struct kf_entity entity;
	struct kf_answer answer;
	struct kf_reply_env env = { .keepalive_timeout = 5 };
	char *head = NULL, *buf = malloc(KF_KEY_MAX);
	enum kf_reason why;
	size_t len;

	why = verdict_in_pieces(r->request, r->request_len, NULL, NULL, &rq, &head, &len);
	if (why == KF_OK)
		why = kf_route(policy, &rq, KF_CODING(KF_GZIP), buf, &target);
	if (why == KF_OK && target.directory)
		why = kf_name_check(policy, BYTES("index.html"), &target.media);
	if (why == KF_OK)
		why = build(r, &target, &entity);
	if (why == KF_OK)
		why = kf_answer(&rq, &entity, r->now_sec, &answer);
	if (why == KF_OK) {
		env.front = front_of(r);
		env.keepalive = kf_keepalive(&rq, r->done, 100, &env.requests_left);
		*out_len = kf_head_write(out, &rq, &entity, &answer, &env);
	}
	free(head);
	free(buf);
	return why;
}

/* Cut out what stands from one text to another, the latter included. */
static void drop(char *text, const char *from, const char *to)
{
	char *a = strstr(text, from), *b = a ? strstr(a, to) : NULL;

	if (b)
		memmove(a, b + strlen(to), strlen(b + strlen(to)) + 1);
}

/*
 * The one difference there may be: what Apache sends in chunks, because it has not
 * compressed all of it when the head must go, has a length here.
 */
static void tell_length(struct record *r)
{
	static const char chunked[] = "Transfer-Encoding: chunked\r\n";
	static const char gzip[] = "\r\nContent-Encoding: gzip\r\n";
	static const char length[] = "Content-Length: 0\r\n";
	char *from = strstr(r->reply, chunked), *to = strstr(r->reply, gzip);

	if (!from || !to)
		return;
	drop(r->reply, chunked, "\n");
	to += sizeof(gzip) - 1;
	memmove(to + sizeof(length) - 1, to, strlen(to) + 1);
	memcpy(to, length, sizeof(length) - 1);
	r->reply_len = strlen(r->reply);
}

static struct kf_policy *debian_policy(char **mime)
{
	struct kf_policy_text text = policy_text();
	size_t len;

	*mime = read_file("apache/mime.types", &len);
	text.mime_types = *mime;
	text.mime_types_len = len;
	return policy_new(&text);
}

static void replies__equal_to_the_byte(void **state)
{
	static struct record r;
	char *mime, *text, *at, *buf = malloc(KF_HEAD_MAX);
	struct kf_policy *policy = debian_policy(&mime);
	u32 len, ours = 0, handed_over = 0, partial = 0, gzipped = 0, unchanged = 0, wrong = 0;
	size_t ignored;

	(void)state;
	text = read_file("apache/replies.txt", &ignored);
	at = text;
	while (next_record(&at, &r)) {
		enum kf_reason why = serve(policy, &r, buf, &len);

		if (why != r.expect) {
			print_error("%s: %s, not %s\n", r.name, reason_name(why),
				    reason_name(r.expect));
			wrong++;
			continue;
		}
		if (r.expect != KF_OK) {
			handed_over++;
			continue;
		}
		ours++;
		partial += !strncmp(r.reply, "HTTP/1.1 206 ", 13);
		unchanged += !strncmp(r.reply, "HTTP/1.1 304 ", 13);
		gzipped += !!strstr(r.reply, "\r\nContent-Encoding: gzip\r\n");
		tell_length(&r);
		if (len != r.reply_len || memcmp(buf, r.reply, len)) {
			print_error("%s:\n%.*s--- Apache said:\n%.*s", r.name,
				    (int)len, buf, (int)r.reply_len, r.reply);
			wrong++;
		}
	}
	free(text);
	free(buf);
	free(mime);
	kf_policy_free(policy);
	assert_int_equal(wrong, 0);
	assert_true(ours > 500 && handed_over > 300);
	assert_true(partial > 100 && unchanged > 80 && gzipped > 50);
}

/*
 * Of Apache's 408 its signature is taken out, which names a virtual host, and the
 * length that changes with it.
 */
static void timeouts__answered_as_apache_does(void **state)
{
	struct kf_reply_env env = { };
	static struct record r;
	u32 silent = 0, said = 0;
	size_t ignored;
	char *text = read_file("apache/timeouts.txt", &ignored), *at = text, *line;

	(void)state;
	while ((line = strsep(&at, "\n"))) {
		struct kf_scan s = { };
		enum kf_reason why;
		char ours[KF_HEAD_MAX + 1];

		if (!strncmp(line, "start ", 6))
			r.request_len = unescape(r.request, line + 6);
		if (strncmp(line, "reply ", 6))
			continue;
		memset(r.reply, 0, sizeof(r.reply));
		r.reply_len = unescape(r.reply, line + 6);
		assert_int_equal(kf_scan_head(&s, r.request, r.request_len, 8190, 100, &why),
				 KF_SCAN_INCOMPLETE);
		if (kf_timeout_answers(&s) != (r.reply_len > 0))
			fail_msg("%.*s", (int)r.request_len, r.request);
		if (!r.reply_len) {
			silent++;
			continue;
		}
		said++;
		env.front = front_of(&r);
		ours[kf_error_write(ours, 408, r.request[0] == 'H', &env)] = '\0';
		drop(r.reply, "<hr>\n", "</address>\n");
		drop(r.reply, "Content-Length: ", "\r\n");
		drop(ours, "Content-Length: ", "\r\n");
		assert_string_equal(ours, r.reply);
	}
	free(text);
	assert_true(silent >= 4 && said >= 5);
}

/* record.py has a list of its own of the default types: none may be missing there. */
static void replies__every_default_type_was_asked_for(void **state)
{
	char types[] = KF_DEFAULT_TYPES, *word, *save, line[64];
	size_t len;
	char *text = read_file("apache/replies.txt", &len);

	(void)state;
	for (word = strtok_r(types, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		snprintf(line, sizeof(line), "\nrecord type %s\n", word);
		if (!strstr(text, line))
			fail_msg("no record of .%s", word);
	}
	free(text);
}

KF_GROUP(apache,
	 cmocka_unit_test(replies__equal_to_the_byte),
	 cmocka_unit_test(timeouts__answered_as_apache_does),
	 cmocka_unit_test(replies__every_default_type_was_asked_for));
