/* What went wrong, in words for the person: a code, what failed, and what to do next. */
#ifndef REGTOP_BASE_ERR_H
#define REGTOP_BASE_ERR_H

/* Exit status of the program (DESIGN 7). */
enum regtop_exit {
	REGTOP_OK = 0,         /* done, all well */
	REGTOP_FOUND = 1,      /* looked, and found something wrong */
	REGTOP_USAGE = 2,      /* the command line makes no sense */
	REGTOP_SOURCE = 3,     /* a source is unreachable or refused */
	REGTOP_INCOMPLETE = 4, /* the picture is incomplete */
	REGTOP_REFUSED = 5,    /* a safety rule said no */
};

/* code is a negative errno value; what and hint are whole sentences without a final newline. */
struct err {
	int code;
	char what[320];
	char hint[320];
};

#define ERR_NONE ((struct err){0, "", ""})

/* Fills e (which may be NULL) and returns code, so that `return err_set(e, -EINVAL, …)` works.
 * hint may be NULL. Text that came from outside must be cleaned before it is given here. */
int err_set(struct err *e, int code, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void err_clear(struct err *e);
/* Writes "regtop: what" and, if there is one, "  hint" to stderr. */
void err_print(const struct err *e);

#endif
