/* Kamailio's whole memory by ul.dump, as long as that is small enough to be harmless. */
#include "source/kamailio_dump.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/kamailio_contact.h"
#include "source/kept.h"

#define INTERVAL_MS 1000
/* A look rests so many times as long as it took: Kamailio's workers wait while it builds one. */
#define REST_FACTOR   19
#define BACK_OFF_MS   30000
#define SECONDS_SLACK 2

/* ---- one question ---------------------------------------------------------------------------- */

struct question {
	struct control *control;
	const char *table;
	const struct clock *clock;
	bool use_domain;
	kamailio_contact_fn *contact;
	kamailio_dumped_fn *done;
	void *ctx;
};

static void end(struct question *q, int rc, const struct err *e)
{
	q->done(q->ctx, rc, e);
	free(q);
}

static struct slice text_of(const json_t *v)
{
	return slice_make(json_string_value(v), json_string_length(v));
}

/* "user@domain" with use_domain, else "user", which may have an @ in it, too. */
static struct binding of_aor(struct slice aor, bool use_domain)
{
	struct binding b = {.user = aor};

	for (size_t i = aor.n; use_domain && i > 0; i--) {
		if (aor.p[i - 1] != '@')
			continue;
		b.user = slice_make(aor.p, i - 1);
		b.domain = slice_skip(aor, i);
		break;
	}
	return b;
}

static void bring_aor(struct question *q, const json_t *info)
{
	struct binding aor = of_aor(text_of(json_object_get(info, "AoR")), q->use_domain), b;
	const json_t *contacts = json_object_get(info, "Contacts"), *c;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)contacts, i, c)
	{
		struct strbuf node = STRBUF_INIT;

		/* What lapsed or was deleted only waits to be cleared away. */
		if (kamailio_contact_read(json_object_get(c, "Contact"), &aor,
					  clock_wall_s(q->clock), &node, &b))
			q->contact(q->ctx, &b);
		strbuf_free(&node);
	}
}

/* The AoRs of the table; NULL when the answer does not have the shape of a dump, or has no such
 * table. */
static const json_t *find_aors(const struct question *q, const json_t *domains, struct err *e)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)domains, i, item)
	{
		const json_t *domain = json_object_get(item, "Domain");
		const json_t *aors = json_object_get(domain, "AoRs");

		if (slice_eq_str(text_of(json_object_get(domain, "Domain")), q->table) &&
		    json_is_array(aors))
			return aors;
	}
	if (json_is_array(domains) && json_array_size(domains) == 0)
		return domains;
	if (json_is_array(domains))
		err_set(e, -ENOENT, "Say table= in its section of the configuration file.",
			"Kamailio has no table that it calls %s.", q->table);
	else
		err_set(e, -EPROTO, NULL, "What Kamailio answered to ul.dump is no list.");
	return NULL;
}

/* Whether each of them has the shape of an AoR, and *use_domain: all have an @. */
static bool are_aors(const json_t *aors, bool *use_domain)
{
	const json_t *item;
	size_t i;

	*use_domain = true;
	json_array_foreach((json_t *)(uintptr_t)aors, i, item)
	{
		const json_t *aor = json_object_get(json_object_get(item, "Info"), "AoR");

		if (!json_is_string(aor))
			return false;
		*use_domain = *use_domain && slice_find_char(text_of(aor), '@') >= 0;
	}
	return true;
}

static void on_dump(void *ctx, const struct control_reply *r)
{
	struct question *q = ctx;
	const json_t *aors, *item;
	struct err e = r->e;
	size_t i;

	if (r->outcome != CONTROL_RESULT) {
		end(q, e.code ? e.code : -EIO, &e);
		return;
	}
	aors = find_aors(q, json_object_get(r->result, "Domains"), &e);
	if (aors && are_aors(aors, &q->use_domain)) {
		json_array_foreach((json_t *)(uintptr_t)aors, i, item)
			bring_aor(q, json_object_get(item, "Info"));
		end(q, 0, NULL);
		return;
	}
	if (aors)
		err_set(&e, -EPROTO, NULL, "What Kamailio answered to ul.dump is no list.");
	end(q, e.code, &e);
}

