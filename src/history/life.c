/* The life of a device at one AoR, or of the AoR itself: what its events add up to. */
#include "history/life.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/sipuri.h"
#include "base/text.h"

/* A refresh interval outside of these is no habit: a storm, or a clock that was set. */
#define INTERVAL_LEAST_S 5
#define INTERVAL_MOST_S  (7 * 86400)
/* A refresh may be this late without being a gap. */
#define GAP_SLACK_S 5
/* Probes that found the same as before are told again after so long. */
/* Two processes on one machine do not differ by this. */
#define CLOCK_SLACK_MS (5 * 60 * 1000)
#define SAME_PROBE_MS  (10 * 60000)
#define HABIT_LEAST    2 /* intervals that make a habit */
/* A source that is read in passes tells of who came and of who went for it so far apart. */
#define TURN_MS 20000

void life_init(struct life *l)
{
	memset(l, 0, sizeof(*l));
	l->s.answered_at_age_s = l->s.silent_at_age_s = HISTORY_AGE_UNKNOWN;
}

/* ---- names ----------------------------------------------------------------------------------- */

void life_device(const struct binding *b, char out[LIFE_DEVICE])
{
	struct sip_uri u;
	char agent[80], host[64] = "";

	if (b->instance.n) {
		text_clean_buf(b->instance, out, LIFE_DEVICE);
		return;
	}
	text_clean_buf(b->user_agent, agent, sizeof(agent));
	if (sip_uri_split(b->contact, &u) == 0)
		text_clean_buf(u.host, host, sizeof(host));
	snprintf(out, LIFE_DEVICE, "%s at %s", agent[0] ? agent : "a device", host);
}

void life_source(const struct binding *b, char out[64])
{
	struct sip_uri u;
	char host[48];

	out[0] = '\0';
	if (sip_uri_split(b->received.n ? b->received : b->contact, &u) != 0)
		return;
	text_clean_buf(u.host, host, sizeof(host));
	if (strchr(host, ':'))
		snprintf(out, 64, "[%s]:%u", host, u.port ? u.port : 5060);
	else
		snprintf(out, 64, "%s:%u", host, u.port ? u.port : 5060);
}

