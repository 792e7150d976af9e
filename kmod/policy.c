// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's strings, taken apart once so that softirq only compares.
 *
 * In: struct kf_policy_text, as module parameters and sysctls have it. Out: an
 * immutable struct kf_policy that refers to nothing outside itself. Who replaces
 * a policy frees the old one after a grace period.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include "host.h"
#include "mimetypes.h"
#include "route.h"
#include "text.h"

#define KF_TYPE_BUCKETS	(2 * KF_ITEMS_MAX)	/* a power of two; half empty at the fullest */

/* A comma- or space-separated list. */
struct kf_list {
	char *text;		/* copy; the items lie in it, NUL-terminated */
	struct kf_str *item;
	u32 n;
};

struct kf_policy {
	struct kf_list hosts;	/* patterns for kf_host_matches() */
	struct kf_list exclude;
	struct kf_list guards;
	struct kf_list index;
	struct kf_list exts;	/* what types= says; kf_type.ext points into it */
	struct kf_list unserved; /* has no text of its own: items point into exts */
	struct kf_type *type;	/* exts.n of them; mime.p is NULL in those not served */
	char *mimes;		/* kf_type.mime points into it */
	struct kf_str server;
	char server_text[KF_SERVER_MAX];
	u16 bucket[KF_TYPE_BUCKETS]; /* open addressing: index into type[] + 1, 0 is empty */
};

static bool kf_is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

/* How many items @text has, or KF_ITEMS_MAX + 1. */
static u32 kf_list_count(const char *text, size_t len)
{
	bool in_item = false;
	u32 n = 0;
	size_t i;

	for (i = 0; i < len && n <= KF_ITEMS_MAX; i++) {
		if (!in_item && !kf_is_separator(text[i]))
			n++;
		in_item = !kf_is_separator(text[i]);
	}
	return n;
}

/* Split @text (NULL is empty) in a copy of it. */
static int kf_list_build(struct kf_list *l, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	u32 n = kf_list_count(text, len);
	size_t i = 0, start;

	if (len > KF_LIST_MAX || n > KF_ITEMS_MAX)
		return -EINVAL;
	l->text = kmalloc(len + 1, GFP_KERNEL);
	l->item = kcalloc(n, sizeof(*l->item), GFP_KERNEL);
	if (!l->text || !l->item)
		return -ENOMEM;
	if (len)
		memcpy(l->text, text, len);
	l->text[len] = '\0';

	while (l->n < n) {
		while (kf_is_separator(l->text[i]))
			i++;
		start = i;
		while (i < len && !kf_is_separator(l->text[i])) {
			if (kf_is(l->text[i], KF_CC_CTL))
				return -EINVAL;
			i++;
		}
		l->text[i++] = '\0';	/* at the latest the NUL that is there already */
		l->item[l->n].p = l->text + start;
		l->item[l->n].len = i - 1 - start;
		l->n++;
	}
	return 0;
}

static void kf_list_free(struct kf_list *l)
{
	kfree(l->item);
	kfree(l->text);
}

static bool kf_file_name_ok(const struct kf_str *s)
{
	if (s->len > KF_NAME_MAX || memchr(s->p, '/', s->len))
		return false;
	return strcmp(s->p, ".") && strcmp(s->p, "..");
}

static bool kf_ext_ok(const struct kf_str *s)
{
	u32 i;

	for (i = 0; i < s->len; i++)
		if (!kf_is(s->p[i], KF_CC_HOST) || s->p[i] == '.')
			return false;
	return s->len <= KF_EXT_MAX;
}

static void kf_fold(struct kf_str *s, char *text)
{
	u32 i;

	for (i = 0; i < s->len; i++)
		text[s->p - text + i] = kf_lower(s->p[i]);
}

/* "*.example.org" becomes ".example.org"; a port is stripped, as from a request's Host. */
static bool kf_host_pattern(struct kf_str *s, char *text)
{
	bool any = s->len > 2 && s->p[0] == '*' && s->p[1] == '.';
	struct kf_str value = *s, name;

	if (any) {
		value.p += 2;
		value.len -= 2;
	}
	if (!kf_host_name(&value, &name) || (any && name.p[0] == '['))
		return false;
	s->p = any ? name.p - 1 : name.p;
	s->len = any ? name.len + 1 : name.len;
	kf_fold(s, text);
	return true;
}

