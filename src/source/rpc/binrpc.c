/* Kamailio's ctl protocol (binrpc): requests to bytes, and bytes to the answers that JSON-RPC
 * gives. */
#include "source/rpc/binrpc.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include "base/text.h"

/* src/modules/ctl/binrpc.h of Kamailio; facts/kamailio-opensips 3.3. */
#define MAGIC 0xa1u

enum { PACKET_REQUEST = 0, PACKET_REPLY = 1, PACKET_FAULT = 3 };

enum {
	REC_INT = 0,
	REC_STRING = 1,
	REC_DOUBLE = 2, /* thousandths, as an integer */
	REC_STRUCT = 3,
	REC_ARRAY = 4,
	REC_NAME = 5, /* of the record that follows */
	REC_BYTES = 6,
};

/* Set in a record's first byte: its size stands in the bytes after it; of a struct: its end. Not of
 * a double, whose size takes all four bits: since 5.6 negative ones need eight bytes. */
#define LONG_SIZE 0x80u

/* ---- requests -------------------------------------------------------------------------------- */

static unsigned bytes_of(uint64_t v)
{
	unsigned n = 0;

	for (; v; v >>= 8)
		n++;
	return n;
}

static void add_big_endian(struct strbuf *out, uint64_t v, unsigned n)
{
	while (n-- > 0)
		strbuf_add_char(out, (char)(v >> (8 * n)));
}

static void add_number(struct strbuf *out, unsigned type, uint64_t v)
{
	unsigned n = bytes_of(v);

	strbuf_add_char(out, (char)(n << 4 | type));
	add_big_endian(out, v, n);
}

static void add_string(struct strbuf *out, const char *p, size_t n)
{
	size_t size = n + 1; /* the NUL is counted and sent */

	if (size < 8) {
		strbuf_add_char(out, (char)(size << 4 | REC_STRING));
	} else {
		strbuf_add_char(out, (char)(LONG_SIZE | bytes_of(size) << 4 | REC_STRING));
		add_big_endian(out, size, bytes_of(size));
	}
	strbuf_add(out, p, n);
	strbuf_add_char(out, '\0');
}

static int add_param(struct strbuf *out, const json_t *v)
{
	json_int_t i = json_integer_value(v);
	double thousandths = json_real_value(v) * 1000;

	if (json_is_string(v)) {
		if (memchr(json_string_value(v), '\0', json_string_length(v)))
			return -EINVAL;
		if (json_string_length(v) > BINRPC_REQUEST_MAX)
			return -EMSGSIZE;
		add_string(out, json_string_value(v), json_string_length(v));
	} else if (json_is_integer(v) && i >= INT32_MIN && i <= INT32_MAX) {
		add_number(out, REC_INT, (uint32_t)i);
	} else if (json_is_real(v) && fabs(thousandths) <= INT32_MAX) {
		add_number(out, REC_DOUBLE, (uint64_t)llround(thousandths));
	} else {
		return -EINVAL;
	}
	return 0;
}

int binrpc_request(const char *method, const json_t *params, uint32_t cookie, struct strbuf *out)
{
	struct strbuf body = STRBUF_INIT;
	const json_t *item;
	size_t i;
	int rc = 0;
	unsigned length_bytes;

	add_string(&body, method, strlen(method));
	json_array_foreach((json_t *)(uintptr_t)params, i, item)
	{
		rc = add_param(&body, item);
		if (rc == 0 && body.n > BINRPC_REQUEST_MAX)
			rc = -EMSGSIZE;
		if (rc < 0)
			goto out;
	}
	length_bytes = bytes_of(body.n);
	strbuf_add_char(out, (char)MAGIC);
	strbuf_add_char(out, (char)(PACKET_REQUEST << 4 | (length_bytes - 1) << 2 | (4 - 1)));
	add_big_endian(out, body.n, length_bytes);
	add_big_endian(out, cookie, 4);
	strbuf_add(out, body.p, body.n);
out:
	strbuf_free(&body);
	return rc;
}

/* ---- packets --------------------------------------------------------------------------------- */

static uint64_t big_endian(struct slice s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return v;
}

