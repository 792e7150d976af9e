// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters in, one server out. Everything that can be wrong with a parameter
 * is said in one line and ends with an errno and nothing left behind.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/inet.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <net/ipv6.h>
#include "conn.h"
#include "rules.h"
#include "server.h"
#include "tap.h"
#include "tree.h"

#define KF_GROUPS_MAX	32

static char *docroot;
module_param(docroot, charp, 0444);
MODULE_PARM_DESC(docroot, "document root, an absolute path (required)");

static char *address;
module_param(address, charp, 0444);
MODULE_PARM_DESC(address, "IPv4 or IPv6 address to listen on (default: all)");

static uint port = 80;
module_param(port, uint, 0444);
MODULE_PARM_DESC(port, "TCP port to listen on, 1-65535 (default: 80)");

static uint backend_port = 8080;
module_param(backend_port, uint, 0444);
MODULE_PARM_DESC(backend_port, "TCP port the web server listens on, 1-65535; the same as port: inline (default: 8080)");

static bool reuseport;
module_param(reuseport, bool, 0444);
MODULE_PARM_DESC(reuseport, "let others of root's listen on the port, too: SO_REUSEPORT (default: 0)");

static char *hosts = "";
module_param(hosts, charp, 0444);
MODULE_PARM_DESC(hosts, "names to answer for, comma list, *.name for all below, name=/root for another root (default: every)");

static bool mass_hosts;
module_param(mass_hosts, bool, 0444);
MODULE_PARM_DESC(mass_hosts, "files are in docroot/HOST/ (default: 0)");

static char *default_host = "";
module_param(default_host, charp, 0444);
MODULE_PARM_DESC(default_host, "with mass_hosts: HOST for who gives none, or an address (default: none)");

static uint uid = 33;
module_param(uid, uint, 0444);
MODULE_PARM_DESC(uid, "user whose rights files are opened with, not 0 (default: 33, www-data)");

static uint gid = 33;
module_param(gid, uint, 0444);
MODULE_PARM_DESC(gid, "group whose rights files are opened with, not 0 (default: 33, www-data)");

static uint groups[KF_GROUPS_MAX] = { 33 };
static int groups_nr = 1;
module_param_array(groups, uint, &groups_nr, 0444);
MODULE_PARM_DESC(groups, "supplementary groups, comma list, not 0 (default: 33)");

static char *mime_types = "/etc/mime.types";
module_param(mime_types, charp, 0444);
MODULE_PARM_DESC(mime_types, "file that maps suffixes to types (default: /etc/mime.types)");

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "serve only what an audit found the server to say, too: scripts/audit (default: 0)");

static char *watch = "/etc/apache2";
module_param(watch, charp, 0444);
MODULE_PARM_DESC(watch, "strict=1: a change below these paths, comma list, ends that (default: /etc/apache2)");

/* The instance that the parameters make; see kf_net_exit(). */
static struct kf_server *kf_the_server;
static DEFINE_MUTEX(kf_server_mutex);

static int kf_param_ports(struct kf_server *srv)
{
	if (!port || port > U16_MAX) {
		pr_err("port=%u is not a port: 1-65535\n", port);
		return -EINVAL;
	}
	if (!backend_port || backend_port > U16_MAX) {
		pr_err("backend_port=%u is not a port: 1-65535\n", backend_port);
		return -EINVAL;
	}
	srv->port = port;
	srv->backend_port = backend_port;
	srv->reuseport = reuseport;
	return 0;
}

static int kf_param_address(struct kf_server *srv)
{
	__be32 v4;

	if (!address || !*address)
		return 0;
	if (in4_pton(address, -1, (u8 *)&v4, -1, NULL)) {
		ipv6_addr_set_v4mapped(v4, &srv->address);
	} else if (!in6_pton(address, -1, srv->address.s6_addr, -1, NULL)) {
		pr_err("address=%s is neither an IPv4 nor an IPv6 address\n", address);
		return -EINVAL;
	}
	/* 0.0.0.0 and :: say what no address says. */
	srv->address_set = srv->address.s6_addr32[3] || !ipv6_addr_v4mapped(&srv->address);
	if (ipv6_addr_any(&srv->address))
		srv->address_set = false;
	return 0;
}

