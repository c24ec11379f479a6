/* What a test call found: a plain value, recorded by act/, read by judge/ and report/. */
#include "model/call_found.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word, *name;
} kinds[CALL_KINDS] = {
	[CALL_QUIET] = {"quiet", "quiet call"},
	[CALL_RING] = {"ring", "ring test"},
	[CALL_SWITCH] = {"switch", "call through the switch"},
	[CALL_PADDED] = {"padded", "padded quiet call"},
};

const char *call_kind_word(enum call_kind k)
{
	return kinds[k].word;
}

const char *call_kind_name(enum call_kind k)
{
	return kinds[k].name;
}

static void add(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void add(char *out, size_t size, const char *fmt, ...)
{
	size_t at = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + at, size - at, fmt, ap);
	va_end(ap);
}

static void add_after(char *out, size_t size, uint32_t us)
{
	if (us >= 1000000)
		add(out, size, " after %u.%u s", us / 1000000, us / 100000 % 10);
	else if (us >= 1000)
		add(out, size, " after %u ms", us / 1000);
	else if (us)
		add(out, size, " after less than 1 ms");
}

/* What came before the end. */
static void add_provisional(const struct call_found *c, char *out, size_t size)
{
	const char *what = c->ringing     ? "180 Ringing"
			   : c->progress  ? "183 Session Progress"
			   : c->forwarded ? "181 forwarded"
			   : c->queued    ? "182 queued"
			   : c->trying    ? "100 Trying"
					  : NULL;

	if (!what)
		return;
	add(out, size, "%s", what);
	if (c->ring_us)
		add_after(out, size, c->ring_us);
	add(out, size, ", then ");
}

void call_found_say_late(const struct call_found *c, char *out, size_t size)
{
	out[0] = '\0';
	if (c->late_code < 200)
		add(out, size, "it rang");
	else if (c->late_code < 300)
		add(out, size, "it was answered");
	else
		add(out, size, "%d came", c->late_code);
	add_after(out, size, c->late_us);
	add(out, size, "%s",
	    c->late_code < 200   ? ", and was cancelled"
	    : c->late_code < 300 ? ", and ended at once"
				 : "");
}

void call_found_say(const struct call_found *c, char *out, size_t size)
{
	char late[80];

	out[0] = '\0';
	add_provisional(c, out, size);
	switch (c->outcome) {
	case CALL_NOT_MADE:
		add(out, size, "not made%s%s", c->detail[0] ? ": " : "", c->detail);
		return;
	case CALL_SILENT:
		add(out, size, "no answer to %u INVITE%s of %u bytes", c->sends,
		    c->sends == 1 ? "" : "s", c->size);
		if (c->late_code) {
			call_found_say_late(c, late, sizeof(late));
			add(out, size, " in time; %s", late);
		}
		return;
	case CALL_OPEN:
		add(out, size, "no answer to what should have ended it: it may go on");
		return;
	case CALL_REFUSED:
	case CALL_NO_ROUTE:
	case CALL_FLOW_GONE:
		add(out, size, "%s", c->detail[0] ? c->detail : "it could not be sent");
		return;
	case CALL_FINAL:
	case CALL_ANSWERED:
	case CALL_CANCELLED:
		break;
	}
	add(out, size, "%d%s%s", c->code, c->reason[0] ? " " : "", c->reason);
	add_after(out, size, c->final_us);
	if (c->by_registrar)
		add(out, size, ", from the registrar itself");
	if (c->detail[0])
		add(out, size, " (%s)", c->detail);
}

static bool is_quiet(const struct call_found *c)
{
	return c->kind == CALL_QUIET || c->kind == CALL_PADDED;
}

/* A code of the phone's own, by what it commonly stands for; facts warn: never too much into one.
 */
