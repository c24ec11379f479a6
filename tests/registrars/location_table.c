/* location_table PLACE kamailio|opensips WHAT: a location table through the reader's own contract.
 *   list            a line for each row: its key and what it says, with '|' between
 *   keys            a line for each key, as they are read to find out what has gone
 *   since SECONDS   the rows refreshed since then (calendar seconds)
 *   stamp COMMAND   whether it may have changed: first nothing happens, then the command
 *   remove KEY [N]  deletes the row, believed to have CSeq N, and says how many went */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "source/sql/location_db.h"

static struct location_db *db;
static struct err e;

static int trouble(void)
{
	fprintf(stderr, "%s %s\n", e.what, e.hint);
	return 3;
}

static void print_row(const struct binding *b)
{
	const struct slice texts[] = {b->key,  b->user,   b->domain,     b->contact, b->received,
				      b->path, b->socket, b->user_agent, b->call_id, b->instance};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		printf("%.*s|", SLICE_FMT(texts[i]));
	if (b->expires_s == BINDING_PERMANENT)
		printf("permanent");
	else
		printf("%" PRId64, b->expires_s);
	printf("|%" PRId64 "|%" PRIu32 "|%" PRIu32 "|%" PRId32 "\n", b->refreshed_s, b->cseq,
	       b->methods, b->q_milli);
}

static int list(struct location_batch *batch)
{
	int64_t after = INT64_MIN;

	do {
		if (db->ops->read_page(db, after, batch, &e) < 0)
			return trouble();
		for (size_t i = 0; i < batch->count; i++)
			print_row(&batch->rows[i]);
		after = batch->last_id;
	} while (batch->more);
	return 0;
}

static int keys(struct location_batch *batch)
{
	if (db->ops->read_keys(db, SLICE_NONE, batch, &e) < 0)
		return trouble();
	for (size_t i = 0; i < batch->count; i++)
		printf("%.*s\n", SLICE_FMT(batch->rows[i].key));
	return 0;
}

static int since(struct location_batch *batch, const char *seconds)
{
	if (db->ops->read_refreshed(db, -1, INT64_MAX - 1, strtod(seconds, NULL), batch, &e) < 0)
		return trouble();
	for (size_t i = 0; i < batch->count; i++)
		print_row(&batch->rows[i]);
	return 0;
}

/* Waits until the stamp is, or is not, the one of more than a second before: some of them know no
 * smaller times. */
static bool settles(uint64_t *last, bool same)
{
	for (int i = 0; i < 8; i++) {
		uint64_t now = *last;

		poll(NULL, 0, 1100);
		if (db->ops->stamp(db, &now, &e) < 0)
			return false;
		if ((now == *last) == same)
			return true;
		if (same)
			*last = now;
	}
	return false;
}

static int stamp(const char *command)
{
	uint64_t last = 0;

	puts(settles(&last, true) ? "at rest" : "never at rest");
	fflush(stdout);
	if (system(command) != 0)
		return 2;
	puts(settles(&last, false) ? "changed" : "not changed");
	return e.code ? trouble() : 0;
}

static int remove_one(struct location_batch *batch, const char *key, const char *cseq)
{
	struct binding b = {.key = slice_of(key)}, *shown;
	unsigned deleted = 0;
	int rc;

	if (db->ops->read_one(db, &b, batch, &e) < 0)
		return trouble();
	if (batch->count == 0) {
		puts("not there");
		return 1;
	}
	shown = binding_copy(&batch->rows[0]);
	if (cseq)
		shown->cseq = (uint32_t)strtoul(cseq, NULL, 10);
	rc = db->ops->remove(db, shown, &deleted, &e);
	free(shown);
	if (rc < 0)
		return trouble();
	printf("%u\n", deleted);
	return 0;
}

int main(int argc, char **argv)
{
	struct location_batch *batch = location_batch_new();
	int rc = 2;

	if (argc >= 4)
		db = location_db_open_as(argv[1],
					 strcmp(argv[2], "opensips") == 0 ? LOCATION_OPENSIPS
									  : LOCATION_KAMAILIO,
					 &e);
	if (argc >= 4 && (!db || db->ops->inspect(db, &e) < 0))
		rc = trouble();
	else if (argc == 4 && strcmp(argv[3], "list") == 0)
		rc = list(batch);
	else if (argc == 4 && strcmp(argv[3], "keys") == 0)
		rc = keys(batch);
	else if (argc == 5 && strcmp(argv[3], "stamp") == 0)
		rc = stamp(argv[4]);
	else if (argc == 5 && strcmp(argv[3], "since") == 0)
		rc = since(batch, argv[4]);
	else if (argc >= 5 && strcmp(argv[3], "remove") == 0)
		rc = remove_one(batch, argv[4], argv[5]);
	else
		fputs("location_table PLACE kamailio|opensips list|keys|since|stamp|remove\n",
		      stderr);
	location_batch_free(batch);
	location_db_close(db);
	return rc;
}
