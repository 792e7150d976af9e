// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the unit tests. */
#include "unit.h"

unsigned int kf_shim_fail;

char *exact(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return len ? copy : copy + 1;	/* nothing at all may be read */
}

static void exact_free(char *copy, size_t len)
{
	free(len ? copy : copy - 1);
}

static const char * const names[] = {
	"mine",
#define NAME(id, name) #name,
	KF_REASONS(NAME)
#undef NAME
	"incomplete",
};

const char *reason_name(enum kf_reason r)
{
	return names[r];
}

enum kf_reason reason_number(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return i;
	fail_msg("no such reason: %s", name);
	return KF_R_COUNT;
}

void assert_reason(enum kf_reason got, enum kf_reason want, const char *about)
{
	if (got != want)
		fail_msg("%s: %s, not %s", about, reason_name(got), reason_name(want));
}

static u32 random_state = 1;

void random_seed(u32 seed)
{
	random_state = seed ? seed : 1;
}

u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text;

	if (!f)
		fail_msg("cannot open %s", path);
	fseek(f, 0, SEEK_END);
	*len = ftell(f);
	rewind(f);
	text = malloc(*len + 1);
	assert_int_equal(fread(text, 1, *len, f), *len);
	text[*len] = '\0';
	fclose(f);
	return text;
}

const char test_mime_types[] =
	"# comment: it's \"quoted\" html nothing\n"
	"text/html\t\t\t\thtml htm shtml\n"
	"text/plain\t\t\t\tasc txt text pot\n"
	"text/css css\r\n"
	"text/x-old js\n"
	"text/javascript JS mjs\n"
	"application/x-httpd-php phtm3 x-php\n"
	"application/x-httpd-cgi gateway\n"
	"application/x-bzip bz2\n"
	"text/x-perl pl pm\n"
	"application/ecmascript es\n"
	"image/png png\n"
	"application/x-tar tar\n"
	"application/zip zip\n"
	"bad_type odd1\n"
	"bad/type/two odd2\n"
	"/odd odd3\n"
	"odd/ odd4\n"
	"Text/Upper odd5\n"
	"audio/ogg ogg";

struct kf_policy_text policy_text(void)
{
	return (struct kf_policy_text) {
		.hosts = "",
		.types = KF_DEFAULT_TYPES,
		.exclude = KF_DEFAULT_EXCLUDE,
		.guard_files = KF_DEFAULT_GUARD_FILES,
		.index = KF_DEFAULT_INDEX,
		.server_header = "Apache/2.4.71 (Debian)",
		.mime_types = test_mime_types,
		.mime_types_len = sizeof(test_mime_types) - 1,
	};
}

struct kf_policy *policy_new(const struct kf_policy_text *text)
{
	struct kf_policy *p;
	const char *err;

	assert_int_equal(kf_policy_build(text, &p, &err), 0);
	return p;
}

/*
 * As a connection does it: each piece lies in a buffer of its own, the scan state
 * goes on from one to the next; a complete head is parsed from one buffer.
 */
int verdict_in_pieces(const char *bytes, size_t len,
		      size_t (*next)(size_t at, void *arg), void *arg,
		      struct kf_request *rq, char **head, size_t *head_len)
{
	enum kf_scan_verdict v = KF_SCAN_INCOMPLETE;
	enum kf_reason why = KF_OK;
	struct kf_scan s = { };
	size_t at = 0;
	int ret;

	while (at < len && v == KF_SCAN_INCOMPLETE) {
		size_t n = next ? next(at, arg) : len;
		char *piece;

		if (n > len - at)
			n = len - at;
		piece = exact(bytes + at, n);
		v = kf_scan_head(&s, piece, n, 8190, 100, &why);
		exact_free(piece, n);
		at += n;
		if (v == KF_SCAN_INCOMPLETE)
			assert_int_equal(s.scanned, at);
	}
	if (v == KF_SCAN_INCOMPLETE)
		return VERDICT_INCOMPLETE;
	if (v == KF_SCAN_NOT_MINE) {
		assert_int_not_equal(why, KF_OK);
		return why;
	}
	assert_true(s.scanned <= at);
	*head_len = s.scanned;
	*head = exact(bytes, s.scanned);
	ret = kf_parse(*head, s.scanned, rq);
	return ret;
}

static int verdict_only(const char *bytes, size_t len, size_t (*next)(size_t at, void *arg),
			void *arg)
{
	struct kf_request rq;
	char *head = NULL;
	size_t head_len;
	int ret = verdict_in_pieces(bytes, len, next, arg, &rq, &head, &head_len);

	free(head);
	return ret;
}

int verdict(const char *bytes, size_t len)
{
	return verdict_only(bytes, len, NULL, NULL);
}

static size_t next_split(size_t at, void *arg)
{
	size_t split = *(size_t *)arg;

	return at < split ? split - at : SIZE_MAX;
}

int verdict_split_at(const char *bytes, size_t len, size_t at)
{
	return verdict_only(bytes, len, next_split, &at);
}

static size_t next_byte(size_t at, void *arg)
{
	(void)at;
	(void)arg;
	return 1;
}

int verdict_bytewise(const char *bytes, size_t len)
{
	return verdict_only(bytes, len, next_byte, NULL);
}
