// SPDX-License-Identifier: GPL-2.0-only
/* Writes the heads that the unit tests of the parser try: length (u32) and bytes of each. */
#include <stdint.h>
#include <stdio.h>
#include "curated.h"

int main(void)
{
	size_t i;

	for (i = 0; i < curated_n; i++) {
		uint32_t len = curated[i].len;

		fwrite(&len, sizeof(len), 1, stdout);
		fwrite(curated[i].bytes, 1, len, stdout);
	}
	return ferror(stdout) || fflush(stdout);
}
