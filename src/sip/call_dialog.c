/* The dialogs of a test call: one for each To tag, with its route set and where it leads. */
#include "sip/call_dialog.h"

#include <stdlib.h>
#include "base/sipuri.h"
#include "sip/values.h"

/* More hops than any call has; what is beyond comes from somebody who wants us to write. */
#define ROUTES_MAX 24
/* As long as a tag is believed. */
#define TAG_MAX 512

struct dialog *call_dialog_find(struct call *x, struct slice tag)
{
	for (unsigned i = 0; i < x->dialog_count; i++)
		if (slice_eq_str(tag, x->dialogs[i].tag))
			return &x->dialogs[i];
	return NULL;
}

static void dialog_clear(struct dialog *d)
{
	free(d->tag);
	free(d->target);
	free(d->route);
	strbuf_free(&d->ack);
	strbuf_free(&d->bye.text);
	memset(d, 0, sizeof(*d));
}

struct dialog *call_dialog_get(struct call *x, struct slice tag)
{
	struct dialog *d = call_dialog_find(x, tag);

	if (d || tag.n > TAG_MAX)
		return d;
	if (x->dialog_count < CALL_DIALOGS)
		d = &x->dialogs[x->dialog_count++];
	/* An early dialog owes nothing: it gives its place to one that may have to be ended. */
	for (unsigned i = 0; i < CALL_DIALOGS && !d; i++)
		if (!x->dialogs[i].confirmed)
			d = &x->dialogs[i];
	if (!d)
		return NULL;
	dialog_clear(d);
	d->tag = slice_copy(tag);
	x->report.forks++;
	return d;
}

void call_dialogs_free(struct call *x)
{
	for (unsigned i = 0; i < x->dialog_count; i++)
		dialog_clear(&x->dialogs[i]);
	x->dialog_count = 0;
}

/* ---- routes -------------------------------------------------------------------------------- */

struct routes {
	struct slice at[ROUTES_MAX]; /* in the order in which requests pass them */
	unsigned count;
};

static void read_routes(const struct sip_msg *m, struct routes *r)
{
	struct slice all[ROUTES_MAX], one;
	struct sip_uri u;
	unsigned n = 0;

	/* What is no SIP URI leads nowhere. */
	for (unsigned i = 0; i < ROUTES_MAX && (one = sip_msg_list(m, "record-route", i)).n; i++)
		if (sip_uri_split(sip_uri_first_of_list(one), &u) == 0 && u.is_sip)
			all[n++] = one;
	r->count = n;
	for (unsigned i = 0; i < n; i++)
		r->at[i] = all[n - 1 - i];
}

static bool is_loose(struct slice route)
{
	struct sip_uri u;

	return sip_uri_split(sip_uri_first_of_list(route), &u) == 0 &&
	       sip_uri_param(&u, "lr", NULL);
}

static void join(struct strbuf *out, const struct routes *r, unsigned from)
{
	for (unsigned i = from; i < r->count; i++) {
		strbuf_add_str(out, out->n ? ", " : "");
		strbuf_add_slice(out, r->at[i]);
	}
}

/* Request-URI and Route of the requests, and the URI that they are sent to first. */
static void set_routes(struct dialog *d, const struct routes *r, struct slice contact,
		       struct slice *next)
{
	struct strbuf route = STRBUF_INIT;

	*next = r->count ? sip_uri_first_of_list(r->at[0]) : contact;
	if (r->count && !is_loose(r->at[0])) {
		/* A strict router wants to find itself in the Request-URI. */
		join(&route, r, 1);
		strbuf_add_str(&route, route.n ? ", <" : "<");
		strbuf_add_slice(&route, contact);
		strbuf_add_char(&route, '>');
		d->target = slice_copy(*next);
	} else {
		join(&route, r, 0);
		d->target = slice_copy(contact);
	}
	d->route = strbuf_take(&route);
}

/* ---- the way ------------------------------------------------------------------------------- */

static bool same_host_port(struct slice a, struct slice b)
{
	struct sip_uri x, y;

	return sip_uri_split(a, &x) == 0 && sip_uri_split(b, &y) == 0 && x.is_sip && y.is_sip &&
	       slice_ieq(x.host, y.host) && (x.port ? x.port : 5060) == (y.port ? y.port : 5060);
}

static bool is_public(const struct netaddr *a)
{
	return !netaddr_is_private(a) && !netaddr_is_loopback(a);
}

/* Names are not resolved here, streams stay on their connection, and the address that the INVITE
 * was meant for lies where the INVITE went, whatever a NAT made of it. */
static struct sip_flow way_to(const struct call *x, struct slice uri)
{
	struct sip_flow way = x->flow;
	struct netaddr to;
	struct sip_uri u;

	if (x->flow.transport != TRANSPORT_UDP || sip_uri_split(uri, &u) < 0 || !u.is_sip ||
	    sip_uri_transport(&u) != TRANSPORT_UDP ||
	    netaddr_parse(u.host, u.port ? u.port : 5060, &to) < 0 ||
	    to.sa.sa_family != x->flow.remote.sa.sa_family ||
	    same_host_port(uri, slice_of(x->request_uri)))
		return way;
	/* Seen from a public address a private one is behind somebody's NAT. */
	if (netaddr_is_any(&to) || (netaddr_is_private(&to) && is_public(&x->flow.remote)))
		return way;
	/* Another machine must not send us to what only this one can reach. */
	if (netaddr_is_loopback(&to) && !netaddr_is_loopback(&x->flow.remote))
		return way;
	way.remote = to;
	return way;
}

struct sip_flow call_dialog_way(const struct call *x, const struct dialog *d, unsigned n)
{
	return n % 2 ? x->flow : d->flow;
}

void call_dialog_confirm(struct call *x, struct dialog *d, const struct sip_msg *m)
{
	struct slice target = slice_of(x->request_uri), next;
	struct sip_contact contact;
	struct routes routes;
	struct sip_uri u;

	d->confirmed = true;
	if (sip_msg_contact(m, 0, &contact) && contact.uri.n &&
	    sip_uri_split(contact.uri, &u) == 0 && u.is_sip) {
		target = contact.uri;
		/* RFC 3261 19.1.1: headers do not stand in a Request-URI. */
		if (u.headers.p)
			target.n = (size_t)(u.headers.p - target.p) - 1;
	}
	read_routes(m, &routes);
	set_routes(d, &routes, target, &next);
	d->flow = way_to(x, next);
}
