/* Where a Kamailio of this machine usually has its controls, and which of them may be used. */
#include "source/kamailio_places.h"

#include <errno.h>

/* Debian's, and Kamailio's own where RUN_DIR is not changed (facts/kamailio-opensips 3.2). */
static const char *const usual[] = {
	"unix:/run/kamailio/kamailio_rpc.sock", "unix:/var/run/kamailio/kamailio_rpc.sock",
	"ctl:/run/kamailio/kamailio_ctl",       "ctl:/var/run/kamailio/kamailio_ctl",
	"fifo:/run/kamailio/kamailio_rpc.fifo", "fifo:/var/run/kamailio/kamailio_rpc.fifo",
};

struct control *kamailio_places_find(struct loop *l, const char *const *places, size_t n,
				     struct err *e)
{
	err_set(e, -ENOENT, NULL, "None of the usual controls of Kamailio is there.");
	if (!places) {
		places = usual;
		n = sizeof(usual) / sizeof(*usual);
	}
	for (size_t i = 0; i < n; i++) {
		struct err why = ERR_NONE;
		struct control *c = control_new(l, CONTROL_KAMAILIO, places[i], 0, &why);

		if (c && control_check(c, &why) == 0) {
			err_clear(e);
			return c;
		}
		control_free(c);
		if (e->code == -ENOENT && why.code != -ENOENT)
			*e = why;
	}
	return NULL;
}
