/* Redis by hiredis: a connection, commands out, answers in. Only there with HAVE_REDIS. */
#ifndef REGTOP_SOURCE_SQL_REDIS_CLIENT_H
#define REGTOP_SOURCE_SQL_REDIS_CLIENT_H

#include "base/slice.h"
#include "source/sql/db_url.h"

/* A connection; belongs to one thread at a time. */
struct redis;
/* One answer; what its parts say lives as long as it does. */
struct redis_answer;

enum redis_kind {
	ANSWER_NONE, /* nil, and what we have no use for */
	ANSWER_TEXT,
	ANSWER_NUMBER,
	ANSWER_LIST,
	ANSWER_REFUSED, /* its text says why */
};

/* Connects, logs in and takes the numbered database of u, whose password may also stand in the
 * environment as REDISCLI_AUTH. NULL with *e: -EACCES the login was refused, -EHOSTUNREACH nobody
 * is there, -EPROTONOSUPPORT this machine has no hiredis, or the codes of redis_next(). */
struct redis *redis_open(struct db_url *u, struct err *e);
void redis_close(struct redis *r);
/* Its socket, so that another thread can shut it down. */
int redis_socket(const struct redis *r);

/* A command of count words; it leaves with the next redis_next(). */
void redis_send(struct redis *r, const struct slice *words, size_t count);
/* The answer to the oldest command that has none yet; 0, or -EPIPE: the connection is gone, -ETIME:
 * the server was silent for too long. After an error the connection can only be closed. */
int redis_next(struct redis *r, struct redis_answer **out, struct err *e);
/* Both; a refusal is an error, too (redis_refusal()). */
int redis_ask(struct redis *r, const struct slice *words, size_t count, struct redis_answer **out,
	      struct err *e);
/* What a refusal means: -EACCES, -EROFS a replica takes no changes, -EIO another; in its own
 * words. */
int redis_refusal(const struct redis_answer *a, struct err *e);
void redis_answer_free(struct redis_answer *a);

enum redis_kind redis_kind(const struct redis_answer *a);
/* Of a text or a refusal, else empty. */
struct slice redis_text(const struct redis_answer *a);
int64_t redis_number(const struct redis_answer *a);
/* A list's parts; item is NULL beyond them. */
size_t redis_count(const struct redis_answer *a);
const struct redis_answer *redis_item(const struct redis_answer *a, size_t i);

#endif