static int kf_param_docroot(struct kf_server *srv)
{
	size_t len = docroot ? strlen(docroot) : 0;
	char *copy;

	if (!len) {
		pr_err("docroot= is missing: insmod kfront.ko docroot=/var/www/html\n");
		return -EINVAL;
	}
	if (*docroot != '/') {
		pr_err("docroot=%s is not an absolute path\n", docroot);
		return -EINVAL;
	}
	if (len >= KF_DOCROOT_MAX) {
		pr_err("docroot is longer than %d bytes\n", KF_DOCROOT_MAX - 1);
		return -ENAMETOOLONG;
	}
	while (len > 1 && docroot[len - 1] == '/')
		len--;
	copy = kstrndup(docroot, len, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	srv->docroot = copy;
	return 0;
}

static int kf_param_strict(struct kf_server *srv)
{
	if (!kf_tree_paths_ok(watch)) {
		pr_err("watch=%s is not a list of absolute paths\n", watch);
		return -EINVAL;
	}
	srv->set.strict = strict;
	srv->watch = kstrdup(watch, GFP_KERNEL);
	return srv->watch ? 0 : -ENOMEM;
}

static int kf_param_ids(void)
{
	int i;

	if (!uid || !gid) {
		pr_err("uid=%u gid=%u: 0 is refused, files are opened with an ordinary user's rights\n",
		       uid, gid);
		return -EINVAL;
	}
	for (i = 0; i < groups_nr; i++) {
		if (!groups[i]) {
			pr_err("groups=: 0 is refused, files are opened with an ordinary user's rights\n");
			return -EINVAL;
		}
	}
	return 0;
}

static void kf_cred_ids(struct cred *cred, kuid_t kuid, kgid_t kgid)
{
	cred->uid = kuid;
	cred->euid = kuid;
	cred->suid = kuid;
	cred->fsuid = kuid;
	cred->gid = kgid;
	cred->egid = kgid;
	cred->sgid = kgid;
	cred->fsgid = kgid;
}

/* An ordinary user's credentials: no capability, no group but those given. */
static int kf_make_cred(struct kf_server *srv)
{
	struct group_info *gi;
	struct cred *cred;
	int i;

	cred = prepare_kernel_cred(&init_task);
	gi = groups_alloc(groups_nr);
	if (!cred || !gi)
		goto nomem;
	for (i = 0; i < groups_nr; i++)
		gi->gid[i] = make_kgid(&init_user_ns, groups[i]);
	groups_sort(gi);
	set_groups(cred, gi);
	put_group_info(gi);

	kf_cred_ids(cred, make_kuid(&init_user_ns, uid), make_kgid(&init_user_ns, gid));
	if (!uid_valid(cred->uid) || !gid_valid(cred->gid)) {
		pr_err("uid=%u or gid=%u is not a valid id\n", uid, gid);
		put_cred(cred);
		return -EINVAL;
	}
	cap_clear(cred->cap_inheritable);
	cap_clear(cred->cap_permitted);
	cap_clear(cred->cap_effective);
	cap_clear(cred->cap_ambient);
	cap_clear(cred->cap_bset);
	srv->cred = cred;
	return 0;

nomem:
	if (cred)
		put_cred(cred);
	if (gi)
		put_group_info(gi);
	return -ENOMEM;
}

static int kf_params(struct kf_server *srv)
{
	return kf_param_docroot(srv) ?:
	       kf_param_ports(srv) ?:
	       kf_param_address(srv) ?:
	       kf_param_strict(srv) ?:
	       kf_param_ids() ?:
	       kf_make_cred(srv);
}

/* The namespace goes and with it its instance; the module stays, with nothing to do. */
static void __net_exit kf_net_exit(struct net *net)
{
	mutex_lock(&kf_server_mutex);
	if (kf_the_server && kf_the_server->net == net) {
		kf_server_stop(kf_the_server);
		kf_the_server = NULL;
	}
	mutex_unlock(&kf_server_mutex);
}

static struct pernet_operations kf_pernet_ops = {
	.pre_exit = kf_net_exit,
};

static int __init kf_init(void)
{
	const struct kf_rules_params rules = {
		.hosts = hosts,
		.mass_hosts = mass_hosts,
		.default_host = default_host,
		.mime_types = mime_types,
	};
	struct kf_server *srv;
	int err;

	srv = kf_server_alloc(current->nsproxy->net_ns);
	if (!srv)
		return -ENOMEM;
	err = kf_params(srv);
	if (err)
		goto out_free;
	err = kf_conn_cache_create();
	if (err)
		goto out_free;
	err = register_pernet_subsys(&kf_pernet_ops);
	if (err)
		goto out_cache;
	err = kf_server_start(srv, &rules);
	if (err)
		goto out_pernet;
	mutex_lock(&kf_server_mutex);
	kf_the_server = srv;
	mutex_unlock(&kf_server_mutex);
	if (!*hosts && !mass_hosts)
		pr_info("hosts= is empty: answering for every Host, whatever rules the server has by name\n");
	if (!strict)
		pr_info("strict=0: serves without having been held against the backend; scripts/audit does that\n");
	if (port == backend_port)
		pr_info("serving %s inline, before the server on port %u\n", srv->docroot, port);
	else
		pr_info("serving %s on port %u, the rest goes to port %u\n", srv->docroot, port,
			backend_port);
	return 0;

out_pernet:
	unregister_pernet_subsys(&kf_pernet_ops);
	kf_taps_forget();
out_cache:
	kf_conn_cache_destroy();
out_free:
	kf_server_free(srv);
	return err;
}

static void __exit kf_exit(void)
{
	/* Stopped under the mutex: a namespace that goes meanwhile waits for it. */
	mutex_lock(&kf_server_mutex);
	if (kf_the_server)
		kf_server_stop(kf_the_server);
	kf_the_server = NULL;
	mutex_unlock(&kf_server_mutex);
	unregister_pernet_subsys(&kf_pernet_ops);
	kf_taps_forget();
	kf_conn_cache_destroy();
}

module_init(kf_init);
module_exit(kf_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Static files from softirq, everything else to the web server behind");
