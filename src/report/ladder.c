/* The ladder: the messages of a trace in the order of time, as text and as JSON. */
#include "report/ladder.h"

#include <stdio.h>
#include <time.h>
#include "base/text.h"
#include "report/ladder_raw.h"
#include "report/redact.h"

/* Reason phrases are not cut below this, whatever the width. */
#define WORDS_MIN 12
/* What a line holds beside the words and the address: time, delta, arrow, size. */
#define BESIDE 39
#define INDENT 4

static bool is_message(const struct trace_step *s)
{
	return s->kind == TRACE_SENT || s->kind == TRACE_RECEIVED;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Appends outside or own words, cleaned for where they go. */
static void add_words(const char *words, const struct ladder_options *o, struct strbuf *out)
{
	struct strbuf t = STRBUF_INIT;

	if (o->redact)
		redact_text(slice_of(words), &t);
	else
		strbuf_add_str(&t, words);
	text_clean(strbuf_slice(&t), o->ascii_only, out);
	strbuf_free(&t);
}

static void add_address(const struct netaddr *a, bool redact, struct strbuf *out)
{
	char text[NETADDR_STR];

	netaddr_format_host(a, text);
	if (redact)
		redact_address(slice_of(text), out);
	else
		strbuf_add_str(out, text);
	strbuf_addf(out, ":%u", netaddr_port(a));
}

/* "+84 ms", "+4.03 s": since the exchange began. */
static void delta_words(int64_t us, char *out, size_t size)
{
	if (us < 1000)
		snprintf(out, size, "+%.1f ms", (double)us / 1000.0);
	else if (us < 1000000)
		snprintf(out, size, "+%lld ms", (long long)(us / 1000));
	else
		snprintf(out, size, "+%.2f s", (double)us / 1e6);
}

static void local_time(int64_t wall_ms, char *out, size_t size)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	char clock[16] = "";

	if (localtime_r(&s, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(out, size, "%s.%03d", clock, (int)(wall_ms % 1000));
}

static const char *arrow(const struct trace_step *s, bool ascii_only)
{
	switch (s->kind) {
	case TRACE_SENT:
		return ascii_only ? "->" : "→";
	case TRACE_RECEIVED:
		return ascii_only ? "<-" : "←";
	case TRACE_TROUBLE:
		return ascii_only ? "x" : "×";
	case TRACE_NOTE:
		break;
	}
	return ascii_only ? "-" : "·";
}

static const struct trace_step *first_of(const struct trace *t, unsigned exchange)
{
	for (size_t i = 0; i < trace_count(t); i++)
		if (trace_at(t, i)->exchange == exchange)
			return trace_at(t, i);
	return NULL;
}

static const struct trace_step *first_sent(const struct trace *t, unsigned exchange)
{
	for (size_t i = 0; i < trace_count(t); i++)
		if (trace_at(t, i)->exchange == exchange && trace_at(t, i)->kind == TRACE_SENT)
			return trace_at(t, i);
	return NULL;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void add_padded(struct slice text, size_t columns, struct strbuf *out)
{
	size_t width = text_width(text);

	strbuf_add_slice(out, text);
	if (width < columns)
		strbuf_add_fill(out, ' ', columns - width);
}

/* "INVITE", "INVITE again (2)". */
static void add_message(const struct trace_step *s, const struct ladder_options *o,
			struct strbuf *out)
{
	add_words(s->words, o, out);
	if (s->again)
		strbuf_addf(out, " again (%u)", s->again);
}

/* Cut to so many columns. */
static void cut_words(struct strbuf *b, size_t columns, bool ascii_only)
{
	struct slice s = strbuf_slice(b);
	size_t at = 0, width = 0, len;

	if (text_width(s) <= columns)
		return;
	while (at < s.n) {
		int w = text_cp_width(text_decode(slice_skip(s, at), &len));

		if (width + (size_t)w > columns - 1)
			break;
		width += (size_t)w;
		at += len;
	}
	strbuf_cut(b, at);
	strbuf_add_str(b, ascii_only ? "~" : "…");
}

static size_t address_width(const struct netaddr *a, bool redact)
{
	struct strbuf t = STRBUF_INIT;
	size_t width;

	if (a->len)
		add_address(a, redact, &t);
	width = t.n;
	strbuf_free(&t);
	return width;
}

/* So wide is the column of what was sent and received. */
static size_t words_width(const struct trace *t, unsigned exchange, const struct ladder_options *o)
{
	size_t most = 0, address = 0, max = TRACE_WORDS;

	for (size_t i = 0; i < trace_count(t); i++) {
		const struct trace_step *s = trace_at(t, i);
		struct strbuf words = STRBUF_INIT;
		size_t wide;

		if (s->exchange != exchange || !is_message(s))
			continue;
		add_message(s, o, &words);
		wide = text_width(strbuf_slice(&words));
		most = wide > most ? wide : most;
		wide = address_width(&s->remote, o->redact);
		address = wide > address ? wide : address;
		strbuf_free(&words);
	}
	if (o->width)
		max = o->width > BESIDE + address + WORDS_MIN ? o->width - BESIDE - address
							      : WORDS_MIN;
	return most < max ? most : max;
}

static void put_step(const struct trace_step *s, int64_t began_us, size_t column,
		     const struct ladder_options *o, struct strbuf *out)
{
	char when[24], delta[24];
	struct strbuf words = STRBUF_INIT;

	local_time(s->wall_ms, when, sizeof(when));
	delta_words(s->at_us - began_us, delta, sizeof(delta));
	strbuf_addf(out, "  %s %9s  %s ", when, delta, arrow(s, o->ascii_only));
	if (is_message(s)) {
		add_message(s, o, &words);
		cut_words(&words, column, o->ascii_only);
		add_padded(strbuf_slice(&words), column, out);
		strbuf_addf(out, " %6zu B  ", s->size);
		if (s->remote.len)
			add_address(&s->remote, o->redact, out);
	} else {
		add_words(s->words, o, &words);
		strbuf_add_slice(out, strbuf_slice(&words));
	}
	strbuf_add_char(out, '\n');
	strbuf_free(&words);
	if (!o->raw || !is_message(s))
		return;
	if (s->raw.n)
		ladder_raw(s->raw, INDENT, o->redact, o->ascii_only, out);
	else if (s->size)
		strbuf_addf(out, "%*s(its bytes were not kept)\n", INDENT, "");
	strbuf_add_char(out, '\n');
}

/* "quiet call, straight from here to 192.0.2.7:40211" and, below it, the day and the socket. */
static void put_head(const struct trace *t, unsigned exchange, const struct ladder_options *o,
		     struct strbuf *out)
{
	const struct trace_step *first = first_of(t, exchange), *sent = first_sent(t, exchange);
	time_t s = (time_t)(first->wall_ms / 1000);
	char day[40] = "";
	struct tm tm;

	add_words(trace_title(t, exchange), o, out);
	if (localtime_r(&s, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d, local times (%z)", &tm);
	strbuf_addf(out, "\n  %s", day);
	if (sent) {
		strbuf_addf(out, ", %s", transport_name(sent->transport));
		if (sent->local.len && netaddr_port(&sent->local)) {
			strbuf_add_str(out, " from ");
			add_address(&sent->local, o->redact, out);
		}
	}
	strbuf_add_char(out, '\n');
}

static void put_exchange(const struct trace *t, unsigned exchange, const struct ladder_options *o,
			 struct strbuf *out)
{
	const struct trace_step *first = first_of(t, exchange);
	size_t column = words_width(t, exchange, o);

	if (!first)
		return;
	if (out->n)
		strbuf_add_char(out, '\n');
	put_head(t, exchange, o, out);
	for (size_t i = 0; i < trace_count(t); i++)
		if (trace_at(t, i)->exchange == exchange)
			put_step(trace_at(t, i), first->at_us, column, o, out);
}

void ladder_write(const struct trace *t, const struct ladder_options *o, struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;

	for (unsigned x = 0; x < trace_exchanges(t); x++)
		put_exchange(t, x, o, &text);
	if (trace_lost(t))
		strbuf_addf(&text, "\nand %zu more, for which there was no room\n", trace_lost(t));
	strbuf_add_slice(out, strbuf_slice(&text));
	strbuf_free(&text);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *text_json(const struct strbuf *b)
{
	json_t *j = b->n ? json_stringn(b->p, b->n) : NULL;

	return j ? j : json_null();
}

static json_t *words_json(const char *words, const struct ladder_options *o)
{
	struct strbuf t = STRBUF_INIT;
	json_t *j;

	add_words(words, o, &t);
	j = text_json(&t);
	strbuf_free(&t);
	return j;
}

static json_t *address_json(const struct netaddr *a, const struct ladder_options *o)
{
	struct strbuf t = STRBUF_INIT;
	json_t *j;

	if (a->len)
		add_address(a, o->redact, &t);
	j = text_json(&t);
	strbuf_free(&t);
	return j;
}

static json_t *step_json(const struct trace_step *s, int64_t began_us,
			 const struct ladder_options *o)
{
	static const char *const kinds[] = {[TRACE_SENT] = "sent",
					    [TRACE_RECEIVED] = "received",
					    [TRACE_TROUBLE] = "trouble",
					    [TRACE_NOTE] = "note"};
	json_t *j = json_object();
	struct strbuf raw = STRBUF_INIT;
	char when[28];

	json_object_set_new(j, "kind", json_string(kinds[s->kind]));
	json_object_set_new(j, "at", json_string(text_rfc3339_ms(s->wall_ms, when)));
	json_object_set_new(j, "ms", json_real((double)(s->at_us - began_us) / 1000.0));
	json_object_set_new(j, "words", words_json(s->words, o));
	if (is_message(s)) {
		json_object_set_new(j, "bytes", json_integer((json_int_t)s->size));
		json_object_set_new(j, "again", json_integer(s->again));
		json_object_set_new(j, "transport", json_string(transport_name(s->transport)));
		json_object_set_new(j, "local", address_json(&s->local, o));
		json_object_set_new(j, "remote", address_json(&s->remote, o));
	}
	if (o->raw && is_message(s)) {
		ladder_raw(s->raw, 0, o->redact, false, &raw);
		json_object_set_new(j, "raw", text_json(&raw));
	}
	strbuf_free(&raw);
	return j;
}

json_t *ladder_json(const struct trace *t, const struct ladder_options *o)
{
	json_t *list = json_array();

	for (unsigned x = 0; x < trace_exchanges(t); x++) {
		const struct trace_step *first = first_of(t, x);
		json_t *one, *steps;

		if (!first)
			continue;
		one = json_object();
		steps = json_array();
		for (size_t i = 0; i < trace_count(t); i++)
			if (trace_at(t, i)->exchange == x)
				json_array_append_new(steps,
						      step_json(trace_at(t, i), first->at_us, o));
		json_object_set_new(one, "title", words_json(trace_title(t, x), o));
		json_object_set_new(one, "steps", steps);
		json_array_append_new(list, one);
	}
	return list;
}
