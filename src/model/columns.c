/* THE column table: names, titles, widths, and how a row's value is got, compared and shown. */
#include "model/columns.h"

#include <errno.h>
#include <stdio.h>
#include "base/sipuri.h"
#include "base/text.h"
#include "model/place.h"

/* ---- getting a value ----------------------------------------------------------------------------
 */

static void set_text(struct value *v, struct slice s)
{
	v->type = s.n ? VALUE_TEXT : VALUE_NULL;
	v->text = s;
}

static void set_int(struct value *v, int64_t i)
{
	v->type = VALUE_INT;
	v->i = i;
}

static void set_real(struct value *v, double d)
{
	v->type = VALUE_REAL;
	v->real = d;
}

static void set_time(struct value *v, int64_t unix_ms)
{
	v->type = VALUE_TIME;
	v->i = unix_ms;
}

static void set_null(struct value *v)
{
	v->type = VALUE_NULL;
}

static size_t put_buf(struct value *v, size_t at, struct slice s)
{
	size_t n = s.n < sizeof(v->buf) - at ? s.n : sizeof(v->buf) - at;

	if (n)
		memcpy(v->buf + at, s.p, n);
	return at + n;
}

static void get_aor(const struct row *r, struct value *v)
{
	size_t n;

	if (!r->b.domain.n) {
		set_text(v, r->b.user);
		return;
	}
	n = put_buf(v, 0, r->b.user);
	n = put_buf(v, n, SLICE_LIT("@"));
	n = put_buf(v, n, r->b.domain);
	set_text(v, slice_make(v->buf, n));
}

#define GET_SLICE(field)                                                                           \
	static void get_##field(const struct row *r, struct value *v)                              \
	{                                                                                          \
		set_text(v, r->b.field);                                                           \
	}

GET_SLICE(user)
GET_SLICE(domain)
GET_SLICE(contact)
GET_SLICE(received)
GET_SLICE(path)
GET_SLICE(socket)
GET_SLICE(user_agent)
GET_SLICE(call_id)
GET_SLICE(instance)
GET_SLICE(ruid)
GET_SLICE(node)

static void get_network(const struct row *r, struct value *v)
{
	place_network(&r->b, v->buf, sizeof(v->buf));
	set_text(v, slice_of(v->buf));
}

/* What the REGISTER came in by says most; a contact may claim anything. */
static enum transport transport_of(const struct binding *b)
{
	struct slice head;
	struct sip_uri u;

	if (b->socket.n) {
		slice_cut(b->socket, ':', &head);
		if (transport_parse(head) != TRANSPORT_OTHER)
			return transport_parse(head);
	}
	if (b->received.n && sip_uri_split(b->received, &u) == 0)
		return sip_uri_transport(&u);
	if (sip_uri_split(b->contact, &u) == 0)
		return sip_uri_transport(&u);
	return TRANSPORT_NONE;
}

static void get_transport(const struct row *r, struct value *v)
{
	set_text(v, slice_of(transport_name(transport_of(&r->b))));
}

static void get_next_hop(const struct row *r, struct value *v)
{
	set_text(v, slice_of(r->j.next_hop));
}

static int64_t now_s(const struct row *r)
{
	return r->now_ms / 1000;
}

static void get_left(const struct row *r, struct value *v)
{
	if (r->b.expires_s == BINDING_PERMANENT)
		set_null(v);
	else
		set_int(v, binding_left_s(&r->b, now_s(r)));
}

/* Times far outside of any calendar come from broken data only. */
static void set_time_s(struct value *v, int64_t unix_s)
{
	if (unix_s > INT64_MAX / 1000 || unix_s < INT64_MIN / 1000)
		set_null(v);
	else
		set_time(v, unix_s * 1000);
}

static void get_expires(const struct row *r, struct value *v)
{
	set_time_s(v, r->b.expires_s);
}

static void get_granted(const struct row *r, struct value *v)
{
	if (r->b.granted_s < 0)
		set_null(v);
	else
		set_int(v, r->b.granted_s);
}

static void get_refreshed(const struct row *r, struct value *v)
{
	if (r->b.refreshed_s <= 0)
		set_null(v);
	else
		set_time_s(v, r->b.refreshed_s);
}

static void get_habit(const struct row *r, struct value *v)
{
	if (r->habit_s > 0)
		set_int(v, r->habit_s);
	else
		set_null(v);
}

/* When the next refresh should have come; false: it is not late yet, or nothing is known. */
static bool missed(const struct row *r, int64_t interval_s, int64_t slack_s, int64_t *due)
{
	int64_t late;

	if (interval_s <= 0 || __builtin_add_overflow(r->b.refreshed_s, interval_s, due) ||
	    __builtin_add_overflow(*due, slack_s, &late))
		return false;
	return now_s(r) > late;
}

