/* A client library that is opened when it is first needed, and its functions found by name. */
#ifndef REGTOP_SOURCE_SQL_SQL_LIBRARY_H
#define REGTOP_SOURCE_SQL_SQL_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Linked, such a library and what it brings would make every start of the program four times as
 * long, and tie it to machines that have it. */
struct sql_library {
	const char *file, *package; /* "libpq.so.5", and what to install for it */
	const char *const *names;
	void **functions; /* room for count of them; complete once there is set */
	size_t count;
	bool there;
};

/* From any thread. False with *e (-EPROTONOSUPPORT) when the machine has no such library. */
bool sql_library_open(struct sql_library *l, struct err *e);

#endif
