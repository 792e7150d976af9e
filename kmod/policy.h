/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the administrator decided, in parsed form: names we answer for, types we
 * may serve, prefixes we may not, guard files, index names, the Server header.
 * Immutable once built; replaced as a whole (RCU) when a sysctl changes a part.
 * Pure: memory comes from kmalloc/kvmalloc/kfree, which the user-space tests shim.
 */
#ifndef KFRONT_POLICY_H
#define KFRONT_POLICY_H

#include <linux/types.h>
#include "parse.h"

#define KF_PATH_MAX	1024	/* longest URL path that can be ours, bytes, decoded */
#define KF_LIST_MAX	4096	/* longest of the lists, bytes; hosts may be longer: vhost.h */
#define KF_ITEMS_MAX	256	/* items in one list; hosts may have more */
#define KF_NAME_MAX	255	/* a file's name; a host's fits, too */
#define KF_EXT_MAX	16	/* a suffix */
#define KF_MIME_MAX	90	/* a media type; the longest in Debian's mime.types has 73 */
#define KF_SERVER_MAX	256	/* value of the Server header */

/* What the sysctls say when nobody says anything else. */
#define KF_DEFAULT_TYPES						\
	"html,htm,css,js,mjs,json,txt,xml,svg,png,jpg,jpeg,gif,webp,avif,ico,bmp,tif,tiff," \
	"woff,woff2,ttf,otf,eot,pdf,epub,mp3,mp4,m4a,m4v,mov,webm,ogg,oga,ogv,opus,flac,wav," \
	"zip,bz2,xz,7z,tar,wasm,csv,rss,atom,webmanifest"
#define KF_DEFAULT_EXCLUDE	"/icons/,/cgi-bin/"	/* Debian's Alias and ScriptAlias */
#define KF_DEFAULT_GUARD_FILES	".htaccess"
#define KF_DEFAULT_INDEX	"index.html"
#define KF_DEFAULT_HOSTS	""	/* every host, each with docroot */
#define KF_DEFAULT_MASS_HOSTS	"0"
#define KF_DEFAULT_DEFAULT_HOST	""	/* none: the backend's */

/* One allow-listed suffix and what Debian's Apache says about it; for route's own files. */
struct kf_type {
	struct kf_str ext;	/* no dot, lower case; case does not count, as in mod_mime */
	struct kf_str mime;	/* from mime.types or mime.conf; at most KF_MIME_MAX bytes */
	bool deflate;		/* Debian's deflate.conf compresses this type */
};

/* The strings a policy is built from: all NUL-terminated, comma- or space-separated lists. */
struct kf_policy_text {
	const char *hosts;		/* NAME, *.NAME, NAME=/ROOT */
	const char *mass_hosts;		/* "0" or "1" */
	const char *default_host;	/* for mass_hosts: one name, or empty */
	const char *types;		/* sysctl: suffixes */
	const char *exclude;		/* sysctl: URL prefixes */
	const char *guard_files;	/* sysctl */
	const char *index;		/* sysctl */
	const char *server_header;	/* sysctl: value of Server; empty: no such header */
	const char *mime_path;		/* where the next came from; not looked at here */
	const char *mime_types;		/* content of the mime.types file */
	size_t mime_types_len;
};

/* Where the files of one host are. */
struct kf_site {
	struct kf_str root;	/* absolute; len 0: docroot */
	struct kf_str dir;	/* mass hosting: directory there; len 0: none. Any case */
};

struct kf_mimeconf;
struct kf_part;
struct kf_policy;		/* layout in policy.c */

/**
 * kf_policy_build() - understand the administrator's strings
 * @text: the lists; nothing of them is referenced afterwards
 * @out: the policy, when 0 is returned; kf_policy_free() it
 * @err_item: with -EINVAL a static text: which list it is and what is wrong with it
 *
 * A suffix in @text->types of which mime.types knows no type, or whose answers
 * differ from a plain file's (a language, a handler), is no error: files with
 * it are not served. kf_policy_unserved() lists them.
 * Context: process (allocates). Return: 0, -EINVAL or -ENOMEM.
 */
int kf_policy_build(const struct kf_policy_text *text, struct kf_policy **out,
		    const char **err_item);
void kf_policy_free(struct kf_policy *p);	/* NULL is fine; any context */

/* The lists, in the order configured. Each name in them is also NUL-terminated. */
const struct kf_str *kf_policy_guards(const struct kf_policy *p, u32 *n);
const struct kf_str *kf_policy_index(const struct kf_policy *p, u32 *n);
const struct kf_str *kf_policy_unserved(const struct kf_policy *p, u32 *n);
struct kf_str kf_policy_server(const struct kf_policy *p);
const struct kf_hosts *kf_policy_hosts(const struct kf_policy *p);

/* Softirq; used by route.c. */
const struct kf_type *kf_policy_type(const struct kf_policy *p, const char *ext, u32 len);
/* What is known of this part of a name, one to KF_EXT_MAX bytes long? NULL: nothing. */
const struct kf_part *kf_policy_part(const struct kf_policy *p, const char *part, u32 len);
/* Does mime.types (or an AddType) give this suffix of mime.conf a media type? */
bool kf_policy_typed(const struct kf_policy *p, const struct kf_mimeconf *conf);
/**
 * kf_policy_host() - is this host ours, and where are its files?
 * @name: from kf_host_name(); p == NULL: none
 * @site: points into the policy and into @name
 *
 * With mass_hosts names become directories, unless hosts gives them a root; no Host,
 * or an address, becomes default_host. Never ".", "..", or with a slash: kf_host_name()
 * lets no such thing through.
 * Return: false: the backend's.
 */
bool kf_policy_host(const struct kf_policy *p, const struct kf_str *name, struct kf_site *site);
/* Does the name of an object that is not beneath a root of hosts begin with /HOST? */
bool kf_policy_mass_hosts(const struct kf_policy *p);
bool kf_policy_excluded(const struct kf_policy *p, struct kf_str path);
/*
 * A glance that spares both: true when whoever asks has docroot, and this path is surely
 * not excluded.
 */
bool kf_policy_is_open(const struct kf_policy *p, struct kf_str path);

#endif /* KFRONT_POLICY_H */
