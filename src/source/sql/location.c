/* What location tables have in common, whatever database holds them: batches of rows, dates, and
 * whether two rows say the same. */
#include "source/sql/location.h"

#include <stdlib.h>
#include "base/alloc.h"

#define FIELD_MAX  16384
#define TEXT_BLOCK 32768

/* Text of the rows: blocks that never move, so that slices stay true while more is added. */
struct location_text {
	struct location_text *next;
	size_t used, size;
	char bytes[];
};

struct location_batch *location_batch_new(void)
{
	return xcalloc(1, sizeof(struct location_batch));
}

void location_batch_clear(struct location_batch *b)
{
	while (b->text) {
		struct location_text *next = b->text->next;

		free(b->text);
		b->text = next;
	}
	b->count = 0;
	b->first_id = b->last_id = 0;
	b->newest = 0;
	b->more = false;
	b->keys_only = false;
	b->node = 0;
}

void location_batch_free(struct location_batch *b)
{
	if (!b)
		return;
	location_batch_clear(b);
	free(b->rows);
	free(b);
}

static char *text_room(struct location_batch *b, size_t n)
{
	struct location_text *t = b->text;

	if (!t || t->size - t->used < n) {
		size_t size = n > TEXT_BLOCK ? n : TEXT_BLOCK;

		t = xmalloc(sizeof(*t) + size);
		*t = (struct location_text){.next = b->text, .used = 0, .size = size};
		b->text = t;
	}
	t->used += n;
	return t->bytes + t->used - n;
}

struct slice location_keep(struct location_batch *b, struct slice text)
{
	char *room;

	if (text.n == 0)
		return SLICE_NONE;
	if (text.n > FIELD_MAX)
		text.n = FIELD_MAX;
	room = text_room(b, text.n);
	memcpy(room, text.p, text.n);
	return slice_make(room, text.n);
}

/* The number that the digits of this picture stand for; -1 when there is another byte. */
static int number_at(const char *p, unsigned digits)
{
	int v = 0;

	for (unsigned i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

bool location_parse_date(struct slice s, int64_t *seconds)
{
	static const unsigned char lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, hour, minute, second;
	int64_t y, days;

	if (s.n != 19 || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != ' ' || s.p[13] != ':' ||
	    s.p[16] != ':')
		return false;
	year = number_at(s.p, 4);
	month = number_at(s.p + 5, 2);
	day = number_at(s.p + 8, 2);
	hour = number_at(s.p + 11, 2);
	minute = number_at(s.p + 14, 2);
	second = number_at(s.p + 17, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1] ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	/* Days since 1970 in years that begin with March, so that the day that some years have more
	 * is their last. */
	y = year - (month <= 2);
	days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 -
	       719468;
	*seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}

/* expires and last_modified of one REGISTER differ by what was granted; a contact added by RPC has
 * no last_modified. */
int64_t location_granted(const struct binding *b)
{
	if (b->expires_s == BINDING_PERMANENT || b->refreshed_s == 0 ||
	    b->expires_s < b->refreshed_s)
		return -1;
	return b->expires_s - b->refreshed_s;
}

struct binding *location_add(struct location_batch *b, int64_t id)
{
	XGROW(b->rows, b->cap, b->count + 1);
	if (b->count == 0)
		b->first_id = id;
	b->last_id = id;
	b->rows[b->count] = (struct binding){.granted_s = -1};
	return &b->rows[b->count++];
}

bool location_says_the_same(const struct binding *a, const struct binding *b)
{
	return slice_eq(a->contact, b->contact) && slice_eq(a->call_id, b->call_id) &&
	       slice_eq(a->user, b->user) && slice_eq(a->domain, b->domain) && a->cseq == b->cseq &&
	       a->expires_s == b->expires_s;
}

double location_seconds(double stored, double seconds)
{
	return stored >= LOCATION_JULIAN_MAX ? seconds : seconds / 86400.0;
}
