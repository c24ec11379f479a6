/* The binding: one Contact registered for one AoR, as a value. */
#include "model/binding.h"

#include "base/alloc.h"

void binding_add_aor(const struct binding *b, struct strbuf *out)
{
	strbuf_add_slice(out, b->user);
	if (b->domain.n) {
		strbuf_add_char(out, '@');
		strbuf_add_slice(out, b->domain);
	}
}

/* Where the slices of a binding are, so that nothing that treats them alike forgets one. */
static const size_t slice_offsets[] = {
	offsetof(struct binding, key),      offsetof(struct binding, user),
	offsetof(struct binding, domain),   offsetof(struct binding, contact),
	offsetof(struct binding, received), offsetof(struct binding, path),
	offsetof(struct binding, socket),   offsetof(struct binding, user_agent),
	offsetof(struct binding, call_id),  offsetof(struct binding, instance),
	offsetof(struct binding, ruid),     offsetof(struct binding, node),
};

#define SLICE_COUNT (sizeof(slice_offsets) / sizeof(slice_offsets[0]))

static const struct slice *slice_at(const struct binding *b, size_t i)
{
	return (const struct slice *)((const char *)b + slice_offsets[i]);
}

bool binding_equal(const struct binding *a, const struct binding *b)
{
	if (a->expires_s != b->expires_s || a->refreshed_s != b->refreshed_s ||
	    a->granted_s != b->granted_s || a->cseq != b->cseq || a->methods != b->methods ||
	    a->q_milli != b->q_milli || a->reg_id != b->reg_id || a->connection != b->connection ||
	    a->cflags != b->cflags)
		return false;
	for (size_t i = 0; i < SLICE_COUNT; i++)
		if (!slice_eq(*slice_at(a, i), *slice_at(b, i)))
			return false;
	return true;
}

int64_t binding_left_s(const struct binding *b, int64_t now_s)
{
	int64_t left;

	if (b->expires_s == BINDING_PERMANENT)
		return INT64_MAX;
	if (__builtin_sub_overflow(b->expires_s, now_s, &left))
		return b->expires_s < 0 ? INT64_MIN : INT64_MAX - 1;
	return left;
}

struct binding *binding_copy(const struct binding *b)
{
	size_t text = 0;
	struct binding *copy;
	char *at;

	for (size_t i = 0; i < SLICE_COUNT; i++)
		text += slice_at(b, i)->n;
	copy = xmalloc(sizeof(*copy) + text);
	*copy = *b;
	at = (char *)(copy + 1);
	for (size_t i = 0; i < SLICE_COUNT; i++) {
		struct slice from = *slice_at(b, i);

		if (from.n)
			memcpy(at, from.p, from.n);
		*(struct slice *)((char *)copy + slice_offsets[i]) = slice_make(at, from.n);
		at += from.n;
	}
	return copy;
}

/* Kamailio's bits (facts/kamailio-opensips 1.2: src/core/parser/msg_parser.h). */
static const struct {
	const char *name;
	uint32_t bit;
} methods_known[] = {
	{"INVITE", 1},    {"CANCEL", 2},     {"ACK", 4},      {"BYE", 8},         {"INFO", 16},
	{"REGISTER", 32}, {"SUBSCRIBE", 64}, {"NOTIFY", 128}, {"MESSAGE", 256},   {"OPTIONS", 512},
	{"PRACK", 1024},  {"UPDATE", 2048},  {"REFER", 4096}, {"PUBLISH", 8192},  {"KDMQ", 16384},
	{"GET", 32768},   {"POST", 65536},   {"PUT", 131072}, {"DELETE", 262144}, {"OTHER", 524288},
};

#define METHODS_KNOWN (sizeof(methods_known) / sizeof(methods_known[0]))
#define METHOD_OTHER  524288u

void binding_add_methods(uint32_t methods, struct strbuf *out)
{
	bool first = true;

	if (methods == BINDING_METHODS_ALL)
		return;
	for (size_t i = 0; i < METHODS_KNOWN; i++) {
		if (!(methods & methods_known[i].bit))
			continue;
		if (!first)
			strbuf_add_char(out, ',');
		strbuf_add_str(out, methods_known[i].name);
		first = false;
	}
}

static uint32_t method_bit(struct slice name)
{
	for (size_t i = 0; i < METHODS_KNOWN; i++)
		if (slice_ieq_str(name, methods_known[i].name))
			return methods_known[i].bit;
	return METHOD_OTHER;
}

uint32_t binding_methods_parse(struct slice list)
{
	uint32_t bits = 0;
	struct slice one;

	while (list.n) {
		list = slice_cut(list, ',', &one);
		one = slice_trim(one);
		if (one.n)
			bits |= method_bit(one);
	}
	return bits;
}
