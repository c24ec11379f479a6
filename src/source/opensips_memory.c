/* OpenSIPS's memory as a source's picture: ul_dump while that is small enough to be harmless, and
 * single AoRs at once when something is heard of them. */
#include "source/opensips_memory.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/opensips_book.h"

#define INTERVAL_MS 1000
/* So much rarer while changes are heard of. */
#define LIVE_FACTOR 10
/* A look rests nine times as long as it took. */
#define REST_FACTOR 9
#define BACK_OFF_MS 30000
/* An answer of mi_datagram has 65 457 bytes at the most, and a contact takes some 400
 * (facts/kamailio-opensips 5.3): with more contacts than this only the AoRs' names are dumped, and
 * each AoR is asked for. */
#define DATAGRAM_CONTACTS 80
/* So many AoRs wait to be asked for; with more, everything is read again. */
#define HEARD_MAX 500
/* Between two of them, so that a storm of REGISTERs does not become one of questions. */
#define ASK_PAUSE_MS 4

/* An AoR that is to be asked for. */
struct heard {
	struct heard *next;
	char *table, *aor;
	char *fresh; /* the contact that has just registered; NULL none, or more than one */
};

struct opensips_memory {
	const struct clock *clock;
	struct source *source;
	struct control *control;
	struct opensips_book *book;
	struct loop_timer *timer, *next_ask;
	unsigned interval_ms;
	opensips_back_fn *back;
	void *ctx;
	bool live; /* changes are heard of: something was */
	bool closing;
	bool over_table;     /* the picture is the table's: no looks at memory */
	bool looking, again; /* a look is under way; another was asked for meanwhile */
	bool pictured;       /* there was a whole picture */
	bool held_some;      /* it was not empty */
	bool doubtful;       /* phones have registered, and none has lapsed */
	int64_t began_us;
	unsigned failures; /* looks in a row */
	struct heard *heard, **heard_end;
	size_t heard_n;
	bool asking; /* for the first of heard */
	/* A look by parts: the AoRs that are still to be asked for. */
	struct heard *parts, **parts_end;
	bool by_parts;
	bool overflown; /* more was heard of than can be asked for: a look comes soon */
};

/* ---- a look ---------------------------------------------------------------------------------- */

static int64_t pause_ms(const struct opensips_memory *m)
{
	int64_t took_ms = (clock_mono_us(m->clock) - m->began_us) / 1000;
	int64_t ms = m->interval_ms;

	if (m->failures) {
		ms <<= m->failures < 10 ? m->failures : 10;
		return ms > BACK_OFF_MS ? BACK_OFF_MS : ms;
	}
	if (m->live)
		ms *= LIVE_FACTOR;
	return took_ms * REST_FACTOR > ms ? took_ms * REST_FACTOR : ms;
}

static void look_ends(struct opensips_memory *m)
{
	m->looking = false;
	m->source->status.reading = false;
	loop_timer_set(m->timer, m->again ? 0 : pause_ms(m));
	m->again = false;
	source_tell(m->source);
}

static void look_fails(struct opensips_memory *m, const struct err *e)
{
	struct source_status *st = &m->source->status;

	m->failures++;
	m->live = false;
	st->state = SOURCE_TROUBLE;
	st->complete = false;
	st->trouble = *e;
	look_ends(m);
}

/* Too many for ul_dump: it would stop the registrar for seconds. */
static void refuse_size(struct opensips_memory *m, int64_t contacts)
{
	struct err e;

	err_set(&e, -EFBIG,
		"Let regtop read its table, and name the control beside: -s "
		"opensips:mysql://USER@HOST/DATABASE --control PLACE.",
		"OpenSIPS holds %lld contacts; ul_dump of more than %d would make its phones wait.",
		(long long)contacts, OPENSIPS_DUMP_MAX);
	look_fails(m, &e);
}

/* With its mode sql-only, OpenSIPS holds nothing in memory (facts/kamailio-opensips 5.2). */
static void doubt(struct opensips_memory *m)
{
	struct source_status *st = &m->source->status;

	st->complete = false;
	err_set(&st->trouble, -ENODATA,
		"If it keeps them only in its table (sql-only), name that: -s "
		"opensips:mysql://USER@HOST/DATABASE --control PLACE.",
		"OpenSIPS's memory holds no contacts, though phones have registered.");
}

