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
#include "list.h"
#include "mimetypes.h"
#include "part.h"
#include "route.h"
#include "text.h"
#include "vhost.h"

#define KF_TYPE_BUCKETS	(2 * KF_ITEMS_MAX)	/* a power of two; half empty at the fullest */

struct kf_policy {
	struct kf_hosts hosts;
	struct kf_list default_host; /* one name, or nothing */
	bool mass_hosts;
	struct kf_list exclude;
	u64 exclude_seconds;	/* second bytes of its items, see kf_exclude_bit() */
	u64 closed_seconds;	/* the same, or all, if hosts are asked for: kf_policy_is_open() */
	struct kf_list guards;
	struct kf_list index;
	struct kf_list exts;	/* what types= says; kf_type.ext points into it */
	struct kf_list unserved; /* has no text of its own: items point into exts */
	struct kf_type *type;	/* exts.n of them; mime.p is NULL in those not served */
	char *mimes;		/* kf_type.mime points into it */
	bool *typed;		/* one for each of kf_mimeconf: mime.types has a type for it */
	struct kf_str server;
	char server_text[KF_SERVER_MAX];
	struct kf_parts parts;	/* what types and all other lists say, for name.c */
	u16 bucket[KF_TYPE_BUCKETS]; /* open addressing: index into type[] + 1, 0 is empty */
};

static bool kf_is_dots(const char *p, u32 len)
{
	return len && len <= 2 && p[0] == '.' && p[len - 1] == '.';
}

static bool kf_file_name_ok(const struct kf_str *s)
{
	return s->len <= KF_NAME_MAX && !memchr(s->p, '/', s->len) && !kf_is_dots(s->p, s->len);
}

/*
 * What route.c compares with is decoded, so this is decoded here, in place. Refused is
 * what no such path can begin with, rather than kept as if it protected anything.
 */
static bool kf_exclude_decode(struct kf_list *l, struct kf_str *s)
{
	char *to = l->text + (s->p - l->text);
	const char *p = s->p, *end = p + s->len;
	u32 n = 0, segment = 0;

	if (*p != '/')
		return false;
	while (p < end) {
		int c = kf_path_char(&p, end);

		if (c < 0 || n == KF_PATH_MAX)
			return false;
		if (c == '/' && n && (n == segment || kf_is_dots(to + segment, n - segment)))
			return false;
		to[n++] = c;
		if (c == '/')
			segment = n;
	}
	to[n] = '\0';
	s->len = n;
	return !kf_is_dots(to + segment, n - segment);
}

/*
 * What follows the first slash, as one bit of 64: most paths are told from all prefixes
 * by it. One that ends there begins every path.
 */
static u64 kf_exclude_bit(const struct kf_str *s)
{
	return s->len > 1 ? BIT_ULL(s->p[1] & 63) : ~0ULL;
}

static bool kf_ext_ok(const struct kf_str *s)
{
	u32 i;

	for (i = 0; i < s->len; i++)
		if (!kf_is(s->p[i], KF_CC_HOST) || s->p[i] == '.')
			return false;
	return s->len <= KF_EXT_MAX;
}

/* "0", "1", or nothing, which is "0". */
static int kf_switch_build(bool *value, const char *text)
{
	struct kf_list l = { };
	int ret = kf_list_build(&l, text, KF_LIST_MAX, 1);

	if (!ret && l.n) {
		*value = l.item[0].p[0] == '1';
		if (l.item[0].len != 1 || (l.item[0].p[0] != '0' && !*value))
			ret = -EINVAL;
	}
	kf_list_free(&l);
	return ret;
}

/* A name as mass hosting makes directories of: no address, no port, no dot at its end. */
static int kf_default_host_build(struct kf_policy *p, const char *text)
{
	struct kf_str *host, name;
	int ret = kf_list_build(&p->default_host, text, KF_LIST_MAX, 1);

	if (ret || !p->default_host.n)
		return ret;
	host = p->default_host.item;
	if (!kf_host_name(host, &name) || name.len != host->len || kf_host_is_address(&name))
		return -EINVAL;
	kf_list_fold(&p->default_host, host);
	return 0;
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
	const struct kf_mimeconf *conf;
	struct kf_str mime = { }, ext;
	struct kf_type *type;
	size_t pos = 0;
	u32 i;

	while (kf_mime_next(text->mime_types, text->mime_types_len, &pos, &mime, &ext)) {
		type = kf_type_find(p, ext.p, ext.len);
		if (type)
			type->mime = mime;
		conf = kf_mimeconf_find(ext.p, ext.len);
		if (conf)
			p->typed[conf - kf_mimeconf] = true;
	}
	/* AddType and RemoveType go before mime.types. */
	for (i = 0; i < kf_mimeconf_n; i++) {
		conf = &kf_mimeconf[i];
		if (!conf->type)
			continue;
		p->typed[i] = conf->type[0];
		type = kf_type_find(p, conf->ext, strlen(conf->ext));
		if (!type)
			continue;
		type->mime.p = conf->type[0] ? conf->type : NULL;
		type->mime.len = strlen(conf->type);
	}
}

