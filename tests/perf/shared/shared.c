// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU: which cache lines of the guest's kernel do both processors use, and
 * who writes to them? Counts loads and stores to kernel addresses, per processor and line,
 * with the instructions that did it, between two marks: the guest stores to MARK (begin)
 * and to MARK + 64 (end: append to the file out=NAME). Lines that only one processor used,
 * and those that nobody wrote, are left out.
 *
 * The file: "window"; for each cache line its address, for each processor its loads and its
 * stores, then the instructions that stored, as PROCESSOR:ADDRESS:COUNT; last "lost" and how
 * many accesses found no room in the tables. QEMU tells of an atomic operation as a store.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's plugin interface as far as it is used here; its header comes in no package. */
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGS = 0 };		/* enum qemu_plugin_cb_flags */
enum { MEM_R = 1, MEM_W, MEM_RW };	/* enum qemu_plugin_mem_rw */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
	void (*cb)(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data),
	int flags, int rw, void *data);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_VERSION;

#define MARK	0x6b6600000000ULL
#define LINES	(1 << 20)	/* a power of two; what finds no room is counted */
#define CPUS	2
#define PCS	6

struct line {
	uint64_t at;		/* address >> 6; 0: free */
	uint32_t loads, stores;
	struct {
		uint64_t pc;
		uint32_t count;
	} by[PCS];
};

static struct line *lines[CPUS];	/* each processor's own: no lock */
static uint64_t lost[CPUS];
static bool on;
static const char *out;
static pthread_mutex_t dumping = PTHREAD_MUTEX_INITIALIZER;

static struct line *find(unsigned int cpu, uint64_t at, bool make)
{
	uint64_t i = (at * 0x9e3779b97f4a7c15ULL) >> 44;
	unsigned int tries;

	for (tries = 0; tries < 64; tries++, i = (i + 1) & (LINES - 1)) {
		struct line *l = &lines[cpu][i];

		if (l->at == at)
			return l;
		if (!l->at) {
			if (!make)
				return NULL;
			l->at = at;
			return l;
		}
	}
	lost[cpu] += make;
	return NULL;
}

static void dump(void)
{
	FILE *file = fopen(out, "a");
	unsigned int cpu, i, n;

	if (!file) {
		perror(out);
		return;
	}
	fputs("window\n", file);
	for (i = 0; i < LINES; i++) {
		struct line *one[CPUS] = { &lines[0][i] };

		one[1] = one[0]->at ? find(1, one[0]->at, false) : NULL;
		if (!one[1] || !(one[0]->stores + one[1]->stores))
			continue;
		fprintf(file, "%" PRIx64, one[0]->at << 6);
		for (cpu = 0; cpu < CPUS; cpu++)
			fprintf(file, " %u %u", one[cpu]->loads, one[cpu]->stores);
		for (cpu = 0; cpu < CPUS; cpu++)
			for (n = 0; n < PCS && one[cpu]->by[n].pc; n++)
				fprintf(file, " %u:%" PRIx64 ":%u", cpu, one[cpu]->by[n].pc,
					one[cpu]->by[n].count);
		fputc('\n', file);
	}
	fprintf(file, "lost %" PRIu64 "\n", lost[0] + lost[1]);
	fclose(file);
}

static void mark(uint64_t vaddr)
{
	pthread_mutex_lock(&dumping);
	if (vaddr == MARK && !on) {
		memset(lines[0], 0, LINES * sizeof(struct line));
		memset(lines[1], 0, LINES * sizeof(struct line));
		__atomic_store_n(&on, true, __ATOMIC_RELEASE);
	} else if (vaddr == MARK + 64 && on) {
		__atomic_store_n(&on, false, __ATOMIC_RELEASE);
		dump();
	}
	pthread_mutex_unlock(&dumping);
}

static void access_seen(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *pc)
{
	bool store = qemu_plugin_mem_is_store(info);
	struct line *l;
	unsigned int i;

	if (!(vaddr >> 63)) {
		if (store && (vaddr | 64) == (MARK | 64))
			mark(vaddr);
		return;
	}
	if (!__atomic_load_n(&on, __ATOMIC_ACQUIRE) || cpu >= CPUS)
		return;
	l = find(cpu, vaddr >> 6, true);
	if (!l)
		return;
	if (!store) {
		l->loads++;
		return;
	}
	l->stores++;
	for (i = 0; i < PCS; i++) {
		if (!l->by[i].pc)
			l->by[i].pc = (uint64_t)pc;
		if (l->by[i].pc == (uint64_t)pc) {
			l->by[i].count++;
			break;
		}
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_mem_cb(insn, access_seen, NO_REGS, MEM_RW,
						 (void *)qemu_plugin_insn_vaddr(insn));
	}
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	unsigned int cpu;

	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = strdup(argv[0] + 4);
	for (cpu = 0; cpu < CPUS; cpu++) {
		lines[cpu] = calloc(LINES, sizeof(struct line));
		if (!lines[cpu])
			return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