/* The URI without its parameters: push tokens are among them. */
static void contact_words(const struct binding *b, char *out, size_t size)
{
	struct sip_uri u;
	char user[80], host[64];

	if (sip_uri_split(b->contact, &u) != 0 || !u.is_sip) {
		text_clean_buf(slice_make(b->contact.p, b->contact.n < 60 ? b->contact.n : 60), out,
			       size);
		return;
	}
	text_clean_buf(u.user, user, sizeof(user));
	text_clean_buf(u.host, host, sizeof(host));
	snprintf(out, size, "sip:%s%s%s", user, user[0] ? "@" : "", host);
	if (u.port)
		snprintf(out + strlen(out), size - strlen(out), ":%u", u.port);
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct history_event event(enum history_kind kind, const struct binding *b, int64_t when_ms)
{
	struct history_event e = {.kind = kind, .when_ms = when_ms};

	text_clean_buf(b->key, e.key, sizeof(e.key));
	return e;
}

static void tell_change(enum history_kind kind, const struct binding *b, const char *was,
			const char *now, const char *words, int64_t now_ms, life_event_fn *fn,
			void *ctx)
{
	struct history_event e = event(kind, b, now_ms);

	slice_to_buf(slice_of(was), e.was, sizeof(e.was));
	slice_to_buf(slice_of(now), e.now, sizeof(e.now));
	slice_to_buf(slice_of(words), e.words, sizeof(e.words));
	fn(ctx, &e);
}

/* ---- refreshes --------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void learn_habit(struct life *l)
{
	int64_t sorted[LIFE_INTERVALS];
	size_t n = (size_t)l->interval_count;

	if (n < HABIT_LEAST)
		return;
	memcpy(sorted, l->intervals, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	l->s.habit_s = sorted[n / 2];
	l->s.habit_least_s = sorted[0];
	l->s.habit_most_s = sorted[n - 1];
}

static void add_interval(struct life *l, int64_t interval)
{
	if (interval < INTERVAL_LEAST_S || interval > INTERVAL_MOST_S)
		return;
	if (l->interval_count == LIFE_INTERVALS) {
		memmove(l->intervals, l->intervals + 1,
			(LIFE_INTERVALS - 1) * sizeof(*l->intervals));
		l->interval_count--;
	}
	l->intervals[l->interval_count++] = interval;
	learn_habit(l);
}

static void count_register(struct life *l, int64_t now_ms)
{
	unsigned recent = 0;

	l->registers_ms[l->register_count++ % LIFE_REGISTERS] = now_ms;
	for (int i = 0; i < LIFE_REGISTERS; i++)
		recent += l->registers_ms[i] > now_ms - 60000 && l->registers_ms[i] <= now_ms;
	l->s.registers_last_minute = recent;
}

/* before_s: its last REGISTER until now. */
static void refreshed(struct life *l, const struct binding *is, int64_t before_s, int64_t granted_s,
		      int64_t now_ms, life_event_fn *fn, void *ctx)
{
	int64_t interval = is->refreshed_s - before_s;

	count_register(l, now_ms);
	if (before_s <= 0 || interval <= 0)
		return;
	l->s.refreshes++;
	/* One that was late tells of a gap, not of its habit. */
	if (granted_s <= 0 || interval <= granted_s + GAP_SLACK_S) {
		add_interval(l, interval);
	} else {
		char words[160], late[16], granted[16];

		l->s.gaps++;
		l->silent_ms = 0;
		snprintf(words, sizeof(words), "refreshed after %s, though granted %s",
			 text_duration(interval, late), text_duration(granted_s, granted));
		tell_change(HISTORY_GAP, is, "", "", words, now_ms, fn, ctx);
	}
}

/* ---- changes --------------------------------------------------------------------------------- */

static bool same_host(const char *a, const char *b)
{
	const char *x = strrchr(a, ':'), *y = strrchr(b, ':');

	return x && y && x - a == y - b && memcmp(a, b, (size_t)(x - a)) == 0;
}

static void compare_source(struct life *l, const struct binding *is, int64_t now_ms,
			   life_event_fn *fn, void *ctx)
{
	char now[64];

	life_source(is, now);
	if (l->s.last_source[0] && now[0] && strcmp(l->s.last_source, now) != 0) {
		bool port = same_host(l->s.last_source, now);

		l->s.port_moves += port;
		l->s.moves += !port;
		l->s.last_move_ms = now_ms;
		memcpy(l->s.moved_from, l->s.last_source, sizeof(l->s.moved_from));
		memcpy(l->s.moved_to, now, sizeof(l->s.moved_to));
		tell_change(HISTORY_MOVED, is, l->s.last_source, now,
			    port ? "registers from a new port" : "registers from another address",
			    now_ms, fn, ctx);
	}
	if (now[0])
		memcpy(l->s.last_source, now, sizeof(now));
}

static void compare_rest(struct life *l, const struct binding *is, int64_t now_ms,
			 life_event_fn *fn, void *ctx)
{
	char contact[200], agent[64], call_id[96];

	contact_words(is, contact, sizeof(contact));
	text_clean_buf(is->user_agent, agent, sizeof(agent));
	text_clean_buf(is->call_id, call_id, sizeof(call_id));
	if (l->s.last_contact[0] && strcmp(l->s.last_contact, contact) != 0) {
		l->s.contact_changes++;
		tell_change(HISTORY_CONTACT, is, l->s.last_contact, contact,
			    "registers another contact", now_ms, fn, ctx);
	}
	if (l->s.last_agent[0] && strcmp(l->s.last_agent, agent) != 0) {
		l->s.agent_changes++;
		tell_change(HISTORY_AGENT, is, l->s.last_agent, agent, "another User-Agent", now_ms,
			    fn, ctx);
	}
	if (l->call_id[0] && call_id[0] && strcmp(l->call_id, call_id) != 0) {
		l->s.call_id_changes++;
		tell_change(HISTORY_CALL_ID, is, l->call_id, call_id,
			    "a new Call-ID: the device started anew", now_ms, fn, ctx);
	}
	memcpy(l->s.last_contact, contact, sizeof(contact));
	memcpy(l->s.last_agent, agent, sizeof(agent));
	if (call_id[0])
		memcpy(l->call_id, call_id, sizeof(call_id));
}

static void came_back(struct life *l, const struct binding *is, int64_t now_ms, life_event_fn *fn,
		      void *ctx)
{
	char words[160], away[16];

	if (!l->gone_ms)
		return;
	l->s.flaps++;
	l->silent_ms = 0;
	snprintf(words, sizeof(words), "listed again after %s",
		 text_duration((now_ms - l->gone_ms) / 1000, away));
	tell_change(HISTORY_BACK, is, "", "", words, now_ms, fn, ctx);
	l->gone_ms = 0;
}

static void first_seen(struct life *l, const struct binding *is, int64_t now_ms, life_event_fn *fn,
		       void *ctx)
{
	char contact[200], source[64];

	contact_words(is, contact, sizeof(contact));
	life_source(is, source);
	l->s.first_seen_s = now_ms / 1000;
	tell_change(HISTORY_SEEN, is, source, contact, "first seen here", now_ms, fn, ctx);
}

/* What the AoR as a whole remembers of whoever registered last. */
static void note_last(struct life *aor, const struct life *device, const struct binding *is,
		      int64_t now_ms)
{
	if (!aor->s.first_seen_s)
		aor->s.first_seen_s = now_ms / 1000;
	aor->s.last_seen_s = now_ms / 1000;
	if (is->refreshed_s > aor->s.last_refresh_s)
		aor->s.last_refresh_s = is->refreshed_s;
	memcpy(aor->s.last_contact, device->s.last_contact, sizeof(aor->s.last_contact));
	memcpy(aor->s.last_source, device->s.last_source, sizeof(aor->s.last_source));
	memcpy(aor->s.last_agent, device->s.last_agent, sizeof(aor->s.last_agent));
	aor->s.habit_s = device->s.habit_s;
	aor->s.habit_least_s = device->s.habit_least_s;
	aor->s.habit_most_s = device->s.habit_most_s;
	aor->gone_ms = 0;
}

/* A binding that the same device left behind: what it says was told when it was new. */
static bool is_former(const struct life *device, const struct binding *b)
{
	return b->refreshed_s > 0 && b->refreshed_s < device->s.last_refresh_s;
}

static void listed(struct life *device, struct life *aor, enum life_step step,
		   const struct binding *was, const struct binding *is, int64_t now_ms,
		   life_event_fn *fn, void *ctx)
{
	int64_t before = was ? was->refreshed_s : device->s.last_refresh_s;
	int64_t granted = was ? was->granted_s : device->granted_s;
	unsigned gaps = device->s.gaps;

	if (is_former(device, is))
		return;
	if (!device->s.first_seen_s)
		first_seen(device, is, now_ms, fn, ctx);
	came_back(device, is, now_ms, fn, ctx);
	/* Nobody looked in between: what was missed tells nothing of its habit. */
	if (step != LIFE_PRESENT && is->refreshed_s > before) {
		refreshed(device, is, before, granted, now_ms, fn, ctx);
		count_register(aor, now_ms);
		aor->s.gaps += device->s.gaps - gaps;
		aor->s.refreshes++;
	}
	compare_source(device, is, now_ms, fn, ctx);
	compare_rest(device, is, now_ms, fn, ctx);
	if (is->refreshed_s > 0)
		device->s.last_refresh_s = is->refreshed_s;
	if (is->granted_s > 0)
		device->granted_s = is->granted_s;
	device->s.last_seen_s = now_ms / 1000;
	note_last(aor, device, is, now_ms);
}

bool life_was_purged(const struct life *device, int64_t now_ms)
{
	return device->purged_ms && now_ms - device->purged_ms < 60000;
}

static void gone(struct life *device, struct life *aor, const struct binding *b, int64_t now_ms,
		 life_event_fn *fn, void *ctx)
{
	bool lapsed = binding_left_s(b, now_ms / 1000) <= GAP_SLACK_S;
	bool purged = life_was_purged(device, now_ms);

	if (!is_former(device, b)) {
		device->gone_ms = aor->gone_ms = now_ms;
		device->s.last_seen_s = aor->s.last_seen_s = now_ms / 1000;
	}
	/* A purge of ours has been told already. */
	if (purged)
		return;
	device->s.removed_ms = aor->s.removed_ms = now_ms;
	slice_to_buf(slice_of(lapsed ? "its expiry" : "the registrar, or the phone itself"),
		     aor->s.removed_by, sizeof(aor->s.removed_by));
	memcpy(device->s.removed_by, aor->s.removed_by, sizeof(device->s.removed_by));
	tell_change(lapsed ? HISTORY_LAPSED : HISTORY_GONE, b, "", "",
		    lapsed ? "expired without a refresh" : "no longer listed, before its expiry",
		    now_ms, fn, ctx);
}

void life_step(struct life *device, struct life *aor, enum life_step step,
	       const struct binding *was, const struct binding *is, int64_t now_ms,
	       life_event_fn *fn, void *ctx)
{
	if (step == LIFE_GONE)
		gone(device, aor, is, now_ms, fn, ctx);
	else
		listed(device, aor, step, was, is, now_ms, fn, ctx);
}

/* ---- several devices --------------------------------------------------------------------------
 */

static void name_device(const struct binding *b, char *out, size_t size)
{
	char source[64], agent[40];

	life_source(b, source);
	text_clean_buf(b->user_agent, agent, sizeof(agent));
	snprintf(out, size, "%s from %.48s", agent[0] ? agent : "a device", source);
}

static void replaced(struct life *aor, const char *device, const char *name, int64_t now_ms)
{
	if (strcmp(aor->last_device, device) == 0)
		return;
	if (aor->before_device[0] && strcmp(aor->before_device, device) == 0)
		aor->s.alternations++;
	memcpy(aor->before_device, aor->last_device, sizeof(aor->before_device));
	slice_to_buf(slice_of(device), aor->last_device, sizeof(aor->last_device));
	memcpy(aor->s.replaced_before, aor->s.replaced_by, sizeof(aor->s.replaced_before));
	slice_to_buf(slice_of(name), aor->s.replaced_by, sizeof(aor->s.replaced_by));
	aor->s.replaced_ms = aor->s.removed_ms = now_ms;
	memcpy(aor->s.removed_by, aor->s.replaced_by, sizeof(aor->s.removed_by));
}

void life_replaced(struct life *aor, const struct binding *by, int64_t now_ms)
{
	char device[LIFE_DEVICE], name[96];

	life_device(by, device);
	name_device(by, name, sizeof(name));
	replaced(aor, device, name, now_ms);
}

static void wiped(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
		  void *ctx)
{
	aor->s.wipes++;
	aor->s.wiped_ms = aor->s.removed_ms = now_ms;
	memcpy(aor->s.wiped_by, aor->came_name, sizeof(aor->s.wiped_by));
	memcpy(aor->s.removed_by, aor->came_name, sizeof(aor->s.removed_by));
	tell_change(HISTORY_WIPED, b, "", aor->s.wiped_by,
		    "several bindings went when this device registered", now_ms, fn, ctx);
}

/* One of them went for the device that came: the first is replaced, with a second one all are
 * wiped. */
static void went_for(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
		     void *ctx)
{
	aor->went_for_it++;
	if (aor->went_for_it == 1)
		replaced(aor, aor->came_device, aor->came_name, now_ms);
	else if (aor->went_for_it == 2)
		wiped(aor, b, now_ms, fn, ctx);
}

void life_came(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
	       void *ctx)
{
	int64_t others;

	life_device(b, aor->came_device);
	name_device(b, aor->came_name, sizeof(aor->came_name));
	aor->came_ms = now_ms;
	aor->went_for_it = 0;
	/* A device that clears what it left behind itself wipes nobody. */
	others = now_ms - aor->went_ms <= TURN_MS && strcmp(aor->went_device, aor->came_device) != 0
			 ? aor->went_count
			 : 0;
	aor->went_count = 0;
	for (; others > 0 && aor->went_for_it < 2; others--)
		went_for(aor, b, now_ms, fn, ctx);
}

void life_went(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
	       void *ctx)
{
	char device[LIFE_DEVICE];

	life_device(b, device);
	if (now_ms - aor->went_ms > TURN_MS)
		aor->went_count = 0;
	memcpy(aor->went_device, device, sizeof(aor->went_device));
	aor->went_ms = now_ms;
	aor->went_count++;
	if (!aor->came_ms || now_ms - aor->came_ms > TURN_MS ||
	    strcmp(device, aor->came_device) == 0)
		return;
	went_for(aor, b, now_ms, fn, ctx);
	/* Who was wiped by one is not wiped by the next too. */
	if (aor->went_for_it > 1)
		aor->went_count = 0;
}

void life_purged(struct life *device, struct life *aor, const struct binding *b, const char *who,
		 int64_t now_ms, life_event_fn *fn, void *ctx)
{
	char words[160];

	device->s.removed_ms = aor->s.removed_ms = device->purged_ms = now_ms;
	slice_to_buf(slice_of(who), device->s.removed_by, sizeof(device->s.removed_by));
	memcpy(aor->s.removed_by, device->s.removed_by, sizeof(aor->s.removed_by));
	snprintf(words, sizeof(words), "purged with regtop by %.120s", who);
	tell_change(HISTORY_PURGED, b, "", "", words, now_ms, fn, ctx);
}

/* ---- probes and calls -------------------------------------------------------------------------
 */

static void say_probe(const struct evidence *e, char *out, size_t size)
{
	switch (e->outcome) {
	case PROBE_ANSWERED:
		snprintf(out, size, "%s %d%s%s",
			 e->by_registrar ? "the registrar answered" : "answered OPTIONS:", e->code,
			 e->agent[0] ? " as " : "", e->agent);
		break;
	case PROBE_SILENT:
		snprintf(out, size, "did not answer OPTIONS");
		break;
	default:
		snprintf(out, size, "%s", e->detail[0] ? e->detail : "could not be asked");
		break;
	}
}

static void learn_ages(struct life *l, const struct evidence *e, bool answered)
{
	int64_t age = e->asked_ms / 1000 - l->s.last_refresh_s;

	if (l->s.last_refresh_s <= 0 || age < 0)
		return;
	if (answered && age > l->s.answered_at_age_s)
		l->s.answered_at_age_s = age;
	if (!answered && e->outcome == PROBE_SILENT &&
	    (l->s.silent_at_age_s < 0 || age < l->s.silent_at_age_s))
		l->s.silent_at_age_s = age;
}

/* Who is off registers late, or not at all. */
static void learn_recovery(struct life *l, const struct evidence *e, bool answered)
{
	if (!answered && e->outcome == PROBE_SILENT && !l->silent_ms) {
		l->silent_ms = e->asked_ms;
	} else if (answered) {
		l->s.recoveries += l->silent_ms && l->s.last_refresh_s * 1000 > l->silent_ms;
		l->silent_ms = 0;
	}
}

void life_probed(struct life *device, const struct binding *b, const struct evidence *e,
		 life_event_fn *fn, void *ctx)
{
	bool answered = e->outcome == PROBE_ANSWERED && !e->by_registrar;
	bool differs = device->outcome != (int64_t)e->outcome || device->code != e->code;
	struct history_event told;

	/* Another process may have asked a moment later; much later it was only by a wrong clock.
	 */
	if (!probe_was_sent(e->outcome) ||
	    (e->asked_ms <= device->asked_ms && device->asked_ms - e->asked_ms < CLOCK_SLACK_MS))
		return;
	if (device->noted_ms > e->asked_ms)
		device->noted_ms = 0;
	learn_ages(device, e, answered);
	learn_recovery(device, e, answered);
	if (answered)
		device->s.last_answer_ms = e->asked_ms;
	else
		device->s.last_failure_ms = e->asked_ms;
	if (differs || e->asked_ms - device->noted_ms > SAME_PROBE_MS) {
		told = event(HISTORY_PROBE, b, e->asked_ms);
		told.code = e->code;
		told.us = answered ? e->rtt_us : 0;
		say_probe(e, told.words, sizeof(told.words));
		fn(ctx, &told);
		device->noted_ms = e->asked_ms;
	}
	device->outcome = e->outcome;
	device->path = e->path;
	device->code = e->code;
	device->asked_ms = e->asked_ms;
	device->rtt_us = e->rtt_us;
	device->failures = e->failures;
	device->failed_first_ms = e->failed_first_ms;
	device->probes++;
	device->answers += answered;
}

void life_called(const struct binding *b, const struct call_found *c, life_event_fn *fn, void *ctx)
{
	struct history_event e = event(HISTORY_CALL, b, c->when_ms);
	char said[120];

	call_found_say(c, said, sizeof(said));
	e.code = c->code;
	e.us = c->ring_us;
	snprintf(e.words, sizeof(e.words), "%s: %s", call_kind_name(c->kind), said);
	fn(ctx, &e);
}

bool life_evidence(const struct life *l, struct evidence *out)
{
	if (!l->asked_ms)
		return false;
	*out = (struct evidence){.outcome = (enum probe_outcome)l->outcome,
				 .path = (enum probe_path)l->path,
				 .code = (int)l->code,
				 .asked_ms = l->asked_ms,
				 .heard_ms = l->s.last_answer_ms,
				 .rtt_us = (uint32_t)l->rtt_us,
				 .failures = (uint32_t)l->failures,
				 .failed_first_ms = l->failed_first_ms,
				 .probes = (uint32_t)l->probes,
				 .answers = (uint32_t)l->answers};
	return true;
}
