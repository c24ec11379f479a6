/* Listings: rows as a plain table, CSV or one JSON object, column by column. */
#include "report/listing.h"

#include <errno.h>
#include <inttypes.h>
#include "base/text.h"
#include "report/json_out.h"
#include "report/listing_table.h"

#define PENDING 32768

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void add_value_json(struct strbuf *b, enum column_id col, const struct row *r,
			   bool ascii_only)
{
	struct value v;

	columns[col].get(r, &v);
	switch (v.type) {
	case VALUE_NULL:
		strbuf_add_str(b, "null");
		break;
	case VALUE_TEXT:
		json_out_text(b, v.text, ascii_only);
		break;
	case VALUE_INT:
		json_out_int(b, v.i);
		break;
	case VALUE_REAL:
		json_out_real(b, v.real);
		break;
	case VALUE_TIME:
		json_out_time(b, v.i, false);
		break;
	}
}

static void add_row_json(struct strbuf *b, const struct row *r, const enum column_id *cols,
			 size_t n, bool ascii_only)
{
	strbuf_add_char(b, '{');
	for (size_t c = 0; c < n; c++) {
		json_out_key(b, columns[cols[c]].name);
		add_value_json(b, cols[c], r, ascii_only);
	}
	strbuf_add_char(b, '}');
}

json_t *listing_row_json(const struct row *r, const enum column_id *cols, size_t n)
{
	struct strbuf b = STRBUF_INIT;
	json_t *j;

	add_row_json(&b, r, cols, n, false);
	j = json_loadb(strbuf_str(&b), b.n, 0, NULL);
	strbuf_free(&b);
	return j;
}

static void add_source_json(struct strbuf *b, const struct listing *l, size_t i)
{
	const struct source *s = l->sources[i];
	const struct source_status *st = &s->status;
	uint64_t count = l->store ? store_count_source(l->store, (uint8_t)i) : st->progress;
	/* An error of a picture that came in whole since is history. */
	bool troubled = st->state == SOURCE_TROUBLE || !st->complete;

	strbuf_add_char(b, '{');
	json_out_key(b, "name");
	json_out_text(b, slice_of(s->name), l->ascii_only);
	json_out_key(b, "kind");
	json_out_text(b, slice_of(s->ops->kind), l->ascii_only);
	json_out_key(b, "age_ms");
	if (st->read_ms)
		json_out_int(b, l->now_ms > st->read_ms ? l->now_ms - st->read_ms : 0);
	else
		strbuf_add_str(b, "null");
	json_out_key(b, "complete");
	strbuf_add_str(b, st->complete ? "true" : "false");
	json_out_key(b, "count");
	strbuf_addf(b, "%" PRIu64, count);
	json_out_key(b, "error");
	if (troubled && st->trouble.what[0])
		json_out_text(b, slice_of(st->trouble.what), l->ascii_only);
	else
		strbuf_add_str(b, "null");
	strbuf_add_char(b, '}');
}

static void add_head_json(struct strbuf *b, const struct listing *l)
{
	strbuf_add_char(b, '{');
	json_out_key(b, "regtop");
	json_out_text(b, slice_of(PACKAGE_VERSION), l->ascii_only);
	json_out_key(b, "taken");
	json_out_time(b, l->now_ms, true);
	json_out_key(b, "sources");
	strbuf_add_char(b, '[');
	for (size_t i = 0; i < l->source_count; i++) {
		if (i)
			strbuf_add_char(b, ',');
		add_source_json(b, l, i);
	}
	strbuf_add_char(b, ']');
	json_out_key(b, "bindings");
	strbuf_add_char(b, '[');
}