static int kf_server_build(struct kf_policy *p, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	size_t i;

	while (len && kf_is_separator(text[len - 1]) && text[len - 1] != ',')
		len--;
	if (len > sizeof(p->server_text))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return -EINVAL;
		p->server_text[i] = text[i];
	}
	p->server.p = p->server_text;
	p->server.len = len;
	return 0;
}

/* Where @ext (lower case) is in the hash, or the empty bucket where it would be put. */
static u32 kf_type_bucket(const struct kf_policy *p, const char *ext, u32 len)
{
	u32 hash = 2166136261U;
	u32 i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (u8)ext[i]) * 16777619U;
	for (i = hash % KF_TYPE_BUCKETS; p->bucket[i]; i = (i + 1) % KF_TYPE_BUCKETS) {
		const struct kf_str *have = &p->type[p->bucket[i] - 1].ext;

		if (have->len == len && !memcmp(have->p, ext, len))
			break;
	}
	return i;
}

static struct kf_type *kf_type_find(const struct kf_policy *p, const char *ext, u32 len)
{
	char folded[KF_EXT_MAX];
	u32 i;

	if (!len || len > KF_EXT_MAX)
		return NULL;
	for (i = 0; i < len; i++)
		folded[i] = kf_lower(ext[i]);
	i = p->bucket[kf_type_bucket(p, folded, len)];
	return i ? &p->type[i - 1] : NULL;
}

/* Give each configured suffix its media type; @mime still points into the caller's text. */
static void kf_types_learn(struct kf_policy *p, const struct kf_policy_text *text)
{
	/* Debian's mime.conf: AddType goes before mime.types */
	static const struct { const char *ext, *mime; } forced[] = {
		{ "z", "application/x-compress" }, { "gz", "application/x-gzip" },
		{ "tgz", "application/x-gzip" }, { "bz2", "application/x-bzip2" },
	};
	struct kf_str mime = { }, ext;
	struct kf_type *type;
	size_t pos = 0;
	u32 i;

	while (kf_mime_next(text->mime_types, text->mime_types_len, &pos, &mime, &ext)) {
		type = kf_type_find(p, ext.p, ext.len);
		if (type)
			type->mime = mime;
	}
	for (i = 0; i < ARRAY_SIZE(forced); i++) {
		type = kf_type_find(p, forced[i].ext, strlen(forced[i].ext));
		if (!type)
			continue;
		type->mime.p = forced[i].mime;
		type->mime.len = strlen(forced[i].mime);
	}
}

static int kf_types_build(struct kf_policy *p, const struct kf_policy_text *text)
{
	u32 i;

	p->type = kcalloc(p->exts.n, sizeof(*p->type), GFP_KERNEL);
	p->mimes = kcalloc(p->exts.n, KF_MIME_MAX, GFP_KERNEL);
	p->unserved.item = kcalloc(p->exts.n, sizeof(*p->unserved.item), GFP_KERNEL);
	if (!p->type || !p->mimes || !p->unserved.item)
		return -ENOMEM;

	for (i = 0; i < p->exts.n; i++) {
		u32 at;

		if (!kf_ext_ok(&p->exts.item[i]))
			return -EINVAL;
		kf_fold(&p->exts.item[i], p->exts.text);
		p->type[i].ext = p->exts.item[i];
		at = kf_type_bucket(p, p->type[i].ext.p, p->type[i].ext.len);
		if (!p->bucket[at])
			p->bucket[at] = i + 1;
	}

	kf_types_learn(p, text);

	for (i = 0; i < p->exts.n; i++) {
		struct kf_type *type = &p->type[i];
		char *copy = p->mimes + i * KF_MIME_MAX;

		if (kf_type_find(p, type->ext.p, type->ext.len) != type)
			continue;	/* named twice */
		if (!type->mime.p || !kf_mime_is_plain(&type->mime) ||
		    kf_part_is_claimed(type->ext.p, type->ext.len)) {
			type->mime.p = NULL;
			p->unserved.item[p->unserved.n++] = type->ext;
			continue;
		}
		type->deflate = kf_mime_is_deflated(&type->mime);
		memcpy(copy, type->mime.p, type->mime.len);
		type->mime.p = copy;
	}
	return 0;
}

