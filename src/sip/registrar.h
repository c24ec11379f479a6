/* The registrar: RFC 3261 10.3 over a transport, all or nothing, every binding kept in SQLite. */
#ifndef REGTOP_SIP_REGISTRAR_H
#define REGTOP_SIP_REGISTRAR_H

#include "sip/transport.h"

struct registrar;

struct registrar_config {
	const char *path;                 /* SQLite file (WAL); NULL: in memory only */
	unsigned default_s, min_s, max_s; /* 0: 3600, 60, 7200 */
	const struct netcidr *allow;      /* sources besides loopback; others get 403 */
	size_t allow_count;
	const char *const *domains; /* NULL: every domain is ours */
	size_t domains_count;
	unsigned max_contacts; /* per AoR; 0: 32 */
};

/* One stored binding. Slices live until the registrar's next change. */
struct registrar_binding {
	struct slice key; /* "lreg-<start>-<n>": unique, kept over refreshes and restarts */
	struct slice user, domain, contact, received, path, socket, user_agent, call_id, instance;
	struct slice methods;                       /* Allow list, raw */
	int64_t expires_ms, refreshed_ms, first_ms; /* wall */
	unsigned granted_s;
	uint32_t cseq;
	int q_milli; /* -1 unset */
	int reg_id;
	uint32_t connection; /* 0: UDP, or the connection did not survive a restart */
	struct netaddr source;
	struct netaddr local; /* our socket that took the REGISTER */
	enum transport transport;
};

struct registrar_listener {
	void *ctx;
	void (*put)(void *ctx, const struct registrar_binding *b);
	void (*gone)(void *ctx, struct slice key);
	/* The store failed (phones got 500), or with NULL: it works again. May be NULL. */
	void (*trouble)(void *ctx, const struct err *e);
};

/* Loads what path holds (lapsed ones are dropped) and serves REGISTER and OPTIONS on t. t outlives
 * it. NULL with *e when the store cannot be opened. */
struct registrar *registrar_new(struct loop *l, const struct clock *c, struct sip_transport *t,
				const struct registrar_config *cfg,
				const struct registrar_listener *lis, struct err *e);
void registrar_free(struct registrar *r);
size_t registrar_count(const struct registrar *r);
typedef bool registrar_visit_fn(void *ctx, const struct registrar_binding *b);
void registrar_each(const struct registrar *r, registrar_visit_fn *fn, void *ctx);
bool registrar_find(const struct registrar *r, struct slice key, struct registrar_binding *out);
/* Removes exactly this binding, and only if Call-ID and CSeq still are these. 0, -ENOENT, -EAGAIN
 * when it changed, or -EIO with *e. */
int registrar_purge(struct registrar *r, struct slice key, struct slice call_id, uint32_t cseq,
		    struct err *e);

#endif
