/* Redis by hiredis: a connection, commands out, answers in. */
#include "source/sql/redis_client.h"

#include <errno.h>
#include "base/text.h"

#if HAVE_REDIS

#include <hiredis.h>
#include <stdlib.h>
#include <sys/time.h>
#include "base/alloc.h"
#include "source/sql/sql.h"
#include "source/sql/sql_library.h"

#define REDIS_PORT 6379
#define WORDS_MAX  16

/* clang-format off */
#define CALLS(X) \
	X(redisConnectWithTimeout) X(redisConnectUnixWithTimeout) X(redisSetTimeout) X(redisFree) \
	X(redisAppendCommandArgv) X(redisGetReply) X(freeReplyObject)
/* clang-format on */

/* Pointers to functions only: sql_library.c fills it as an array of them. */
static struct {
#define X(name) __typeof__(name) *name;
	CALLS(X)
#undef X
} lib;

static const char *const lib_names[] = {
#define X(name) #name,
	CALLS(X)
#undef X
};

#define LIB_COUNT (sizeof(lib_names) / sizeof(lib_names[0]))
_Static_assert(sizeof(lib) == LIB_COUNT * sizeof(void *), "one pointer for each name");

/* The structs of hiredis differ from one of its versions to the next: only the one that this was
 * built with will do. */
#define TEXT_OF(x)     #x
#define SONAME_TEXT(x) TEXT_OF(x)
#define SONAME         SONAME_TEXT(HIREDIS_SONAME)

static struct sql_library library = {"libhiredis.so." SONAME, "libhiredis" SONAME, lib_names,
				     (void **)(void *)&lib,   LIB_COUNT,           false};

struct redis {
	redisContext *c;
};

/* ---- answers --------------------------------------------------------------------------------- */

static const redisReply *of(const struct redis_answer *a)
{
	return (const redisReply *)(const void *)a;
}

enum redis_kind redis_kind(const struct redis_answer *a)
{
	if (!a)
		return ANSWER_NONE;
	switch (of(a)->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		return ANSWER_TEXT;
	case REDIS_REPLY_INTEGER:
		return ANSWER_NUMBER;
	case REDIS_REPLY_ARRAY:
		return ANSWER_LIST;
	case REDIS_REPLY_ERROR:
		return ANSWER_REFUSED;
	default:
		return ANSWER_NONE;
	}
}

struct slice redis_text(const struct redis_answer *a)
{
	enum redis_kind kind = redis_kind(a);

	if (kind != ANSWER_TEXT && kind != ANSWER_REFUSED)
		return SLICE_NONE;
	return slice_make(of(a)->str, (size_t)of(a)->len);
}

int64_t redis_number(const struct redis_answer *a)
{
	return redis_kind(a) == ANSWER_NUMBER ? of(a)->integer : 0;
}

size_t redis_count(const struct redis_answer *a)
{
	return redis_kind(a) == ANSWER_LIST ? of(a)->elements : 0;
}

const struct redis_answer *redis_item(const struct redis_answer *a, size_t i)
{
	return i < redis_count(a) ? (const void *)of(a)->element[i] : NULL;
}

void redis_answer_free(struct redis_answer *a)
{
	if (a)
		lib.freeReplyObject(a);
}

int redis_refusal(const struct redis_answer *a, struct err *e)
{
	struct slice said = redis_text(a);
	const char *hint = NULL;
	char shown[200];
	int rc = -EIO;

	if (slice_starts_with(said, "NOAUTH") || slice_starts_with(said, "WRONGPASS") ||
	    slice_starts_with(said, "ERR invalid password")) {
		rc = -EACCES;
		hint = "Give the password as redis://:PASSWORD@HOST/NUMBER, or in the environment "
		       "as REDISCLI_AUTH.";
	} else if (slice_starts_with(said, "NOPERM")) {
		rc = -EACCES;
		hint = "Reading takes SCAN, HGETALL, HGET and INFO; removing also WATCH, MULTI, "
		       "EXEC, TYPE, DEL, SREM and HDEL.";
	} else if (slice_starts_with(said, "READONLY")) {
		rc = -EROFS;
		hint = "It is a replica: name its master.";
	}
	if (said.n && said.p[said.n - 1] == '.')
		said.n--;
	text_clean_buf(said, shown, sizeof(shown));
	return err_set(e, rc, hint, "Redis says: %s.", shown);
}

