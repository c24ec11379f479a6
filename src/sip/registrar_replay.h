/* Server transactions of the registrar: a repeated request gets the stored answer again. */
#ifndef REGTOP_SIP_REGISTRAR_REPLAY_H
#define REGTOP_SIP_REGISTRAR_REPLAY_H

#include "sip/transport.h"

/* 64*T1: as long as a client may go on repeating over UDP (RFC 3261 17.2.2, timer J). */
#define REPLAY_KEEP_MS 32000

struct replay;

enum replay_state {
	REPLAY_NEW,        /* never seen: serve it */
	REPLAY_UNANSWERED, /* being served: say nothing */
	REPLAY_ANSWERED,   /* answer is what was said */
};

/* At most max_entries requests and about max_bytes of answers; the oldest give way. */
struct replay *replay_new(size_t max_entries, size_t max_bytes);
void replay_free(struct replay *r);
/* Looks msg up by branch, sent-by, method, Call-ID, CSeq and source address, and remembers it when
 * it is new. *id names it for replay_answer(); *answer lives until the next call. */
enum replay_state replay_see(struct replay *r, const struct sip_msg *msg,
			     const struct sip_flow *from, int64_t mono_ms, uint64_t *id,
			     struct slice *answer);
void replay_answer(struct replay *r, uint64_t id, struct slice answer);

#endif