/* The sum of "usrloc:TABLE_contacts = N"; -1 when there is none. */
static int64_t count_contacts(const json_t *statistics)
{
	const json_t *item;
	int64_t sum = -1;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)statistics, i, item)
	{
		struct slice name, value = slice_cut(text_of(item), '=', &name);
		uint64_t n;

		name = slice_trim(name);
		if (name.n < 9 || !slice_eq_str(slice_skip(name, name.n - 9), "_contacts") ||
		    !slice_to_u64(slice_trim(value), INT32_MAX, &n))
			continue;
		sum = (sum < 0 ? 0 : sum) + (int64_t)n;
	}
	return sum;
}

static int too_many(const struct question *q, int64_t contacts, struct err *e)
{
	bool datagram = slice_starts_with(slice_of(control_place(q->control)), "unix:");
	int most = datagram ? KAMAILIO_DUMP_DATAGRAM_MAX : KAMAILIO_DUMP_MAX;

	if (contacts <= most)
		return 0;
	if (datagram && contacts <= KAMAILIO_DUMP_MAX)
		return err_set(e, -EFBIG,
			       "Name another control of it (ctl:PATH, http://ADDRESS:PORT/RPC), or "
			       "its database with -s and this control beside.",
			       "Kamailio holds %lld contacts, and a datagram has room for %d.",
			       (long long)contacts, most);
	return err_set(
		e, -EFBIG,
		"Name its database with -s, and this control beside with --control. With "
		"db_mode 0 there is no way to list so many.",
		"Kamailio holds %lld contacts; ul.dump of more than %d would make its phones "
		"wait.",
		(long long)contacts, most);
}

static void on_statistics(void *ctx, const struct control_reply *r)
{
	struct question *q = ctx;
	int64_t contacts = count_contacts(r->result);
	struct err e = r->e;

	if (r->outcome != CONTROL_RESULT) {
		end(q, e.code ? e.code : -EIO, &e);
	} else if (contacts < 0) {
		err_set(&e, -EPROTO, "Are its modules usrloc and kex loaded?",
			"Kamailio does not say how many contacts it holds.");
		end(q, e.code, &e);
	} else if (too_many(q, contacts, &e) < 0) {
		end(q, e.code, &e);
	} else {
		control_call(q->control, "ul.dump", NULL, on_dump, q);
	}
}

void kamailio_dump_ask(struct control *control, const char *table, const struct clock *c,
		       kamailio_contact_fn *contact, kamailio_dumped_fn *done, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));

	*q = (struct question){.control = control,
			       .table = table,
			       .clock = c,
			       .contact = contact,
			       .done = done,
			       .ctx = ctx};
	control_call(control, "stats.get_statistics", json_pack("[s]", "usrloc:"), on_statistics,
		     q);
}

/* ---- a picture ------------------------------------------------------------------------------- */

struct kamailio_dump {
	const struct clock *clock;
	struct source *source;
	struct control *control;
	char *table;
	kamailio_take_fn *take;
	kamailio_looked_fn *looked;
	void *ctx;
	struct kept *kept; /* what was brought last */
	struct loop_timer *timer;
	unsigned interval_ms, failures;
	bool looking, again, closing;
	bool began; /* the pass was told of */
	uint64_t brought;
	int64_t began_us;
};

static int64_t pause_ms(const struct kamailio_dump *d)
{
	int64_t took_ms = (clock_mono_us(d->clock) - d->began_us) / 1000;
	int64_t ms = (int64_t)d->interval_ms << (d->failures < 10 ? d->failures : 10);

	if (d->failures)
		return ms > BACK_OFF_MS ? BACK_OFF_MS : ms;
	return took_ms * REST_FACTOR > ms ? took_ms * REST_FACTOR : ms;
}

