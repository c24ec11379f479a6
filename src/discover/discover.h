/* What this machine runs: registrars found by their processes, configuration files, databases and
 * sockets, as sections that could stand in a configuration file. */
#ifndef REGTOP_DISCOVER_H
#define REGTOP_DISCOVER_H

#include "base/strbuf.h"
#include "config_file.h"

struct discovery {
	struct config *config; /* the sections; no defaults */
	char **where;          /* for each section: where it was learnt, cleaned */
	char **notes;          /* what was seen and cannot be used, and why: sentences, cleaned */
	size_t note_count;
};

/* Looks below root, "" or NULL for this machine; for another root (a container's, /proc/PID/root)
 * the paths in the sections begin with it. What is stronger wins: running processes with their
 * configuration files, else the configuration files at their usual places, else kamctlrc, else the
 * usual SQLite files and sockets. Nothing is opened but files that root, this user or a registrar's
 * account owns; nothing is connected to, and it ends quickly whatever is in them. Passwords stand
 * in read= as the configuration had them. Never NULL. */
struct discovery *discover(const char *root);
void discovery_free(struct discovery *d);
/* The root that REGTOP_ROOT in the environment names, or "". */
const char *discover_root(void);

/* "kamailio reads mysql://u@h/kamailio and is controlled by unix:… (process 812, /etc/…)", cleaned
 * and without passwords. */
void discovery_describe(const struct discovery *d, size_t section, struct strbuf *out);
/* All sections as the text of a regtop.conf, passwords left out, and a comment in their place. */
void discovery_write_config(const struct discovery *d, struct strbuf *out);
/* The places that were looked at, for the message that nothing was found. */
const char *discover_places(void);

#endif
