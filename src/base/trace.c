/* Traces: the messages of a probe or call as they went over the wire, with their times. */
#include "base/trace.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"

#define TITLES_MAX  64
#define TITLE_BYTES 80

struct step {
	struct trace_step shown;
	uint64_t print; /* fingerprint of the bytes */
	char *bytes;
};

struct trace {
	const struct clock *clock;
	struct step *steps;
	size_t count, cap, bytes, lost;
	unsigned exchange, exchanges;
	char titles[TITLES_MAX][TITLE_BYTES];
};

struct trace *trace_new(const struct clock *c)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->clock = c;
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->steps[i].bytes);
	free(t->steps);
	free(t);
}

unsigned trace_begin(struct trace *t, const char *title)
{
	if (!t)
		return 0;
	if (t->exchanges < TITLES_MAX)
		text_clean_buf(slice_of(title), t->titles[t->exchanges], TITLE_BYTES);
	t->exchange = t->exchanges++;
	return t->exchange;
}

void trace_switch(struct trace *t, unsigned exchange)
{
	if (t)
		t->exchange = exchange;
}

unsigned trace_current(const struct trace *t)
{
	return t ? t->exchange : 0;
}

const char *trace_title(const struct trace *t, unsigned exchange)
{
	return t && exchange < t->exchanges && exchange < TITLES_MAX ? t->titles[exchange] : "";
}

unsigned trace_exchanges(const struct trace *t)
{
	return t ? t->exchanges : 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* NULL when there is no room. */
static struct step *add(struct trace *t, enum trace_kind kind)
{
	struct step *s;

	if (t->count == TRACE_STEPS_MAX) {
		t->lost++;
		return NULL;
	}
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->steps = xrealloc(t->steps, t->cap * sizeof(*t->steps));
	}
	s = &t->steps[t->count++];
	memset(s, 0, sizeof(*s));
	s->shown.kind = kind;
	s->shown.wall_ms = clock_wall_ms(t->clock);
	s->shown.at_us = clock_mono_us(t->clock);
	s->shown.exchange = t->exchange;
	return s;
}

/* "INVITE" of "INVITE sip:x SIP/2.0", "180 Ringing" of "SIP/2.0 180 Ringing". */
static void name_message(struct slice raw, char *out, size_t size)
{
	struct slice line, word, rest;
	size_t n = 0;

	while (n < raw.n && raw.p[n] != '\r' && raw.p[n] != '\n')
		n++;
	line = slice_make(raw.p, n);
	rest = slice_cut(line, ' ', &word);
	if (slice_starts_with(line, "SIP/2.0 "))
		text_clean_buf(rest, out, size);
	else if (word.n)
		text_clean_buf(word, out, size);
	else
		text_clean_buf(SLICE_LIT("empty"), out, size);
}

static unsigned same_before(const struct trace *t, const struct step *s)
{
	unsigned again = 0;

	for (const struct step *x = t->steps; x < s; x++)
		again += x->shown.kind == s->shown.kind && x->print == s->print &&
			 x->shown.size == s->shown.size && x->shown.exchange == s->shown.exchange;
	return again;
}

static void add_message(struct trace *t, enum trace_kind kind, enum transport transport,
			const struct netaddr *local, const struct netaddr *remote, const void *raw,
			size_t n)
{
	struct step *s = add(t, kind);

	if (!s)
		return;
	s->shown.transport = transport;
	if (local)
		s->shown.local = *local;
	if (remote)
		s->shown.remote = *remote;
	s->shown.size = n;
	s->print = hash_bytes(raw, n);
	s->shown.again = same_before(t, s);
	name_message(slice_make(raw, n), s->shown.words, sizeof(s->shown.words));
	if (t->bytes + n > TRACE_BYTES_MAX)
		return;
	t->bytes += n;
	s->bytes = xmalloc(n ? n : 1);
	if (n)
		memcpy(s->bytes, raw, n);
	s->shown.raw = slice_make(s->bytes, n);
}

void trace_sent(struct trace *t, enum transport transport, const struct netaddr *local,
		const struct netaddr *remote, const void *raw, size_t n)
{
	if (t)
		add_message(t, TRACE_SENT, transport, local, remote, raw, n);
}

void trace_received(struct trace *t, enum transport transport, const struct netaddr *local,
		    const struct netaddr *remote, const void *raw, size_t n)
{
	if (t)
		add_message(t, TRACE_RECEIVED, transport, local, remote, raw, n);
}

void trace_trouble(struct trace *t, enum transport transport, const struct netaddr *remote,
		   const char *words)
{
	struct step *s = t ? add(t, TRACE_TROUBLE) : NULL;

	if (!s)
		return;
	s->shown.transport = transport;
	if (remote)
		s->shown.remote = *remote;
	text_clean_buf(slice_of(words), s->shown.words, sizeof(s->shown.words));
}

void trace_note(struct trace *t, const char *words)
{
	struct step *s = t ? add(t, TRACE_NOTE) : NULL;

	if (s)
		text_clean_buf(slice_of(words), s->shown.words, sizeof(s->shown.words));
}

size_t trace_count(const struct trace *t)
{
	return t ? t->count : 0;
}

const struct trace_step *trace_at(const struct trace *t, size_t i)
{
	return t && i < t->count ? &t->steps[i].shown : NULL;
}

size_t trace_lost(const struct trace *t)
{
	return t ? t->lost : 0;
}
