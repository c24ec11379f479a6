/* A source that answers as the test says: at once, later, or not at all. */
#ifndef REGTOP_TESTS_ACT_FAKE_SOURCE_H
#define REGTOP_TESTS_ACT_FAKE_SOURCE_H

#include <errno.h>
#include <stdlib.h>
#include "act/act.h"
#include "act/journal.h"
#include "base/text.h"

struct fake_answer {
	enum source_answer a;
	struct binding now; /* for SOURCE_DONE of a re-read */
	const char *what;   /* words of the error, NULL none */
	bool row;           /* SOURCE_GONE: now is the row that is left */
	int code;           /* of the error; 0: -EIO */
};

struct fake_source {
	struct source base; /* first */
	const char *refused;
	/* Queues of answers; the last one is repeated. */
	struct fake_answer reread[8], purge[8];
	size_t rereads, purges; /* how many answers there are */
	size_t reread_calls, purge_calls, refresh_calls;
	char log[256]; /* "rpr" in the order of the calls */
	bool hold;     /* keep the answer until fake_release() */
	source_answer_fn *held_fn;
	void *held_ctx;
	struct fake_answer held;
	struct source_route route;
	bool routes;
	void (*on_purge)(struct fake_source *f);
	/* A registrar that sends requests itself: the last one that is open. */
	bool uacs;
	unsigned uac_calls, uac_cancels;
	source_uac_fn *uac_fn;
	void *uac_ctx;
};

static inline void fake_answer_now(struct fake_source *f, const struct fake_answer *a,
				   source_answer_fn *fn, void *ctx)
{
	struct err e = ERR_NONE;

	if (f->hold) {
		f->held = *a;
		f->held_fn = fn;
		f->held_ctx = ctx;
		return;
	}
	if (a->what)
		err_set(&e, a->code ? a->code : -EIO, NULL, "%s", a->what);
	fn(ctx, a->a, a->a == SOURCE_DONE || a->row ? &a->now : NULL, a->what ? &e : NULL);
}

static inline void fake_release(struct fake_source *f)
{
	f->hold = false;
	fake_answer_now(f, &f->held, f->held_fn, f->held_ctx);
}

static inline void fake_log(struct fake_source *f, char c)
{
	size_t n = strlen(f->log);

	if (n + 1 < sizeof(f->log)) {
		f->log[n] = c;
		f->log[n + 1] = '\0';
	}
}

static inline void fake_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			       void *ctx)
{
	struct fake_source *f = (struct fake_source *)s;
	size_t i = f->reread_calls < f->rereads ? f->reread_calls : f->rereads - 1;

	(void)b;
	f->reread_calls++;
	fake_log(f, 'r');
	fake_answer_now(f, &f->reread[i], fn, ctx);
}

static inline void fake_purge(struct source *s, const struct binding *b, source_answer_fn *fn,
			      void *ctx)
{
	struct fake_source *f = (struct fake_source *)s;
	size_t i = f->purge_calls < f->purges ? f->purge_calls : f->purges - 1;

	(void)b;
	f->purge_calls++;
	fake_log(f, 'p');
	if (f->on_purge)
		f->on_purge(f);
	fake_answer_now(f, &f->purge[i], fn, ctx);
}

static inline void fake_refresh(struct source *s)
{
	((struct fake_source *)s)->refresh_calls++;
}

static inline const char *fake_refused(const struct source *s)
{
	return ((const struct fake_source *)s)->refused;
}

static inline void fake_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "ul.rm_contact on unix:fake\x1b");
}

static inline bool fake_route(struct source *s, const struct binding *b, struct source_route *out)
{
	struct fake_source *f = (struct fake_source *)s;

	(void)b;
	*out = f->route;
	return f->routes;
}

static inline uint64_t fake_uac(struct source *s, const struct binding *b, const char *method,
				unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	struct fake_source *f = (struct fake_source *)s;

	(void)b;
	(void)method;
	(void)timeout_ms;
	if (!f->uacs || !fn)
		return f->uacs;
	f->uac_fn = fn;
	f->uac_ctx = ctx;
	return ++f->uac_calls;
}

static inline void fake_uac_cancel(struct source *s, uint64_t id)
{
	(void)id;
	((struct fake_source *)s)->uac_cancels++;
}

static const struct source_ops fake_ops = {
	.kind = "fake",
	.refresh = fake_refresh,
	.purge_refused = fake_refused,
	.purge_how = fake_how,
	.reread = fake_reread,
	.purge = fake_purge,
	.route = fake_route,
	.uac = fake_uac,
	.uac_cancel = fake_uac_cancel,
};

static const struct source_ops fake_ops_read_only = {.kind = "snapshot"};

static inline void fake_source_init(struct fake_source *f, const char *name)
{
	memset(f, 0, sizeof(*f));
	f->base.ops = &fake_ops;
	snprintf(f->base.name, sizeof(f->base.name), "%s", name);
}

/* Puts a binding of user@acme.example into the store. */
static inline struct binding fake_binding(const char *key, const char *user, const char *contact)
{
	return (struct binding){
		.key = slice_of(key),
		.user = slice_of(user),
		.domain = SLICE_LIT("acme.example"),
		.contact = slice_of(contact),
		.user_agent = SLICE_LIT("Yealink SIP-T46U"),
		.call_id = SLICE_LIT("abc@192.0.2.7"),
		.expires_s = 1900003600,
		.refreshed_s = 1900000000,
		.granted_s = 3600,
		.cseq = 17,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
}

#endif
