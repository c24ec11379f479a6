/* Diagnosis: from findings to the cause, by THE table of causes. */
#include "judge/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "judge/cause_facts.h"

const char *confidence_name(enum confidence c)
{
	static const char *const names[] = {[CONFIDENCE_LOW] = "low",
					    [CONFIDENCE_MEDIUM] = "medium",
					    [CONFIDENCE_HIGH] = "high"};

	return names[c];
}

const char *cause_advice(const struct cause *c)
{
	return c->advice ? c->advice : c->row->advice;
}

static bool is_well(const struct cause_row *row)
{
	return row->applies == cause_well || row->applies == cause_rings;
}

/* Where something is wrong, that the rest is well would only confuse; and what another row explains
 * is not unexplained. */
static bool is_only_alone(const struct cause_row *row)
{
	return row->applies == cause_well || row->applies == cause_unexplained;
}

/* The binding that the answer is about: the cause's, else the one registered last. */
static size_t subject(const struct findings *f, const struct cause *c)
{
	size_t best = f->count;

	if (c->binding < f->count)
		return c->binding;
	for (size_t i = 0; i < f->count; i++)
		if (best == f->count ||
		    f->bindings[i].row.b.refreshed_s > f->bindings[best].row.b.refreshed_s)
			best = i;
	return best;
}

static int add(char *out, size_t size, int at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int add(char *out, size_t size, int at, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (at < 0 || (size_t)at >= size)
		return at;
	va_start(ap, fmt);
	n = vsnprintf(out + at, size - (size_t)at, fmt, ap);
	va_end(ap);
	return n < 0 ? at : at + n;
}

/* facts 4.2: what is known, with its times; never more. */
static void say_verdict(const struct findings *f, const struct finding_binding *b, char *out,
			size_t size)
{
	const struct evidence *e = fact_asked(f, b);
	int64_t heard = fact_heard_ms(b), left = binding_left_s(&b->row.b, f->now_ms / 1000);
	int at = 0;

	if (fact_ignores(f, b))
		at = add(out, size, at, "%s takes calls and answers no OPTIONS", fact_hop(b));
	else if (!e && b->known.outcome == PROBE_ANSWERED && b->known.by_registrar)
		at = add(out, size, at,
			 "the registrar itself answered %d, which says nothing about %s",
			 b->known.code, fact_hop(b));
	else if (!e && probe_was_sent(b->known.outcome))
		at = add(out, size, at, "no answer that counts from %s", fact_hop(b));
	else if (!e)
		at = add(out, size, at, "%s was not asked", fact_hop(b));
	else if (e->outcome == PROBE_ANSWERED && !e->by_registrar)
		at = add(out, size, at, "%s answers %d%s%s, %s", fact_hop(b), e->code,
			 e->agent[0] ? " as " : "", e->agent, fact_way(e->path));
	else if (fact_unknown_to_registrar(e))
		at = add(out, size, at, "the registrar itself does not know %s (%d)", fact_hop(b),
			 e->code);
	else
		at = add(out, size, at, "no answer from %s since %s (%u probe%s, %s%s%s)",
			 fact_hop(b),
			 fact_time(f, e->failed_first_ms ? e->failed_first_ms : e->asked_ms),
			 e->failures ? e->failures : 1, e->failures > 1 ? "s" : "",
			 fact_way(e->path), e->detail[0] ? ", " : "", e->detail);
	if (b->row.b.expires_s == BINDING_PERMANENT)
		at = add(out, size, at, "; registered for good");
	else
		at = add(out, size, at, "; %s %s", left > 0 ? "registered until" : "expired at",
			 fact_time(f, b->row.b.expires_s * 1000));
	if (heard)
		at = add(out, size, at, "; last heard from the phone itself at %s",
			 fact_time(f, heard));
	add(out, size, at, ".");
}

/* The line is pasted into a shell: an AoR that means something there is not put into it. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      strchr("@._+-:", c)))
			return false;
	}
	return true;
}

/* What would tell more than is known now. */
static void say_next(const struct findings *f, const struct diagnosis *d, char *out, size_t size)
{
	const struct cause_row *row = d->list[0].row;
	const struct finding_binding *b = d->binding < f->count ? &f->bindings[d->binding] : NULL;
	const struct evidence *e = b ? fact_asked(f, b) : NULL;
	const char *verb = NULL, *how = "";

	if (!b || !is_plain(f->aor))
		return;
	if (row->applies == cause_well || row->applies == cause_edge_answers ||
	    row->applies == cause_ignores_options) {
		verb = "call";
		how = fact_call(f, b, CALL_QUIET) ? "--ring=4" : "--quiet";
	} else if (row->applies == cause_rings && !fact_call(f, b, CALL_SWITCH)) {
		verb = "call";
		how = "--switch";
	} else if (row->applies == cause_alg && !b->pad_lost) {
		verb = "call";
		how = "--padded";
	} else if ((row->applies == cause_mapping || row->applies == cause_off) && e &&
		   e->failures == 1) {
		verb = "why";
		how = "--thorough";
	} else if ((row->applies == cause_mapping || row->applies == cause_off) &&
		   !f->group_count) {
		verb = "why";
		how = "--neighbours";
	}
	if (verb)
		snprintf(out, size, "regtop %s %s %s", verb, f->aor, how);
}

void diagnose(const struct findings *f, struct diagnosis *out)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	out->list = xcalloc(causes_count, sizeof(*out->list));
	for (size_t i = 0; i < causes_count; i++) {
		struct cause *c = &out->list[n];

		memset(c, 0, sizeof(*c));
		c->binding = f->count;
		if ((n && is_only_alone(&causes[i])) || !causes[i].applies(f, c))
			continue;
		c->row = &causes[i];
		n++;
	}
	out->count = n;
	out->binding = subject(f, &out->list[0]);
	out->well = is_well(out->list[0].row);
	if (out->binding < f->count)
		say_verdict(f, &f->bindings[out->binding], out->verdict, sizeof(out->verdict));
	else
		snprintf(out->verdict, sizeof(out->verdict), "%s has no binding.", f->aor);
	say_next(f, out, out->next_step, sizeof(out->next_step));
}

void diagnosis_free(struct diagnosis *d)
{
	free(d->list);
	d->list = NULL;
	d->count = 0;
}
