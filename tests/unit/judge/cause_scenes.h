/* Scenes for the causes: findings with defaults that each case changes in one point. */
#ifndef REGTOP_TESTS_CAUSE_SCENES_H
#define REGTOP_TESTS_CAUSE_SCENES_H

#include "test.h"

#include "judge/diagnosis.h"

#define NOW_MS 1900000000000
#define NOW_S  (NOW_MS / 1000)
#define AGO(s) (NOW_MS - (s)*1000LL)

#define MANY 5

/* What a case starts from: a Yealink behind NAT that answers over the registrar's own socket. */
struct scene {
	struct findings f;
	struct finding_binding b[MANY];
};

struct cause_case {
	const char *id; /* of the cause */
	const char *what;
	void (*make)(struct scene *s);
	bool beside; /* it is not the first, but has to be among what is said beside it */
};

extern const struct cause_case cases_of_data[], cases_of_probes[], cases_of_calls[];
extern const size_t cases_of_data_count, cases_of_probes_count, cases_of_calls_count;

void scene_begin(struct scene *s);
/* Judges and finds the next hops, once a case is built. */
void scene_settle(struct scene *s);
struct evidence answered(enum probe_path path, int code);
struct evidence failed(enum probe_path path, enum probe_outcome outcome, const char *detail);
/* ICMP unreachable of this code over the registrar's own socket. */
struct evidence icmp(int code, const char *offender, const char *detail);
void no_past(struct history_summary *h);
void a_binding(struct finding_binding *b);
void is_silent(struct finding_binding *b);
/* "tcp" or "ws". */
void by_stream(struct finding_binding *b, const char *transport);
/* The phone stands in the open: its contact is where it is, and no source is stored. */
void in_the_open(struct finding_binding *b, const char *contact);
void put(char *dst, size_t size, const char *text);
struct group_effect *group(struct scene *s, enum group_kind kind, const char *value, unsigned asked,
			   unsigned well);
struct call_found *call(struct finding_binding *b, enum call_kind kind, enum call_outcome outcome,
			int code, const char *reason);

#endif