static int write_json(const struct listing *l, FILE *out)
{
	size_t rows = listing_rows(l), written = 0;
	struct strbuf b = STRBUF_INIT;
	struct row r;
	int rc = 0;

	add_head_json(&b, l);
	for (size_t i = 0; i < rows && rc == 0; i++) {
		if (!view_row(l->view, view_at(l->view, i), l->now_ms, &r))
			continue;
		strbuf_add_str(&b, written++ ? ",\n" : "\n");
		add_row_json(&b, &r, l->cols, l->col_count, l->ascii_only);
		if (b.n >= PENDING)
			rc = json_out_flush(&b, out);
	}
	strbuf_add_str(&b, "\n]}\n");
	if (rc == 0)
		rc = json_out_flush(&b, out);
	strbuf_free(&b);
	return rc;
}

/* ---- CSV --------------------------------------------------------------------------------------
 */

/* A spreadsheet runs what begins with one of = + - @ (CWE-1236). A number with a leading '+' is no
 * formula that can do anything: without one of ( | ! ' " and blanks nothing can be called. */
static bool is_formula(struct slice s)
{
	if (!s.n || !strchr("=+-@", s.p[0]))
		return false;
	if (s.p[0] == '=' || s.p[0] == '@')
		return true;
	for (size_t i = 1; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !strchr("@.:_-", c))
			return true;
	}
	return false;
}

/* RFC 4180: quoted when there is something in it that a reader would take for syntax. */
static void add_text_csv(struct strbuf *b, struct slice s)
{
	struct strbuf clean = STRBUF_INIT;
	const char *mark;
	bool quote = false;

	text_clean(s, false, &clean);
	s = strbuf_slice(&clean);
	mark = is_formula(s) ? "'" : "";
	for (size_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == ',' || s.p[i] == '"' ||
			(s.p[i] == ' ' && (i == 0 || i + 1 == s.n));
	if (!quote) {
		strbuf_add_str(b, mark);
		strbuf_add_slice(b, s);
	} else {
		strbuf_addf(b, "\"%s", mark);
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] == '"')
				strbuf_add_char(b, '"');
			strbuf_add_char(b, s.p[i]);
		}
		strbuf_add_char(b, '"');
	}
	strbuf_free(&clean);
}

static void add_value_csv(struct strbuf *b, enum column_id col, const struct row *r)
{
	struct value v;
	char time[24];

	columns[col].get(r, &v);
	switch (v.type) {
	case VALUE_NULL:
		break;
	case VALUE_TEXT:
		add_text_csv(b, v.text);
		break;
	case VALUE_INT:
		json_out_int(b, v.i);
		break;
	case VALUE_REAL:
		json_out_real(b, v.real);
		break;
	case VALUE_TIME:
		strbuf_add_str(b, text_rfc3339(v.i / 1000, time));
		break;
	}
}

static int write_csv(const struct listing *l, FILE *out)
{
	size_t rows = listing_rows(l);
	struct strbuf b = STRBUF_INIT;
	struct row r;
	int rc = 0;

	for (size_t c = 0; c < l->col_count; c++)
		strbuf_addf(&b, "%s%s", c ? "," : "", columns[l->cols[c]].name);
	strbuf_add_char(&b, '\n');
	for (size_t i = 0; i < rows && rc == 0; i++) {
		if (!view_row(l->view, view_at(l->view, i), l->now_ms, &r))
			continue;
		for (size_t c = 0; c < l->col_count; c++) {
			if (c)
				strbuf_add_char(&b, ',');
			add_value_csv(&b, l->cols[c], &r);
		}
		strbuf_add_char(&b, '\n');
		if (b.n >= PENDING)
			rc = json_out_flush(&b, out);
	}
	if (rc == 0)
		rc = json_out_flush(&b, out);
	strbuf_free(&b);
	return rc;
}

int listing_write(const struct listing *l, enum listing_format f, FILE *out)
{
	int rc;

	if (f == LISTING_JSON)
		rc = write_json(l, out);
	else if (f == LISTING_CSV)
		rc = write_csv(l, out);
	else
		rc = listing_table_write(l, out);
	if (rc)
		return rc;
	/* What the stream still holds has not been written yet. */
	errno = 0;
	if (fflush(out) != 0)
		return errno ? -errno : -EIO;
	return 0;
}
