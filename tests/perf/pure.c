// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the pure code takes of a request: "pure HEAD TIMES" does for one of the heads
 * below what softirq does, in exchange(), which callgrind counts the instructions of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/slab.h>
#include "head.h"
#include "route.h"

unsigned int kf_shim_fail;

static const struct {
	const char *name, *text;
} heads[] = {
	{ "wrk", "GET /64.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" },
	{ "close", "GET /64.html HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" },
	{ "curl", "GET /64.html HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/7.88.1\r\n"
		  "Accept: */*\r\n\r\n" },
	{ "firefox",
	  "GET /assets/jquery.min.js HTTP/1.1\r\n"
	  "Host: www.example.org\r\n"
	  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
	  "Accept: */*\r\n"
	  "Accept-Language: en-US,en;q=0.5\r\n"
	  "Accept-Encoding: gzip, deflate, br, zstd\r\n"
	  "Connection: keep-alive\r\n"
	  "Referer: https://www.example.org/articles/2026/11/as-cheap-as-it-gets.html\r\n"
	  "Cookie: session=9f8e7d6c5b4a39281706f5e4d3c2b1a0; theme=dark\r\n"
	  "Sec-Fetch-Dest: script\r\n"
	  "Sec-Fetch-Mode: no-cors\r\n"
	  "Sec-Fetch-Site: same-origin\r\n"
	  "Priority: u=2\r\n\r\n" },
};

static struct kf_policy *policy_of(const char *mime_types)
{
	static char mime[1 << 17];
	struct kf_policy_text text = {
		.hosts = "", .types = KF_DEFAULT_TYPES, .exclude = KF_DEFAULT_EXCLUDE,
		.server_header = "Apache", .mime_types = mime,
	};
	FILE *f = fopen(mime_types, "r");
	struct kf_policy *p;
	const char *err;

	if (!f)
		exit(1);
	text.mime_types_len = fread(mime, 1, sizeof(mime), f);
	fclose(f);
	if (kf_policy_build(&text, &p, &err))
		exit(1);
	return p;
}

/* Returns the length of the answer's head, 0 if the request is not ours. */
__attribute__((noipa))
u32 exchange(const struct kf_policy *p, const struct kf_entity *e,
		    const struct kf_reply_env *env, const char *head, u32 len, u8 offers,
		    char *name, char *out)
{
	static struct kf_request rq;
	static struct kf_host_memo memo;
	static struct kf_target t;
	struct kf_scan s = { };
	struct kf_answer a;

	if (kf_parse_whole(&s, head, len, 100, &rq, &memo) ||
	    kf_route(p, &rq, offers, name, &t) || kf_answer(&rq, e, 1800000000, &a))
		return 0;
	return kf_head_write(out, &rq, e, &a, env);
}

int main(int argc, char **argv)
{
	struct kf_policy *p = policy_of("../unit/apache/mime.types");
	struct kf_version v = { 64, 1700000000, 123456789 };
	struct kf_media m = { .type = { "text/html", 9 } };
	struct kf_front front;
	struct kf_reply_env env = { .front = &front, .keepalive_timeout = 5 };
	struct kf_str server = kf_policy_server(p);
	char name[KF_KEY_MAX], out[KF_HEAD_MAX];
	struct kf_entity e;
	u32 i, k, len = 0;

	if (argc != 3 || kf_entity_init(&e, &v, &m, KF_IDENTITY, v.size, 1800000000, 0))
		return 1;
	kf_front_write(&front, 1800000000, &server);
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (strcmp(argv[1], heads[i].name))
			continue;
		env.keepalive = strcmp(argv[1], "close");
		for (k = atoi(argv[2]); k; k--)
			len = exchange(p, &e, &env, heads[i].text, strlen(heads[i].text),
				       KF_CODING(KF_GZIP), name, out);
		printf("%s: %zu bytes in, %u out\n", heads[i].name, strlen(heads[i].text), len);
	}
	kf_policy_free(p);
	return !len;
}
