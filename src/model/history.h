/* What happened to a binding before now: events and their summary, as plain values; kept by
 * history/, read by judge/, report/ and ui/. */
#ifndef REGTOP_MODEL_HISTORY_H
#define REGTOP_MODEL_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/* They are stored as numbers: a new one goes to the end. */
enum history_kind {
	HISTORY_SEEN,    /* first seen here */
	HISTORY_MOVED,   /* the address that the REGISTER comes from changed */
	HISTORY_CONTACT, /* the Contact changed */
	HISTORY_CALL_ID, /* a new Call-ID: the device started anew */
	HISTORY_AGENT,   /* another User-Agent */
	HISTORY_LAPSED,  /* it ran past its expiry */
	HISTORY_GONE,    /* the source no longer lists it */
	HISTORY_BACK,    /* listed again after it was gone */
	HISTORY_GAP,     /* refreshed later than what had been granted */
	HISTORY_WIPED, /* went together with all others of its AoR when another device registered */
	HISTORY_PURGED, /* removed by somebody with regtop */
	HISTORY_PROBE,
	HISTORY_CALL,
	HISTORY_KINDS
};

/* Texts are cleaned, and hold no push tokens. */
struct history_event {
	int64_t when_ms; /* wall time */
	enum history_kind kind;
	char key[64];          /* of the binding, in its source */
	int code;              /* PROBE, CALL: final response, 0 none */
	uint32_t us;           /* PROBE: round trip; CALL: until it rang; 0 none */
	char was[96], now[96]; /* before and after, of what changed */
	char words[160];       /* the event in one clause */
};

#define HISTORY_AGE_UNKNOWN (-1)

/* Of one binding, or of a whole AoR. All zero (ages: unknown) when nothing is known. */
struct history_summary {
	int64_t first_seen_s, last_seen_s; /* Unix seconds; 0 never */
	unsigned refreshes;
	/* The usual interval between two refreshes, 0 unknown; and the extremes of those it was
	 * learnt from. */
	int64_t habit_s, habit_least_s, habit_most_s;
	unsigned moves;      /* the source's host changed */
	unsigned port_moves; /* only its port did */
	unsigned contact_changes, call_id_changes, agent_changes;
	unsigned gaps;  /* times it was refreshed, or came back, later than granted */
	unsigned flaps; /* times it went and came back */
	unsigned wipes; /* times all of the AoR went when another device registered */
	unsigned registers_last_minute;
	/* Two devices in turn, A, B, A, B, each before the other's expiry. */
	unsigned alternations;
	int64_t replaced_ms;                       /* the last such turn */
	char replaced_by[96], replaced_before[96]; /* the device of it, and the one before */
	int64_t wiped_ms;                          /* the last of the wipes */
	char wiped_by[96];
	int64_t last_move_ms;
	char moved_from[64], moved_to[64]; /* "192.0.2.1:5060" */
	int64_t last_refresh_s, last_answer_ms, last_failure_ms;
	/* Seconds since its refresh: the most after which it answered, the least after which it was
	 * silent; HISTORY_AGE_UNKNOWN. */
	int64_t answered_at_age_s, silent_at_age_s;
	/* Times it was silent, registered again in time, and answered then: alive all the while. */
	unsigned recoveries;
	bool never_answered_agent; /* phones of this User-Agent were asked, and none ever answered
				    */
	int64_t removed_ms;        /* last removal of any kind; 0 none */
	char removed_by[96];       /* who did it, or which device; "" unknown */
	/* For who is no longer there. */
	char last_contact[200], last_source[64], last_agent[64];
};

#endif
