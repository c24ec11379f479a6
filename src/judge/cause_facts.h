/* What the rules of causes ask of findings: who was asked, who answered, and what that counts. */
#ifndef REGTOP_JUDGE_CAUSE_FACTS_H
#define REGTOP_JUDGE_CAUSE_FACTS_H

#include "judge/diagnosis.h"

/* A call of longer ago says nothing of now. */
#define CALL_FADES_S 3600

/* ICMP unreachable by what it says, for IPv4 (type 3) and IPv6 (type 1). */
enum icmp_meaning { ICMP_NOTHING, ICMP_PORT, ICMP_HOST, ICMP_FILTER, ICMP_OTHER };

/* ---- one binding */
bool fact_live(const struct findings *f, const struct finding_binding *b);
/* *instance tells whether its instance names it, and not only its looks; NULL is fine. */
bool fact_same_device(const struct binding *a, const struct binding *b, bool *instance);
/* Another binding of the same device was registered later: this one is what is left of before.
 * instance tells whether the device is known by its instance, and not only by its looks. */
bool fact_superseded(const struct findings *f, size_t i, bool *instance);
/* What is known of the path of a call, or of a direct way that means the same; NULL: nothing was
 * asked that counts (facts 2.4: only a confirmed or likely basis does). */
const struct evidence *fact_asked(const struct findings *f, const struct finding_binding *b);
/* The phone itself answered, and knows this contact. */
bool fact_answers(const struct findings *f, const struct finding_binding *b);
/* An edge on its Path answered: neither an answer of the phone nor a failure. */
bool fact_edge_answers(const struct findings *f, const struct finding_binding *b);
/* Another device than the one that registered answered. */
bool fact_stranger(const struct findings *f, const struct finding_binding *b);
/* The phone itself answered, whatever it said: its code; 0: it did not. */
int fact_code(const struct findings *f, const struct finding_binding *b);
/* It answers calls and no OPTIONS. */
bool fact_ignores(const struct findings *f, const struct finding_binding *b);
/* It fails, and no call has reached the phone since. */
bool fact_fails(const struct findings *f, const struct finding_binding *b);
/* The phone answers who asks it straight, and nothing came back on the path of a call. */
bool fact_only_direct(const struct finding_binding *b);
/* No answer at all: neither of the phone nor of the network, nothing that cannot be read, and no
 * call has reached it since. */
bool fact_silent(const struct findings *f, const struct finding_binding *b);
enum icmp_meaning fact_icmp(const struct evidence *e);
/* Seconds between the last sign of life of the phone itself and the failed question; -1 unknown. */
int64_t fact_quiet_s(const struct finding_binding *b, const struct evidence *e);
/* Wall time of the last sign of life; 0 none. */
int64_t fact_heard_ms(const struct finding_binding *b);
/* Calls go by the contact itself: the registrar stored neither a Path nor where it came from. */
bool fact_by_contact(const struct finding_binding *b);
bool fact_is_stream(const struct finding_binding *b);
/* The registrar itself says that no such binding is in its memory. */
bool fact_unknown_to_registrar(const struct evidence *e);
/* Neither this phone nor any other of its User-Agent ever answered a probe here. */
bool fact_never_answers(const struct finding_binding *b);
/* Somebody says that the port is closed; *process: it is the phone itself, and not its router. */
bool fact_port_closed(const struct findings *f, const struct finding_binding *b, bool *process);
/* It answered soon after a refresh and not later on: that is how a router forgets. */
bool fact_forgets(const struct finding_binding *b);
bool fact_overdue(const struct findings *f, const struct finding_binding *b, int64_t *by_s);
/* The call of this kind when it was made, and not so long ago that it says nothing of now. */
const struct call_found *fact_call(const struct findings *f, const struct finding_binding *b,
				   enum call_kind kind);
/* The same when the phone itself had the last word in it, or rang. */
const struct call_found *fact_phone_call(const struct findings *f, const struct finding_binding *b,
					 enum call_kind kind);
/* The call that reached the phone about when a probe was not answered; NULL: there is none. */
const struct call_found *fact_reached(const struct findings *f, const struct finding_binding *b);

/* ---- loops: calls applies for every binding that is live and not superseded, until it holds */
typedef bool binding_rule(const struct findings *f, size_t i, struct cause *out);
bool fact_any(const struct findings *f, struct cause *out, binding_rule *rule);

/* ---- words */
void cause_say(struct cause *c, enum confidence how, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* when_ms 0: this piece has no time. More than fit are left out. */
void cause_add(struct cause *c, int64_t when_ms, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The binding, its last sign of life, and what was asked: what most causes stand on. */
void cause_add_usual(struct cause *c, const struct findings *f, const struct finding_binding *b);
/* At which ages it answered and was silent, and its habit. */
void cause_add_past(struct cause *out, const struct finding_binding *b);
/* What a call found; NULL is left out. */
void cause_add_call(struct cause *out, const struct call_found *c);
/* "udp:203.0.113.2:42744"; "its connection", or its contact, where there is no address. Valid until
 * a few calls later. */
const char *fact_hop(const struct finding_binding *b);
/* "11:02:31Z", with the date in front when it is another day than now; same life. */
const char *fact_time(const struct findings *f, int64_t when_ms);
/* When it was last heard, or "an unknown time"; same life. */
const char *fact_heard_at(const struct findings *f, const struct finding_binding *b);
/* "4m05s"; same life. */
const char *fact_span(int64_t seconds);
/* Cleaned and cut; same life. */
const char *fact_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *fact_text(struct slice raw);
/* "through the registrar", "from the registrar's own socket", "straight from here". */
const char *fact_way(enum probe_path path);

/* ---- the rules, by file; the table is causes.c */
typedef bool cause_rule(const struct findings *f, struct cause *out);
cause_rule cause_banned, cause_not_registered, cause_still_called, cause_lapsed, cause_only_table;
cause_rule cause_registrar_away, cause_registrar_path;
cause_rule cause_edge_dead, cause_restarted, cause_registrar_silent, cause_site_down,
	cause_model_silent;
cause_rule cause_elsewhere, cause_private, cause_name, cause_transport, cause_family,
	cause_unroutable, cause_push;
cause_rule cause_half_open, cause_websocket, cause_flow_closed;
cause_rule cause_moved, cause_filtered, cause_process, cause_process_or_mapping, cause_host_down,
	cause_no_route, cause_disowned, cause_stranger, cause_edge_answers, cause_last_hop_auth,
	cause_stale_contact, cause_mapping, cause_off, cause_cannot_tell;
cause_rule cause_unreadable;
cause_rule cause_flood, cause_ignores_options;
cause_rule cause_serial_fork, cause_limit, cause_twin, cause_many_stale, cause_shared, cause_wiped,
	cause_gaps, cause_flapping, cause_rebound;
cause_rule cause_fragments, cause_too_big, cause_answers_lost, cause_forwarded, cause_media,
	cause_extension, cause_refuses, cause_alg, cause_wrong_socket, cause_never_called,
	cause_caller_refused, cause_early_media, cause_rings;
cause_rule cause_well, cause_prediction, cause_alg_likely, cause_unexplained, cause_server_only,
	cause_differs, cause_skew, cause_not_asked;

#endif
