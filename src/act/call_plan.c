/* The plan of a test call: who is called, how, and every reason not to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/call_state.h"
#include "base/alloc.h"
#include "base/text.h"
#include "sip/call.h"

_Static_assert(CALL_RING_MOST_S * 1000 == CALL_RING_MAX_MS && CALL_PAD_MOST < CALL_SIZE_MAX,
	       "what is planned can be sent");

const unsigned call_pad_sizes[CALL_PAD_SIZES] = {600, 1300, 1600, 2500};

/* "4021@acme.example", cleaned. */
static void aor_words(const struct binding *b, char *out, size_t size)
{
	struct strbuf raw = STRBUF_INIT;

	binding_add_aor(b, &raw);
	text_clean_buf(strbuf_slice(&raw), out, size);
	strbuf_free(&raw);
}

/* ---- reasons not to ---------------------------------------------------------------------------
 */

static int check_env(const struct act_env *env, const struct binding *b, struct err *e)
{
	if (env->read_only)
		return err_set(e, -EPERM, NULL, "no calls: %s", env->read_only_why);
	if (!env->journal && !env->only_plans)
		return err_set(e, -EPERM, "Every call is journalled first.",
			       "no calls: the journal is not there: %s",
			       env->journal_trouble ? env->journal_trouble : "not opened");
	if (call_under_way())
		return err_set(e, -EBUSY, "One at a time: wait for it, or stop it.",
			       "another test call is under way");
	if (b->source >= env->source_count || !env->callers[b->source] ||
	    env->sources[b->source]->status.state == SOURCE_FROZEN)
		return err_set(e, -EPERM, NULL, "a snapshot is a picture: nobody is there to call");
	return 0;
}

int call_check_phone(const struct act_env *env, const struct binding *b, enum call_kind kind,
		     struct err *e)
{
	char aor[120];
	int64_t wait;

	aor_words(b, aor, sizeof(aor));
	if (call_rules_never(&env->call_rules, b))
		return err_set(e, -EPERM, "never-call in the configuration names it.",
			       "%s is never called", aor);
	wait = env->journal ? call_guard_wait_s(env, b, kind) : 0;
	if (wait)
		return err_set(e, -EPERM, "One call in 30 s to one AoR, whoever makes it.",
			       "%s was called just now; again in %d s", aor, (int)wait);
	return 0;
}

/* ---- how it travels ---------------------------------------------------------------------------
 */

/* "sip:user@domain" with the account's own user, where there is one. */
static void set_caller(const struct act_env *env, const struct binding *b, struct ping_path *p)
{
	const struct call_account *a = &env->accounts[b->source];
	struct slice at, user;

	if (!a->user)
		return;
	strbuf_clear(&p->from_uri);
	strbuf_addf(&p->from_uri, "sip:%s", a->user);
	at = slice_cut(slice_of(a->user), '@', &user);
	if (at.p)
		return;
	at = slice_cut(strbuf_slice(&p->to_uri), '@', &user);
	strbuf_add_char(&p->from_uri, '@');
	strbuf_add_slice(&p->from_uri, at.p ? at : SLICE_LIT("regtop.invalid"));
}

/* To the AoR, as any caller's phone would ask for it. */
static int through_switch(const struct act_env *env, const struct binding *b, struct ping_path *p,
			  struct err *e)
{
	const char *proxy = env->accounts[b->source].proxy;
	struct netaddr to;

	if (proxy) {
		if (netaddr_parse_hostport(slice_of(proxy), 5060, &to) < 0)
			return err_set(e, -EINVAL, "An address and a port, names are not resolved.",
				       "call_proxy is no address: %.60s", proxy);
		p->flow = (struct sip_flow){.transport = TRANSPORT_UDP, .remote = to};
	} else if (p->never != PROBE_NOT_ASKED || p->path != PROBE_PATH_REGISTRAR || p->uac) {
		return err_set(e, -EHOSTUNREACH,
			       "Name it: call_proxy = HOST:PORT in its section of the "
			       "configuration, or --sip.",
			       "the address of the switch that takes calls is not known");
	}
	p->path = PROBE_PATH_REGISTRAR;
	p->never = PROBE_NOT_ASKED;
	p->uac = false;
	ping_path_name(b, p);
	strbuf_clear(&p->request_uri);
	strbuf_add_slice(&p->request_uri, strbuf_slice(&p->to_uri));
	strbuf_clear(&p->route);
	set_caller(env, b, p);
	return 0;
}

int call_path_find(const struct act_env *env, const struct binding *b, enum call_kind kind,
		   struct ping_path *p, struct err *e)
{
	ping_path_find(env, b, p);
	if (kind == CALL_SWITCH)
		return through_switch(env, b, p, e);
	/* The registrar's own request (t_uac_dlg) is no call that one could end. */
	if (p->never == PROBE_NOT_ASKED && p->uac) {
		ping_path_free(p);
		ping_path_direct(env, b, p);
	}
	if (p->never != PROBE_NOT_ASKED)
		return err_set(e, -EHOSTUNREACH, "regtop why says more.", "it cannot be called: %s",
			       p->why);
	return 0;
}