static bool is_datagram(const struct opensips_memory *m)
{
	struct slice place = slice_of(control_place(m->control));

	return slice_starts_with(place, "unix:") || slice_starts_with(place, "udp:");
}

static bool is_domains(const json_t *domains)
{
	const json_t *d, *a;
	size_t i, k;

	if (!json_is_array(domains))
		return false;
	json_array_foreach((json_t *)(uintptr_t)domains, i, d)
	{
		const json_t *aors = json_object_get(d, "AORs");

		if (!json_is_string(json_object_get(d, "name")) || !json_is_array(aors))
			return false;
		json_array_foreach((json_t *)(uintptr_t)aors, k, a)
		{
			if (!json_is_string(json_object_get(a, "AOR")))
				return false;
		}
	}
	return true;
}

static struct slice text_of(const json_t *v)
{
	return slice_make(json_string_value(v), json_string_length(v));
}

static size_t take_domains(struct opensips_memory *m, const json_t *domains)
{
	const json_t *d, *a;
	size_t i, k;

	opensips_book_begin(m->book);
	json_array_foreach((json_t *)(uintptr_t)domains, i, d)
	{
		const json_t *aors = json_object_get(d, "AORs");
		struct slice table = text_of(json_object_get(d, "name"));

		json_array_foreach((json_t *)(uintptr_t)aors, k, a)
		{
			opensips_book_put(m->book, table, text_of(json_object_get(a, "AOR")),
					  json_object_get(a, "Contacts"), SLICE_NONE);
		}
	}
	return opensips_book_end(m->book);
}

/* A whole picture is there. */
static void look_done(struct opensips_memory *m, size_t contacts)
{
	struct source_status *st = &m->source->status;

	if (m->failures && m->back)
		m->back(m->ctx);
	m->failures = 0;
	m->pictured = true;
	st->state = SOURCE_LIVE;
	st->complete = true;
	st->progress = st->expected = contacts;
	st->read_ms = clock_wall_ms(m->clock);
	err_clear(&st->trouble);
	m->held_some |= contacts > 0;
	if (contacts == 0 && m->doubtful && !m->held_some)
		doubt(m);
	look_ends(m);
}

/* The array of domains in the answer to ul_dump; NULL when there is none, and the look has failed.
 */
static const json_t *dumped(struct opensips_memory *m, const struct control_reply *r)
{
	const json_t *domains = json_object_get(r->result, "Domains");
	struct err e = r->e;

	if (r->outcome == CONTROL_RESULT && is_domains(domains))
		return domains;
	if (r->outcome == CONTROL_RESULT)
		err_set(&e, -EPROTO, NULL, "What OpenSIPS answered to ul_dump is no list.");
	else if (is_datagram(m) && e.code == -EPROTO)
		slice_to_buf(SLICE_LIT("mi_datagram sends 64 KiB at the most: name its FIFO or "
				       "mi_http, fifo:PATH or http://ADDRESS:PORT/mi."),
			     e.hint, sizeof(e.hint));
	look_fails(m, &e);
	return NULL;
}

static void on_dump(void *ctx, const struct control_reply *r)
{
	struct opensips_memory *m = ctx;
	const json_t *domains = m->closing ? NULL : dumped(m, r);

	if (domains)
		look_done(m, take_domains(m, domains));
}

/* ---- a look by parts ------------------------------------------------------------------------- */

static void add_part(struct opensips_memory *m, struct slice table, struct slice aor)
{
	struct heard *h = xcalloc(1, sizeof(*h));

	h->table = slice_copy(table);
	h->aor = slice_copy(aor);
	*m->parts_end = h;
	m->parts_end = &h->next;
}

static void drop_part(struct opensips_memory *m)
{
	struct heard *h = m->parts;

	m->parts = h->next;
	if (!m->parts)
		m->parts_end = &m->parts;
	free(h->table);
	free(h->aor);
	free(h);
}

static void ask_first(struct opensips_memory *m);

static void parts_end(struct opensips_memory *m)
{
	m->by_parts = false;
	while (m->parts)
		drop_part(m);
	/* What was heard of meanwhile has waited. */
	ask_first(m);
}

static bool says_gone(const struct control_reply *r)
{
	return r->outcome == CONTROL_FAULT &&
	       slice_find_icase(slice_of(r->fault), SLICE_LIT("AOR not found")) >= 0;
}

