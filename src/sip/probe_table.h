/* The prober's books: probes by id, by peer, and by the time at which each is due. */
#ifndef REGTOP_SIP_PROBE_TABLE_H
#define REGTOP_SIP_PROBE_TABLE_H

#include "sip/probe.h"

/* An address without the 100 bytes that a sockaddr_storage keeps for other families. */
struct probe_addr {
	union {
		struct sockaddr sa; /* sa_family AF_UNSPEC: none */
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
};

/* Places in a list, or among those of the same peer; 0 ends, else a probe's index and one. */
struct probe_link {
	uint32_t next, prev;
};

struct probe {
	uint64_t id; /* random, with its index in the low bits; 0: the place is free */
	probe_report_fn *fn;
	void *ctx;
	char *words;      /* see probe_text.h; NULL when it will not be sent again */
	int64_t first_us; /* monotonic, of the first send; 0 before it */
	int64_t due_ms;   /* monotonic, of the next thing to do */
	struct probe_link list, peer;
	uint32_t connection;
	uint32_t verdict_ms;
	struct probe_addr local, remote;
	uint16_t at;         /* which list; see probe_table.c */
	uint16_t send_errno; /* it cannot be sent, or its connection closed: told at its time */
	uint8_t transport;
	uint8_t sends;
	bool told; /* SILENT was told; waiting for a late answer */
};

struct probe_table;

struct probe_table *probe_table_new(void);
/* Frees the probes too. */
void probe_table_free(struct probe_table *t);
/* A probe with its id, flow and peer set, and nothing else; on no list. It stays where it is. */
struct probe *probe_table_add(struct probe_table *t, const struct sip_flow *flow);
void probe_table_remove(struct probe_table *t, struct probe *x);
/* NULL when there is none (any more). */
struct probe *probe_table_find(const struct probe_table *t, uint64_t id);
size_t probe_table_count(const struct probe_table *t);
void probe_table_flow(const struct probe *x, struct sip_flow *out);

/* The probes to an address by UDP, or on a connection: walk with _next(), start from NULL. There
 * may be others among them. x must not be removed before the next step. */
struct probe *probe_table_to_addr(const struct probe_table *t, const struct netaddr *to,
				  const struct probe *x);
struct probe *probe_table_on_connection(const struct probe_table *t, uint32_t connection,
					const struct probe *x);

/* Puts x where it is due, a few milliseconds late at the most; takes it from any other list. */
void probe_table_due(struct probe_table *t, struct probe *x, int64_t now_ms, int64_t due_ms);
/* The first probe that is due; it stays on its list. NULL when none is. */
struct probe *probe_table_next_due(struct probe_table *t, int64_t now_ms);
/* Milliseconds until next_due() is worth a call, or -1 when nothing waits. */
int64_t probe_table_wait_ms(const struct probe_table *t, int64_t now_ms);

/* Puts x at the end of those that want to be sent; takes it from any other list. */
void probe_table_outbox(struct probe_table *t, struct probe *x);
/* The first of them, and the one after x; NULL at the end. */
struct probe *probe_table_outbox_first(const struct probe_table *t);
struct probe *probe_table_outbox_next(const struct probe_table *t, const struct probe *x);

#endif
