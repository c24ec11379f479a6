/* Kamailio's memory beside its table: what it says of the bindings that are looked at, and those
 * that the table does not have, or not yet. */
#include "source/kamailio_memory.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/kamailio_ask_state.h"
#include "source/kamailio_contact.h"
#include "source/kamailio_dump.h"
#include "source/kamailio_flows.h"
#include "source/kamailio_owner.h"
#include "source/kept.h"

/* The same rows are asked about so often, or rarer when that takes long. */
#define ROUND_MS    3000
#define REST_FACTOR 9
/* Other rows came into view. */
#define TURN_MS 200
/* Bindings that only memory has are looked for so often, rarer when there are none. */
#define DUMP_MS       5000
#define DUMP_REST     49
#define DUMP_IDLE_MS  60000
#define DUMPS_IN_VAIN 3
#define EXPIRES_SLACK 2
/* Where a node listens is asked so often. */
#define SOCKETS_MS 10000

struct rows {
	struct binding **b; /* in the order of their AoRs */
	size_t n;
};

struct kamailio_memory {
	const struct clock *clock;
	struct source *source;
	struct kamailio_nodes *nodes;
	struct loop_timer *timer;
	bool closing;
	struct rows now, next; /* next: seen since the round began */
	bool has_next;
	size_t at, end; /* of now: the AoR that is asked about */
	bool asking;
	struct control *asked;        /* whom, while asking and when the answer is taken */
	struct kamailio_asker *asker; /* whose control that is */
	int64_t round_us, took_ms;
	struct kept *ahead; /* as memory has them; the table is behind */
	struct kept *extra; /* the table does not have them */
	struct kamailio_flows *flows;
	struct kept *agreed; /* the table has caught up, which is still to be told */
	bool looked_at;      /* somebody does: otherwise nothing is asked */
	bool dumping;
	size_t dump_node;
	unsigned dumps_in_vain;
	int64_t dump_us, dump_wait_ms;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->b[i]);
	free(r->b);
	*r = (struct rows){NULL, 0};
}

static int compare_slices(struct slice a, struct slice b)
{
	int rc = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);

	return rc ? rc : (a.n > b.n) - (a.n < b.n);
}

static int compare_aors(const struct binding *a, const struct binding *b)
{
	int rc = compare_slices(a->user, b->user);

	if (!rc)
		rc = compare_slices(a->domain, b->domain);
	return rc ? rc : compare_slices(a->node, b->node);
}

static int compare_rows(const void *a, const void *b)
{
	return compare_aors(*(struct binding *const *)a, *(struct binding *const *)b);
}

static bool same_rows(const struct rows *a, const struct rows *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!slice_eq(a->b[i]->key, b->b[i]->key))
			return false;
	return true;
}

/* ---- what memory says of a row --------------------------------------------------------------- */

static const struct source_sink *sink_of(const struct kamailio_memory *m)
{
	return &m->source->sink;
}

static void tell(struct kamailio_memory *m, struct slice key, enum binding_differs d)
{
	sink_of(m)->differs(sink_of(m)->ctx, key, d);
}

static bool near(int64_t a, int64_t b)
{
	return a == b || (a != BINDING_PERMANENT && b != BINDING_PERMANENT &&
			  a - b <= EXPIRES_SLACK && b - a <= EXPIRES_SLACK);
}

static bool same_registration(const struct binding *a, const struct binding *b)
{
	return a->cseq == b->cseq && slice_eq(a->call_id, b->call_id) &&
	       near(a->expires_s, b->expires_s) && slice_eq(a->contact, b->contact) &&
	       slice_eq(a->received, b->received) && slice_eq(a->path, b->path);
}

/* The keepalive of usrloc's ka_mode has measured what it took: that is a probe for free. A round
 * trip of 0 is none (facts/kamailio-opensips 4.3). */
static void tell_keepalive(struct kamailio_memory *m, const json_t *contact, struct slice key)
{
	json_int_t rtt = json_integer_value(json_object_get(contact, "KA-Roundtrip"));
	json_int_t when = json_integer_value(json_object_get(contact, "Last-Keepalive"));
	struct evidence e = {.outcome = PROBE_ANSWERED, .path = PROBE_PATH_REGISTRAR};

	if (rtt <= 0 || rtt > UINT32_MAX || when <= 0)
		return;
	e.asked_ms = e.heard_ms = (int64_t)when * 1000;
	e.rtt_us = (uint32_t)rtt;
	slice_to_buf(SLICE_LIT("to the registrar's own keepalive"), e.detail, sizeof(e.detail));
	sink_of(m)->evidence(sink_of(m)->ctx, key, &e);
}