static int kf_policy_fill(struct kf_policy *p, const struct kf_policy_text *text, const char **err)
{
	int ret;
	u32 i;

	*err = "hosts: not a list of host names, \"*.\" patterns or addresses";
	ret = kf_list_build(&p->hosts, text->hosts);
	for (i = 0; !ret && i < p->hosts.n; i++)
		ret = kf_host_pattern(&p->hosts.item[i], p->hosts.text) ? 0 : -EINVAL;
	if (ret)
		return ret;

	*err = "exclude: not a list of URL prefixes that begin with a slash";
	ret = kf_list_build(&p->exclude, text->exclude);
	for (i = 0; !ret && i < p->exclude.n; i++)
		ret = p->exclude.item[i].p[0] == '/' ? 0 : -EINVAL;
	if (ret)
		return ret;

	*err = "guard_files: not a list of plain file names";
	ret = kf_list_build(&p->guards, text->guard_files);
	for (i = 0; !ret && i < p->guards.n; i++)
		ret = kf_file_name_ok(&p->guards.item[i]) ? 0 : -EINVAL;
	if (ret)
		return ret;

	*err = "index: not a list of plain file names";
	ret = kf_list_build(&p->index, text->index);
	for (i = 0; !ret && i < p->index.n; i++)
		ret = kf_file_name_ok(&p->index.item[i]) ? 0 : -EINVAL;
	if (ret)
		return ret;

	*err = "server_header: too long, or not printable ASCII";
	ret = kf_server_build(p, text->server_header);
	if (ret)
		return ret;

	*err = "mime_types: control characters, quoting or continued lines in the file";
	if (!kf_mime_check(text->mime_types, text->mime_types_len))
		return -EINVAL;

	*err = "types: not a list of file name suffixes";
	ret = kf_list_build(&p->exts, text->types);
	return ret ? ret : kf_types_build(p, text);
}

int kf_policy_build(const struct kf_policy_text *text, struct kf_policy **out,
		    const char **err_item)
{
	struct kf_policy *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int ret;

	if (!p)
		return -ENOMEM;
	ret = kf_policy_fill(p, text, err_item);
	if (ret) {
		kf_policy_free(p);
		return ret;
	}
	*err_item = NULL;
	*out = p;
	return 0;
}

void kf_policy_free(struct kf_policy *p)
{
	if (!p)
		return;
	kfree(p->mimes);
	kfree(p->type);
	kf_list_free(&p->unserved);
	kf_list_free(&p->exts);
	kf_list_free(&p->index);
	kf_list_free(&p->guards);
	kf_list_free(&p->exclude);
	kf_list_free(&p->hosts);
	kfree(p);
}

const struct kf_str *kf_policy_guards(const struct kf_policy *p, u32 *n)
{
	*n = p->guards.n;
	return p->guards.item;
}

const struct kf_str *kf_policy_index(const struct kf_policy *p, u32 *n)
{
	*n = p->index.n;
	return p->index.item;
}

const struct kf_str *kf_policy_unserved(const struct kf_policy *p, u32 *n)
{
	*n = p->unserved.n;
	return p->unserved.item;
}

struct kf_str kf_policy_server(const struct kf_policy *p)
{
	return p->server;
}

const struct kf_type *kf_policy_type(const struct kf_policy *p, const char *ext, u32 len)
{
	const struct kf_type *type = kf_type_find(p, ext, len);

	return type && type->mime.p ? type : NULL;
}

bool kf_policy_host_ok(const struct kf_policy *p, const struct kf_str *host)
{
	struct kf_str name;
	u32 i;

	if (!p->hosts.n)
		return true;
	if (!host->p || !kf_host_name(host, &name))
		return false;
	for (i = 0; i < p->hosts.n; i++)
		if (kf_host_matches(&name, &p->hosts.item[i]))
			return true;
	return false;
}

bool kf_policy_excluded(const struct kf_policy *p, const struct kf_str *path)
{
	u32 i;

	for (i = 0; i < p->exclude.n; i++) {
		const struct kf_str *prefix = &p->exclude.item[i];

		if (path->len >= prefix->len && !memcmp(path->p, prefix->p, prefix->len))
			return true;
	}
	return false;
}
