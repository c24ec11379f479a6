/* The registrars that run on this machine, as their command lines tell. */
#ifndef REGTOP_DISCOVER_PROCESS_H
#define REGTOP_DISCOVER_PROCESS_H

#include "discover/place.h"

enum discover_program { DISCOVER_KAMAILIO, DISCOVER_OPENSIPS };

/* The words point into arguments. */
struct discover_process {
	enum discover_program program;
	long pid;
	const char *conf;    /* -f; NULL: the usual place */
	const char *run_dir; /* -Y, NULL */
	const char *server_id;
	const char *listens[16], *defines[64], *substdefs[16], *substdefs_quoted[16];
	size_t listen_count, define_count, substdef_count, substdef_quoted_count;
	bool chroot;
	char *folder; /* what relative names begin at; NULL: not known */
	struct strbuf arguments, environ;
	bool environ_known;
};

/* "kamailio", "opensips". */
const char *discover_program_word(enum discover_program p);
/* Calls take for each, one of several with the same command line; its process is borrowed for the
 * call. Those of users that are not trusted, and of other containers, are left out. Returns how
 * many of these there were. */
typedef void discover_process_fn(void *ctx, const struct discover_process *p);
size_t discover_processes(const struct discover_place *place, discover_process_fn *take, void *ctx);

#endif
