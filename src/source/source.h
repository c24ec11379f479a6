/* The contract of a source: how bindings come in, and which verbs its registrar offers. */
#ifndef REGTOP_SOURCE_SOURCE_H
#define REGTOP_SOURCE_SOURCE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/netaddr.h"
#include "loop/loop.h"
#include "model/binding.h"
#include "model/evidence.h"
#include "model/source_about.h"

struct source;
struct control;

enum source_state {
	SOURCE_OPENING, /* nothing delivered yet */
	SOURCE_LIVE,    /* the last read went well */
	SOURCE_TROUBLE, /* the last read failed: the picture is old; it goes on trying */
	SOURCE_FROZEN,  /* a snapshot: it will never change */
};

/* The picture's age and completeness, always shown. */
struct source_status {
	enum source_state state;
	int64_t read_ms;   /* wall time of the last finished read; 0 never. Snapshot: its time */
	bool complete;     /* that read brought everything */
	bool reading;      /* a read is under way */
	int64_t started_s; /* Unix seconds, of a registrar that this process itself is; else 0 */
	uint64_t progress, expected; /* rows read so far, rows expected (0 unknown) */
	struct err trouble;          /* why state is TROUBLE or complete is false */
};

/* Where a source delivers; everything is called in the loop's thread. */
struct source_sink {
	void *ctx;
	void (*begin_pass)(void *ctx);
	void (*put)(void *ctx, const struct binding *b);
	/* Instead of put, for a binding that is there and otherwise as it was, if it is known at
	 * all. */
	void (*keep)(void *ctx, struct slice key);
	void (*remove)(void *ctx, struct slice key);
	void (*end_pass)(void *ctx, bool complete);
	/* Is a binding of this key known? */
	bool (*has)(void *ctx, struct slice key);
	/* What the registrar's memory says of a binding that is known; and what the registrar
	 * itself found out about reaching it (its own keepalive, its connection table). */
	void (*differs)(void *ctx, struct slice key, enum binding_differs d);
	void (*evidence)(void *ctx, struct slice key, const struct evidence *e);
	void (*status)(void *ctx, const struct source_status *st);
};

/* What a purge, a re-read or a proof came to. */
enum source_answer {
	/* purge: the registrar said yes, e (if any) says how it was done; re-read: *now is the
	 * present binding */
	SOURCE_DONE,
	/* re-read: the registrar no longer has it, calls do not go there. *now, if any, is the row
	 * that its table still has; e says what becomes of that: code -EAGAIN when the registrar's
	 * own timer may still take it away, -EIO when nobody can tell whether a row is left. */
	SOURCE_GONE,
	SOURCE_CHANGED, /* purge: it had changed, nothing was touched */
	/* the registrar said no; e says what: code -EAGAIN when it is only too early */
	SOURCE_REFUSED,
	/* silence, or the connection broke: the outcome is unknown. purge: also when the registrar
	 * failed in the middle; e then has its words and the code -EREMOTEIO */
	SOURCE_NO_ANSWER,
	/* purge: the registrar could only remove it together with every other contact of its AoR;
	 * nothing was touched */
	SOURCE_WHOLE_AOR,
};

typedef void source_answer_fn(void *ctx, enum source_answer a, const struct binding *now,
			      const struct err *e);
/* All bindings of an AoR, borrowed for the call: SOURCE_DONE with n >= 1, SOURCE_GONE when the
 * registrar has none, SOURCE_REFUSED or SOURCE_NO_ANSWER with e. */
typedef void source_aor_fn(void *ctx, enum source_answer a, const struct binding *all, size_t n,
			   const struct err *e);

/* How a probe reaches a binding through this source's registrar. */
struct source_route {
	bool own; /* send from the registrar's own transport (we are the registrar) */
	enum transport transport;
	struct netaddr addr;   /* where to send */
	uint32_t connection;   /* own: the transport's connection id, 0 for UDP */
	bool flow_gone;        /* own: the binding's connection is closed, nothing can be sent */
	char request_uri[700]; /* raw bytes; empty: the contact's own */
	bool use_path;         /* add the binding's Path as Route */
	/* Only one of several nodes reaches it: its name, else empty. Without an address: nobody
	 * that can be asked does, and why has the words. */
	char node[64];
	char why[160];
};

