// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client in the manner of wrk for what wrk cannot ask for: it waits for the body that
 * the answer to a HEAD announces and has not. Keep-alive, one request at a time on each
 * connection; an answer ends with its head. Until SIGINT; tells as wrk does.
 *
 * usage: heads CONNECTIONS REQUEST-FILE
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX	256

static volatile sig_atomic_t stop;

static void interrupted(int signal)
{
	(void)signal;
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int dial(int epoll)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct epoll_event event = { .events = EPOLLIN };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	event.data.fd = fd;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
	return fd;
}

int main(int argc, char **argv)
{
	static char request[8192], answer[8192];
	struct epoll_event events[CONNECTIONS_MAX];
	unsigned long requests = 0, bytes = 0, bad = 0;
	int n = argc == 3 ? atoi(argv[1]) : 0, epoll = epoll_create1(0), i;
	FILE *file = n > 0 && n <= CONNECTIONS_MAX ? fopen(argv[2], "r") : NULL;
	size_t length;
	double began;

	length = file ? fread(request, 1, sizeof(request), file) : 0;
	if (!length)
		die("heads CONNECTIONS REQUEST-FILE");
	signal(SIGINT, interrupted);
	began = now();
	for (i = 0; i < n; i++)
		if (write(dial(epoll), request, length) != (ssize_t)length)
			die("write");
	while (!stop) {
		int ready = epoll_wait(epoll, events, CONNECTIONS_MAX, 1000);

		for (i = 0; i < ready; i++) {
			int fd = events[i].data.fd;
			ssize_t got = read(fd, answer, sizeof(answer));

			if (got <= 0)
				die("read");
			requests++;
			bytes += got;
			bad += got < 16 || memcmp(answer, "HTTP/1.1 2", 10) ||
			       memcmp(answer + got - 4, "\r\n\r\n", 4);
			if (write(fd, request, length) != (ssize_t)length)
				die("write");
		}
	}
	if (bad)
		printf("  Non-2xx or 3xx responses: %lu\n", bad);
	printf("  %lu requests in %.2fs, %lu.00B read\n", requests, now() - began, bytes);
	printf("Requests/sec: %.2f\n", requests / (now() - began));
	return 0;
}
