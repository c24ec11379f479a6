/* What a phone asks in the middle of a test call, and what it is told. */
#include "sip/call_dialog.h"
#include "sip/call_text.h"

/* 0: every other method is refused with 405. */
static const struct {
	const char *method;
	int code;
	const char *headers;
} answers[] = {
	{"BYE", 200, ""},
	{"OPTIONS", 200, "Allow: " CALL_ALLOW "\r\nAccept: application/sdp\r\n"},
	{"INFO", 200, ""},
	/* No other offer is taken: the call is over before it could matter. */
	{"INVITE", 488, ""},
	/* There is no re-INVITE that could wait. */
	{"CANCEL", 481, ""},
	/* No provisional response was asked to be reliable, nothing was subscribed to. */
	{"PRACK", 481, ""},
	{"NOTIFY", 481, ""},
};

static struct call *find_called(struct caller *c, const struct sip_msg *m)
{
	for (struct call *x = c->calls; x; x = x->next)
		if (slice_eq_str(sip_msg_call_id(m), x->call_id) &&
		    slice_eq_str(sip_msg_to_tag(m), x->from_tag))
			return x;
	return NULL;
}

static void respond(struct call *x, const struct sip_flow *from, const struct sip_msg *m, int code,
		    const char *headers)
{
	struct strbuf text = STRBUF_INIT;
	struct sip_flow to;

	sip_response_flow(m, from, &to);
	sip_build_response(&text, m, from, code, NULL, NULL);
	strbuf_add_str(&text, headers);
	sip_build_end(&text, SLICE_NONE);
	call_send(x, &to, &text);
	strbuf_free(&text);
}

/* The phone hung up by itself: our BYE needs no answer any more. */
static void on_bye(struct call *x, const struct sip_msg *m)
{
	struct dialog *d = call_dialog_find(x, sip_msg_from_tag(m));

	if (!d)
		return;
	d->ended = true;
	if (!d->confirmed)
		return;
	x->report.ended_by_phone = true;
	call_errand_close(&d->bye);
	call_settle(x);
}

bool call_on_request(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct caller *c = ctx;
	struct call *x = find_called(c, m);
	struct slice method = sip_msg_method(m);
	int code = 405;
	const char *headers = "Allow: " CALL_ALLOW "\r\n";

	if (!x)
		return false;
	call_trace_received(x, from, m);
	/* The ACK to our refusal of another offer. */
	if (slice_eq_str(method, "ACK"))
		return true;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (slice_eq_str(method, answers[i].method)) {
			code = answers[i].code;
			headers = answers[i].headers;
		}
	respond(x, from, m, code, headers);
	if (slice_eq_str(method, "BYE"))
		on_bye(x, m);
	caller_arm(c);
	return true;
}