/* How a request ended that the registrar itself sent to a binding. */
enum source_uac_end {
	SOURCE_UAC_ANSWER, /* a final response: code, reason, agent */
	SOURCE_UAC_SILENT, /* none in time, from a registrar that is there */
	SOURCE_UAC_FAILED, /* the registrar could not be asked, or would not send: e */
};

struct source_uac_reply {
	enum source_uac_end end;
	int code;
	/* Nobody else answered: the registrar made the response up, as 408 after its own time. */
	bool by_registrar;
	uint32_t rtt_us;            /* of an answer; the way to the registrar is in it */
	struct slice reason, agent; /* raw, for the call alone; agent is User-Agent or Server */
	struct err e;
};

typedef void source_uac_fn(void *ctx, const struct source_uac_reply *r);

/* An open question to a registrar about itself. */
struct source_about_call;
/* about is for the call alone; what could not be had is 0. */
typedef void source_about_fn(void *ctx, const struct source_about *about);

/* One registrar process that works on the table of a source. */
struct source_node {
	const char *name;    /* the configuration's; NULL: nothing was said of nodes */
	const char *control; /* as in --control; NULL: none */
	const char *sip;     /* HOST:PORT; NULL: from the bindings */
	int64_t server_id;   /* -1: not said */
	const char *place;   /* a peer's own table; NULL: the source's */
	bool listed;         /* a peer: its own table is shown too, copies of its rows are not */
};

/* Options of -s and --control as the user gave them; strings live as long as the source. */
struct source_options {
	const char *place;   /* the part after KIND:, or a path */
	bool recognised;     /* by the kind's own recognise(), just now: it need not look again */
	const char *control; /* --control, NULL: find it */
	const char *sip;     /* HOST:PORT of the registrar's SIP socket, NULL: from the bindings */
	const char *allow;   /* listen: CIDR list, NULL: loopback only */
	const char *store_path; /* listen: where bindings are kept; NULL: the default place */
	unsigned min_expires_s, max_expires_s, default_expires_s; /* listen; 0: default */
	unsigned interval_ms; /* between two reads; 0: default */
	const char *name;     /* what it is called on screen; NULL: after its place */
	bool no_purge;        /* the configuration forbids to remove anything */
	/* The nodes of this table; none: the one of control and sip. Peers work on tables of their
	 * own and may hold copies of each other's bindings (dmq_usrloc). */
	const struct source_node *nodes, *peers;
	size_t node_count, peer_count;
};

/* A way by which a source's registrar is told to change something. */
struct source_control {
	const char *node;        /* whose it is; NULL: there is but one, and it has no name */
	struct control *control; /* borrowed; NULL: none, or the table is the truth */
	const char *refused;     /* NULL: it may be used; else why not */
};

