/* What channels that are files share: sockets and FIFOs looked at, and words for what is wrong with
 * them. */
#ifndef REGTOP_SOURCE_RPC_CHANNEL_FILE_H
#define REGTOP_SOURCE_RPC_CHANNEL_FILE_H

#include <sys/types.h>
#include "source/rpc/control.h"

struct channel_file {
	char shown[128];      /* its path, cleaned */
	const char *what;     /* "control socket" */
	const char *place;    /* "unix:PATH" */
	const char *server;   /* "Kamailio" */
	const char *needs;    /* what the server must have: "mi_datagram" */
	const char *not_this; /* "is not a datagram socket" */
};

/* The name of the registrar, for words. */
const char *channel_server(enum control_flavour f);
/* 0 when path is of type (S_IFSOCK, S_IFIFO) and this user may write to it; else a negative errno,
 * -EPROTOTYPE for another type of file. */
int channel_file_check(const char *path, mode_t type);
/* Words for a code of channel_file_check(), connect(), open() or a write. Returns the code, without
 * the differences that mean the same. */
int channel_file_tell(const struct channel_file *f, int code, struct err *e);

#endif