int64_t row_overdue_s(const struct row *r)
{
	int64_t due;

	if (r->b.refreshed_s <= 0)
		return 0;
	if (missed(r, r->habit_s, r->habit_s / 4 + OVERDUE_SLACK_S, &due) ||
	    missed(r, r->b.granted_s, 0, &due))
		return now_s(r) - due;
	return 0;
}

static void get_overdue(const struct row *r, struct value *v)
{
	int64_t by = row_overdue_s(r);

	if (by > 0)
		set_int(v, by);
	else
		set_null(v);
}

static void get_verdict(const struct row *r, struct value *v)
{
	set_text(v, slice_of(verdict_words[r->j.verdict].word));
}

static void get_basis(const struct row *r, struct value *v)
{
	set_text(v, slice_of(basis_name(r->j.basis)));
}

static void get_code(const struct row *r, struct value *v)
{
	if (r->evidence && r->evidence->code > 0)
		set_int(v, r->evidence->code);
	else
		set_null(v);
}

/* Only while the last probe was answered: an old time beside "silent" would mislead. */
static void get_rtt_ms(const struct row *r, struct value *v)
{
	if (r->evidence && r->evidence->outcome == PROBE_ANSWERED && !r->evidence->by_registrar)
		set_real(v, (double)r->evidence->rtt_us / 1000.0);
	else
		set_null(v);
}

static void get_probed(const struct row *r, struct value *v)
{
	if (r->evidence && r->evidence->asked_ms > 0)
		set_time(v, r->evidence->asked_ms);
	else
		set_null(v);
}

static void get_loss(const struct row *r, struct value *v)
{
	const struct evidence *e = r->evidence;

	if (!e || !e->probes)
		set_null(v);
	else if (e->answers >= e->probes)
		set_real(v, 0);
	else
		set_real(v, 100.0 * (double)(e->probes - e->answers) / (double)e->probes);
}

static void get_answered_by(const struct row *r, struct value *v)
{
	set_text(v, r->evidence ? slice_of(r->evidence->agent) : SLICE_NONE);
}

static void get_cseq(const struct row *r, struct value *v)
{
	if (r->b.cseq || r->b.call_id.n)
		set_int(v, r->b.cseq);
	else
		set_null(v);
}

static void get_q(const struct row *r, struct value *v)
{
	if (r->b.q_milli < 0)
		set_null(v);
	else
		set_real(v, (double)r->b.q_milli / 1000.0);
}

static void get_reg_id(const struct row *r, struct value *v)
{
	if (r->b.reg_id)
		set_int(v, r->b.reg_id);
	else
		set_null(v);
}

static void get_methods(const struct row *r, struct value *v)
{
	struct strbuf b = STRBUF_INIT;
	size_t n;

	binding_add_methods(r->b.methods, &b);
	n = put_buf(v, 0, strbuf_slice(&b));
	strbuf_free(&b);
	set_text(v, slice_make(v->buf, n));
}

static void get_differs(const struct row *r, struct value *v)
{
	static const char *const words[] = {
		[BINDING_UNCOMPARED] = "",
		[BINDING_AGREES] = "no",
		[BINDING_ONLY_TABLE] = "yes: only in the table",
		[BINDING_ONLY_MEMORY] = "yes: only in memory",
		[BINDING_FIELDS] = "yes: the table is behind",
	};

	set_text(v, slice_of(words[r->differs]));
}

static void get_twins(const struct row *r, struct value *v)
{
	set_int(v, r->twins);
}

static void get_source(const struct row *r, struct value *v)
{
	set_text(v, slice_of(r->source));
}

static void get_note(const struct row *r, struct value *v)
{
	set_text(v, slice_of(r->j.note));
}

/* ---- the table ----------------------------------------------------------------------------------
 */

/* Widths and ranks: at 80 columns AoR, verdict, left, contact, RTT, User-Agent and transport stand
 * beside each other at their least widths. */
