/* What a registrar says of itself by its control: since when it runs, its clock, its limits, and
 * whom it bans. */
#include "source/control_about.h"

#include <stdlib.h>
#include <time.h>
#include "base/alloc.h"
#include "base/text.h"

/* Zones are whole quarters of an hour apart. */
#define ZONE_STEP_S 900
/* The table of Kamailio's own examples for banned addresses (pike, htable). */
#define BAN_TABLE "ipban"

enum step { STEP_UPTIME, STEP_LIMIT, STEP_BAN };

struct source_about_call {
	struct control *control;
	enum control_about_kind kind;
	const struct clock *clock;
	enum step step;
	char host[64];
	struct source_about about;
	source_about_fn *fn; /* NULL: nobody wants to know any more */
	void *ctx;
};

/* "Mon Nov 23 07:40:00 2026" counted as if it were UTC; -1 when it is not that. */
static int64_t read_ctime(const char *text)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	return text && strptime(text, "%a %b %d %H:%M:%S %Y", &tm) ? (int64_t)timegm(&tm) : -1;
}

/* Kamailio: "uptime": 42. OpenSIPS: "Up time": "42 [sec]". -1 when it is neither. */
static int64_t read_uptime(const json_t *result)
{
	const json_t *up = json_object_get(result, "uptime");
	struct slice number;
	uint64_t seconds;

	if (json_is_integer(up))
		return json_integer_value(up);
	up = json_object_get(result, "Up time");
	if (!json_is_string(up))
		return -1;
	slice_cut(slice_of(json_string_value(up)), ' ', &number);
	return slice_to_u64(number, UINT32_MAX, &seconds) ? (int64_t)seconds : -1;
}

bool control_about_uptime(const json_t *result, int64_t now_ms, struct source_about *out)
{
	const json_t *clock = json_object_get(result, "now");
	int64_t up = read_uptime(result), now_s = now_ms / 1000, theirs, off;

	if (up < 0)
		return false;
	theirs = read_ctime(json_string_value(clock ? clock : json_object_get(result, "Now")));
	out->asked_ms = now_ms;
	if (theirs >= 0) {
		off = (theirs - now_s) % ZONE_STEP_S;
		if (off > ZONE_STEP_S / 2)
			off -= ZONE_STEP_S;
		if (off < -ZONE_STEP_S / 2)
			off += ZONE_STEP_S;
		out->clock_known = true;
		out->skew_s = off;
	}
	out->started_s = now_s + out->skew_s - up;
	return true;
}

static void finish(struct source_about_call *c)
{
	if (c->fn)
		c->fn(c->ctx, &c->about);
	free(c);
}

static void ask(struct source_about_call *c);

static void take(struct source_about_call *c, const struct control_reply *r)
{
	switch (c->step) {
	case STEP_UPTIME:
		if (r->outcome == CONTROL_RESULT)
			control_about_uptime(r->result, clock_wall_ms(c->clock), &c->about);
		break;
	case STEP_LIMIT:
		if (r->outcome == CONTROL_RESULT && json_integer_value(r->result) > 0 &&
		    json_integer_value(r->result) < 100000)
			c->about.max_contacts = (unsigned)json_integer_value(r->result);
		break;
	case STEP_BAN:
		/* "Key name doesn't exist in htable." is no ban; "No such htable." says nothing. */
		c->about.banned = r->outcome == CONTROL_RESULT;
		c->about.bans_known =
			c->about.banned ||
			slice_find_icase(slice_of(r->fault), SLICE_LIT("key name")) >= 0;
		slice_to_buf(SLICE_LIT(BAN_TABLE), c->about.ban_list, sizeof(c->about.ban_list));
		break;
	}
}

static void on_reply(void *ctx, const struct control_reply *r)
{
	struct source_about_call *c = ctx;
	bool last = c->step == STEP_BAN || (c->step == STEP_LIMIT && !c->host[0]) ||
		    c->kind == ABOUT_OPENSIPS;

	take(c, r);
	/* Who is not there is not asked on; and a control that is being closed takes no more. */
	if (last || !c->fn || r->outcome == CONTROL_NOT_SENT || r->outcome == CONTROL_NO_ANSWER) {
		finish(c);
		return;
	}
	c->step++;
	ask(c);
}

static void ask(struct source_about_call *c)
{
	switch (c->step) {
	case STEP_UPTIME:
		control_call(c->control, c->kind == ABOUT_OPENSIPS ? "uptime" : "core.uptime", NULL,
			     on_reply, c);
		break;
	case STEP_LIMIT:
		control_call(c->control, "cfg.get", json_pack("[ss]", "registrar", "max_contacts"),
			     on_reply, c);
		break;
	case STEP_BAN:
		control_call(c->control, "htable.get", json_pack("[ss]", BAN_TABLE, c->host),
			     on_reply, c);
		break;
	}
}

struct source_about_call *control_about_ask(struct control *control, enum control_about_kind kind,
					    const struct clock *clock, const char *host,
					    source_about_fn *fn, void *ctx)
{
	struct source_about_call *c;

	if (!control)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->control = control;
	c->kind = kind;
	c->clock = clock;
	c->fn = fn;
	c->ctx = ctx;
	slice_to_buf(slice_of(host ? host : ""), c->host, sizeof(c->host));
	ask(c);
	return c;
}

void control_about_cancel(struct source_about_call *c)
{
	c->fn = NULL;
}
