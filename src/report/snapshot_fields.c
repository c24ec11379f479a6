/* The members of a snapshot's bindings, one table for writing and reading. */
#include "report/snapshot_fields.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* A new field of struct binding or struct evidence becomes a row here and a line in
 * doc/regtop-snapshot.5; a test compares every field after a round trip. */
/* clang-format off */
#define TEXT(field) {#field, offsetof(struct binding, field)}
const struct snapshot_text snapshot_texts[SNAPSHOT_TEXTS] = {
	TEXT(key), TEXT(user), TEXT(domain), TEXT(contact), TEXT(received), TEXT(path),
	TEXT(socket), TEXT(user_agent), TEXT(call_id), TEXT(instance), TEXT(ruid), TEXT(node),
};

#define NUMBER(field, type, unset) {#field, offsetof(struct binding, field), type, unset}
const struct snapshot_number snapshot_numbers[] = {
	NUMBER(expires_s,	SNAPSHOT_I64,	BINDING_PERMANENT),
	NUMBER(refreshed_s,	SNAPSHOT_I64,	0),
	NUMBER(granted_s,	SNAPSHOT_I64,	-1),
	NUMBER(cseq,		SNAPSHOT_U32,	0),
	NUMBER(methods,		SNAPSHOT_U32,	BINDING_METHODS_ALL),
	NUMBER(q_milli,		SNAPSHOT_I32,	BINDING_Q_UNSET),
	NUMBER(reg_id,		SNAPSHOT_I32,	0),
	NUMBER(connection,	SNAPSHOT_I32,	0),
	NUMBER(cflags,		SNAPSHOT_U32,	0),
};
const size_t snapshot_numbers_count = COUNT(snapshot_numbers);

/* pending is left out: nothing is on its way in a picture. */
#define PROOF(field, type) {#field, offsetof(struct evidence, field), type, 0}
const struct snapshot_number snapshot_evidence_numbers[] = {
	PROOF(late,		SNAPSHOT_BOOL),
	PROOF(by_registrar,	SNAPSHOT_BOOL),
	PROOF(away,		SNAPSHOT_BOOL),
	PROOF(code,		SNAPSHOT_I32),
	PROOF(asked_ms,		SNAPSHOT_I64),
	PROOF(heard_ms,		SNAPSHOT_I64),
	PROOF(failed_first_ms,	SNAPSHOT_I64),
	PROOF(rtt_us,		SNAPSHOT_U32),
	PROOF(failures,		SNAPSHOT_U32),
	PROOF(probes,		SNAPSHOT_U32),
	PROOF(answers,		SNAPSHOT_U32),
};
const size_t snapshot_evidence_numbers_count = COUNT(snapshot_evidence_numbers);

const char *const snapshot_outcomes[SNAPSHOT_OUTCOMES] = {
	[PROBE_NOT_ASKED] = "not asked",
	[PROBE_ANSWERED] = "answered",
	[PROBE_SILENT] = "silent",
	[PROBE_REFUSED] = "refused",
	[PROBE_NO_ROUTE] = "no route",
	[PROBE_FLOW_GONE] = "flow gone",
	[PROBE_UNROUTABLE] = "unroutable",
	[PROBE_ELSEWHERE] = "elsewhere",
};

const char *const snapshot_paths[SNAPSHOT_PATHS] = {
	[PROBE_PATH_NONE] = "none",
	[PROBE_PATH_OWN] = "own",
	[PROBE_PATH_REGISTRAR] = "registrar",
	[PROBE_PATH_DIRECT] = "direct",
};
/* clang-format on */

int64_t snapshot_number_get(const struct snapshot_number *f, const void *base)
{
	const char *p = (const char *)base + f->offset;
	int64_t i64;
	int32_t i32;
	uint32_t u32;
	bool b;

	switch (f->type) {
	case SNAPSHOT_I64:
		memcpy(&i64, p, sizeof(i64));
		return i64;
	case SNAPSHOT_I32:
		memcpy(&i32, p, sizeof(i32));
		return i32;
	case SNAPSHOT_U32:
		memcpy(&u32, p, sizeof(u32));
		return u32;
	case SNAPSHOT_BOOL:
		memcpy(&b, p, sizeof(b));
		return b;
	}
	return 0;
}

bool snapshot_number_set(const struct snapshot_number *f, void *base, int64_t v)
{
	char *p = (char *)base + f->offset;
	int32_t i32 = (int32_t)v;
	uint32_t u32 = (uint32_t)v;
	bool b = v != 0;

	switch (f->type) {
	case SNAPSHOT_I64:
		memcpy(p, &v, sizeof(v));
		return true;
	case SNAPSHOT_I32:
		memcpy(p, &i32, sizeof(i32));
		return i32 == v;
	case SNAPSHOT_U32:
		memcpy(p, &u32, sizeof(u32));
		return u32 == v;
	case SNAPSHOT_BOOL:
		memcpy(p, &b, sizeof(b));
		return v == 0 || v == 1;
	}
	return false;
}
