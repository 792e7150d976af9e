/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One client connection while it is ours: from the accept queue until it is
 * closed or with the backend. One slab object, no timer, work or struct socket
 * of its own.
 *
 * Owner: the poll (poll.h) it was assigned to at birth. Only who has that poll
 * touches the fields: its NAPI instance, or the data callback that found it idle
 * (kf_conn_data()); all others only call kf_conn_kick(). It is freed by who has
 * the poll, after the callbacks are out of the socket and no worker has a question open.
 */
#ifndef KFRONT_CONN_H
#define KFRONT_CONN_H

#include <linux/list.h>
#include <linux/llist.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include "object.h"
#include "parse.h"
#include "reason.h"

struct kf_lookup;
struct kf_poll;
struct kf_stream;

enum kf_conn_state {
	KF_NEWBORN,	/* taken from the accept queue, callbacks not ours yet */
	KF_REQUEST,	/* waiting for a head, or for room to answer one */
	KF_ASKED,	/* the worker looks a path up, or reads a stream's chunk */
	KF_SENDING,	/* an answer is partly queued */
	KF_SETTLING,	/* handed over or given the last byte once all is acknowledged */
	KF_PARKED,	/* to be handed over when the backend can take it: park.c */
	KF_LINGER,	/* our FIN is out; swallowing what still comes */
	KF_DEAD,	/* callbacks are out of the socket; the poll only has to free it */
};

/* Which constant bounds the present wait; each is a FIFO list in the poll. */
enum kf_timeout {
	KF_T_HEADER,
	KF_T_KEEPALIVE,
	KF_T_SEND,
	KF_T_LINGER,
	KF_T_BACKEND,
	KF_T_COUNT,
	KF_T_NONE = KF_T_COUNT
};

/* Why the write-space callback should kick. */
enum kf_want {
	KF_WANT_NOTHING,
	KF_WANT_SPACE,		/* room in the send buffer */
	KF_WANT_ACKED,		/* nothing queued, nothing in flight */
};

/* Bits in flags. */
#define KF_CONN_QUEUED		0	/* on its way to the poll, or on its retry list */
#define KF_CONN_ANSWERED	1	/* the worker has answered what was asked (KF_ASKED) */

struct kf_conn {
	union {
		struct llist_node queue; /* poll->inbox, ->todo or ->retry, while KF_CONN_QUEUED */
		struct kf_conn *spare;	/* it has ended: the poll's next spare one */
	};
	unsigned long flags;		/* atomic bit operations */
	struct kf_poll *poll;		/* set at birth */
	struct sock *sk;		/* the child's initial reference; NULL once handed over */
	struct sock *wake;		/* reference: listener that got sk, to be woken */
	struct request_sock *req;	/* kept to hand over without allocating */
	struct list_head all;		/* poll->conns */
	struct list_head wait;		/* poll->waits[timeout] */
	struct kf_lookup *lookup;	/* owned: a question asked or answered */
	struct kf_stream *stream;	/* owned: a large file on its way */
	struct kf_object *object;	/* reference: an object partly sent */
	struct page *head_page;		/* reference: a head partly sent */
	u64 body_left;			/* a stream: bytes not yet queued, this chunk included; */
					/* an object: of the answer's body, queued or not */
	u32 since;			/* jiffies: when the present wait began */
	u32 una;			/* snd_una when KF_T_SEND began: ACKs since are progress */
	u32 head_len;			/* bytes of the head on head_page (0: queued) */
	u32 answered;			/* requests answered on this connection */
	u32 send_off;			/* how much of head + body (chunk) is queued */
	u32 body_off;			/* of the answer's body in that of the object: a range */
	u16 head_off;			/* of the head on head_page */
	struct kf_scan scan;		/* of the head being received */
	u8 state;			/* enum kf_conn_state */
	u8 timeout;			/* enum kf_timeout */
	u8 want;			/* enum kf_want; for the write-space callback; slock */
	u8 reason;			/* enum kf_reason: why it goes over, while it waits */
	u8 nonagle:4;			/* the socket's own, before kf_hook() */
	bool sending:1;			/* inside a send: write-space calls are our own doing */
	bool close_after:1;		/* the answer being sent is the last */
	bool asked_close:1;		/* ... because the client said so */
	bool streaming:1;		/* the head of a stream's answer was queued */
	bool head_whole:1;		/* scan found the end; not yet answered */
	bool by_reference:1;		/* TCP took the last answer so: send.c */
	bool reset:1;			/* end with RST */
	bool orphan:1;			/* TCP has the socket: close.c */
};

static_assert(sizeof(struct kf_conn) <= 192);

int kf_conn_cache_create(void);
void kf_conn_cache_destroy(void);

struct kf_conn *kf_conn_alloc(struct kf_poll *poll);	/* the caller sets sk and req. BH off */
void kf_conn_free(struct kf_conn *c);
/* The same for who has the poll, which keeps a few of those that have ended. */
struct kf_conn *kf_conn_reuse(struct kf_poll *p);
void kf_conn_recycle(struct kf_conn *c);
void kf_conn_free_spares(struct kf_poll *p);	/* with the poll */
/* More than max_connections and @more are open. */
bool kf_conn_too_many(struct kf_server *srv, int more);

/*
 * Have the poll look at @c. Any context in which @c cannot be freed under us: under the
 * socket's lock while hooked, or by a worker whose question is open.
 */
void kf_conn_kick(struct kf_conn *c);

/*
 * Data came for @c: go on at once if its poll is free, else kick. Spares a turn of the poll
 * for each request. Context: the socket's data_ready: under its lock, BH off or owned.
 */
void kf_conn_data(struct kf_conn *c, struct sock *sk);

/* The same for who has the poll, and has seen to it that the socket is not owned. May free @c. */
void kf_conn_here(struct kf_conn *c, struct sock *sk);

/* From a worker: what @c asked (KF_ASKED) is answered. The worker's last touch of @c. */
void kf_conn_answer(struct kf_conn *c);

/*
 * The poll's view: do whatever can be done now. BH, in the poll of @c only.
 * Return: units of work done (requests answered), at least 1.
 */
int kf_conn_run(struct kf_conn *c);

/*
 * The wait that @c->timeout names has lasted too long. Same context; may free @c.
 * Return: false when the socket was owned by somebody else: nothing done, ask again.
 */
bool kf_conn_timed_out(struct kf_conn *c);

/* Try again to hand over one that is parked. Same context; may free @c. Return: it left. */
bool kf_conn_retry(struct kf_conn *c);

/* Steps of the state machine, used by request.c, send.c and handover.c. Hold: slock, not owned. */
void kf_conn_drop_answer(struct kf_conn *c);
void kf_conn_shutdown(struct kf_conn *c);
void kf_conn_finish(struct kf_conn *c);
void kf_conn_reset(struct kf_conn *c);

#endif /* KFRONT_CONN_H */
