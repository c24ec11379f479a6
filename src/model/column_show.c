/* Columns of rows: which of two stands first, and what a person sees of one. */
#include "model/columns.h"

#include "base/text.h"

static int compare_text(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

		x = x >= 'A' && x <= 'Z' ? (unsigned char)(x + 32) : x;
		y = y >= 'A' && y <= 'Z' ? (unsigned char)(y + 32) : y;
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

int column_compare(enum column_id col, const struct row *a, const struct row *b)
{
	struct value x, y;

	column_sort_value(col, a, &x);
	column_sort_value(col, b, &y);
	if (x.type == VALUE_NULL || y.type == VALUE_NULL)
		return (x.type == VALUE_NULL) - (y.type == VALUE_NULL);
	switch (x.type) {
	case VALUE_TEXT:
		return compare_text(x.text, y.text);
	case VALUE_REAL:
		return (x.real > y.real) - (x.real < y.real);
	default:
		return (x.i > y.i) - (x.i < y.i);
	}
}

/* ---- what a person sees -------------------------------------------------------------------------
 */

static void show_age(int64_t then_ms, int64_t now_ms, struct strbuf *out)
{
	int64_t age;
	char words[16];

	if (__builtin_sub_overflow(now_ms, then_ms, &age))
		age = 0;
	/* Clocks of registrars run a little ahead; far ahead is worth seeing. */
	if (age < 0 && age > -2000)
		age = 0;
	if (age < 0)
		strbuf_addf(out, "in %s", text_duration(-(age / 1000), words));
	else
		strbuf_addf(out, "%s ago", text_duration(age / 1000, words));
}

static void show_time(enum column_id col, const struct row *r, int64_t unix_ms, struct strbuf *out)
{
	char words[24];

	if (col == COL_EXPIRES)
		strbuf_add_str(out, text_rfc3339(unix_ms / 1000, words));
	else
		show_age(unix_ms, r->now_ms, out);
}

static void show_verdict(const struct row *r, struct strbuf *out)
{
	strbuf_add_str(out, verdict_words[r->j.verdict].word);
	if (r->j.code && (r->j.code < 200 || r->j.code > 299))
		strbuf_addf(out, " %d", r->j.code);
	if (r->j.faded)
		strbuf_add_char(out, '~');
}

static void show_real(enum column_id col, double real, struct strbuf *out)
{
	if (col == COL_LOSS)
		strbuf_addf(out, "%.0f%%", real);
	else if (col == COL_Q)
		strbuf_addf(out, "%g", real);
	else
		strbuf_addf(out, real < 99.95 ? "%.1f" : "%.0f", real);
}

static void show_nothing(enum column_id col, const struct row *r, struct strbuf *out)
{
	bool permanent = r->b.expires_s == BINDING_PERMANENT;

	if (permanent && col == COL_LEFT)
		strbuf_add_str(out, "perm");
	else if (permanent && col == COL_EXPIRES)
		strbuf_add_str(out, "never");
	else
		strbuf_add_char(out, '-');
}

void column_show(enum column_id col, const struct row *r, bool ascii_only, struct strbuf *out)
{
	struct value v;
	char words[16];

	if (col == COL_VERDICT) {
		show_verdict(r, out);
		return;
	}
	columns[col].get(r, &v);
	switch (v.type) {
	case VALUE_NULL:
		show_nothing(col, r, out);
		break;
	case VALUE_TEXT:
		text_clean(v.text, ascii_only, out);
		break;
	case VALUE_INT:
		if (columns[col].kind == COLUMN_DURATION)
			strbuf_add_str(out, text_duration(v.i, words));
		else
			strbuf_addf(out, "%lld", (long long)v.i);
		break;
	case VALUE_REAL:
		show_real(col, v.real, out);
		break;
	case VALUE_TIME:
		show_time(col, r, v.i, out);
		break;
	}
}