struct source_ops {
	const char *kind; /* "listen", "kamailio-sqlite", "kamailio-mysql", "snapshot", … */
	void (*start)(struct source *s);
	void (*refresh)(struct source *s); /* read again now (F5) */
	/* NULL: allowed; else the sentence that says why the verb is not offered. */
	const char *(*purge_refused)(const struct source *s);
	/* These rows are looked at, the last call wins: the registrar's memory is asked about them,
	 * and tells the sink of what differs. seen_all: it was asked about every one of them. NULL:
	 * memory and what is shown are the same. */
	void (*seen)(struct source *s, const struct binding *rows, size_t n);
	bool (*seen_all)(const struct source *s);
	/* A clause for the plan: how it is done to b ("ul.rm_contact on unix:…"), or with NULL to
	 * any binding. What is left for the AoR is counted by the plan, over all sources. */
	void (*purge_how)(const struct source *s, const struct binding *b, struct strbuf *out);
	/* Asks the authority (not the picture) for one binding. */
	void (*reread)(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx);
	/* After a removal: asks every node that could still hold b. SOURCE_GONE: gone everywhere;
	 * SOURCE_DONE: *now is what is still there, and *e may name the node; SOURCE_NO_ANSWER: *e
	 * names who cannot be asked. NULL: reread is the proof. */
	void (*prove)(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx);
	/* Removes exactly b, and only as it is known in b. */
	void (*purge)(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx);
	/* The three for what purge() answers with SOURCE_WHOLE_AOR; NULL: it never does.
	 * read_aor asks the authority for every binding of b's AoR, b's own first. purge_aor
	 * removes that AoR when the registrar holds exactly these contacts, each unchanged; else
	 * SOURCE_CHANGED and nothing is touched. */
	void (*purge_aor_how)(const struct source *s, const struct binding *b, struct strbuf *out);
	void (*read_aor)(struct source *s, const struct binding *b, source_aor_fn *fn, void *ctx);
	void (*purge_aor)(struct source *s, const struct binding *const *all, size_t n,
			  source_answer_fn *fn, void *ctx);
	/* The two for a row that reread() answers with; NULL: it never does. purge_row removes the
	 * row as it is in b, and only when the registrar has said at that moment that its memory
	 * does not know the binding: SOURCE_CHANGED when it does, or when the row is another one;
	 * SOURCE_GONE when there is no row any more; SOURCE_REFUSED with -EAGAIN as long as the
	 * registrar's own timer may take it away. */
	void (*purge_row_how)(const struct source *s, const struct binding *b, struct strbuf *out);
	void (*purge_row)(struct source *s, const struct binding *b, source_answer_fn *fn,
			  void *ctx);
	/* False: no way through this registrar (then the probe goes direct). */
	bool (*route)(struct source *s, const struct binding *b, struct source_route *out);
	/* The registrar itself sends method to b and tells what came of it (t_uac_dlg;
	 * tm.t_uac_wait over HTTP). Returns an id for uac_cancel(), or 0 when it cannot be asked
	 * that of b; with fn NULL nothing is sent, and anything but 0 means that it can. fn is
	 * called once, never from inside, after timeout_ms or a little later; several may be open.
	 * NULL: it offers nothing like that. */
	uint64_t (*uac)(struct source *s, const struct binding *b, const char *method,
			unsigned timeout_ms, source_uac_fn *fn, void *ctx);
	void (*uac_cancel)(struct source *s, uint64_t id);
	/* Asks the registrar about itself: its start, its clock, its limits, and whether it bans
	 * host (NULL or empty: nobody). fn is called once, never from inside, unless it is
	 * cancelled. NULL: it cannot be asked; or it offers nothing like that. */
	struct source_about_call *(*about)(struct source *s, const char *host, source_about_fn *fn,
					   void *ctx);
	void (*about_cancel)(struct source *s, struct source_about_call *c);
	/* The i-th of its controls, for regtop check; false behind the last. NULL: there are none.
	 */
	bool (*control)(const struct source *s, size_t i, struct source_control *out);
	void (*free)(struct source *s);
};

/* First member of every source's own struct. */
struct source {
	const struct source_ops *ops;
	struct source_sink sink;
	struct source_status status;
	char name[128]; /* shown: "kamailio.sqlite", "listen udp:127.0.0.1:5060" */
	bool no_purge;  /* the configuration forbids to remove anything */
};

/* One row per kind of source that -s understands. */
struct source_kind {
	const char *kind;  /* word before the colon */
	const char *place; /* "PATH", "udp:HOST:PORT[,tcp:HOST:PORT]" for the help */
	const char *help;  /* sentence for help and manual */
	/* True when spec (without a KIND: in front) looks like this kind's file. May read the
	 * head of the file. NULL: only by word. */
	bool (*recognise)(const char *path, struct err *e);
	struct source *(*open)(struct loop *l, const struct clock *c,
			       const struct source_options *o, struct err *e);
};

extern const struct source_kind source_kinds[];
extern const size_t source_kinds_count;

/* -s SPEC: "KIND:PLACE" or a path whose kind is recognised. NULL with *e on failure: the code is
 * -EINVAL for a word that is no kind, otherwise the source's trouble. Nothing is delivered before
 * source_start(). o->place is filled in here. */
struct source *source_open(struct loop *l, const struct clock *c, const char *spec,
			   const struct source_options *o, struct err *e);
void source_start(struct source *s, const struct source_sink *sink);
void source_free(struct source *s);
/* NULL: something may be removed from s; else the sentence that says why not, from the
 * configuration or from the registrar. */
const char *source_purge_refused(const struct source *s);
/* Sets the status and tells the sink. For implementations. */
void source_tell(struct source *s);

#endif
