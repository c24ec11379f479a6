/* The writing side of the history, in its own thread: notes become lives and events. */
#ifndef REGTOP_HISTORY_HISTORY_WRITE_H
#define REGTOP_HISTORY_HISTORY_WRITE_H

#include "history/history.h"

enum history_note_kind {
	HISTORY_NOTE_PRESENT,
	HISTORY_NOTE_ADDED,
	HISTORY_NOTE_CHANGED,
	HISTORY_NOTE_GONE,
	HISTORY_NOTE_PROBE,
	HISTORY_NOTE_CALL,
	HISTORY_NOTE_PURGED,
};

/* One thing that happened; what it points to is its own, but for source_name. */
struct history_note {
	enum history_note_kind kind;
	uint8_t source;
	const char *source_name;
	int64_t when_ms;
	struct binding *was, *is; /* is: for GONE as it was last */
	struct evidence *evidence;
	struct call_found *call;
	char *by;
};

void history_notes_free(struct history_note *notes, size_t n);

/* A habit that was learnt, for the store. */
struct history_habit {
	uint8_t source;
	char key[64];
	int64_t habit_s;
};

struct history_written {
	struct history_habit *habits;
	size_t count, cap;
	struct err trouble; /* code 0: all was written */
};

void history_written_free(struct history_written *w);

struct history_writer;

/* Takes the database. */
struct history_writer *history_writer_new(struct history_db *take);
void history_writer_free(struct history_writer *w);
/* All notes in one transaction, in their order. */
void history_write(struct history_writer *w, const struct history_note *notes, size_t n,
		   struct history_written *out);
/* As history_db_prune(). */
void history_write_prune(struct history_writer *w, int64_t oldest_ms, int64_t rows, struct err *e);

#endif
