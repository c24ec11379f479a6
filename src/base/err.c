/* What went wrong, in words for the person: a code, what failed, and what to do next. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *hint, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	snprintf(e->hint, sizeof(e->hint), "%s", hint ? hint : "");
	return code;
}

void err_clear(struct err *e)
{
	memset(e, 0, sizeof(*e));
}

void err_print(const struct err *e)
{
	fprintf(stderr, "regtop: %s\n", e->what);
	if (e->hint[0])
		fprintf(stderr, "        %s\n", e->hint);
}