/* clang-format off */
#define COLUMN(ID, name_, title_, kind_, cut_, min, want, rank_, right_, help_) \
	[COL_##ID] = {.name = #name_, .title = title_, .help = help_, \
		      .kind = COLUMN_##kind_, .cut = CUT_##cut_, .width_min = min, \
		      .width_want = want, .rank = rank_, .right = right_, .get = get_##name_}

const struct column columns[COL_COUNT] = {
	/*     id           name         title          kind      cut     min want rank right */
	COLUMN(AOR,         aor,         "AoR",         TEXT,     MIDDLE, 14, 34,  1, false,
	       "Address of record, user@domain."),
	COLUMN(USER,        user,        "User",        TEXT,     END,     8, 16,  0, false,
	       "User part of the address of record."),
	COLUMN(DOMAIN,      domain,      "Domain",      TEXT,     END,     8, 20,  0, false,
	       "Domain of the address of record; empty when the registrar keeps none."),
	COLUMN(CONTACT,     contact,     "Contact",     TEXT,     MIDDLE, 18, 38,  4, false,
	       "Contact URI as the phone registered it, byte for byte."),
	COLUMN(RECEIVED,    received,    "Received",    TEXT,     MIDDLE, 16, 28,  9, false,
	       "Address that the REGISTER came from, when the registrar noted it."),
	COLUMN(NETWORK,     network,     "Network",     TEXT,     END,    14, 18,  0, false,
	       "Source network, /24 or /48: of the address that the REGISTER came from, else of the contact."),
	COLUMN(PATH,        path,        "Path",        TEXT,     MIDDLE, 12, 30, 15, false,
	       "Path of the REGISTER: requests travel back over it."),
	COLUMN(SOCKET,      socket,      "Socket",      TEXT,     MIDDLE, 14, 24, 14, false,
	       "The registrar's socket that took the REGISTER."),
	COLUMN(TRANSPORT,   transport,   "Trn",         TEXT,     END,     3,  4,  7, false,
	       "Transport that the REGISTER came by."),
	COLUMN(NEXT_HOP,    next_hop,    "Next hop",    TEXT,     MIDDLE, 16, 28, 12, false,
	       "Where a request is really sent: Path, else received, else alias, else contact."),
	COLUMN(LEFT,        left,        "Left",        DURATION, END,     7,  7,  3, true,
	       "Seconds until the binding lapses; negative when it has, null when it never does."),
	COLUMN(EXPIRES,     expires,     "Expires",     TIME,     END,    20, 20,  0, false,
	       "When the binding lapses; null when it never does."),
	COLUMN(GRANTED,     granted,     "Granted",     DURATION, END,     7,  7,  0, true,
	       "Seconds granted at the last REGISTER."),
	COLUMN(REFRESHED,   refreshed,   "Refreshed",   TIME,     END,    11, 11, 16, true,
	       "When the last REGISTER came."),
	COLUMN(HABIT,       habit,       "Habit",       DURATION, END,     7,  7,  0, true,
	       "Seconds between this binding's own refreshes, once they have been seen."),
	COLUMN(OVERDUE,     overdue,     "Overdue",     DURATION, END,     7,  7,  0, true,
	       "Seconds past its usual refresh, or past its granted time."),
	COLUMN(VERDICT,     verdict,     "Verdict",     TEXT,     END,    12, 14,  2, false,
	       "What the evidence supports, in one word; '~' marks old evidence."),
	COLUMN(BASIS,       basis,       "Basis",       TEXT,     END,     9,  9, 11, false,
	       "How far the verdict may be believed: confirmed, likely or unknown."),
	COLUMN(CODE,        code,        "Code",        NUMBER,   END,     4,  4,  0, true,
	       "Final response code of the last probe."),
	COLUMN(RTT_MS,      rtt_ms,      "RTT ms",      NUMBER,   END,     6,  7,  5, true,
	       "Milliseconds from the probe to its answer."),
	COLUMN(PROBED,      probed,      "Probed",      TIME,     END,    11, 11,  8, true,
	       "When the last finished probe was sent."),
	COLUMN(LOSS,        loss,        "Loss",        NUMBER,   END,     4,  4,  0, true,
	       "Percentage of this binding's probes that got no answer."),
	COLUMN(ANSWERED_BY, answered_by, "Answered by", TEXT,     END,    11, 24, 13, false,
	       "User-Agent or Server of the last answer."),
	COLUMN(USER_AGENT,  user_agent,  "User-Agent",  TEXT,     END,    10, 26,  6, false,
	       "User-Agent of the REGISTER."),
	COLUMN(CALL_ID,     call_id,     "Call-ID",     TEXT,     MIDDLE, 12, 30,  0, false,
	       "Call-ID of the REGISTER."),
	COLUMN(CSEQ,        cseq,        "CSeq",        NUMBER,   END,     5,  6,  0, true,
	       "CSeq of the last REGISTER."),
	COLUMN(Q,           q,           "Q",           NUMBER,   END,     5,  5,  0, true,
	       "Preference of this contact, 0 to 1."),
	COLUMN(INSTANCE,    instance,    "Instance",    TEXT,     MIDDLE, 14, 47,  0, false,
	       "The device's +sip.instance."),
	COLUMN(REG_ID,      reg_id,      "Reg-id",      NUMBER,   END,     6,  6,  0, true,
	       "Number of the flow of the device (RFC 5626 reg-id)."),
	COLUMN(METHODS,     methods,     "Methods",     TEXT,     END,    10, 40,  0, false,
	       "Methods that the contact allows; null when not restricted."),
	COLUMN(TWINS,       twins,       "Twin",        NUMBER,   END,     4,  4, 10, true,
	       "Bindings of the same AoR, this one included."),
	COLUMN(RUID,        ruid,        "Ruid",        TEXT,     MIDDLE, 14, 26,  0, false,
	       "The registrar's unique id of the binding."),
	COLUMN(NODE,        node,        "Node",        TEXT,     END,     4, 10,  0, false,
	       "Registrar process that owns the binding."),
	COLUMN(SOURCE,      source,      "Source",      TEXT,     MIDDLE, 10, 24,  0, false,
	       "Where the binding was read from."),
	COLUMN(NOTE,        note,        "Note",        TEXT,     END,    16, 60, 17, false,
	       "Why the verdict is what it is, in one sentence."),
	COLUMN(DIFFERS,     differs,     "Differs",     TEXT,     END,     7, 22,  0, false,
	       "Whether the registrar's memory says otherwise than its table; null when it was not asked."),
};
/* clang-format on */

/* ---- names --------------------------------------------------------------------------------------
 */

enum column_id column_by_name(struct slice name)
{
	for (int c = 0; c < COL_COUNT; c++)
		if (slice_ieq_str(name, columns[c].name))
			return (enum column_id)c;
	return COL_NONE;
}

/* Levenshtein's distance of short words; words beyond the cap are far from everything. */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned row[17];

	if (a.n > 16 || b.n > 16)
		return 99;
	for (unsigned k = 0; k <= b.n; k++)
		row[k] = k;
	for (size_t i = 0; i < a.n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t k = 0; k < b.n; k++) {
			unsigned cost =
				(a.p[i] | 0x20) == (b.p[k] | 0x20) ? diagonal : diagonal + 1;

			diagonal = row[k + 1];
			if (row[k] + 1 < cost)
				cost = row[k] + 1;
			if (diagonal + 1 < cost)
				cost = diagonal + 1;
			row[k + 1] = cost;
		}
	}
	return row[b.n];
}

