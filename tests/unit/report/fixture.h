/* What the tests of report/ share: a model with a few bindings, judged, and a source beside it. */
#ifndef REGTOP_TESTS_REPORT_FIXTURE_H
#define REGTOP_TESTS_REPORT_FIXTURE_H

#include "judge/verdict.h"
#include "model/view.h"
#include "source/source.h"

/* 2031-05-07T03:12:40Z */
#define NOW_S  1935889960
#define NOW_MS ((int64_t)NOW_S * 1000)

struct fixture {
	struct store *store;
	struct view *view;
	struct source source;
	const struct source *sources[1];
};

static const struct source_ops fixture_ops = {.kind = "kamailio-sqlite"};

/* An ordinary phone; tests change what matters to them. */
static inline struct binding fixture_binding(const char *key, const char *user)
{
	return (struct binding){
		.key = slice_of(key),
		.user = slice_of(user),
		.domain = SLICE_LIT("acme.example"),
		.contact = SLICE_LIT("sip:2012@10.0.0.7:5060"),
		.received = SLICE_LIT("sip:203.0.113.9:40211"),
		.socket = SLICE_LIT("udp:192.168.1.5:5060"),
		.user_agent = SLICE_LIT("Yealink SIP-T46S 66.86.0.15 001565a1b2c3"),
		.call_id = SLICE_LIT("abc@10.0.0.7"),
		.expires_s = NOW_S + 1269,
		.refreshed_s = NOW_S - 2331,
		.granted_s = 3600,
		.cseq = 7,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
}

static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	f->store = store_new();
	store_add_source(f->store, "kamailio.sqlite");
	f->view = view_new(f->store, verdict_judge, NULL);
	f->source.ops = &fixture_ops;
	slice_to_buf(SLICE_LIT("kamailio.sqlite"), f->source.name, sizeof(f->source.name));
	f->source.status = (struct source_status){
		.state = SOURCE_LIVE, .read_ms = NOW_MS - 1000, .complete = true, .progress = 5};
	f->sources[0] = &f->source;
}

static inline binding_id fixture_put(struct fixture *f, const struct binding *b)
{
	binding_id id = store_put(f->store, 0, b, NOW_S);

	view_update(f->view, NOW_MS);
	return id;
}

static inline void fixture_free(struct fixture *f)
{
	view_free(f->view);
	store_free(f->store);
}

#endif
