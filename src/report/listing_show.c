/* Everything about one binding as aligned lines of name and value, in groups. */
#include "report/listing.h"

#include "base/text.h"
#include "judge/next_hop.h"

#define NAME_WIDTH 12

enum { GROUP_MAX = 14 };

static const struct group {
	const char *title;
	enum column_id cols[GROUP_MAX];
} groups[] = {
	{"binding", {COL_AOR, COL_TWINS, COL_SOURCE, COL_NODE, COL_RUID, COL_DIFFERS, COL_NONE}},
	{"contact",
	 {COL_CONTACT, COL_USER_AGENT, COL_INSTANCE, COL_REG_ID, COL_Q, COL_METHODS, COL_NONE}},
	{"registration",
	 {COL_LEFT, COL_EXPIRES, COL_GRANTED, COL_REFRESHED, COL_HABIT, COL_OVERDUE, COL_CALL_ID,
	  COL_CSEQ, COL_NONE}},
	{"way to it",
	 {COL_NEXT_HOP, COL_TRANSPORT, COL_RECEIVED, COL_NETWORK, COL_PATH, COL_SOCKET, COL_NONE}},
	{"evidence",
	 {COL_VERDICT, COL_BASIS, COL_NOTE, COL_CODE, COL_RTT_MS, COL_PROBED, COL_LOSS,
	  COL_ANSWERED_BY, COL_NONE}},
};

static void add_line(const char *name, struct slice value, struct strbuf *out)
{
	size_t n = strlen(name);

	strbuf_addf(out, "  %s", name);
	strbuf_add_fill(out, ' ', n < NAME_WIDTH ? NAME_WIDTH - n + 1 : 1);
	if (value.n)
		strbuf_add_slice(out, value);
	else
		strbuf_add_char(out, '-');
	strbuf_add_char(out, '\n');
}

/* A time is given twice: as the clock showed it, and as seen from the row's now. */
static void add_time(int64_t at_ms, int64_t now_ms, struct strbuf *out)
{
	int64_t ago = now_ms / 1000 - at_ms / 1000;
	char stamp[24], words[16];

	strbuf_add_str(out, text_rfc3339(at_ms / 1000, stamp));
	if (ago >= 0)
		strbuf_addf(out, " (%s ago)", text_duration(ago, words));
	else
		strbuf_addf(out, " (in %s)", text_duration(-ago, words));
}

static void add_column(enum column_id col, const struct row *r, bool ascii_only, struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;
	struct value v;

	columns[col].get(r, &v);
	if (v.type == VALUE_TIME)
		add_time(v.i, r->now_ms, &text);
	else
		column_show(col, r, ascii_only, &text);
	add_line(columns[col].name, strbuf_slice(&text), out);
	strbuf_free(&text);
}

/* What stands in no column: how the next hop was chosen and what may be in its way. */
static void add_hop(const struct row *r, bool ascii_only, struct strbuf *out)
{
	static const char *const from[] = {
		[HOP_NONE] = "nothing",      [HOP_PATH] = "Path",
		[HOP_RECEIVED] = "received", [HOP_ALIAS] = "alias of the contact",
		[HOP_CONTACT] = "contact",
	};
	struct strbuf text = STRBUF_INIT;
	struct next_hop h;

	next_hop_find(&r->b, &h);
	add_line("taken from", slice_of(from[h.from]), out);
	add_line("nat", h.nat ? SLICE_LIT("yes") : SLICE_LIT("no"), out);
	if (h.by_flow)
		add_line("flow", SLICE_LIT("only the existing connection can carry a request"),
			 out);
	if (h.why) {
		text_clean(slice_of(h.why), ascii_only, &text);
		add_line("obstacle", strbuf_slice(&text), out);
	}
	if (r->b.connection > 0) {
		strbuf_clear(&text);
		strbuf_addf(&text, "%d", (int)r->b.connection);
		add_line("connection", strbuf_slice(&text), out);
	}
	if (r->b.cflags) {
		strbuf_clear(&text);
		strbuf_addf(&text, "0x%x", (unsigned)r->b.cflags);
		add_line("cflags", strbuf_slice(&text), out);
	}
	strbuf_free(&text);
}

static const char *path_words(enum probe_path p)
{
	switch (p) {
	case PROBE_PATH_OWN:
		return "the registrar's own socket or connection";
	case PROBE_PATH_REGISTRAR:
		return "through the registrar";
	case PROBE_PATH_DIRECT:
		return "directly from here";
	case PROBE_PATH_NONE:
		break;
	}
	return "";
}

static void add_probes(const struct evidence *e, int64_t now_ms, bool ascii_only,
		       struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%u asked, %u answered, %u unanswered in a row%s", e->probes, e->answers,
		    e->failures, e->pending ? ", one on its way" : "");
	add_line("probes", strbuf_slice(&text), out);
	add_line("probe path", slice_of(path_words(e->path)), out);
	if (e->heard_ms) {
		strbuf_clear(&text);
		add_time(e->heard_ms, now_ms, &text);
		add_line("heard", strbuf_slice(&text), out);
	}
	if (e->failed_first_ms) {
		strbuf_clear(&text);
		add_time(e->failed_first_ms, now_ms, &text);
		add_line("failing since", strbuf_slice(&text), out);
	}
	if (e->detail[0]) {
		strbuf_clear(&text);
		text_clean(slice_of(e->detail), ascii_only, &text);
		add_line("detail", strbuf_slice(&text), out);
	}
	strbuf_free(&text);
}

void listing_show(const struct row *r, bool ascii_only, struct strbuf *out)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++) {
		strbuf_addf(out, "%s%s\n", g ? "\n" : "", groups[g].title);
		for (size_t c = 0; groups[g].cols[c] != COL_NONE; c++)
			add_column(groups[g].cols[c], r, ascii_only, out);
		if (groups[g].cols[0] == COL_NEXT_HOP)
			add_hop(r, ascii_only, out);
		if (groups[g].cols[0] == COL_VERDICT && r->evidence)
			add_probes(r->evidence, r->now_ms, ascii_only, out);
	}
}