static bool is_near(struct slice word, struct slice name)
{
	if (word.n >= 3 && (slice_find_icase(name, word) >= 0 || slice_find_icase(word, name) == 0))
		return true;
	return distance(word, name) <= (word.n >= 5 ? 2u : 1u);
}

void columns_near(struct slice word, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (int c = 0; c < COL_COUNT && n < size; c++)
		if (word.n && is_near(word, slice_of(columns[c].name)))
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
					      columns[c].name);
}

static int no_such_column(struct slice word, struct err *e)
{
	char shown[64], near[160];

	text_clean_buf(word, shown, sizeof(shown));
	columns_near(word, near, sizeof(near));
	if (near[0])
		return err_set(e, -EINVAL, "See regtop --help for all columns.",
			       "There is no column \"%s\"; near: %s.", shown, near);
	return err_set(e, -EINVAL, "See regtop --help for all columns.",
		       "There is no column \"%s\".", shown);
}

int columns_parse(struct slice list, enum column_id out[COL_COUNT], struct err *e)
{
	int n = 0;
	struct slice one;

	while (list.p) {
		enum column_id id;
		bool again = false;

		list = slice_cut(list, ',', &one);
		one = slice_trim(one);
		id = column_by_name(one);
		if (id == COL_NONE)
			return one.n ? no_such_column(one, e)
				     : err_set(e, -EINVAL, "Write them as aor,left,verdict.",
					       "A column name is missing.");
		for (int i = 0; i < n; i++)
			again |= out[i] == id;
		if (again)
			return err_set(e, -EINVAL, NULL, "Column %s is named twice.",
				       columns[id].name);
		out[n++] = id;
	}
	if (!n)
		return err_set(e, -EINVAL, "Write them as aor,left,verdict.",
			       "A column name is missing.");
	return n;
}

/* ---- order --------------------------------------------------------------------------------------
 */

unsigned column_needs(enum column_id col)
{
	switch (col) {
	case COL_VERDICT:
	case COL_BASIS:
	case COL_NOTE:
		return NEEDS_JUDGEMENT | NEEDS_EVIDENCE | NEEDS_TIME;
	case COL_NEXT_HOP:
		return NEEDS_JUDGEMENT;
	case COL_DIFFERS:
	case COL_CODE:
	case COL_RTT_MS:
	case COL_PROBED:
	case COL_LOSS:
	case COL_ANSWERED_BY:
		return NEEDS_EVIDENCE;
	case COL_TWINS:
		return NEEDS_TWINS;
	case COL_OVERDUE:
		return NEEDS_TIME;
	default:
		return 0;
	}
}

void column_sort_value(enum column_id col, const struct row *r, struct value *v)
{
	if (col == COL_VERDICT)
		set_int(v, (int64_t)r->j.verdict * 1000 + r->j.code);
	else if (col == COL_BASIS && r->j.basis != BASIS_NONE)
		set_int(v, r->j.basis);
	else
		columns[col].get(r, v);
}
