/* Files below the folder that a search begins at: who may be trusted with them, and reading them
 * without harm. */
#ifndef REGTOP_DISCOVER_PLACE_H
#define REGTOP_DISCOVER_PLACE_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/strbuf.h"

/* Where the search begins: "" for this machine, else the root of another one's files. */
struct discover_place {
	char *root;
};

/* root + path; caller frees. */
char *discover_path(const struct discover_place *p, const char *path);
/* Is there something at path, and may this user write to it (a socket, a FIFO)? */
bool discover_exists(const struct discover_place *p, const char *path);
bool discover_writable(const struct discover_place *p, const char *path);
/* A process or a file of this user may name what regtop opens: root's, our own, or that of an
 * account that registrars run under. */
bool discover_trusts(uid_t uid);
/* Appends up to max bytes of a file, procfs's too. -EFBIG when there is more; -EPERM for a file
 * that somebody who is not trusted owns or may write to; other codes as errno has them. */
int discover_read(const struct discover_place *p, const char *path, size_t max, struct strbuf *out);

/* The same whoever owns it: only to be looked at, not to be believed. */
int discover_peek(const struct discover_place *p, const char *path, size_t max, struct strbuf *out);

#endif