static void say_way(const struct ping_path *p, char *out, size_t size)
{
	char addr[NETADDR_STR] = "";
	struct strbuf words = STRBUF_INIT;

	if (p->flow.remote.len)
		netaddr_format(&p->flow.remote, addr);
	if (p->path == PROBE_PATH_OWN)
		strbuf_addf(&words, "from the registrar's own socket to %s",
			    addr[0] ? addr : "its connection");
	else if (p->path == PROBE_PATH_REGISTRAR)
		strbuf_addf(&words, "through the registrar at %s", addr);
	else
		strbuf_addf(&words, "straight from here to %s", addr);
	text_clean_buf(strbuf_slice(&words), out, size);
	strbuf_free(&words);
}

static void say_will(struct call_plan *p)
{
	if (p->kind == CALL_QUIET)
		snprintf(p->will, sizeof(p->will),
			 "should not ring: phones refuse what it asks for; is cancelled at the "
			 "first ringing");
	else if (p->kind == CALL_PADDED && p->pad_to)
		snprintf(p->will, sizeof(p->will),
			 "should not ring; one INVITE of %u bytes, cancelled at the first ringing",
			 p->pad_to);
	else if (p->kind == CALL_PADDED)
		snprintf(
			p->will, sizeof(p->will),
			"should not ring; INVITEs of %u to %u bytes in turn, each cancelled at the "
			"first ringing",
			call_pad_sizes[0], call_pad_sizes[CALL_PAD_SIZES - 1]);
	else if (p->kind == CALL_RING)
		snprintf(p->will, sizeof(p->will),
			 "RINGS this phone for %u s, then it is cancelled; if somebody answers, it "
			 "is ended at once",
			 p->ring_s);
	else
		snprintf(p->will, sizeof(p->will),
			 "RINGS whatever the switch rings for this AoR, for %u s, then it is "
			 "cancelled; if somebody answers, it is ended at once",
			 p->ring_s);
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

struct call_plan *call_plan_make(const struct act_env *env, binding_id id,
				 const struct call_order *o, struct err *e)
{
	struct ping_path path = PING_PATH_INIT;
	struct call_plan *p = NULL;
	struct binding b;

	if (!store_get(env->store, id, &b)) {
		err_set(e, -ENOENT, NULL, "this binding is gone");
		return NULL;
	}
	if (o->ring_s > CALL_RING_MOST_S) {
		err_set(e, -EINVAL, NULL, "no phone is rung for more than %d s", CALL_RING_MOST_S);
		return NULL;
	}
	if (check_env(env, &b, e) == 0 && call_check_phone(env, &b, o->kind, e) == 0 &&
	    call_path_find(env, &b, o->kind, &path, e) == 0) {
		p = xcalloc(1, sizeof(*p));
		p->id = id;
		p->b = binding_copy(&b);
		p->kind = o->kind;
		p->ring_s = o->ring_s ? o->ring_s : CALL_RING_MS / 1000;
		p->pad_to = o->pad_to;
		p->in_quiet_hours = call_rules_quiet(&env->call_rules, clock_wall_ms(env->clock));
		slice_to_buf(slice_of(o->reason ? o->reason : ""), p->reason, sizeof(p->reason));
		say_way(&path, p->way, sizeof(p->way));
		say_will(p);
	}
	ping_path_free(&path);
	return p;
}

void call_plan_free(struct call_plan *p)
{
	if (!p)
		return;
	free(p->b);
	free(p);
}

void call_plan_describe(const struct call_plan *p, int64_t now_ms, struct strbuf *out)
{
	char aor[120], age[16];

	aor_words(p->b, aor, sizeof(aor));
	strbuf_addf(out, "%s to %s\n  contact     ", call_kind_name(p->kind), aor);
	text_clean(p->b->contact, false, out);
	strbuf_add_str(out, "\n  phone       ");
	text_clean(p->b->user_agent.n ? p->b->user_agent : SLICE_LIT("-"), false, out);
	if (p->b->refreshed_s > 0)
		strbuf_addf(out, "\n  registered  %s ago",
			    text_duration(now_ms / 1000 - p->b->refreshed_s, age));
	strbuf_addf(out, "\n  way         %s\n  it          %s\n", p->way, p->will);
	if (p->in_quiet_hours)
		strbuf_add_str(out, "  time        these are quiet hours here\n");
}

void call_plan_question(const struct call_plan *p, struct strbuf *out)
{
	char aor[120], user[64];

	aor_words(p->b, aor, sizeof(aor));
	text_clean_buf(p->b->user, user, sizeof(user));
	if (p->in_quiet_hours)
		strbuf_addf(out, "Quiet hours. To call %s type its user, %s, and Enter:", aor,
			    user);
	else
		strbuf_addf(out, "Make this %s to %s? y to do it, anything else leaves:",
			    call_kind_name(p->kind), aor);
}

bool call_plan_confirmed(const struct call_plan *p, const char *typed)
{
	char user[64];

	text_clean_buf(p->b->user, user, sizeof(user));
	if (p->in_quiet_hours)
		return user[0] && strcmp(typed, user) == 0;
	return strcmp(typed, "y") == 0 || strcmp(typed, "yes") == 0;
}
