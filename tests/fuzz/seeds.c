// SPDX-License-Identifier: GPL-2.0-only
/* seeds TARGET DIRECTORY: write inputs for a fuzzer to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "curated.h"

static void seed(const char *directory, size_t i, const char *prefix, size_t prefix_len,
		 const char *bytes, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/seed-%zu", directory, i);
	f = fopen(path, "wb");
	if (!f || fwrite(prefix, 1, prefix_len, f) != prefix_len ||
	    fwrite(bytes, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static const char policy[] =
		"example.org=/srv/a,*.example.net=/srv/b/,[::1]\0html,png,js,gz,es,zip,sl\0/icons/,/cgi-bin/\0"
		".htaccess\0index.html index.htm\0Apache/2.4 (Debian)\0example.org\0"
		"text/html html htm\nimage/png png\nx/y sl\n";
	/* fuzz_answer.c's; a '|' for a NUL, '-' alone for an absent value */
	static const char * const answers[] = {
		"-|-|-|-|-|-|-",
		"-|-|\"1388-60a2418202240\"|-|-|-|gzip, deflate, br, zstd",
		"-|-|W/\"x\", \"1388-60a2418202240\"|Tue, 14 Nov 2023 22:13:20 GMT|-|-|gzip;q=0",
		"\"1388-60a2418202240\"|Thu, 29 Feb 2024 00:00:00 GMT|*|-|-|-|br;q=0.5, *;q=0",
		"*|Tue Nov 14 22:13:20 2023|-|Tuesday, 14-Nov-23 22:13:20 GMT|-|-|identity",
		"-|-|-|Thu, 01 Jan 1970 00:00:00 GMT|bytes=0-499|-|-",
		"-|-|-|-|bytes=-500|\"1388-60a2418202240\"|-",
		"-|-|-|-|bytes=9223372036854775806-|Tue, 14 Nov 2023 22:13:20 GMT|gzip ; q=0.001",
		"-|-|-|-|bytes=4294967295-4294967296|Tue Nov 14 22:13:20 2023|-",
	};
	static const char files[][2] = { "\4", "\14", "\4\1", "\24\4", "\7\40", "\5\43" };
	/* which cut, codings offered, policy: fuzz_head.c */
	static const char * const prefixes[] = { "\7\0\0\0", "\7\2\1\0", "\7\x1e\2\0" };
	size_t i, k;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "head") || !strcmp(argv[1], "plain"))
		for (i = 0; i < curated_n; i++)
			for (k = 0; k < 3; k++)
				seed(argv[2], 3 * i + k, prefixes[k], 4, curated[i].bytes, curated[i].len);
	else if (!strcmp(argv[1], "policy"))
		seed(argv[2], 0, "", 0, policy, sizeof(policy) - 1);
	else
		for (i = 0; i < sizeof(answers) / sizeof(answers[0]) * 6; i++) {
			size_t len = strlen(answers[i / 6]);
			char *bytes = strdup(answers[i / 6]), *p;

			for (p = bytes; *p; p++)
				if (*p == '-' && (p == bytes || p[-1] == '\0') &&
				    (!p[1] || p[1] == '|'))
					*p = '\xff';
				else if (*p == '|')
					*p = '\0';
			seed(argv[2], i, files[i % 6], 2, bytes, len);
			free(bytes);
		}
	return 0;
}
