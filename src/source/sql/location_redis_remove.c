/* Removes a row of Kamailio's table from Redis: compared and deleted in one transaction. */
#include "source/sql/location_redis_state.h"

#include <errno.h>

#if HAVE_REDIS

static struct slice field_of(const struct redis_answer *hash, const char *name)
{
	for (size_t i = 0; i + 1 < redis_count(hash); i += 2)
		if (slice_eq_str(redis_text(redis_item(hash, i)), name))
			return redis_text(redis_item(hash, i + 1));
	return SLICE_NONE;
}

/* Takes the row's key out of a map, on the connection in whose transaction it happens; type is what
 * TYPE said of the map (a hash with mapping_struct_type=1, Kamailio 6.1). */
static void send_forget(struct redis *r, struct slice type, struct slice map, struct slice key)
{
	struct slice verb = slice_eq_str(type, "hash") ? SLICE_LIT("HDEL") : SLICE_LIT("SREM");

	redis_send(r, (struct slice[]){verb, map, key}, 3);
}

/* The row's places in the maps of the module's own documentation. Kamailio itself leaves such
 * members behind and takes no harm of them, nor does it of those in maps of other names. */
static void add_maps(const struct redis_db *d, const struct redis_answer *hash,
		     struct strbuf maps[2])
{
	strbuf_add_slice(&maps[0], strbuf_slice(&d->maps));
	strbuf_add_str(&maps[0], "usrdom::");
	strbuf_add_slice(&maps[0], field_of(hash, d->names.columns[C_USERNAME]));
	strbuf_add_char(&maps[0], ':');
	strbuf_add_slice(&maps[0], field_of(hash, d->names.columns[C_DOMAIN]));
	strbuf_add_slice(&maps[1], strbuf_slice(&d->maps));
	strbuf_add_str(&maps[1], "timer::");
	strbuf_add_slice(&maps[1], field_of(hash, "partition"));
	strbuf_add_char(&maps[1], ':');
	strbuf_add_slice(&maps[1], field_of(hash, "keepalive"));
}

/* Any refusal but one of a type; the transaction's own answer is the last of count, kept in *out.
 */
static int answers(struct redis *r, size_t count, struct redis_answer **out, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		redis_answer_free(*out);
		rc = redis_next(r, out, e);
		if (rc == 0 && redis_kind(*out) == ANSWER_REFUSED)
			rc = redis_refusal(*out, e);
	}
	return rc;
}

/* What is watched has not changed since it was read, or EXEC does nothing and says nil. */
static int delete_watched(struct redis_db *d, struct redis *r, struct slice key,
			  const struct redis_answer *hash, unsigned *deleted, struct err *e)
{
	struct strbuf maps[2] = {STRBUF_INIT, STRBUF_INIT};
	struct redis_answer *types[2] = {NULL, NULL}, *done = NULL;
	int rc = 0;

	add_maps(d, hash, maps);
	for (int i = 0; i < 2 && rc == 0; i++)
		rc = redis_ask(r, (struct slice[]){SLICE_LIT("TYPE"), strbuf_slice(&maps[i])}, 2,
			       &types[i], e);
	if (rc == 0) {
		redis_send(r, (struct slice[]){SLICE_LIT("MULTI")}, 1);
		redis_send(r, (struct slice[]){SLICE_LIT("DEL"), key}, 2);
		for (int i = 0; i < 2; i++)
			send_forget(r, redis_text(types[i]), strbuf_slice(&maps[i]), key);
		redis_send(r, (struct slice[]){SLICE_LIT("EXEC")}, 1);
		rc = answers(r, 5, &done, e);
		/* Once EXEC was sent, silence says nothing of what became of it. */
		if (rc == -EPIPE || rc == -ETIME)
			rc = e->code = -EINPROGRESS;
	}
	if (rc == 0)
		*deleted = (unsigned)redis_number(redis_item(done, 0));
	redis_answer_free(done);
	for (int i = 0; i < 2; i++) {
		redis_answer_free(types[i]);
		strbuf_free(&maps[i]);
	}
	return rc;
}

int location_redis_delete(struct redis_db *d, struct redis *r, const struct binding *b,
			  unsigned *deleted, struct err *e)
{
	struct location_batch *seen = location_batch_new();
	struct redis_answer *watched = NULL, *hash = NULL;
	struct strbuf key = STRBUF_INIT;
	int rc;

	location_redis_add_key(d, b, &key);
	rc = redis_ask(r, (struct slice[]){SLICE_LIT("WATCH"), strbuf_slice(&key)}, 2, &watched, e);
	if (rc == 0)
		rc = redis_ask(r, (struct slice[]){SLICE_LIT("HGETALL"), strbuf_slice(&key)}, 2,
			       &hash, e);
	if (rc == 0)
		location_redis_add(d, strbuf_slice(&key), hash, seen);
	if (rc == 0 && seen->count && location_says_the_same(&seen->rows[0], b))
		rc = delete_watched(d, r, strbuf_slice(&key), hash, deleted, e);
	redis_answer_free(watched);
	redis_answer_free(hash);
	strbuf_free(&key);
	location_batch_free(seen);
	return rc;
}

#endif
