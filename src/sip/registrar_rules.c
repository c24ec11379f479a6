/* RFC 3261 10.3 as functions: what a REGISTER asks for, and which bindings it would change. */
#include "sip/registrar_rules.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "sip/uri_compare.h"

/* A malformed expiry counts as one hour (RFC 3261 10.3 step 7, 20.19), and from one hour on no
 * request is too brief. */
#define HOUR_S 3600

void reg_ask_free(struct reg_ask *ask)
{
	strbuf_free(&ask->user);
	strbuf_free(&ask->domain);
	strbuf_free(&ask->path);
	strbuf_free(&ask->extra);
	free(ask->contacts);
	free(ask->steps);
}

static int refuse(struct reg_ask *ask, int status, const char *reason)
{
	ask->reason = reason;
	return status;
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool list_has(const struct sip_msg *msg, const char *header, const char *word)
{
	struct slice one;

	for (unsigned i = 0; (one = sip_msg_list(msg, header, i)).n; i++)
		if (slice_ieq_str(one, word))
			return true;
	return false;
}

void reg_rules_join(const struct sip_msg *msg, const char *name, struct strbuf *out)
{
	struct slice one;

	for (unsigned i = 0; (one = sip_msg_list(msg, name, i)).n; i++) {
		if (i)
			strbuf_add_str(out, ", ");
		strbuf_add_slice(out, one);
	}
}

/* Step 2: what we do not know and the client insists on. */
static int check_require(struct reg_ask *ask, const struct sip_msg *msg)
{
	struct slice one;
	bool any = false;

	for (unsigned i = 0; (one = sip_msg_list(msg, "Require", i)).n; i++) {
		if (slice_ieq_str(one, "path") || slice_ieq_str(one, "outbound"))
			continue;
		strbuf_add_str(&ask->extra, any ? ", " : "Unsupported: ");
		strbuf_add_slice(&ask->extra, one);
		any = true;
	}
	if (!any)
		return 0;
	strbuf_add_str(&ask->extra, "\r\n");
	return refuse(ask, 420, NULL);
}

static bool domain_is_ours(const struct registrar_config *cfg, struct slice domain)
{
	for (size_t i = 0; i < cfg->domains_count; i++)
		if (slice_ieq_str(domain, cfg->domains[i]))
			return true;
	return !cfg->domains;
}

/* Step 1: a REGISTER is addressed to the domain; with a user it is meant for somebody else. */
static int check_request_uri(struct reg_ask *ask, const struct sip_msg *msg,
			     const struct registrar_config *cfg)
{
	struct sip_uri uri;

	if (sip_uri_split(sip_msg_request_uri(msg), &uri) < 0)
		return refuse(ask, 400, "Bad Request-URI");
	if (!uri.is_sip)
		return refuse(ask, 416, NULL);
	if (uri.user.n)
		return refuse(ask, 404, "Request-URI of a REGISTER Has a User");
	if (!domain_is_ours(cfg, uri.host))
		return refuse(ask, 404, "Not Our Domain");
	return 0;
}

/* Step 5. */
static int read_aor(struct reg_ask *ask, const struct sip_msg *msg,
		    const struct registrar_config *cfg, unsigned own_port)
{
	if (sip_uri_canonical_aor(sip_msg_to_uri(msg), own_port, &ask->user, &ask->domain) < 0)
		return refuse(ask, 404, "Not a Valid Address of Record");
	if (!domain_is_ours(cfg, strbuf_slice(&ask->domain)))
		return refuse(ask, 404, "Not Our Domain");
	return 0;
}

/* ---- contacts -------------------------------------------------------------------------------- */

/* Seconds, clamped to 2^32-1; malformed: one hour. */
static unsigned read_delta(struct slice s)
{
	uint64_t v = 0;

	s = slice_trim(s);
	if (s.n == 0)
		return HOUR_S;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return HOUR_S;
		v = v * 10 + (unsigned)(s.p[i] - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX;
	}
	return (unsigned)v;
}

/* "0.7" to 700; anything that is no qvalue is as if it had not been said. */
static int read_q(struct slice s)
{
	struct slice whole, frac = slice_cut(s, '.', &whole);
	uint64_t w, f = 0;

	if (!slice_to_u64(whole, 1, &w) || frac.n > 3 || (frac.n && !slice_to_u64(frac, 999, &f)))
		return -1;
	for (size_t i = frac.n; i < 3; i++)
		f *= 10;
	return w * 1000 + f > 1000 ? -1 : (int)(w * 1000 + f);
}

/* Step 7, first half: the interval that this contact gets, or 423. */
static int grant(struct reg_ask *ask, const struct sip_msg *msg, struct slice params,
		 const struct registrar_config *cfg, unsigned *granted)
{
	struct slice said;
	unsigned wanted = cfg->default_s;

	if (sip_param(params, "expires", &said)) {
		wanted = read_delta(said);
	} else {
		said = sip_msg_header(msg, "Expires", 0);
		if (said.p)
			wanted = read_delta(said);
	}
	if (wanted > 0 && wanted < HOUR_S && wanted < cfg->min_s && said.p) {
		strbuf_addf(&ask->extra, "Min-Expires: %u\r\n", cfg->min_s);
		return refuse(ask, 423, NULL);
	}
	if (wanted > cfg->max_s)
		wanted = cfg->max_s;
	if (wanted > 0 && wanted < cfg->min_s)
		wanted = cfg->min_s;
	*granted = wanted;
	return 0;
}

/* A lone CR or another control could end a line for whoever reads what we repeat. */
static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

/* It goes back inside quotes, so it must not be able to end them. */
static bool instance_ok(struct slice s)
{
	return s.n > 0 && s.n <= REG_MAX_INSTANCE && !has_control(s) &&
	       slice_find_char(s, '"') < 0 && slice_find_char(s, '\\') < 0;
}

/* RFC 5626 6: an instance alone is only stored; the key (AoR, instance, reg-id) replaces the
 * comparison of Contacts when the client says that it means it. */
static void read_instance(struct reg_contact *c, struct slice params, bool outbound)
{
	struct slice v;
	uint64_t id;

	if (!sip_param(params, "+sip.instance", &v) || !instance_ok(v))
		return;
	c->instance = v;
	if (outbound && sip_param(params, "reg-id", &v) && slice_to_u64(v, INT32_MAX, &id) && id) {
		c->reg_id = (int)id;
		c->outbound = true;
	}
}

static int read_star(struct reg_ask *ask, const struct sip_msg *msg, struct slice params)
{
	struct sip_contact other;
	struct slice expires = slice_trim(sip_msg_header(msg, "Expires", 0));
	uint64_t v;

	if (params.n || sip_msg_contact(msg, 1, &other))
		return refuse(ask, 400, "Contact * Stands Alone");
	if (!slice_to_u64(expires, UINT32_MAX, &v) || v != 0)
		return refuse(ask, 400, "Contact * Needs Expires 0");
	ask->star = true;
	return 0;
}

static int read_contacts(struct reg_ask *ask, const struct sip_msg *msg,
			 const struct registrar_config *cfg)
{
	bool outbound = list_has(msg, "Supported", "outbound");
	struct sip_contact one;
	struct sip_uri uri;
	int status;

	for (unsigned i = 0; sip_msg_contact(msg, i, &one); i++) {
		struct reg_contact *c;

		if (one.star && i == 0)
			return read_star(ask, msg, one.params);
		if (one.star)
			return refuse(ask, 400, "Contact * Stands Alone");
		if (one.uri.n > REG_MAX_URI || sip_uri_split(one.uri, &uri) < 0)
			return refuse(ask, 400, "Bad Contact");
		XGROW(ask->contacts, ask->contacts_cap, i + 1);
		c = &ask->contacts[i];
		*c = (struct reg_contact){.uri = one.uri, .q_milli = -1};
		status = grant(ask, msg, one.params, cfg, &c->granted_s);
		if (status)
			return status;
		if (sip_param(one.params, "q", &one.uri))
			c->q_milli = read_q(one.uri);
		read_instance(c, one.params, outbound);
		ask->contacts_count = i + 1;
	}
	return 0;
}

/* RFC 5626 6: a flow belongs to one contact, and it ends at the first hop unless that hop says in
 * its Path that it keeps flows. */
static int check_outbound(struct reg_ask *ask, const struct sip_msg *msg)
{
	struct sip_uri hop;
	size_t flows = 0, lasting = 0;

	for (size_t i = 0; i < ask->contacts_count; i++) {
		flows += ask->contacts[i].outbound;
		lasting += ask->contacts[i].granted_s > 0;
	}
	if (flows == 0)
		return 0;
	if (lasting > 1)
		return refuse(ask, 400, "One Contact per Flow");
	/* The hop next to the phone is the last Path value, nearest to the phone. */
	if (sip_msg_via_count(msg) > 1) {
		struct slice last = SLICE_NONE, one;

		for (unsigned i = 0; (one = sip_msg_list(msg, "Path", i)).n; i++)
			last = one;
		if (sip_uri_split(sip_uri_first_of_list(last), &hop) < 0 ||
		    !sip_uri_param(&hop, "ob", NULL))
			return refuse(ask, 439, "First Hop Lacks Outbound Support");
	}
	return 0;
}

int reg_rules_read(struct reg_ask *ask, const struct sip_msg *msg,
		   const struct registrar_config *cfg, unsigned own_port)
{
	int status = check_request_uri(ask, msg, cfg);

	if (!status)
		status = check_require(ask, msg);
	if (!status)
		status = read_aor(ask, msg, cfg, own_port);
	if (status)
		return status;
	ask->call_id = sip_msg_call_id(msg);
	ask->cseq = sip_msg_cseq(msg);
	ask->knows_path = list_has(msg, "Supported", "path");
	reg_rules_join(msg, "Path", &ask->path);
	if (ask->path.n > REG_MAX_PATH || has_control(strbuf_slice(&ask->path)))
		return refuse(ask, 400, "Bad Path");
	status = read_contacts(ask, msg, cfg);
	return status ? status : check_outbound(ask, msg);
}

/* ---- against the table ----------------------------------------------------------------------- */

static bool same_contact(const struct reg_contact *c, const struct registrar_binding *b,
			 bool b_outbound)
{
	if (c->outbound || b_outbound)
		return c->outbound && b_outbound && c->reg_id == b->reg_id &&
		       slice_eq(c->instance, b->instance);
	return sip_uri_same(c->uri, b->contact);
}

/* Call-ID and CSeq order the requests of one client; a binding that has lapsed binds nobody. */
static bool in_order(const struct reg_ask *ask, const struct reg_rec *rec, int64_t now_ms)
{
	return reg_rec_lapsed(rec, now_ms) || !slice_eq(rec->b.call_id, ask->call_id) ||
	       ask->cseq > rec->b.cseq;
}

static void add_step(struct reg_ask *ask, struct reg_rec *before, const struct reg_contact *c)
{
	XGROW(ask->steps, ask->steps_cap, ask->steps_count + 1);
	ask->steps[ask->steps_count++] = (struct reg_step){before, c};
}

static int plan_star(struct reg_ask *ask, struct reg_rec *first, int64_t now_ms)
{
	for (struct reg_rec *rec = first; rec; rec = reg_table_next(rec)) {
		if (!in_order(ask, rec, now_ms))
			return refuse(ask, 400, "Out of Order");
		add_step(ask, rec, NULL);
	}
	return 0;
}

/* A contact named twice in one request: the later word counts. */
static struct reg_step *planned(struct reg_ask *ask, const struct reg_contact *c)
{
	for (size_t i = 0; i < ask->steps_count; i++) {
		struct reg_step *s = &ask->steps[i];
		struct registrar_binding b = {0};

		if (s->before) {
			if (same_contact(c, &s->before->b, s->before->outbound))
				return s;
			continue;
		}
		b.contact = s->contact->uri;
		b.instance = s->contact->instance;
		b.reg_id = s->contact->reg_id;
		if (same_contact(c, &b, s->contact->outbound))
			return s;
	}
	return NULL;
}

static int plan_contact(struct reg_ask *ask, struct reg_rec *first, const struct reg_contact *c,
			int64_t now_ms)
{
	const struct reg_contact *wanted = c->granted_s ? c : NULL;
	struct reg_step *s = planned(ask, c);
	struct reg_rec *rec = first;

	if (s && (s->before || wanted)) {
		s->contact = wanted;
		return 0;
	}
	if (s) {
		*s = ask->steps[--ask->steps_count];
		return 0;
	}
	while (rec && !same_contact(c, &rec->b, rec->outbound))
		rec = reg_table_next(rec);
	if (rec && !in_order(ask, rec, now_ms))
		return refuse(ask, 400, "Out of Order");
	if (rec || wanted)
		add_step(ask, rec, wanted);
	return 0;
}

static int check_room(struct reg_ask *ask, const struct reg_table *t, struct reg_rec *first,
		      const struct registrar_config *cfg, int64_t now_ms)
{
	size_t live = 0, will = 0, added = 0;

	for (struct reg_rec *rec = first; rec; rec = reg_table_next(rec))
		live += !reg_rec_lapsed(rec, now_ms);
	will = live;
	for (size_t i = 0; i < ask->steps_count; i++) {
		const struct reg_step *s = &ask->steps[i];

		will += s->contact != NULL;
		will -= s->before && !reg_rec_lapsed(s->before, now_ms);
		added += !s->before;
	}
	if (will > live && will > cfg->max_contacts)
		return refuse(ask, 403, "Too Many Contacts");
	if (added && reg_table_count(t) + added > REG_MAX_BINDINGS) {
		strbuf_add_str(&ask->extra, "Retry-After: 300\r\n");
		return refuse(ask, 503, "Registrar Is Full");
	}
	return 0;
}

int reg_rules_plan(struct reg_ask *ask, const struct reg_table *t,
		   const struct registrar_config *cfg, int64_t now_ms)
{
	struct reg_rec *first =
		reg_table_first(t, strbuf_slice(&ask->user), strbuf_slice(&ask->domain));
	int status = 0;

	if (ask->star)
		return plan_star(ask, first, now_ms);
	for (size_t i = 0; i < ask->contacts_count && !status; i++)
		status = plan_contact(ask, first, &ask->contacts[i], now_ms);
	return status ? status : check_room(ask, t, first, cfg, now_ms);
}

void reg_rules_received(const struct sip_msg *msg, const struct sip_flow *from,
			struct slice contact, bool has_path, struct strbuf *out)
{
	struct netaddr said = {.len = 0};
	struct sip_uri uri;
	char source[NETADDR_STR];

	if (has_path || sip_msg_via_count(msg) > 1)
		return;
	if (sip_uri_split(contact, &uri) < 0 || !uri.is_sip)
		return;
	if (from->transport == TRANSPORT_UDP && sip_uri_transport(&uri) == TRANSPORT_UDP &&
	    netaddr_parse(uri.host, uri.port ? uri.port : 5060, &said) == 0 &&
	    netaddr_eq(&said, &from->remote))
		return;
	strbuf_addf(out, "sip:%s", netaddr_format(&from->remote, source));
	if (from->transport != TRANSPORT_UDP)
		strbuf_addf(out, ";transport=%s", transport_name(from->transport));
}
