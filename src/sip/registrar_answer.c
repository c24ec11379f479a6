/* The registrar's answers: the 200 with every binding, and refusals, as text. */
#include "sip/registrar_answer.h"

#include <time.h>
#include "base/hash.h"
#include "sip/build.h"

static void begin(struct strbuf *out, const struct sip_msg *msg, const struct sip_flow *from,
		  int code, const char *reason)
{
	char tag[13];

	random_token(tag, sizeof(tag) - 1);
	sip_build_response(out, msg, from, code, reason, tag);
}

void reg_answer(struct strbuf *out, const struct sip_msg *msg, const struct sip_flow *from,
		int code, const char *reason, struct slice extra)
{
	begin(out, msg, from, code, reason);
	strbuf_add_slice(out, extra);
	sip_build_end(out, SLICE_NONE);
}

static void add_contact(struct strbuf *out, const struct registrar_binding *b, int64_t now_ms)
{
	int64_t left = (b->expires_ms - now_ms) / 1000;

	strbuf_add_str(out, "Contact: <");
	strbuf_add_slice(out, b->contact);
	/* Rounded down, but never 0: that would say "removed". */
	strbuf_addf(out, ">;expires=%lld", (long long)(left > 0 ? left : 1));
	if (b->q_milli == 1000)
		strbuf_add_str(out, ";q=1.0");
	else if (b->q_milli >= 0)
		strbuf_addf(out, ";q=0.%03d", b->q_milli);
	if (b->instance.n) {
		strbuf_add_str(out, ";+sip.instance=\"");
		strbuf_add_slice(out, b->instance);
		strbuf_add_char(out, '"');
	}
	if (b->reg_id)
		strbuf_addf(out, ";reg-id=%d", b->reg_id);
	strbuf_add_str(out, "\r\n");
}

/* Simple phones set their clock by it. The names are English whatever the locale. */
static void add_date(struct strbuf *out, int64_t now_ms)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t s = (time_t)(now_ms / 1000);
	struct tm tm;

	if (!gmtime_r(&s, &tm))
		return;
	strbuf_addf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		    days + 3 * (size_t)tm.tm_wday, tm.tm_mday, months + 3 * (size_t)tm.tm_mon,
		    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void reg_answer_bindings(struct strbuf *out, const struct sip_msg *msg, const struct sip_flow *from,
			 const struct reg_ask *ask, const struct reg_table *t, int64_t now_ms)
{
	struct reg_rec *rec =
		reg_table_first(t, strbuf_slice(&ask->user), strbuf_slice(&ask->domain));
	bool outbound = false;

	begin(out, msg, from, 200, NULL);
	for (; rec; rec = reg_table_next(rec))
		if (!reg_rec_lapsed(rec, now_ms))
			add_contact(out, &rec->b, now_ms);
	add_date(out, now_ms);
	/* RFC 3327 5.3: the Path goes back so that the phone may judge who stands on it; one that
	 * did not say that it knows Path would not understand. Stored it is in any case. */
	if (ask->knows_path && ask->path.n) {
		strbuf_add_str(out, "Path: ");
		strbuf_add_slice(out, strbuf_slice(&ask->path));
		strbuf_add_str(out, "\r\n");
	}
	for (size_t i = 0; i < ask->contacts_count; i++)
		outbound |= ask->contacts[i].outbound;
	if (outbound)
		strbuf_add_str(out, "Require: outbound\r\n");
	strbuf_add_str(out, "Supported: path, outbound\r\n");
	sip_build_end(out, SLICE_NONE);
}