static void next_part(struct opensips_memory *m);

static void on_part(void *ctx, const struct control_reply *r)
{
	struct opensips_memory *m = ctx;
	const json_t *contacts = json_object_get(r->result, "Contacts");

	if (m->closing)
		return;
	if (says_gone(r) || json_is_array(contacts)) {
		opensips_book_put(m->book, slice_of(m->parts->table), slice_of(m->parts->aor),
				  contacts, SLICE_NONE);
		drop_part(m);
		next_part(m);
		return;
	}
	opensips_book_abort(m->book);
	look_fails(m, &r->e);
	parts_end(m);
}

static void next_part(struct opensips_memory *m)
{
	if (m->parts) {
		control_call(m->control, "ul_show_contact",
			     json_pack("[s,s]", m->parts->table, m->parts->aor), on_part, m);
		return;
	}
	look_done(m, opensips_book_end(m->book));
	parts_end(m);
}

static void on_names(void *ctx, const struct control_reply *r)
{
	struct opensips_memory *m = ctx;
	const json_t *domains = m->closing ? NULL : dumped(m, r), *d, *a;
	size_t i, k;

	if (!domains)
		return;
	json_array_foreach((json_t *)(uintptr_t)domains, i, d)
	{
		struct slice table = text_of(json_object_get(d, "name"));

		json_array_foreach(json_object_get(d, "AORs"), k, a)
		{
			add_part(m, table, text_of(json_object_get(a, "AOR")));
		}
	}
	m->by_parts = true;
	opensips_book_begin(m->book);
	next_part(m);
}

/* ---- what to do ------------------------------------------------------------------------------ */

/* The sum of the members "usrloc:TABLE-contacts", or what the ending may be; -1 when there are
 * none. */
static int64_t sum_over_tables(const json_t *statistics, const char *ending)
{
	size_t end_n = strlen(ending);
	const char *name;
	json_t *v;
	int64_t sum = -1;

	json_object_foreach((json_t *)(uintptr_t)statistics, name, v)
	{
		size_t n = strlen(name);

		if (slice_starts_with(slice_of(name), "usrloc:") && n > end_n &&
		    strcmp(name + n - end_n, ending) == 0 && json_is_integer(v))
			sum = (sum < 0 ? 0 : sum) + json_integer_value(v);
	}
	return sum;
}

static void on_statistics(void *ctx, const struct control_reply *r)
{
	struct opensips_memory *m = ctx;
	int64_t contacts = sum_over_tables(r->result, "-contacts");
	struct err e = r->e;

	if (m->closing)
		return;
	if (r->outcome != CONTROL_RESULT) {
		look_fails(m, &e);
	} else if (contacts < 0) {
		err_set(&e, -EPROTO, "Is its module usrloc loaded?",
			"OpenSIPS does not say how many contacts it holds.");
		look_fails(m, &e);
	} else if (contacts > OPENSIPS_DUMP_MAX) {
		refuse_size(m, contacts);
	} else {
		m->doubtful = sum_over_tables(r->result, "-expires") <= 0 &&
			      json_integer_value(
				      json_object_get(r->result, "registrar:accepted_regs")) > 0;
		if (is_datagram(m) && contacts > DATAGRAM_CONTACTS)
			control_call(m->control, "ul_dump", json_pack("[i]", 1), on_names, m);
		else
			control_call(m->control, "ul_dump", NULL, on_dump, m);
	}
}

static void on_timer(void *arg)
{
	struct opensips_memory *m = arg;

	if (m->looking)
		return;
	m->looking = true;
	m->overflown = false;
	m->began_us = clock_mono_us(m->clock);
	m->source->status.reading = m->source->status.state == SOURCE_OPENING;
	control_call(m->control, "get_statistics", json_pack("[[s,s]]", "usrloc:", "registrar:"),
		     on_statistics, m);
}

void opensips_memory_refresh(struct opensips_memory *m)
{
	if (m->looking)
		m->again = true;
	else
		loop_timer_set(m->timer, 0);
}

/* ---- single AoRs ----------------------------------------------------------------------------- */

static void heard_free(struct opensips_memory *m)
{
	struct heard *h = m->heard;

	m->heard = h->next;
	if (!m->heard)
		m->heard_end = &m->heard;
	m->heard_n--;
	free(h->table);
	free(h->aor);
	free(h->fresh);
	free(h);
}