static int kf_types_build(struct kf_policy *p, const struct kf_policy_text *text)
{
	u32 i;

	p->type = kcalloc(p->exts.n, sizeof(*p->type), GFP_KERNEL);
	p->mimes = kcalloc(p->exts.n, KF_MIME_MAX, GFP_KERNEL);
	p->typed = kcalloc(kf_mimeconf_n, sizeof(*p->typed), GFP_KERNEL);
	p->unserved.item = kcalloc(p->exts.n, sizeof(*p->unserved.item), GFP_KERNEL);
	if (!p->type || !p->mimes || !p->typed || !p->unserved.item)
		return -ENOMEM;

	for (i = 0; i < p->exts.n; i++) {
		u32 at;

		if (!kf_ext_ok(&p->exts.item[i]))
			return -EINVAL;
		kf_list_fold(&p->exts, &p->exts.item[i]);
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

static int kf_policy_list(struct kf_list *l, const char *text)
{
	return kf_list_build(l, text, KF_LIST_MAX, KF_ITEMS_MAX);
}

static int kf_policy_fill(struct kf_policy *p, const struct kf_policy_text *text, const char **err)
{
	int ret;
	u32 i;

	*err = "hosts: not a list of NAME, *.NAME or address, each with =/ROOT or not, no ports";
	ret = kf_hosts_build(&p->hosts, text->hosts);
	if (ret)
		return ret;

	*err = "mass_hosts: neither 0 nor 1";
	ret = kf_switch_build(&p->mass_hosts, text->mass_hosts);
	if (ret)
		return ret;

	if (p->hosts.list.n || p->mass_hosts)
		p->closed_seconds = ~0ULL;

	*err = "default_host: not one plain host name";
	ret = kf_default_host_build(p, text->default_host);
	if (ret)
		return ret;

	*err = "exclude: not a list of /PREFIX, or one has //, /./, /../, %2F, %00, half an escape";
	ret = kf_policy_list(&p->exclude, text->exclude);
	for (i = 0; !ret && i < p->exclude.n; i++) {
		ret = kf_exclude_decode(&p->exclude, &p->exclude.item[i]) ? 0 : -EINVAL;
		p->exclude_seconds |= kf_exclude_bit(&p->exclude.item[i]);
	}
	p->closed_seconds |= p->exclude_seconds;
	if (ret)
		return ret;

	*err = "guard_files: not a list of plain file names";
	ret = kf_policy_list(&p->guards, text->guard_files);
	for (i = 0; !ret && i < p->guards.n; i++)
		ret = kf_file_name_ok(&p->guards.item[i]) ? 0 : -EINVAL;
	if (ret)
		return ret;

	*err = "index: not a list of plain file names";
	ret = kf_policy_list(&p->index, text->index);
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
	ret = kf_policy_list(&p->exts, text->types);
	if (!ret)
		ret = kf_types_build(p, text);
	return ret ? ret : kf_parts_build(&p->parts, p->exts.item, p->exts.n, p);
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
	kf_parts_free(&p->parts);
	kfree(p->typed);
	kfree(p->mimes);
	kfree(p->type);
	kf_list_free(&p->unserved);
	kf_list_free(&p->exts);
	kf_list_free(&p->index);
	kf_list_free(&p->guards);
	kf_list_free(&p->exclude);
	kf_list_free(&p->default_host);
	kf_hosts_free(&p->hosts);
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

const struct kf_hosts *kf_policy_hosts(const struct kf_policy *p)
{
	return &p->hosts;
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

const struct kf_part *kf_policy_part(const struct kf_policy *p, const char *part, u32 len)
{
	return kf_parts_find(&p->parts, part, len);
}

bool kf_policy_typed(const struct kf_policy *p, const struct kf_mimeconf *conf)
{
	return p->typed[conf - kf_mimeconf];
}

bool kf_policy_host(const struct kf_policy *p, const struct kf_str *name, struct kf_site *site)
{
	const struct kf_vhost *vhost;

	memset(site, 0, sizeof(*site));
	if (p->hosts.list.n) {
		vhost = name->p ? kf_hosts_find(&p->hosts, name) : NULL;
		if (!vhost)
			return false;
		site->root = vhost->root;
	}
	if (!p->mass_hosts || site->root.len)
		return true;
	if (name->p && !kf_host_is_address(name))
		site->dir = *name;
	else if (p->default_host.n)
		site->dir = p->default_host.item[0];
	return site->dir.len;
}

bool kf_policy_mass_hosts(const struct kf_policy *p)
{
	return p->mass_hosts;
}

bool kf_policy_excluded(const struct kf_policy *p, struct kf_str path)
{
	u32 i;

	if (!(kf_exclude_bit(&path) & p->exclude_seconds))
		return false;
	for (i = 0; i < p->exclude.n; i++) {
		const struct kf_str *prefix = &p->exclude.item[i];

		if (path.len >= prefix->len && !memcmp(path.p, prefix->p, prefix->len))
			return true;
	}
	return false;
}

bool kf_policy_is_open(const struct kf_policy *p, struct kf_str path)
{
	return !(kf_exclude_bit(&path) & p->closed_seconds);
}
