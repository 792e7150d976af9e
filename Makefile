# SPDX-License-Identifier: GPL-2.0-only
# The verbs a user would type. What the module is made of stands in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= 6.12
TEST ?=
PORT ?= 8000
SECONDS_EACH ?= 60
HOURS ?= 8
CASES ?= 5000
QUICK ?=
OUTPUT ?=
DOCS ?=
UNITS := kfront.service kfront-fallback.service

all: modules

modules: ## build kfront.ko for the running kernel, or KDIR=/lib/modules/VERSION/build
	@test -e $(KDIR)/Makefile || { echo "make: no kernel headers in $(KDIR);" \
		"install linux-headers-$$(uname -r) or give KDIR=/lib/modules/VERSION/build" >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: modules ## install the module for that kernel, run depmod, then install-service
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	depmod -a $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)
	$(MAKE) -s install-service

install-service: ## install the systemd units, what they run, and the manual page
	install -D -m 755 userland/systemd/kfront-service $(DESTDIR)/usr/local/libexec/kfront-service
	install -D -m 644 -t $(DESTDIR)/usr/local/lib/systemd/system $(addprefix userland/systemd/,$(UNITS))
	install -D -m 755 scripts/audit $(DESTDIR)/usr/local/sbin/kfront-audit
	install -D -m 644 -t $(DESTDIR)/usr/local/share/man/man4 userland/man/kfront.4
	install -D -m 644 -t $(DESTDIR)/usr/local/share/man/man8 userland/man/kfront-audit.8
	[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload

uninstall: ## remove what install installed
	[ ! -d /run/systemd/system ] || systemctl --quiet disable kfront || true
	rm -f /usr/local/libexec/kfront-service /usr/local/sbin/kfront-audit \
		/usr/local/share/man/man4/kfront.4 /usr/local/share/man/man8/kfront-audit.8 \
		$(addprefix /usr/local/lib/systemd/system/,$(UNITS))
	rm -f $(addprefix /lib/modules/$(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)/,\
		updates/kfront.ko updates/kfront.ko.xz extra/kfront.ko extra/kfront.ko.xz)
	depmod -a $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)

setup: ## install packages, fetch the guests' kernels, build their root file system (root, Debian 12)
	scripts/setup

demo: ## a guest with Apache and kfront at http://localhost:8000/ (PORT=, KERNEL=)
	scripts/demo --kernel $(KERNEL) --port $(PORT)

check: ## everything below, with set-up; ends with "N passed, M failed"
	tests/run

check-static: ## W=1, sparse, checkpatch --strict, shellcheck
	scripts/static

check-unit: ## the pure code in user space, under ASan and UBSan
	$(MAKE) -C tests/unit check

check-fuzz: ## fuzzers on the pure code, SECONDS_EACH=60
	$(MAKE) -C tests/fuzz run SECONDS=$(SECONDS_EACH)

fuzz: ## the same for hours: HOURS=8
	$(MAKE) -C tests/fuzz run SECONDS=$$(($(HOURS) * 900))

check-guest: ## the module in a guest: KERNEL=6.1|6.12|debug, TEST=name for some only
	scripts/check-guest $(KERNEL) $(TEST)

check-differential: ## thousands of requests to kfront and to Apache, compared: CASES=5000, KFRONT_SEED=
	tests/differential/run $(CASES)

bench: ## instructions per request beside other servers, and more: QUICK=1, OUTPUT=DIR, DOCS=1 (docs/performance.md)
	scripts/setup
	tests/perf/run $(if $(QUICK),--quick) $(if $(OUTPUT),--output $(OUTPUT)) $(if $(DOCS),--docs)

clean: ## remove what was built here (the cache of kernels stays)
	rm -rf build tests/differential/build
	rm -f kfront.ko kfront.o kfront.mod kfront.mod.c kfront.mod.o .kfront.* .Module.symvers.cmd \
		.modules.order.cmd .module-common.o* modules.order Module.symvers
	find kmod -name '*.o' -delete -o -name '.*.cmd' -delete -o -name '*.mod' -delete

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: all modules install install-service uninstall setup demo check check-static check-unit check-fuzz fuzz check-guest check-differential bench clean help
