// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU's TCG: which instructions a guest executed, how often. Every
 * translated block has a counter that the generated code itself adds to, so the
 * counts are exact. It counts between two marks, which are instructions that do
 * nothing: nopl 0x6b660001(%rax,%rax) and nopl 0x6b660000(%rax,%rax).
 *
 * Out, at the guest's end: a line "ADDRESS INSTRUCTIONS" for each block, in the file
 * given by out=. One processor only.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of qemu-plugin.h is used here, as QEMU documents it; Debian ships no header. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu, void *data);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
					      void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t nr);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#define EXPORT	__attribute__((visibility("default")))
#define BLOCKS	(1 << 22)	/* a power of two */

EXPORT int qemu_plugin_version = 1;

struct block {
	uint64_t address;
	uint64_t count;		/* instructions; written by generated code */
	uint64_t before;	/* count at the last mark that said: begin */
	uint64_t sum;
};

static struct block blocks[BLOCKS];
static const char *out;
static bool counting;

static struct block *block(uint64_t address)
{
	size_t at = (address * 0x9e3779b97f4a7c15u) >> 42;
	size_t tries;

	for (tries = 0; tries < BLOCKS; tries++, at = (at + 1) % BLOCKS) {
		if (!blocks[at].address)
			blocks[at].address = address;
		if (blocks[at].address == address)
			return &blocks[at];
	}
	return NULL;
}

static void mark(unsigned int vcpu, void *begin)
{
	size_t i;

	(void)vcpu;
	if (counting == !!begin)
		return;
	counting = begin;
	for (i = 0; i < BLOCKS; i++) {
		if (begin)
			blocks[i].before = blocks[i].count;
		else
			blocks[i].sum += blocks[i].count - blocks[i].before;
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const unsigned char nop[] = { 0x0f, 0x1f, 0x84, 0x00 };
	static const unsigned char ours[] = { 0x00, 0x66, 0x6b };	/* behind the last digit */
	struct block *b = block(qemu_plugin_tb_vaddr(tb));
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (b)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 &b->count, n);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const unsigned char *data = qemu_plugin_insn_data(insn);

		if (qemu_plugin_insn_size(insn) == 8 && !memcmp(data, nop, sizeof(nop)) &&
		    !memcmp(data + 5, ours, sizeof(ours)) && data[4] <= 1)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)data[4]);
	}
}

static void ended(qemu_plugin_id_t id, void *unused)
{
	FILE *file = fopen(out, "w");
	size_t i;

	(void)id;
	(void)unused;
	if (!file) {
		perror(out);
		return;
	}
	for (i = 0; i < BLOCKS; i++)
		if (blocks[i].sum)
			fprintf(file, "%" PRIx64 " %" PRIu64 "\n", blocks[i].address,
				blocks[i].sum);
	fclose(file);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "usage: -plugin count.so,out=FILE\n");
		return -1;
	}
	out = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
