// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm PORT THREADS poll|block: a web server whose threads are in accept() all
 * the time, without blocking and as fast as they can, or blocking. Whoever takes a connection off the queue behind accept()'s back
 * between its two looks at the queue makes it dereference NULL (kernel-traps 1).
 * Answers every request with "storm\n" and closes. On SIGTERM it says how many
 * requests it has answered.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nstorm\n";
static atomic_long answered;

static void serve(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char head[4096];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(head) - 1 && poll(&ready, 1, 60000) == 1) {
		n = recv(fd, head + have, sizeof(head) - 1 - have, MSG_DONTWAIT);
		if (n <= 0)
			break;
		have += n;
		head[have] = '\0';
		if (!strstr(head, "\r\n\r\n"))
			continue;
		if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) == sizeof(answer) - 1)
			atomic_fetch_add(&answered, 1);
		break;
	}
	close(fd);
}

static void *worker(void *arg)
{
	int fd, listener = *(int *)arg;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			serve(fd);
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			err(1, "accept");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int one = 1, listener, threads, sig;
	sigset_t end;

	if (argc != 4)
		errx(2, "usage: storm PORT THREADS poll|block");
	any.sin6_port = htons(atoi(argv[1]));
	threads = atoi(argv[2]);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);

	listener = socket(AF_INET6, SOCK_STREAM | (!strcmp(argv[3], "poll") ? SOCK_NONBLOCK : 0), 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&any, sizeof(any)) || listen(listener, 512))
		err(1, "port %s", argv[1]);
	while (threads--) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, worker, &listener))
			errx(1, "no thread");
	}
	sigwait(&end, &sig);
	printf("%ld\n", atomic_load(&answered));
	return 0;
}