static void begin_pass(struct kamailio_dump *d)
{
	if (d->began)
		return;
	d->began = true;
	kept_begin(d->kept);
	d->source->sink.begin_pass(d->source->sink.ctx);
}

/* "Expires" is what is left, in whole seconds of two clocks: the same REGISTER ends at the second
 * that was said first. */
static void keep_second(const struct kamailio_dump *d, struct binding *b)
{
	const struct kept_binding *known = kept_find(d->kept, b->key);
	int64_t off;

	if (!known || known->b->cseq != b->cseq || known->b->expires_s == BINDING_PERMANENT ||
	    b->expires_s == BINDING_PERMANENT)
		return;
	off = b->expires_s - known->b->expires_s;
	if (off < -SECONDS_SLACK || off > SECONDS_SLACK)
		return;
	b->expires_s = known->b->expires_s;
	b->granted_s = known->b->granted_s;
}

static void on_contact(void *ctx, const struct binding *b)
{
	struct kamailio_dump *d = ctx;
	struct binding mine = *b;

	if (d->closing)
		return;
	begin_pass(d);
	if (!d->take(d->ctx, &mine))
		return;
	keep_second(d, &mine);
	kept_put(d->kept, &mine, 0);
	d->source->sink.put(d->source->sink.ctx, &mine);
	d->brought++;
}

static void look_succeeded(struct kamailio_dump *d)
{
	struct source_status *st = &d->source->status;

	begin_pass(d);
	kept_drop_unseen(d->kept);
	d->source->sink.end_pass(d->source->sink.ctx, true);
	st->state = SOURCE_LIVE;
	st->complete = true;
	st->progress = st->expected = d->brought;
	st->read_ms = clock_wall_ms(d->clock);
	err_clear(&st->trouble);
}

static void on_dumped(void *ctx, int rc, const struct err *e)
{
	struct kamailio_dump *d = ctx;
	struct source_status *st = &d->source->status;

	if (d->closing)
		return;
	d->looking = false;
	st->reading = false;
	d->failures = rc < 0 ? d->failures + 1 : 0;
	if (rc == 0) {
		look_succeeded(d);
	} else {
		st->state = SOURCE_TROUBLE;
		st->complete = false;
		st->trouble = *e;
	}
	loop_timer_set(d->timer, d->again ? 0 : pause_ms(d));
	d->again = false;
	d->looked(d->ctx);
	source_tell(d->source);
}

static void on_timer(void *arg)
{
	struct kamailio_dump *d = arg;

	if (d->looking)
		return;
	d->looking = true;
	d->began = false;
	d->brought = 0;
	d->began_us = clock_mono_us(d->clock);
	d->source->status.reading = d->source->status.state == SOURCE_OPENING;
	kamailio_dump_ask(d->control, d->table, d->clock, on_contact, on_dumped, d);
}

struct kamailio_dump *kamailio_dump_new(struct loop *l, const struct clock *c, struct source *s,
					struct control *control, const char *table,
					unsigned interval_ms, kamailio_take_fn *take,
					kamailio_looked_fn *looked, void *ctx)
{
	struct kamailio_dump *d = xcalloc(1, sizeof(*d));

	d->clock = c;
	d->source = s;
	d->control = control;
	d->table = xstrdup(table);
	d->take = take;
	d->looked = looked;
	d->kept = kept_new();
	d->ctx = ctx;
	d->interval_ms = interval_ms ? interval_ms : INTERVAL_MS;
	d->timer = loop_timer_new(l, LOOP_DRAW, on_timer, d);
	return d;
}

void kamailio_dump_refresh(struct kamailio_dump *d)
{
	if (d->looking)
		d->again = true;
	else
		loop_timer_set(d->timer, 0);
}

void kamailio_dump_close(struct kamailio_dump *d)
{
	if (d)
		d->closing = true;
}

void kamailio_dump_free(struct kamailio_dump *d)
{
	if (!d)
		return;
	loop_timer_free(d->timer);
	kept_free(d->kept);
	free(d->table);
	free(d);
}
