// SPDX-License-Identifier: GPL-2.0-only
/*
 * ask CASES RESULTS ANSWERS: asks kfront (port 80) and the backend (port 8080) and
 * keeps every byte of what they say. Runs in the guest, where Python would need hours.
 *
 * CASES holds, for each case: length, flags, number of cuts, the cuts (all u32), the
 * request's bytes. The backend is asked once, with the bytes in one piece; kfront once for
 * each cut, with the bytes in two segments: before and from the cut on, which leaves when
 * the first is acknowledged. Cut 0: in one piece; CUT_ALL: each byte by itself (without
 * waiting, for acknowledgements of so many would be delayed).
 *
 * RESULTS: for each asking struct result. ANSWERS: length (u32) and bytes of each different
 * answer; the value of Date, if it is one, is made the same in all. Several threads, each
 * with a case of its own: results come in any order.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/sockios.h>
#include <unistd.h>

#define THREADS		12
#define PATIENCE	60		/* seconds without a byte; whoever needs them has failed */
#define CUT_ALL		UINT32_MAX

enum { F_OPEN = 1, F_URGENT = 2 };	/* no FIN after the last byte; an urgent byte at the cut */
enum end { END_FIN, END_RST, END_TIMEOUT, END_ERROR };

struct result {
	uint32_t number, cut, port, end, answer;
};

struct answer {
	uint64_t hash;
	size_t len;
	char *bytes;	/* NULL: nobody here */
	uint32_t number;
};

struct one {
	uint32_t number, len, flags, cuts_n;
	const uint32_t *cuts;
	const char *bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* protected by lock */
static const char *next_case, *cases_end;
static uint32_t next_number, answers_n;
static struct answer *table;
static size_t table_size = 1 << 12;
static FILE *results, *answers;

/* Dates are all that may differ from one asking to the next. */
static void same_dates(char *p, size_t len)
{
	static const char name[] = "\r\nDate: ", shape[] = "Aaa, 00 Aaa 0000 00:00:00 GMT\r\n";
	static const char date[] = "Thu, 01 Jan 1970 00:00:00 GMT";
	char *end = p + len;

	while ((p = memmem(p, end - p, name, sizeof(name) - 1))) {
		size_t i;

		p += sizeof(name) - 1;
		for (i = 0; i < sizeof(shape) - 1 && p + i < end; i++) {
			char c = p[i];

			c = c >= '0' && c <= '9' ? '0' : c;
			c = shape[i] == 'A' && c >= 'A' && c <= 'Z' ? 'A' : c;
			c = shape[i] == 'a' && c >= 'a' && c <= 'z' ? 'a' : c;
			if (c != shape[i])
				break;
		}
		if (i == sizeof(shape) - 1)
			memcpy(p, date, sizeof(date) - 1);
	}
}

static struct answer *slot(uint64_t hash, const char *bytes, size_t len)
{
	size_t i = hash & (table_size - 1);

	while (table[i].bytes && (table[i].hash != hash || table[i].len != len ||
				  memcmp(table[i].bytes, bytes, len)))
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

static void grow(void)
{
	struct answer *old = table;
	size_t i, n = table_size;

	table_size *= 2;
	table = calloc(table_size, sizeof(*table));
	if (!table)
		err(1, "no memory");
	for (i = 0; i < n; i++)
		if (old[i].bytes)
			*slot(old[i].hash, old[i].bytes, old[i].len) = old[i];
	free(old);
}

/* Write down how an asking went; takes the answer's bytes over. */
static void record(struct result r, char *bytes, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325, word;
	struct answer *a;
	size_t i;

	same_dates(bytes, len);
	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	pthread_mutex_lock(&lock);
	if (answers_n >= table_size / 2)
		grow();
	a = slot(hash, bytes, len);
	if (!a->bytes) {
		uint32_t n = len;

		*a = (struct answer){ hash, len, bytes, answers_n++ };
		fwrite(&n, sizeof(n), 1, answers);
		fwrite(bytes, 1, len, answers);
		bytes = NULL;
	}
	r.answer = a->number;
	fwrite(&r, sizeof(r), 1, results);
	pthread_mutex_unlock(&lock);
	free(bytes);
}

/* Wait until the other side has acknowledged everything, or reset. */
static void taken(int fd)
{
	struct pollfd reset = { .fd = fd };
	int i, left;

	for (i = 0; i < PATIENCE * 10000; i++) {
		if (ioctl(fd, SIOCOUTQ, &left) || !left || poll(&reset, 1, 0))
			return;
		usleep(i ? 100 : 0);
	}
}

/* Who has answered and closed before all was sent is no error: what they said will show. */
static void say(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= n;
	}
}

static char *listen_to(int fd, size_t *len, uint32_t *end)
{
	size_t room = 4096;
	char *bytes = malloc(room);
	ssize_t n;

	*len = 0;
	while (bytes && (n = recv(fd, bytes + *len, room - *len, 0)) > 0) {
		*len += n;
		if (*len == room)
			bytes = realloc(bytes, room *= 2);
	}
	if (!bytes)
		err(1, "no memory");
	*end = n == 0 ? END_FIN : errno == ECONNRESET ? END_RST :
	       errno == EAGAIN ? END_TIMEOUT : END_ERROR;
	return bytes;
}

static void ask(const struct one *c, uint32_t port, uint32_t cut)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = PATIENCE };
	struct result r = { .number = c->number, .cut = cut, .port = port };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	uint32_t step, at;
	char *bytes;
	size_t len;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "port %u", port);
	step = cut == CUT_ALL ? 1 : cut ? cut : c->len;
	for (at = 0; at < c->len; at += step) {
		if (at && cut != CUT_ALL) {
			taken(fd);
			if (c->flags & F_URGENT) {
				send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL);
				taken(fd);
			}
			step = c->len - at;
		}
		say(fd, c->bytes + at, step);
	}
	if (!(c->flags & F_OPEN))
		shutdown(fd, SHUT_WR);
	bytes = listen_to(fd, &len, &r.end);
	close(fd);
	record(r, bytes, len);
}

static int take(struct one *c)
{
	uint32_t head[3];
	int there;

	pthread_mutex_lock(&lock);
	there = next_case < cases_end;
	if (there) {
		memcpy(head, next_case, sizeof(head));
		*c = (struct one){ .number = next_number++,
				   .len = head[0], .flags = head[1], .cuts_n = head[2],
				   .cuts = (const uint32_t *)(next_case + sizeof(head)) };
		c->bytes = (const char *)(c->cuts + c->cuts_n);
		next_case = c->bytes + (c->len + 3) / 4 * 4;
	}
	pthread_mutex_unlock(&lock);
	return there;
}

static void *worker(void *arg)
{
	struct one c;
	uint32_t i;

	while (take(&c)) {
		ask(&c, 8080, c.flags & F_URGENT ? c.cuts[0] : 0);
		for (i = 0; i < c.cuts_n; i++)
			ask(&c, 80, c.cuts[i]);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct stat st;
	int fd, i;

	if (argc != 4)
		errx(2, "usage: ask CASES RESULTS ANSWERS");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", argv[1]);
	next_case = mmap(NULL, st.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (next_case == MAP_FAILED)
		err(1, "%s", argv[1]);
	cases_end = next_case + st.st_size;
	results = fopen(argv[2], "w");
	answers = fopen(argv[3], "w");
	table = calloc(table_size, sizeof(*table));
	if (!results || !answers || !table)
		err(1, "cannot write");
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL))
			errx(1, "no thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (fclose(results) || fclose(answers))
		err(1, "cannot write");
	return 0;
}
