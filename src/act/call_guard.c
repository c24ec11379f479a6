/* Who may be called, and when: quiet hours, numbers that are never called, and not twice in a row.
 */
#include "act/call_guard.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include "act/act.h"
#include "act/journal.h"
#include "base/text.h"

#define DAY_MIN (24 * 60)
/* A purge of that many between two calls would be needed to hide the first. */
#define JOURNAL_LOOK 10000

static bool minute_of(struct slice text, unsigned *out)
{
	struct slice hour, minute = slice_cut(slice_trim(text), ':', &hour);
	uint64_t h, m = 0;

	if (!slice_to_u64(hour, 24, &h) || (minute.p && !slice_to_u64(minute, 59, &m)) ||
	    h * 60 + m > DAY_MIN)
		return false;
	*out = (unsigned)(h * 60 + m) % DAY_MIN;
	return true;
}

int call_rules_hours(struct call_rules *r, const char *text, struct err *e)
{
	struct slice all = slice_of(text ? text : CALL_QUIET_HOURS), from, to;

	r->quiet_from = r->quiet_to = 0;
	if (slice_ieq_str(slice_trim(all), "none"))
		return 0;
	to = slice_cut(all, '-', &from);
	if (minute_of(from, &r->quiet_from) && minute_of(to, &r->quiet_to))
		return 0;
	return err_set(e, -EINVAL, "Write " CALL_QUIET_HOURS ", or none.",
		       "quiet hours are no span of a day: %.40s", text);
}

bool call_rules_quiet(const struct call_rules *r, int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm local;
	unsigned minute;

	if (r->quiet_from == r->quiet_to || !localtime_r(&now, &local))
		return false;
	minute = (unsigned)(local.tm_hour * 60 + local.tm_min);
	if (r->quiet_from < r->quiet_to)
		return minute >= r->quiet_from && minute < r->quiet_to;
	return minute >= r->quiet_from || minute < r->quiet_to;
}

char *call_rules_words(const struct call_rules *r, char out[20])
{
	snprintf(out, 20, "%02u:%02u to %02u:%02u", r->quiet_from / 60 % 24, r->quiet_from % 60,
		 r->quiet_to / 60 % 24, r->quiet_to % 60);
	return out;
}

static bool names(struct slice word, const struct binding *b)
{
	struct slice user, domain = slice_cut(word, '@', &user);

	return slice_eq(user, b->user) && (!domain.p || slice_ieq(domain, b->domain));
}

bool call_rules_never(const struct call_rules *r, const struct binding *b)
{
	struct slice rest = slice_of(r->never ? r->never : ""), some, one;

	while (rest.n) {
		rest = slice_cut(rest, ',', &some);
		some = slice_trim(some);
		while (some.n) {
			some = slice_trim(slice_cut(some, ' ', &one));
			if (one.n && names(one, b))
				return true;
		}
	}
	return false;
}

struct last_call {
	const char *aor;
	bool rings;      /* the quiet ones before it do not count */
	int64_t from_ms; /* what is older does not matter */
	int64_t when_ms; /* 0: none */
};

static bool is_quiet(const char *verb)
{
	return strcmp(verb, "call quiet") == 0 || strcmp(verb, "call padded") == 0;
}

static bool visit(void *ctx, const struct journal_entry *e)
{
	struct last_call *l = ctx;

	if (e->when_ms < l->from_ms)
		return false;
	if (strncmp(e->verb, "call", 4) != 0 || strcmp(e->aor, l->aor) != 0 ||
	    strncmp(e->state, "skipped", 7) == 0 || (l->rings && is_quiet(e->verb)))
		return true;
	l->when_ms = e->when_ms;
	return false;
}

int64_t call_guard_wait_s(const struct act_env *env, const struct binding *b, enum call_kind kind)
{
	struct strbuf raw = STRBUF_INIT, aor = STRBUF_INIT;
	struct last_call last = {.rings = kind == CALL_RING || kind == CALL_SWITCH};
	int64_t since;

	/* The journal's is cleaned. */
	binding_add_aor(b, &raw);
	text_clean(strbuf_slice(&raw), false, &aor);
	last.aor = strbuf_str(&aor);
	last.from_ms = clock_wall_ms(env->clock) - CALL_APART_S * 1000;
	journal_each(env->journal, JOURNAL_LOOK, visit, &last, NULL);
	strbuf_free(&raw);
	strbuf_free(&aor);
	since = (clock_wall_ms(env->clock) - last.when_ms) / 1000;
	return last.when_ms && since >= 0 && since < CALL_APART_S ? CALL_APART_S - since : 0;
}