int binrpc_packet(struct slice in, struct binrpc_packet *p)
{
	unsigned second, type;
	size_t length_bytes, cookie_bytes, head;
	uint64_t length;

	*p = (struct binrpc_packet){0};
	if (in.n >= 1 && (unsigned char)in.p[0] != MAGIC)
		return -EPROTO;
	if (in.n < 2)
		return BINRPC_MORE;
	second = (unsigned char)in.p[1];
	type = second >> 4;
	if (type != PACKET_REPLY && type != PACKET_FAULT)
		return -EPROTO;
	length_bytes = (second >> 2 & 3) + 1;
	cookie_bytes = (second & 3) + 1;
	head = 2 + length_bytes + cookie_bytes;
	if (in.n < head)
		return BINRPC_MORE;
	length = big_endian(slice_make(in.p + 2, length_bytes));
	if (length > BINRPC_REPLY_MAX)
		return -EMSGSIZE;
	p->size = head + (size_t)length;
	if (in.n < p->size)
		return BINRPC_MORE;
	p->fault = type == PACKET_FAULT;
	p->cookie = (uint32_t)big_endian(slice_make(in.p + 2 + length_bytes, cookie_bytes));
	p->body = slice_make(in.p + head, (size_t)length);
	return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

struct reader {
	struct slice rest;
	unsigned depth, values;
};

struct record {
	unsigned type;
	bool end; /* of a struct or an array */
	struct slice value;
};

static bool read_record(struct reader *r, struct record *rec)
{
	unsigned first;
	size_t size;

	if (slice_empty(r->rest) || ++r->values > BINRPC_VALUES_MAX)
		return false;
	first = (unsigned char)r->rest.p[0];
	r->rest = slice_skip(r->rest, 1);
	*rec = (struct record){.type = first & 0xf};
	size = rec->type == REC_DOUBLE ? first >> 4 : first >> 4 & 7;
	if (rec->type == REC_STRUCT || rec->type == REC_ARRAY) {
		rec->end = first & LONG_SIZE;
		return size == 0;
	}
	if (rec->type != REC_DOUBLE && first & LONG_SIZE) {
		size_t bytes = size;

		if (bytes == 0 || bytes > 4 || bytes > r->rest.n)
			return false;
		size = (size_t)big_endian(slice_make(r->rest.p, bytes));
		r->rest = slice_skip(r->rest, bytes);
	}
	if (size > r->rest.n)
		return false;
	rec->value = slice_make(r->rest.p, size);
	r->rest = slice_skip(r->rest, size);
	return true;
}

/* Four bytes are signed, and so is what up to 5.5 a negative double is; more only since 5.6. */
static bool read_number(struct slice s, int64_t *out)
{
	uint64_t v = big_endian(s);

	if (s.n > 8)
		return false;
	*out = s.n == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
	return true;
}

static struct slice without_nul(struct slice s)
{
	if (s.n && s.p[s.n - 1] == '\0')
		s.n--;
	return s;
}

/* What a phone sent may be in any encoding, and must not cost the whole answer. */
static json_t *text_of(struct slice s)
{
	json_t *v = json_stringn(s.p ? s.p : "", s.n);
	struct strbuf mended = STRBUF_INIT;

	if (!v) {
		text_add_utf8(s, &mended);
		v = json_stringn(strbuf_str(&mended), mended.n);
	}
	strbuf_free(&mended);
	return v;
}

/* As JSON-RPC prints it: 0.7, but -1 and not -1.0. */
static json_t *double_of(int64_t thousandths)
{
	return thousandths % 1000 == 0 ? json_integer(thousandths / 1000)
				       : json_real((double)thousandths / 1000.0);
}

static json_t *scalar_of(const struct record *rec)
{
	int64_t number;

	switch (rec->type) {
	case REC_INT:
		return read_number(rec->value, &number) ? json_integer(number) : NULL;
	case REC_DOUBLE:
		return read_number(rec->value, &number) ? double_of(number) : NULL;
	case REC_STRING:
		return text_of(without_nul(rec->value));
	case REC_BYTES:
		return text_of(rec->value);
	default:
		return NULL;
	}
}

/* ---- structs --------------------------------------------------------------------------------- */

/* What binrpc has as a struct and JSON-RPC as an array of objects with one member each. Those that
 * usrloc has are known by name, because one member, or none, says nothing. */
static bool is_list(const char *name)
{
	static const char *const lists[] = {"AoRs", "Contacts", "Domains"};

	for (size_t i = 0; name && i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(name, lists[i]) == 0)
			return true;
	return false;
}

/* JSON-RPC prints these without a sign; ctl has only signed ones. */
static bool is_unsigned(const char *name)
{
	return strcmp(name, "Methods") == 0 || strcmp(name, "HashID") == 0;
}

static int append_member(json_t *list, const char *name, json_t *value)
{
	json_t *one = json_object();

	if (json_object_set_new(one, name, value) < 0) {
		json_decref(one);
		return -EPROTO;
	}
	return json_array_append_new(list, one) < 0 ? -EPROTO : 0;
}

/* Takes object. */
static json_t *listed(json_t *object)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach(object, name, value) append_member(list, name, json_incref(value));
	json_decref(object);
	return list;
}