/* ---- commands -------------------------------------------------------------------------------- */

static int tell(const redisContext *c, struct err *e)
{
	char said[160];

	/* hiredis knows a time-out of the socket only as "try again". */
	if (c->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT))
		return err_set(e, -ETIME, NULL, "Redis has said nothing for %d seconds.",
			       SQL_SILENCE_S);
	text_clean_buf(slice_of(c->errstr), said, sizeof(said));
	return err_set(e, -EPIPE, NULL, "The connection to Redis is gone: %s.", said);
}

void redis_send(struct redis *r, const struct slice *words, size_t count)
{
	const char *texts[WORDS_MAX];
	size_t lengths[WORDS_MAX];

	for (size_t i = 0; i < count && i < WORDS_MAX; i++) {
		texts[i] = words[i].p ? words[i].p : "";
		lengths[i] = words[i].n;
	}
	/* Only memory can be missing; then the answer will be, too. */
	(void)lib.redisAppendCommandArgv(r->c, (int)count, texts, lengths);
}

int redis_next(struct redis *r, struct redis_answer **out, struct err *e)
{
	void *reply = NULL;

	*out = NULL;
	errno = 0;
	if (lib.redisGetReply(r->c, &reply) != REDIS_OK || !reply)
		return tell(r->c, e);
	*out = reply;
	return 0;
}

int redis_ask(struct redis *r, const struct slice *words, size_t count, struct redis_answer **out,
	      struct err *e)
{
	int rc;

	redis_send(r, words, count);
	rc = redis_next(r, out, e);
	if (rc == 0 && redis_kind(*out) == ANSWER_REFUSED) {
		rc = redis_refusal(*out, e);
		redis_answer_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- connecting ------------------------------------------------------------------------------ */

int redis_socket(const struct redis *r)
{
	return r->c->fd;
}

void redis_close(struct redis *r)
{
	if (!r)
		return;
	lib.redisFree(r->c);
	free(r);
}

/* A server that wants no password says so in one of these ways, and is right. */
static bool wants_none(const struct err *e)
{
	return strstr(e->what, "no password is set") || strstr(e->what, "without any password");
}

static int log_in(struct redis *r, struct db_url *u, struct err *e)
{
	const char *user = db_url_user(u), *password = db_url_password(u);
	struct slice words[3] = {SLICE_LIT("AUTH")};
	struct redis_answer *answer = NULL;
	struct err why = ERR_NONE;
	size_t n = 1;
	int rc;

	if (!password)
		password = getenv("REDISCLI_AUTH");
	if (!password)
		return 0;
	if (user)
		words[n++] = slice_of(user);
	words[n++] = slice_of(password);
	rc = redis_ask(r, words, n, &answer, &why);
	redis_answer_free(answer);
	if (rc == -EIO && wants_none(&why))
		return 0;
	if (rc < 0)
		*e = why;
	return rc;
}

static int take_database(struct redis *r, struct db_url *u, struct err *e)
{
	const char *number = db_url_database(u);
	struct slice words[] = {SLICE_LIT("SELECT"), slice_of(number ? number : "0")};
	struct redis_answer *answer = NULL;
	int rc = redis_ask(r, words, 2, &answer, e);

	redis_answer_free(answer);
	return rc;
}

struct redis *redis_open(struct db_url *u, struct err *e)
{
	const char *path = db_url_option(u, "socket"), *host = db_url_host(u);
	struct timeval connect = {SQL_CONNECT_S, 0}, silence = {SQL_SILENCE_S, 0};
	struct redis *r;
	char said[160];

	if (!sql_library_open(&library, e))
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->c = path ? lib.redisConnectUnixWithTimeout(path, connect)
		    : lib.redisConnectWithTimeout(host ? host : "127.0.0.1",
						  db_url_port(u) ? (int)db_url_port(u) : REDIS_PORT,
						  connect);
	if (!r->c || r->c->err) {
		text_clean_buf(slice_of(r->c ? r->c->errstr : "no memory"), said, sizeof(said));
		err_set(e, -EHOSTUNREACH, "Is Redis running there?", "No connection: %s.", said);
	} else if (lib.redisSetTimeout(r->c, silence) != REDIS_OK) {
		tell(r->c, e);
	} else if (log_in(r, u, e) == 0 && take_database(r, u, e) == 0) {
		return r;
	}
	if (r->c)
		lib.redisFree(r->c);
	free(r);
	return NULL;
}

#endif
