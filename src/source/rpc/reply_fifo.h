/* A FIFO into which a registrar writes one answer: made, shared with it alone, read, and always
 * removed. */
#ifndef REGTOP_SOURCE_RPC_REPLY_FIFO_H
#define REGTOP_SOURCE_RPC_REPLY_FIFO_H

#include <stdint.h>
#include <sys/stat.h>

#define REPLY_FIFO_NAME 40

struct reply_fifo {
	char *path;                 /* NULL: there is none */
	char name[REPLY_FIFO_NAME]; /* what the registrar is told: without dots and slashes */
	int fd;                     /* the reading end, non-blocking; -1 when closed */
};

/* An empty one, which may be closed. */
#define REPLY_FIFO_NONE ((struct reply_fifo){.fd = -1})

/* Makes a FIFO with a name that cannot be guessed in folder. server is the registrar's own FIFO,
 * by which it is told who must be able to write: its owner, its group, or, where that says nothing,
 * everybody; nobody else can read. 0 or a negative errno with nothing left behind. */
int reply_fifo_open(struct reply_fifo *r, const char *folder, const struct stat *server);
/* Removes the name: who has it open goes on writing. */
void reply_fifo_unlink(struct reply_fifo *r);
/* Removes the name and hangs up. */
void reply_fifo_close(struct reply_fifo *r);
/* Removes what a regtop of this user (any user's, for root) left in folder more than a minute
 * before now_s (Unix time), when it was killed in the middle of a request. */
void reply_fifo_sweep(const char *folder, int64_t now_s);

#endif