static const char *code_means(const struct call_found *c)
{
	switch (c->code) {
	case 486:
	case 600:
		return "The phone is reached, and says busy: another call, or do not disturb.";
	case 480:
		return "The phone is reached, and says not available: do not disturb, or logged "
		       "out.";
	case 603:
		return "The phone is reached, and declined: a person, or do not disturb.";
	case 404:
	case 410:
		return "Somebody answers there who does not know this contact.";
	case 403:
	case 433:
		return "The phone is reached, and refuses the caller.";
	case 401:
	case 407:
		return "Who was called asks the caller for a password.";
	case 488:
	case 606:
	case 415:
		return "The phone is reached, and accepts none of the codecs, or wants encrypted "
		       "media.";
	case 420:
	case 421:
	case 422:
	case 494:
		return "The phone is reached, and does not agree on an extension of SIP.";
	}
	if (c->code >= 300 && c->code < 400)
		return "The phone is reached, and forwards the call elsewhere.";
	return "The phone is reached, and refuses the call.";
}

static const char *quiet_means(const struct call_found *c)
{
	if (c->by_registrar)
		return "The registrar answered for the phone: the phone is not proven.";
	if (c->outcome == CALL_ANSWERED)
		return "INVITE reaches the phone, which took a call that it should have refused: "
		       "by itself, or a mailbox; it was ended at once.";
	if (c->ringing)
		return "The phone is reached; it rang for a moment, which this kind of call "
		       "should not make it do.";
	if (c->code == 404 || c->code == 410 || c->code == 401 || c->code == 407 ||
	    c->code == 403 || c->code == 433 || (c->code >= 300 && c->code < 400))
		return code_means(c);
	return "INVITE reaches the phone, and the phone's answer comes back: it refused, as it "
	       "should, without ringing.";
}

void call_found_mean(const struct call_found *c, char *out, size_t size)
{
	const char *means;

	if (call_found_lost(c)) {
		means = c->trying ? "The next hop took the call, and the phone never gave a sign."
				  : "No INVITE gets an answer on this way.";
		snprintf(out, size, "%s", means);
		return;
	}
	switch (c->outcome) {
	case CALL_NOT_MADE:
		means = "";
		break;
	case CALL_SILENT:
		means = "The phone is reached, but slowly: a caller hears nothing so long.";
		break;
	case CALL_REFUSED:
		means = c->path == PROBE_PATH_REGISTRAR
				? "The registrar itself takes no SIP there: no call can come."
				: "Nobody listens there any more.";
		break;
	case CALL_NO_ROUTE:
		means = c->path == PROBE_PATH_REGISTRAR
				? "Nothing gets to the registrar itself: no call can come."
				: "Nothing gets there.";
		break;
	case CALL_FLOW_GONE:
		means = "Its connection is gone: no call can come.";
		break;
	case CALL_OPEN:
		means = "Look at the phone: it may still ring.";
		break;
	default:
		if (is_quiet(c))
			means = quiet_means(c);
		else if (c->outcome == CALL_ANSWERED)
			means = "It was answered: by a person, by itself, or by a mailbox; the "
				"call was ended at once.";
		else if (c->ringing)
			means = "The phone got the call and says that it is ringing. If nobody "
				"hears it, look at the phone, not at the network.";
		else if (c->progress)
			means = "Somebody plays sound instead of ringing: the phone may or may not "
				"ring.";
		else if (c->by_registrar)
			means = "The switch itself refused the call: the phone was never asked.";
		else
			means = code_means(c);
		break;
	}
	snprintf(out, size, "%s", means);
}

bool call_found_well(const struct call_found *c)
{
	/* Who may still be ringing is no test that went well. */
	if (c->by_registrar || c->outcome == CALL_OPEN)
		return false;
	if (!is_quiet(c))
		return c->ringing || c->outcome == CALL_ANSWERED;
	return (c->outcome == CALL_FINAL && c->code >= 400 && c->code != 404 && c->code != 410 &&
		c->code != 401 && c->code != 407 && c->code != 403 && c->code != 433) ||
	       (c->ringing && c->outcome == CALL_CANCELLED);
}