static void take_absent(struct kamailio_memory *m, const struct binding *row)
{
	bool lapsed = binding_left_s(row, clock_wall_s(m->clock)) <= 0;
	/* By its number it is, if that is known: its owner is asked. */
	bool own = slice_empty(row->socket) ? m->asker->server_id >= 0
					    : kamailio_lists_socket(m->asker->sockets, row->socket);

	kept_remove(m->ahead, row->key);
	if (kept_find(m->extra, row->key)) {
		kept_remove(m->extra, row->key);
		sink_of(m)->remove(sink_of(m)->ctx, row->key);
	} else {
		/* Memory lets go of what lapsed before the table does; and of another node's row
		 * it cannot say anything. */
		tell(m, row->key, lapsed || !own ? BINDING_UNCOMPARED : BINDING_ONLY_TABLE);
	}
}

/* now has everything that memory knows; the rest is the row's. */
static void take_present(struct kamailio_memory *m, const struct binding *row,
			 const struct binding *now)
{
	struct binding as_memory = *now;
	struct kept_binding *extra = kept_find(m->extra, row->key);
	bool same = same_registration(now, row);

	as_memory.key = row->key;
	as_memory.ruid = row->ruid;
	as_memory.node = row->node;
	if (extra || !same)
		sink_of(m)->put(sink_of(m)->ctx, &as_memory);
	if (extra) {
		kept_put(m->extra, &as_memory, 0);
		tell(m, row->key, BINDING_ONLY_MEMORY);
	} else if (!same) {
		kept_put(m->ahead, &as_memory, 0);
		tell(m, row->key, BINDING_FIELDS);
	} else {
		tell(m, row->key, kept_find(m->ahead, row->key) ? BINDING_FIELDS : BINDING_AGREES);
	}
}

static void take_row(struct kamailio_memory *m, const struct binding *row, const json_t *result)
{
	struct kamailio_found found = kamailio_contact_find(result, row);
	struct strbuf node = STRBUF_INIT;
	struct binding now;

	if (!found.contact ||
	    !kamailio_contact_read(found.contact, row, clock_wall_s(m->clock), &node, &now)) {
		take_absent(m, row);
	} else if (row->ruid.n && !slice_eq(now.ruid, row->ruid)) {
		/* The same URI, registered anew: this row is of a former registration. */
		take_absent(m, row);
	} else {
		take_present(m, row, &now);
		tell_keepalive(m, found.contact, row->key);
		now.key = row->key;
		kamailio_flows_note(m->flows, m->asked, &now);
	}
	strbuf_free(&node);
}

/* ---- what only memory has -------------------------------------------------------------------- */

static void take_extra(struct kamailio_memory *m, const struct binding *b)
{
	struct binding mine = *b;
	struct kept_binding *known = kept_find(m->extra, b->key);

	if (!b->ruid.n || !kamailio_nodes_take(m->nodes, &mine))
		return;
	if (!known && sink_of(m)->has(sink_of(m)->ctx, b->key))
		return;
	if (known && near(known->b->expires_s, mine.expires_s))
		mine.expires_s = known->b->expires_s;
	sink_of(m)->put(sink_of(m)->ctx, &mine);
	kept_put(m->extra, &mine, 0);
	tell(m, mine.key, BINDING_ONLY_MEMORY);
}

/* Contacts of the AoR that are none of its rows. */
static void take_others(struct kamailio_memory *m, const json_t *result)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct strbuf node = STRBUF_INIT;
		struct binding b;

		if (kamailio_contact_read(json_object_get(item, "Contact"), m->now.b[m->at],
					  clock_wall_s(m->clock), &node, &b) &&
		    !kept_find(m->extra, b.key))
			take_extra(m, &b);
		strbuf_free(&node);
	}
}

static void on_dumped_contact(void *ctx, const struct binding *b)
{
	struct kamailio_memory *m = ctx;

	if (!m->closing)
		take_extra(m, b);
}

static bool gone_from_memory(void *ctx, struct kept_binding *kb)
{
	struct kamailio_memory *m = ctx;

	if (!kb->seen)
		sink_of(m)->remove(sink_of(m)->ctx, kb->b->key);
	return kb->seen;
}

static void dump_next(struct kamailio_memory *m);

static void on_dumped(void *ctx, int rc, const struct err *e)
{
	struct kamailio_memory *m = ctx;

	(void)e;
	if (m->closing)
		return;
	m->dump_node++;
	if (rc == 0) {
		dump_next(m);
		return;
	}
	/* Too many, or nobody answers: the rows that are looked at are asked about anyway. */
	m->dumping = false;
	m->dump_wait_ms = DUMP_IDLE_MS;
	m->dump_us = clock_mono_us(m->clock);
}