/* Takes value. *all is an object until a name comes again. */
static int add_member(json_t **all, const char *name, json_t *value)
{
	if (json_is_integer(value) && json_integer_value(value) < 0 && is_unsigned(name))
		json_integer_set(value, json_integer_value(value) + (1LL << 32));
	if (json_is_object(*all) && json_object_get(*all, name))
		*all = listed(*all);
	if (json_is_array(*all))
		return append_member(*all, name, value);
	return json_object_set_new(*all, name, value) < 0 ? -EPROTO : 0;
}

static json_t *read_value(struct reader *r, const struct record *rec, const char *name);

static bool only_member_is_object(const json_t *object)
{
	void *first = json_object_iter((json_t *)(uintptr_t)object);

	return json_object_size(object) == 1 && json_is_object(json_object_iter_value(first));
}

/* The record that says its name was read: adds the one that follows to *all. */
static int read_member(struct reader *r, const struct record *rec, json_t **all)
{
	char name[64];
	struct slice s = without_nul(rec->value);
	struct record next;
	json_t *value;

	if (rec->type != REC_NAME || s.n >= sizeof(name) || !text_is_clean(s))
		return -EPROTO;
	slice_to_buf(s, name, sizeof(name));
	if (!read_record(r, &next) || next.end)
		return -EPROTO;
	value = read_value(r, &next, name);
	return value ? add_member(all, name, value) : -EPROTO;
}

static json_t *read_struct(struct reader *r, const char *name)
{
	json_t *all = json_object();
	struct record rec;

	for (;;) {
		if (!read_record(r, &rec))
			goto bad;
		if (rec.type == REC_STRUCT && rec.end)
			break;
		if (read_member(r, &rec, &all) < 0)
			goto bad;
	}
	if (json_is_object(all) && (is_list(name) || only_member_is_object(all)))
		all = listed(all);
	return all;
bad:
	json_decref(all);
	return NULL;
}

static json_t *read_array(struct reader *r)
{
	json_t *all = json_array();
	struct record rec;

	for (;;) {
		json_t *value;

		if (!read_record(r, &rec))
			goto bad;
		if (rec.type == REC_ARRAY && rec.end)
			return all;
		value = rec.end ? NULL : read_value(r, &rec, NULL);
		if (!value || json_array_append_new(all, value) < 0)
			goto bad;
	}
bad:
	json_decref(all);
	return NULL;
}

/* The value that begins with rec, which is no end; name is whose it is, or NULL. */
static json_t *read_value(struct reader *r, const struct record *rec, const char *name)
{
	json_t *value;

	if (rec->type != REC_STRUCT && rec->type != REC_ARRAY)
		return scalar_of(rec);
	if (r->depth >= BINRPC_DEPTH_MAX)
		return NULL;
	r->depth++;
	value = rec->type == REC_STRUCT ? read_struct(r, name) : read_array(r);
	r->depth--;
	return value;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* These answer with a list, also when it has one item, or none. */
static bool lists(const char *method)
{
	static const char *const methods[] = {
		"core.modules",         "core.psx",           "core.tcp_list", "dmq.list_nodes",
		"stats.get_statistics", "system.listMethods",
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

/* All values of the body as an array; NULL when it is not whole. */
static json_t *read_all(struct slice body)
{
	struct reader r = {.rest = body};
	json_t *all = json_array();

	while (r.rest.n) {
		struct record rec;
		json_t *value =
			read_record(&r, &rec) && !rec.end ? read_value(&r, &rec, NULL) : NULL;

		if (!value || json_array_append_new(all, value) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/* Takes all. */
static json_t *result_of(json_t *all, const char *method)
{
	size_t n = json_array_size(all);
	json_t *result;

	if (n > 1 || lists(method))
		return all;
	result = n ? json_incref(json_array_get(all, 0)) : json_object();
	json_decref(all);
	return result;
}

int binrpc_answer(const struct binrpc_packet *p, const char *method, json_t **doc)
{
	json_t *all = read_all(p->body);

	if (!all)
		return -EPROTO;
	if (!p->fault) {
		*doc = json_pack("{s:o}", "result", result_of(all, method));
		return 0;
	}
	if (json_is_integer(json_array_get(all, 0)) && json_is_string(json_array_get(all, 1)))
		*doc = json_pack("{s:{s:O, s:O}}", "error", "code", json_array_get(all, 0),
				 "message", json_array_get(all, 1));
	else
		*doc = NULL;
	json_decref(all);
	return *doc ? 0 : -EPROTO;
}
