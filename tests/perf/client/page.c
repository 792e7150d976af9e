// SPDX-License-Identifier: GPL-2.0-only
/*
 * page [-a] PORT CONNECTIONS VISITS PAGES THINK_MS LIST: what a browser does with pages. LIST is
 * a file of paths, one in a line: first the page itself, then what it is made of. The page is
 * asked for first, the rest when it has come, over up to CONNECTIONS connections, one request
 * at a time on each; a connection is used again while it lives (of those at leisure the one
 * used last), and opened again when the server has closed it. A visit is that PAGES times on
 * the same connections, with THINK_MS between; the next visit begins with none. -a: no
 * compression is asked for (no Accept-Encoding). Anything but 200 and whole answers is an
 * error. Says what it did as one line of JSON; "ns" are spent on pages, without the pauses.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX	64
#define PATIENCE_MS	60000

static const char fields[] =
	"Host: localhost\r\n"
	"Connection: keep-alive\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
	"Accept-Language: en-US,en;q=0.5\r\n";
static const char codings[] = "Accept-Encoding: gzip, deflate, br\r\n";

enum framing { LENGTH, CHUNKED, UNTIL_CLOSE };

struct conn {
	int fd;			/* -1: none */
	int asked;		/* index into paths, -1: idle */
	bool connecting;
	bool answered;		/* it has carried an answer: the server may close it now */
	bool close;		/* the server said so */
	bool headed;		/* the head has come */
	enum framing framing;
	long left;		/* of the body, or of this chunk with its CRLF */
	bool last_chunk;
	long used;		/* when it was asked last, as a number of requests */
	size_t have;
	char buf[65536];
};

static struct conn conns[CONNS_MAX];
static char **paths;
static int nr_paths, nr_conns, port;
static int *again, nr_again;	/* asked for in vain, on connections that were closed meanwhile */
static int next_path, done_paths;
static bool plain;
static long requests, opened, repeated, bytes;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void conn_open(struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		err(1, "socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		err(1, "connect");
	c->asked = -1;
	c->connecting = true;
	c->answered = false;
	opened++;
}

static void conn_close(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	c->asked = -1;
}

/* On a new connection the request goes when the handshake is done. */
static void conn_write(struct conn *c)
{
	char head[2048];
	int len = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n%s%s\r\n", paths[c->asked],
			   fields, plain ? "" : codings);

	if (send(c->fd, head, len, MSG_NOSIGNAL) == len)
		return;
	if (errno != EPIPE && errno != ECONNRESET)
		err(1, "send");
}

static void conn_ask(struct conn *c, int path)
{
	c->asked = path;
	c->headed = false;
	c->close = false;
	c->have = 0;
	c->used = ++requests;
	if (!c->connecting)
		conn_write(c);
}

static const char *field(const struct conn *c, const char *name)
{
	const char *line = c->buf;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncasecmp(line, name, strlen(name)))
			return line + strlen(name);
	}
	return NULL;
}

/* Takes the head off the buffer once it is complete. */
static void conn_head(struct conn *c)
{
	const char *value;
	char *end;

	c->buf[c->have] = '\0';
	end = strstr(c->buf, "\r\n\r\n");
	if (!end)
		return;
	end[2] = '\0';
	if (strncmp(c->buf, "HTTP/1.1 200 ", 13))
		errx(1, "%s: %.*s", paths[c->asked], (int)strcspn(c->buf, "\r"), c->buf);
	value = field(c, "Connection: ");
	c->close = value && !strncasecmp(value, "close", 5);
	value = field(c, "Content-Length: ");
	c->framing = value ? LENGTH : UNTIL_CLOSE;
	c->left = value ? atol(value) : 0;
	value = field(c, "Transfer-Encoding: ");
	if (value && !strncasecmp(value, "chunked", 7))
		c->framing = CHUNKED;
	c->last_chunk = false;
	c->headed = true;
	c->have -= end + 4 - c->buf;
	memmove(c->buf, end + 4, c->have);
}

static void consume(struct conn *c, size_t n)
{
	c->have -= n;
	memmove(c->buf, c->buf + n, c->have);
}

/* The line that says how long the next chunk is; false: it has not come. */
static bool conn_chunk(struct conn *c)
{
	char *end;

	c->buf[c->have] = '\0';
	end = strstr(c->buf, "\r\n");
	if (!end)
		return false;
	c->left = strtol(c->buf, NULL, 16);
	c->last_chunk = !c->left;
	c->left += 2;		/* the CRLF behind it */
	consume(c, end + 2 - c->buf);
	return true;
}

/* Takes what is there of the body; true when it is complete. */
static bool conn_body(struct conn *c)
{
	size_t take;

	do {
		if (c->framing == CHUNKED && !c->left && !c->last_chunk && !conn_chunk(c))
			return false;
		take = c->have;
		if (c->framing != UNTIL_CLOSE && take > (size_t)c->left)
			take = c->left;
		consume(c, take);
		bytes += take;
		if (c->framing == UNTIL_CLOSE)
			return false;
		c->left -= take;
		if (!c->left && (c->framing == LENGTH || c->last_chunk))
			return true;
	} while (c->have);
	return false;
}