static void dump_ends(struct kamailio_memory *m)
{
	int64_t took_ms = (clock_mono_us(m->clock) - m->dump_us) / 1000;

	kept_each(m->extra, gone_from_memory, m);
	m->dumping = false;
	m->dumps_in_vain = kept_count(m->extra) ? 0 : m->dumps_in_vain + 1;
	m->dump_wait_ms = m->dumps_in_vain >= DUMPS_IN_VAIN ? DUMP_IDLE_MS : DUMP_MS;
	if (took_ms * DUMP_REST > m->dump_wait_ms)
		m->dump_wait_ms = took_ms * DUMP_REST;
	m->dump_us = clock_mono_us(m->clock);
}

static void dump_next(struct kamailio_memory *m)
{
	const char *table = kamailio_nodes_table(m->nodes);
	struct control *control = NULL;

	while (m->dump_node < kamailio_nodes_own(m->nodes) && !control) {
		control = kamailio_nodes_control(m->nodes, m->dump_node);
		m->dump_node += !control;
	}
	if (control)
		kamailio_dump_ask(control, table, m->clock, on_dumped_contact, on_dumped, m);
	else
		dump_ends(m);
}

static void dump_when_due(struct kamailio_memory *m)
{
	int64_t now_us = clock_mono_us(m->clock);

	/* Before the whole table is known everything would be new. */
	if (m->dumping || !m->looked_at || !m->source->status.complete ||
	    m->source->status.state != SOURCE_LIVE ||
	    (m->dump_us && now_us - m->dump_us < m->dump_wait_ms * 1000))
		return;
	m->dumping = true;
	m->dump_node = 0;
	m->dump_us = now_us;
	kept_begin(m->extra);
	dump_next(m);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void round_next(struct kamailio_memory *m);

/* Who gives no answer is not asked for its other rows too. */
static void note_silence(struct kamailio_memory *m, const struct control_reply *r)
{
	if (r->outcome == CONTROL_NO_ANSWER || r->outcome == CONTROL_NOT_SENT)
		m->asker->silent_us = m->round_us;
}

static void on_sockets(void *ctx, const struct control_reply *r)
{
	struct kamailio_memory *m = ctx;

	if (m->closing)
		return;
	m->asking = false;
	if (r->outcome == CONTROL_RESULT)
		m->asker->sockets = json_deep_copy(r->result);
	note_silence(m, r);
	round_next(m);
}

/* Where the node listens, by which it knows its own rows. False when that is known already. */
static bool ask_sockets(struct kamailio_memory *m)
{
	struct kamailio_asker *a = m->asker;
	int64_t now_us = clock_mono_us(m->clock);

	if (a->sockets_us && now_us - a->sockets_us < SOCKETS_MS * 1000)
		return false;
	a->sockets_us = now_us;
	json_decref(a->sockets);
	a->sockets = NULL;
	m->asking = true;
	control_call(m->asked, "core.sockets_list", NULL, on_sockets, m);
	return true;
}

static void on_lookup(void *ctx, const struct control_reply *r)
{
	struct kamailio_memory *m = ctx;
	bool gone = r->outcome == CONTROL_FAULT && ask_says_gone(r), told;

	if (m->closing)
		return;
	m->asking = false;
	told = r->outcome == CONTROL_RESULT && ask_is_about(r->result, m->now.b[m->at]);
	for (size_t i = m->at; i < m->end && told; i++)
		take_row(m, m->now.b[i], r->result);
	for (size_t i = m->at; i < m->end && gone; i++)
		take_absent(m, m->now.b[i]);
	if (told)
		take_others(m, r->result);
	m->at = m->end;
	note_silence(m, r);
	round_next(m);
}

static void round_ends(struct kamailio_memory *m)
{
	int64_t pause;

	kamailio_flows_ask(m->flows);
	m->took_ms = (clock_mono_us(m->clock) - m->round_us) / 1000;
	pause = m->took_ms * REST_FACTOR > ROUND_MS ? m->took_ms * REST_FACTOR : ROUND_MS;
	if (m->has_next && !same_rows(&m->next, &m->now))
		pause = TURN_MS;
	loop_timer_set(m->timer, pause);
}

static void round_next(struct kamailio_memory *m)
{
	while (m->at < m->now.n) {
		struct binding *b = m->now.b[m->at];
		struct kamailio_asker *a = kamailio_nodes_owner(m->nodes, b, NULL);
		bool silent = a && a->silent_us == m->round_us;
		struct control *control = a && !silent ? kamailio_asker_control(a) : NULL;
		json_t *params = control ? ask_parameters(a, b, false, NULL) : NULL;

		m->end = m->at + 1;
		while (m->end < m->now.n && compare_aors(m->now.b[m->end], b) == 0)
			m->end++;
		if (params) {
			m->asked = control;
			m->asker = a;
			if (ask_sockets(m)) {
				json_decref(params);
				return;
			}
			m->asking = true;
			control_call(control, "ul.lookup", params, on_lookup, m);
			return;
		}
		m->at = m->end;
	}
	round_ends(m);
}

static void on_timer(void *arg)
{
	struct kamailio_memory *m = arg;

	if (m->asking || m->closing)
		return;
	if (m->has_next) {
		rows_free(&m->now);
		m->now = m->next;
		m->next = (struct rows){NULL, 0};
		m->has_next = false;
	}
	m->at = 0;
	m->round_us = clock_mono_us(m->clock);
	if (m->now.n)
		round_next(m);
}

void kamailio_memory_seen(struct kamailio_memory *m, const struct binding *rows, size_t n)
{
	bool resting = !m->asking && m->at >= m->now.n;

	rows_free(&m->next);
	m->next.b = xcalloc(n ? n : 1, sizeof(*m->next.b));
	for (size_t i = 0; i < n; i++)
		m->next.b[m->next.n++] = binding_copy(&rows[i]);
	if (n)
		qsort(m->next.b, n, sizeof(*m->next.b), compare_rows);
	m->has_next = m->looked_at = true;
	dump_when_due(m);
	if (resting && (!m->now.n || !same_rows(&m->next, &m->now)))
		loop_timer_set(m->timer, m->now.n ? TURN_MS : 0);
}

bool kamailio_memory_told(const struct kamailio_memory *m)
{
	return !m->has_next && !m->asking && !m->dumping && m->at >= m->now.n;
}

/* ---- beside the table ------------------------------------------------------------------------ */

void kamailio_memory_complete(struct kamailio_memory *m, struct binding *row)
{
	struct kept_binding *ahead = kept_find(m->ahead, row->key);

	if (kept_find(m->extra, row->key)) {
		kept_remove(m->extra, row->key);
		kept_put(m->agreed, row, 0);
	}
	if (!ahead)
		return;
	if (same_registration(row, ahead->b) || row->refreshed_s > ahead->b->refreshed_s) {
		kept_remove(m->ahead, row->key);
		kept_put(m->agreed, row, 0);
	} else {
		*row = *ahead->b;
	}
}

static bool keep_extra(void *ctx, struct kept_binding *kb)
{
	struct kamailio_memory *m = ctx;
	bool lives = binding_left_s(kb->b, clock_wall_s(m->clock)) > 0;

	if (lives)
		sink_of(m)->keep(sink_of(m)->ctx, kb->b->key);
	return lives;
}

void kamailio_memory_pass_ends(struct kamailio_memory *m)
{
	kept_each(m->extra, keep_extra, m);
}

static bool tell_agreed(void *ctx, struct kept_binding *kb)
{
	tell(ctx, kb->b->key, BINDING_AGREES);
	return false;
}

void kamailio_memory_looked(struct kamailio_memory *m)
{
	kept_each(m->agreed, tell_agreed, m);
	dump_when_due(m);
}

/* ---- opening --------------------------------------------------------------------------------- */

struct kamailio_memory *kamailio_memory_new(struct loop *l, const struct clock *c, struct source *s,
					    struct kamailio_nodes *nodes)
{
	struct kamailio_memory *m = xcalloc(1, sizeof(*m));

	m->clock = c;
	m->source = s;
	m->nodes = nodes;
	m->ahead = kept_new();
	m->extra = kept_new();
	m->agreed = kept_new();
	m->flows = kamailio_flows_new(c, s);
	m->timer = loop_timer_new(l, LOOP_DRAW, on_timer, m);
	return m;
}

void kamailio_memory_close(struct kamailio_memory *m)
{
	if (!m)
		return;
	m->closing = true;
	kamailio_flows_close(m->flows);
}

void kamailio_memory_free(struct kamailio_memory *m)
{
	if (!m)
		return;
	rows_free(&m->now);
	rows_free(&m->next);
	kept_free(m->ahead);
	kept_free(m->extra);
	kept_free(m->agreed);
	kamailio_flows_free(m->flows);
	loop_timer_free(m->timer);
	free(m);
}
