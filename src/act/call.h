/* Test calls: a plan that names the phone, the question, one call at a time, and what it found. */
#ifndef REGTOP_ACT_CALL_H
#define REGTOP_ACT_CALL_H

#include "act/act.h"
#include "base/trace.h"
#include "model/call_found.h"

/* Sizes of a padded call without one of its own: below every MTU, and above (facts 4, row 27). */
#define CALL_PAD_SIZES 4
extern const unsigned call_pad_sizes[CALL_PAD_SIZES];

/* No phone is rung longer, whoever asks. */
#define CALL_RING_MOST_S 20
#define CALL_PAD_MOST    8000

struct call_order {
	enum call_kind kind;
	unsigned ring_s; /* RING, SWITCH: 0: 4; at most CALL_RING_MOST_S */
	/* PADDED: bytes, at most CALL_PAD_MOST; 0: call_pad_sizes in turn until one gets nothing */
	unsigned pad_to;
	const char *reason;
};

/* A call that was planned: exactly this binding, as it is now. */
struct call_plan {
	binding_id id;
	struct binding *b; /* frozen copy, owned by the plan */
	enum call_kind kind;
	unsigned ring_s, pad_to;
	bool in_quiet_hours; /* then the user of the AoR is to be typed, not y */
	char way[160];       /* how it travels; cleaned */
	char will[240];      /* what will happen at the phone; cleaned */
	char reason[200];
};

/* NULL with *e when it is refused (-EPERM: read-only, no journal, on the list of those never
 * called, called less than CALL_APART_S ago; -EBUSY another call is under way; -ENOENT gone;
 * -EHOSTUNREACH there is no way; -EINVAL ring_s). Touches nothing. */
struct call_plan *call_plan_make(const struct act_env *env, binding_id id,
				 const struct call_order *o, struct err *e);
/* NULL is fine. */
void call_plan_free(struct call_plan *p);
/* The plan as lines: AoR, contact, User-Agent, age, way, what will happen. Cleaned. */
void call_plan_describe(const struct call_plan *p, int64_t now_ms, struct strbuf *out);
/* One line: "Call 4021@acme.example? y to do it, Esc to leave". */
void call_plan_question(const struct call_plan *p, struct strbuf *out);
/* True when this stands for yes: "y" or "yes"; in quiet hours the user of the AoR alone. */
bool call_plan_confirmed(const struct call_plan *p, const char *typed);

struct test_call;

/* fn is called at each step (a provisional response, one of several sizes done), and when it is
 * over; behind that only when a silent phone is heard of late (late_code). Never from inside. NULL
 * with *e when the intention cannot be journalled, or env forbids it; then nothing was sent. Takes
 * the plan in any case. */
struct test_call *testcall_start(struct act_env *env, struct call_plan *take, void (*fn)(void *ctx),
				 void *ctx, struct err *e);
/* The person stops: CANCEL, or BYE; it is over when the phone has been told. */
void testcall_stop(struct test_call *c);
bool testcall_over(const struct test_call *c);
const struct call_plan *testcall_plan(const struct test_call *c);
/* What is known until now; several for a padded call, in the order of their sizes. */
const struct call_found *testcall_results(const struct test_call *c, size_t *n);
/* "180 after 84 ms", for the screen while it goes on; "" before the first. When it is over and
 * nothing was sent because the binding changed: "not called: its contact is another one now". */
const char *testcall_now(const struct test_call *c);
const struct trace *testcall_trace(const struct test_call *c);
/* The same for whoever keeps it longer than the call, and frees it; NULL before it is over. */
struct trace *testcall_take_trace(struct test_call *c);
/* Only when over, or when the process ends. NULL is fine. */
void testcall_free(struct test_call *c);

#endif