static void conn_done(struct conn *c)
{
	done_paths++;
	c->asked = -1;
	c->answered = true;
	if (c->close)
		conn_close(c);
}

/* The server closed: between two answers it may, and the request goes to another connection. */
static void conn_closed(struct conn *c)
{
	if (c->asked >= 0 && c->headed && c->framing == UNTIL_CLOSE) {
		c->close = true;
		conn_done(c);
		return;
	}
	if (c->asked >= 0) {
		if (!c->answered || c->headed || c->have)
			errx(1, "%s: closed before the answer was whole", paths[c->asked]);
		again[nr_again++] = c->asked;
		repeated++;
	}
	conn_close(c);
}

static void conn_read(struct conn *c)
{
	ssize_t n;

	for (;;) {
		n = recv(c->fd, c->buf + c->have, sizeof(c->buf) - 1 - c->have, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			conn_closed(c);
			return;
		}
		c->have += n;
		if (c->asked < 0)
			errx(1, "bytes that nobody asked for");
		if (!c->headed)
			conn_head(c);
		if (!c->headed && c->have == sizeof(c->buf) - 1)
			errx(1, "a head without end");
		if (c->headed && conn_body(c)) {
			conn_done(c);
			return;
		}
	}
}

/* One for the next request: the one used last of those at leisure, else a new one, else NULL. */
static struct conn *conn_free(void)
{
	struct conn *best = NULL, *none = NULL;
	int i;

	for (i = 0; i < nr_conns; i++) {
		struct conn *c = &conns[i];

		if (c->fd < 0)
			none = none ?: c;
		else if (c->asked < 0 && (!best || c->used > best->used))
			best = c;
	}
	if (best || !none)
		return best;
	conn_open(none);
	return none;
}

/* Asks for paths, up to number @end, as long as there are connections. */
static void assign(int end)
{
	struct conn *c;

	while (next_path < end || nr_again) {
		c = conn_free();
		if (!c)
			return;
		conn_ask(c, nr_again ? again[--nr_again] : next_path++);
	}
}

static void turn(void)
{
	struct pollfd ready[CONNS_MAX];
	int i;

	for (i = 0; i < nr_conns; i++) {
		struct conn *c = &conns[i];

		ready[i].fd = c->fd;
		ready[i].events = c->fd >= 0 && c->asked >= 0 && c->connecting ? POLLOUT : POLLIN;
		ready[i].revents = 0;
	}
	if (poll(ready, nr_conns, PATIENCE_MS) <= 0)
		errx(1, "no answer within a minute");
	for (i = 0; i < nr_conns; i++) {
		if (!ready[i].revents)
			continue;
		if (ready[i].events == POLLOUT) {
			conns[i].connecting = false;	/* or an error, told by recv() */
			conn_write(&conns[i]);
		} else {
			conn_read(&conns[i]);
		}
	}
}

static void page(void)
{
	next_path = 0;
	done_paths = 0;
	while (done_paths < nr_paths) {
		/* Nobody knows what a page is made of before it has come. */
		assign(done_paths ? nr_paths : 1);
		turn();
	}
}

static void read_list(const char *name)
{
	FILE *list = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!list)
		err(1, "%s", name);
	while ((n = getline(&line, &size, list)) > 1) {
		line[n - 1] = '\0';
		paths = realloc(paths, (nr_paths + 1) * sizeof(*paths));
		paths[nr_paths++] = strdup(line);
	}
	fclose(list);
	again = calloc(nr_paths, sizeof(*again));
}

int main(int argc, char **argv)
{
	int visits, pages, think, visit, i, n;
	long long begin, spent = 0, slowest = 0, took;

	plain = argc > 1 && !strcmp(argv[1], "-a");
	argv += plain;
	if (argc - plain != 7)
		errx(2, "usage: page [-a] PORT CONNECTIONS VISITS PAGES THINK_MS LIST");
	port = atoi(argv[1]);
	nr_conns = atoi(argv[2]);
	visits = atoi(argv[3]);
	pages = atoi(argv[4]);
	think = atoi(argv[5]);
	read_list(argv[6]);
	if (nr_conns < 1 || nr_conns > CONNS_MAX || !nr_paths)
		errx(2, "1 to %d connections, and at least one path", CONNS_MAX);
	for (i = 0; i < nr_conns; i++)
		conns[i].fd = -1;
	for (visit = 0; visit < visits; visit++) {
		for (n = 0; n < pages; n++) {
			if (n)
				usleep(think * 1000);
			begin = now();
			page();
			took = now() - begin;
			spent += took;
			if (took > slowest)
				slowest = took;
		}
		for (i = 0; i < nr_conns; i++) {
			if (conns[i].fd >= 0)
				conn_close(&conns[i]);
		}
	}
	printf("{\"pages\": %d, \"requests\": %ld, \"connections\": %ld, \"repeated\": %ld, ",
	       visits * pages, requests, opened, repeated);
	printf("\"bytes\": %ld, \"ns\": %lld, \"slowest_ns\": %lld}\n", bytes, spent, slowest);
	return 0;
}
