/* One binding of a snapshot: JSON to struct, every type and range checked. */
#include "report/snapshot_row.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "report/snapshot_fields.h"

static int wrong(struct snapshot_parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(struct snapshot_parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static bool unhex(struct slice s, struct strbuf *out)
{
	strbuf_clear(out);
	if (s.n % 2)
		return false;
	for (size_t i = 0; i < s.n; i += 2) {
		int hi = slice_hex_digit(s.p[i]), lo = slice_hex_digit(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		strbuf_add_char(out, (char)(hi << 4 | lo));
	}
	return true;
}

static struct slice string_of(const json_t *j)
{
	return slice_make(json_string_value(j), json_string_length(j));
}

static int read_text(struct snapshot_parser *p, const json_t *row, size_t i, struct binding *b)
{
	const char *name = snapshot_texts[i].name;
	const json_t *j = json_object_get(row, name), *hex;
	struct slice s;

	if (!j)
		return 0;
	hex = json_is_object(j) ? json_object_get(j, "hex") : NULL;
	if (json_is_string(j))
		s = string_of(j);
	else if (json_is_string(hex) && unhex(string_of(hex), &p->scratch[i]))
		s = strbuf_slice(&p->scratch[i]);
	else
		return wrong(p, "\"%s\" is no text", name);
	if (s.n > SNAPSHOT_MAX_FIELD)
		return wrong(p, "\"%s\" is too long", name);
	memcpy((char *)b + snapshot_texts[i].offset, &s, sizeof(s));
	return 0;
}

static int read_numbers(struct snapshot_parser *p, const json_t *j, const struct snapshot_number *f,
			size_t n, void *base)
{
	for (; n; n--, f++) {
		const json_t *v = json_object_get(j, f->name);
		bool truth = f->type == SNAPSHOT_BOOL, right;

		snapshot_number_set(f, base, f->unset);
		if (!v)
			continue;
		if (truth)
			right = json_is_boolean(v) && snapshot_number_set(f, base, json_is_true(v));
		else
			right = json_is_integer(v) &&
				snapshot_number_set(f, base, json_integer_value(v));
		if (!right)
			return wrong(p, "\"%s\" is no %s that fits", f->name,
				     truth ? "truth" : "number");
	}
	return 0;
}

static int read_word(struct snapshot_parser *p, const json_t *j, const char *name,
		     const char *const *words, size_t n, unsigned *out)
{
	const json_t *v = json_object_get(j, name);

	for (size_t i = 0; i < n && json_is_string(v); i++) {
		if (slice_eq_str(string_of(v), words[i])) {
			*out = (unsigned)i;
			return 0;
		}
	}
	return wrong(p, "\"%s\" is no word that is known", name);
}

static int read_proof_text(struct snapshot_parser *p, const json_t *j, const char *name, char *dst,
			   size_t size)
{
	const json_t *v = json_object_get(j, name);

	if (!v)
		return 0;
	if (!json_is_string(v))
		return wrong(p, "\"%s\" is no text", name);
	text_clean_buf(string_of(v), dst, size);
	return 0;
}

static int read_evidence(struct snapshot_parser *p, const json_t *j, struct evidence *e)
{
	unsigned outcome = 0, path = 0;
	int rc;

	if (!json_is_object(j))
		return wrong(p, "\"evidence\" is no object");
	rc = read_word(p, j, "outcome", snapshot_outcomes, SNAPSHOT_OUTCOMES, &outcome);
	if (rc == 0)
		rc = read_word(p, j, "path", snapshot_paths, SNAPSHOT_PATHS, &path);
	if (rc == 0)
		rc = read_numbers(p, j, snapshot_evidence_numbers, snapshot_evidence_numbers_count,
				  e);
	if (rc == 0)
		rc = read_proof_text(p, j, "agent", e->agent, sizeof(e->agent));
	if (rc == 0)
		rc = read_proof_text(p, j, "detail", e->detail, sizeof(e->detail));
	e->outcome = (enum probe_outcome)outcome;
	e->path = (enum probe_path)path;
	return rc;
}

static int read_source_index(struct snapshot_parser *p, const json_t *row, unsigned *out)
{
	const json_t *j = json_object_get(row, "source");
	json_int_t i = json_integer_value(j);

	if (!json_is_integer(j) || i < 0 || i >= SNAPSHOT_MAX_SOURCES)
		return wrong(p, "\"source\" is no number of a source");
	*out = (unsigned)i;
	return 0;
}

int snapshot_parse_row(struct snapshot_parser *p, const json_t *j, struct snapshot_row *row)
{
	const json_t *evidence;
	int rc;

	*row = (struct snapshot_row){0};
	if (!json_is_object(j))
		return wrong(p, "it is no object");
	rc = read_source_index(p, j, &row->source);
	for (size_t i = 0; i < SNAPSHOT_TEXTS && rc == 0; i++)
		rc = read_text(p, j, i, &row->b);
	if (rc == 0 && !row->b.key.n)
		rc = wrong(p, "it has no key");
	if (rc == 0)
		rc = read_numbers(p, j, snapshot_numbers, snapshot_numbers_count, &row->b);
	evidence = json_object_get(j, "evidence");
	row->has_evidence = evidence != NULL;
	if (rc == 0 && evidence)
		rc = read_evidence(p, evidence, &row->evidence);
	return rc;
}

void snapshot_parser_free(struct snapshot_parser *p)
{
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++)
		strbuf_free(&p->scratch[i]);
}
