/* Lives as JSON for the database: readable, and fit for fields that are still to come. */
#include <jansson.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "history/life.h"

enum kind { KIND_I64, KIND_UNSIGNED, KIND_TEXT, KIND_LIST };

struct field {
	const char *name;
	enum kind kind;
	size_t offset, size;
};

#define AT(member) offsetof(struct life, member), sizeof(((struct life *)NULL)->member)
#define I64(n, member)                                                                             \
	{                                                                                          \
		n, KIND_I64, AT(member)                                                            \
	}
#define UINT(n, member)                                                                            \
	{                                                                                          \
		n, KIND_UNSIGNED, AT(member)                                                       \
	}
#define TEXT(n, member)                                                                            \
	{                                                                                          \
		n, KIND_TEXT, AT(member)                                                           \
	}
#define LIST(n, member)                                                                            \
	{                                                                                          \
		n, KIND_LIST, AT(member)                                                           \
	}

/* clang-format off */
static const struct field fields[] = {
	I64("first_seen", s.first_seen_s), I64("last_seen", s.last_seen_s),
	UINT("refreshes", s.refreshes), I64("habit", s.habit_s),
	I64("habit_least", s.habit_least_s), I64("habit_most", s.habit_most_s),
	UINT("moves", s.moves), UINT("port_moves", s.port_moves),
	UINT("contact_changes", s.contact_changes), UINT("call_id_changes", s.call_id_changes),
	UINT("agent_changes", s.agent_changes), UINT("gaps", s.gaps), UINT("flaps", s.flaps),
	UINT("wipes", s.wipes), UINT("alternations", s.alternations),
	I64("last_move", s.last_move_ms), TEXT("moved_from", s.moved_from),
	TEXT("moved_to", s.moved_to), I64("last_refresh", s.last_refresh_s),
	I64("last_answer", s.last_answer_ms), I64("last_failure", s.last_failure_ms),
	I64("answered_at_age", s.answered_at_age_s), I64("silent_at_age", s.silent_at_age_s),
	I64("removed", s.removed_ms), TEXT("removed_by", s.removed_by),
	TEXT("contact", s.last_contact), TEXT("source", s.last_source),
	TEXT("agent", s.last_agent), TEXT("call_id", call_id), I64("granted", granted_s),
	I64("gone", gone_ms), I64("purged", purged_ms), TEXT("last_device", last_device),
	TEXT("before_device", before_device), LIST("intervals", intervals),
	I64("interval_count", interval_count), LIST("registers", registers_ms),
	I64("register_count", register_count), I64("outcome", outcome), I64("path", path),
	I64("code", code), I64("asked", asked_ms), I64("rtt_us", rtt_us),
	I64("replaced", s.replaced_ms), TEXT("replaced_by", s.replaced_by),
	TEXT("replaced_before", s.replaced_before), I64("wiped", s.wiped_ms),
	TEXT("wiped_by", s.wiped_by), TEXT("came_device", came_device),
	TEXT("came_name", came_name), I64("came", came_ms), I64("went_for_it", went_for_it),
	TEXT("went_device", went_device), I64("went", went_ms), I64("went_count", went_count),
	UINT("recoveries", s.recoveries), I64("silent", silent_ms), I64("failures", failures), I64("failed_first", failed_first_ms), I64("probes", probes),
	I64("answers", answers), I64("noted", noted_ms),
};
/* clang-format on */

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static json_t *list_json(const int64_t *at, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(at[i]));
	return list;
}

/* What is as in a new life is left out: most are short. */
static json_t *value_of(const struct life *l, const struct life *fresh, const struct field *f)
{
	const char *at = (const char *)l + f->offset;

	if (memcmp(at, (const char *)fresh + f->offset, f->size) == 0)
		return NULL;
	switch (f->kind) {
	case KIND_I64:
		return json_integer(*(const int64_t *)at);
	case KIND_UNSIGNED:
		return json_integer(*(const unsigned *)at);
	case KIND_TEXT:
		return json_string(at);
	case KIND_LIST:
		return list_json((const int64_t *)at, f->size / sizeof(int64_t));
	}
	return NULL;
}

char *life_to_json(const struct life *l)
{
	json_t *o = json_object(), *v;
	struct life fresh;
	char *text;

	life_init(&fresh);
	for (size_t i = 0; i < FIELDS; i++) {
		v = value_of(l, &fresh, &fields[i]);
		if (v)
			json_object_set_new(o, fields[i].name, v);
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text ? text : xstrdup("{}");
}

static void take(struct life *l, const struct field *f, const json_t *v)
{
	char *at = (char *)l + f->offset;
	const json_t *one;
	size_t i;

	if (f->kind == KIND_TEXT && json_is_string(v)) {
		text_clean_buf(slice_of(json_string_value(v)), at, f->size);
	} else if (f->kind == KIND_I64 && json_is_integer(v)) {
		*(int64_t *)at = json_integer_value(v);
	} else if (f->kind == KIND_UNSIGNED && json_is_integer(v)) {
		*(unsigned *)at = json_integer_value(v) < 0 ? 0 : (unsigned)json_integer_value(v);
	} else if (f->kind == KIND_LIST && json_is_array(v)) {
		json_array_foreach((json_t *)(uintptr_t)v, i,
				   one) if (i < f->size / sizeof(int64_t))((int64_t *)at)[i] =
			json_integer_value(one);
	}
}

void life_from_json(struct life *l, const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	life_init(l);
	if (!json_is_object(o)) {
		json_decref(o);
		return;
	}
	for (size_t i = 0; i < FIELDS; i++)
		take(l, &fields[i], json_object_get(o, fields[i].name));
	json_decref(o);
	/* They index arrays. */
	if (l->interval_count < 0 || l->interval_count > LIFE_INTERVALS)
		l->interval_count = 0;
	if (l->register_count < 0)
		l->register_count = 0;
}
