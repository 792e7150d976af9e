// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the groups, each in a process of its own, so that a crash in one is one
 * failure and not the end. A line a group; what a failed group said, below it.
 */
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"

#define GROUPS(_) _(text) _(scan) _(parse) _(host) _(vhost) _(part) _(name) _(route) _(mimetypes) \
	_(policy) _(httpdate) _(encoding) _(range) _(condition) _(head) _(apache)

#define DECLARE(name) extern const struct kf_group kf_group_##name;
GROUPS(DECLARE)

#define ADDRESS(name) &kf_group_##name,
static const struct kf_group * const groups[] = { GROUPS(ADDRESS) };

/* Returns how many tests failed; a group that crashed has failed as a whole. */
static size_t run(const struct kf_group *g)
{
	FILE *said = tmpfile();
	size_t failed;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fileno(said), 1);
		dup2(fileno(said), 2);
		failed = _cmocka_run_group_tests(g->name, g->tests, g->n, NULL, NULL);
		fflush(NULL);
		if (failed)	/* a failed test cleans nothing up */
			_exit(failed > 100 ? 100 : failed);
		exit(0);	/* leaks are looked for here */
	}
	waitpid(pid, &status, 0);
	failed = WIFEXITED(status) ? WEXITSTATUS(status) : g->n;
	if (failed > g->n)	/* LeakSanitizer and its like */
		failed = g->n;

	printf("%-10s %zu passed, %zu failed\n", g->name, g->n - failed, failed);
	if (failed) {
		char line[4096];

		rewind(said);
		while (fgets(line, sizeof(line), said))
			printf("    %s", line);
	}
	fclose(said);
	return failed;
}

int main(void)
{
	size_t i, n, passed = 0, failed = 0;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		n = run(groups[i]);
		failed += n;
		passed += groups[i]->n - n;
	}
	printf("total: %zu passed, %zu failed\n", passed, failed);
	return failed != 0;
}
