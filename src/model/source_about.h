/* What a registrar says of itself: plain values that a source was told, read by judge/. */
#ifndef REGTOP_MODEL_SOURCE_ABOUT_H
#define REGTOP_MODEL_SOURCE_ABOUT_H

#include <stdbool.h>
#include <stdint.h>

struct source_about {
	int64_t asked_ms;  /* wall time here when it was told; 0: nobody could be asked */
	int64_t started_s; /* Unix seconds, by its own clock; 0 unknown */
	bool clock_known;
	int64_t skew_s;        /* its clock minus ours */
	unsigned max_contacts; /* of one AoR; 0 unknown */
	bool bans_known;       /* could its list of banned addresses be read? */
	bool banned;           /* the address that was asked about is on it */
	char ban_list[64];     /* name of that list */
};

#endif