static void on_aor(void *ctx, const struct control_reply *r)
{
	struct opensips_memory *m = ctx;
	const json_t *contacts = json_object_get(r->result, "Contacts");
	bool gone = says_gone(r);

	if (m->closing)
		return;
	m->asking = false;
	if (gone || json_is_array(contacts))
		opensips_book_put(m->book, slice_of(m->heard->table), slice_of(m->heard->aor),
				  gone ? NULL : contacts, slice_of(m->heard->fresh));
	/* Anything else is left to the next look: what was heard may have been made up. */
	heard_free(m);
	loop_timer_set(m->next_ask, ASK_PAUSE_MS);
}

static void on_next_ask(void *arg)
{
	ask_first(arg);
}

static void ask_first(struct opensips_memory *m)
{
	/* In the middle of a pass nothing could be taken away alone. */
	if (!m->heard || m->asking || m->by_parts || loop_timer_is_set(m->next_ask))
		return;
	m->asking = true;
	control_call(m->control, "ul_show_contact",
		     json_pack("[s,s]", m->heard->table, m->heard->aor), on_aor, m);
}

/* The one that is being asked for may have changed after it was answered for. */
static struct heard *waiting(const struct opensips_memory *m, struct slice table, struct slice aor)
{
	struct heard *h = m->heard && m->asking ? m->heard->next : m->heard;

	for (; h; h = h->next)
		if (slice_eq(slice_of(h->aor), aor) && slice_eq(slice_of(h->table), table))
			return h;
	return NULL;
}

/* More than can be asked for: a look comes soon. */
static void overflow(struct opensips_memory *m)
{
	if (!m->overflown && !m->looking && !m->over_table)
		loop_timer_set(m->timer, m->interval_ms);
	m->overflown = true;
}

void opensips_memory_heard(struct opensips_memory *m, struct slice table, struct slice aor,
			   struct slice fresh)
{
	struct heard *h;

	/* Before the first whole picture there is nothing that could change. */
	if (!m->pictured || m->closing)
		return;
	m->live = true;
	h = waiting(m, table, aor);
	if (h) {
		if (h->fresh && !slice_eq(slice_of(h->fresh), fresh)) {
			free(h->fresh);
			h->fresh = NULL;
		}
		return;
	}
	if (m->heard_n >= HEARD_MAX) {
		overflow(m);
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->table = slice_copy(table);
	h->aor = slice_copy(aor);
	h->fresh = fresh.n ? slice_copy(fresh) : NULL;
	*m->heard_end = h;
	m->heard_end = &h->next;
	m->heard_n++;
	ask_first(m);
}

/* ---- over a table ---------------------------------------------------------------------------- */

void opensips_memory_over_table(struct opensips_memory *m)
{
	m->over_table = true;
	opensips_book_over_table(m->book);
}

void opensips_memory_freshen(struct opensips_memory *m, struct binding *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		opensips_book_freshen(m->book, &rows[i]);
}

void opensips_memory_pass_ends(struct opensips_memory *m, bool complete)
{
	m->pictured |= complete;
	opensips_book_keep(m->book);
}

/* ---- opening --------------------------------------------------------------------------------- */

struct opensips_memory *opensips_memory_new(struct loop *l, const struct clock *c, struct source *s,
					    struct control *control, unsigned interval_ms,
					    opensips_back_fn *back, void *ctx)
{
	struct opensips_memory *m = xcalloc(1, sizeof(*m));

	m->clock = c;
	m->source = s;
	m->control = control;
	m->back = back;
	m->ctx = ctx;
	m->interval_ms = interval_ms ? interval_ms : INTERVAL_MS;
	m->book = opensips_book_new(c, s);
	m->timer = loop_timer_new(l, LOOP_DRAW, on_timer, m);
	m->next_ask = loop_timer_new(l, LOOP_DRAW, on_next_ask, m);
	m->heard_end = &m->heard;
	m->parts_end = &m->parts;
	return m;
}

void opensips_memory_close(struct opensips_memory *m)
{
	if (m)
		m->closing = true;
}

void opensips_memory_free(struct opensips_memory *m)
{
	if (!m)
		return;
	while (m->heard)
		heard_free(m);
	while (m->parts)
		drop_part(m);
	loop_timer_free(m->timer);
	loop_timer_free(m->next_ask);
	opensips_book_free(m->book);
	free(m);
}
