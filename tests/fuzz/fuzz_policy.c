// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's strings: eight of them, separated by NULs, the last one
 * the mime.types file (NULs and all); mass_hosts is on when its length is odd.
 * Must hold: no crash, no leak, also when memory runs out; a policy that was
 * built keeps the promises of policy.h.
 */
#include <ctype.h>
#include <linux/kernel.h>
#include "fuzz.h"
#include "host.h"

static void check(const struct kf_policy *p)
{
	const struct kf_str *list;
	struct kf_str server = kf_policy_server(p);
	u32 n, i, k;

	MUST(server.len <= KF_SERVER_MAX);
	for (i = 0; i < server.len; i++)
		MUST(server.p[i] >= 0x20 && server.p[i] < 0x7f);
	for (k = 0; k < 2; k++) {
		list = k ? kf_policy_guards(p, &n) : kf_policy_index(p, &n);
		MUST(n <= KF_ITEMS_MAX);
		for (i = 0; i < n; i++) {
			MUST(list[i].len && list[i].len <= KF_NAME_MAX);
			MUST(strlen(list[i].p) == list[i].len && !strchr(list[i].p, '/'));
			MUST(strcmp(list[i].p, ".") && strcmp(list[i].p, ".."));
		}
	}
	list = kf_policy_unserved(p, &n);
	for (i = 0; i < n; i++)
		MUST(!kf_policy_type(p, list[i].p, list[i].len));
}

static void check_types(const struct kf_policy *p, const char *types)
{
	const struct kf_type *type;
	size_t len;

	for (; *types; types += len + !!types[len]) {
		len = strcspn(types, ", \t\n");
		type = kf_policy_type(p, types, len);
		if (!type)
			continue;
		MUST(type->ext.len == len && type->mime.len && type->mime.len <= KF_MIME_MAX);
		MUST(memchr(type->mime.p, '/', type->mime.len));
		MUST(!kf_part_is_claimed(types, len));
	}
}

/* Is each host that is said to be ours so by the list? Whatever it becomes is a name. */
static void check_hosts(const struct kf_policy *p, const struct kf_policy_text *text)
{
	static const char * const hosts[] = { "example.org", "a.example.net:80", "A.b.", "a", "[::1]",
					      "192.0.2.1", "..", "a/b", "" };
	struct kf_site site;
	size_t i;
	u32 k;

	for (i = 0; i < ARRAY_SIZE(hosts) + 1; i++) {
		struct kf_str host = { };

		if (i < ARRAY_SIZE(hosts)) {
			host = (struct kf_str){ hosts[i], strlen(hosts[i]) };
			if (!kf_host_name(&host, &host))
				continue;
		}
		if (!kf_policy_host(p, &host, &site))
			continue;
		MUST(!site.root.len || (site.root.p[0] == '/' && site.root.len < KF_ROOT_MAX &&
					site.root.p[site.root.len - 1] != '/'));
		MUST(!site.root.len || strchr(text->hosts, '='));
		MUST(!site.root.len || !memmem(site.root.p, site.root.len, "//", 2));
		MUST(!site.root.len || !memmem(site.root.p, site.root.len, "/../", 4));
		MUST(!site.dir.len || (!site.root.len && text->mass_hosts[0] == '1'));
		MUST(site.dir.len || site.root.len || text->mass_hosts[0] == '0');
		for (k = 0; k < site.dir.len; k++)
			MUST(isalnum((u8)site.dir.p[k]) || strchr("-_.", site.dir.p[k]));
		MUST(!site.dir.len || site.dir.p[0] != '.');
	}
}

/* Names of all sorts: no type but those of the allow-list, no part but what it says. */
static void check_names(const struct kf_policy *p)
{
	static const char * const names[] = { "a.html", "a.html.en", "a.utf8.html", "a.php.html", "a.sl",
					      "a.html.sl", "a.x.png", "a.gz", "a.html.en.de", "a.en" };
	struct kf_media media;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (kf_name_check(p, names[i], strlen(names[i]), &media) != KF_OK)
			continue;
		MUST(media.type.len && media.type.len <= KF_MIME_MAX);
		MUST(memchr(media.type.p, '/', media.type.len));
		MUST(media.charset.len < 20 && media.language.len < 6);
		MUST(!strstr(names[i], ".php.") && !strstr(names[i], ".en.de"));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kf_policy_text text = { };
	const char **fields[] = { &text.hosts, &text.types, &text.exclude, &text.guard_files,
				  &text.index, &text.server_header, &text.default_host };
	struct kf_policy *p = NULL;
	const char *err = NULL;
	char *copy[8] = { };
	size_t i, len;
	int ret;

	for (i = 0; i < 7; i++) {
		len = strnlen((const char *)data, size);
		copy[i] = malloc(len + 1);
		memcpy(copy[i], data, len);
		copy[i][len] = '\0';
		*fields[i] = copy[i];
		data += len;
		size -= len;
		if (size) {
			data++;
			size--;
		}
	}
	copy[7] = copy_of(data, size);
	text.mime_types = copy[7];
	text.mime_types_len = size;
	text.mass_hosts = size & 1 ? "1" : "0";

	ret = kf_policy_build(&text, &p, &err);
	MUST(ret ? !p && err : p && !err);
	if (p) {
		check(p);
		check_types(p, text.types);
		check_hosts(p, &text);
		check_names(p);
	}
	kf_policy_free(p);

	p = NULL;
	kf_shim_fail = 1 + size % 30;
	kf_policy_build(&text, &p, &err);
	kf_policy_free(p);
	kf_shim_fail = 0;
	for (i = 0; i < 8; i++)
		free(copy[i]);
	return 0;
}
