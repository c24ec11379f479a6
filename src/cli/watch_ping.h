/* Asking what is watched, slowly and spread: who is silent is asked ever more seldom. */
#ifndef REGTOP_CLI_WATCH_PING_H
#define REGTOP_CLI_WATCH_PING_H

#include "act/ping.h"
#include "model/watch.h"

/* Ceilings (facts/sip-and-diagnosis 2.7): so many a second over all, unless another rate is given;
 * so many of one source network; and who stays silent at least so often. */
#define WATCH_PING_RATE      20
#define WATCH_PING_NETWORK   5
#define WATCH_PING_SELDOM_MS (15 * 60000)

struct watch_ping;

/* All borrowed. interval_s: between two questions to the same binding, when it answers. */
struct watch_ping *watch_ping_new(const struct watch *w, const struct store *s, struct pinger *p,
				  unsigned interval_s, unsigned rate);
/* NULL is fine for the two. */
void watch_ping_free(struct watch_ping *p);
/* Asks those whose time has come; to be called several times a second. */
void watch_ping_go_on(struct watch_ping *p, int64_t now_ms);
/* Says on stderr when there are too many to be asked as often as was wished. */
void watch_ping_say(const struct watch_ping *p);

#endif
