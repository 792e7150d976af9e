# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share: where things are cached, how kernels are found by
# pattern (versions move, nothing here names one), how to say and how to give up.

# shellcheck disable=SC2034 # used by the scripts that source this file
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${KFRONT_CACHE:-${HOME:-/root}/.cache/kfront}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die MESSAGE [WHAT TO DO]
die() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	[ $# -lt 2 ] || printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit 1
}

# One builder at a time for each thing in the cache; the others wait, then find it done.
cache_lock() {
	mkdir -p "$cache"
	exec {lock_fd}>"$cache/$1.lock"
	flock "$lock_fd"
}

cache_unlock() {
	exec {lock_fd}>&-
}

# header_version 6.1|6.12: newest installed cloud-flavour headers of that line.
# The image of exactly this version is what the guest boots.
header_version() {
	find /lib/modules -mindepth 2 -maxdepth 2 -name build -path "/lib/modules/$1.*-cloud-amd64/build" |
		cut -d/ -f4 | sort -V | tail -n 1
}

# source_tarball 6.12: the newest tarball of the package linux-source-6.12.
source_tarball() {
	find /usr/src -maxdepth 1 -name "linux-source-$1.tar.xz" | sort -V | tail -n 1
}

# Identity of the debug kernel: its config, its source and its compiler.
debug_kernel_id() {
	{
		cat "$top/scripts/debug-kernel.config"
		dpkg-query -W -f '${Version}' linux-source-6.12
		gcc -dumpfullversion
	} | sha256sum | cut -c1-16
}

# kernel_dir 6.1|6.12|debug: where the guest's kernel is unpacked. It holds
# version, vmlinuz, modules.img and initrd.cpio; build is the KDIR for modules.
kernel_dir() {
	case $1 in
	debug) echo "$cache/kernels/debug-$(debug_kernel_id)" ;;
	6.*) echo "$cache/kernels/$(header_version "$1")" ;;
	*) die "unknown kernel '$1'" "use 6.1, 6.12 or debug" ;;
	esac
}

# The guests' root file system, by the hash of its recipe.
rootfs_image() {
	echo "$cache/rootfs/$(cat "$top/scripts/rootfs" "$top/scripts/rootfs.packages" | sha256sum | cut -c1-16).img"
}
