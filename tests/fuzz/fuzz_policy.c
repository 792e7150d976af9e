// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's strings: seven of them, separated by NULs, the last one
 * the mime.types file (NULs and all).
 * Must hold: no crash, no leak, also when memory runs out; a policy that was
 * built keeps the promises of policy.h.
 */
#include "fuzz.h"

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

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kf_policy_text text = { };
	const char **fields[] = { &text.hosts, &text.types, &text.exclude, &text.guard_files,
				  &text.index, &text.server_header };
	struct kf_policy *p = NULL;
	const char *err = NULL;
	char *copy[7] = { };
	size_t i, len;
	int ret;

	for (i = 0; i < 6; i++) {
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
	copy[6] = copy_of(data, size);
	text.mime_types = copy[6];
	text.mime_types_len = size;

	ret = kf_policy_build(&text, &p, &err);
	MUST(ret ? !p && err : p && !err);
	if (p) {
		check(p);
		check_types(p, text.types);
	}
	kf_policy_free(p);

	p = NULL;
	kf_shim_fail = 1 + size % 20;
	kf_policy_build(&text, &p, &err);
	kf_policy_free(p);
	kf_shim_fail = 0;
	for (i = 0; i < 7; i++)
		free(copy[i]);
	return 0;
}
