/* Time zones: wall clock times of another zone to Unix time, whatever zone this process is in. */
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/slice.h"
#include "base/text.h"

/* Registrations end within days; a table from 1990 to 2050 is far more than they need. */
#define FROM_S 631152000LL
#define TO_S   2524608000LL
#define DAY_S  86400

/* From this Unix time on, the clocks are so many seconds ahead of UTC. */
struct turn {
	int64_t from_s, ahead_s;
};

struct zone {
	struct turn *turns;
	size_t count, cap;
};

static int64_t ahead_at(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm = {0};

	return localtime_r(&t, &tm) ? (int64_t)tm.tm_gmtoff : 0;
}

static void add_turn(struct zone *z, int64_t from_s, int64_t ahead_s)
{
	XGROW(z->turns, z->cap, z->count + 1);
	z->turns[z->count++] = (struct turn){from_s, ahead_s};
}

/* Where between two days the clocks are turned, to the second. */
static int64_t find_turn(int64_t low, int64_t high)
{
	int64_t before = ahead_at(low);

	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;

		if (ahead_at(mid) == before)
			low = mid;
		else
			high = mid;
	}
	return high;
}

static void find_turns(struct zone *z)
{
	int64_t ahead = ahead_at(FROM_S);

	add_turn(z, INT64_MIN, ahead);
	for (int64_t day = FROM_S; day < TO_S; day += DAY_S) {
		if (ahead_at(day + DAY_S) == ahead)
			continue;
		ahead = ahead_at(day + DAY_S);
		add_turn(z, find_turn(day, day + DAY_S), ahead);
	}
}

/* The C library takes a name that it does not know for UTC, and says nothing. */
static bool is_known(const char *name)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/usr/share/zoneinfo", name);

	return *name && *name != '/' && !strstr(name, "..") && n > 0 && (size_t)n < sizeof(path) &&
	       access(path, R_OK) == 0;
}

struct zone *zone_new(const char *name, struct err *e)
{
	const char *tz = getenv("TZ");
	char *was = tz ? xstrdup(tz) : NULL, shown[80];
	struct zone *z;

	if (name && !is_known(name) && strcmp(name, "UTC") != 0) {
		text_clean_buf(slice_of(name), shown, sizeof(shown));
		err_set(e, -EINVAL, "Name it as in /usr/share/zoneinfo: Europe/Berlin, UTC.",
			"This machine knows no time zone %s.", shown);
		free(was);
		return NULL;
	}
	if (name)
		setenv("TZ", strcmp(name, "UTC") == 0 ? "UTC0" : name, 1);
	tzset();
	z = xcalloc(1, sizeof(*z));
	find_turns(z);
	if (was)
		setenv("TZ", was, 1);
	else
		unsetenv("TZ");
	tzset();
	free(was);
	return z;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->turns);
	free(z);
}

int64_t zone_to_unix(const struct zone *z, int64_t local_s)
{
	int64_t t = local_s;

	for (size_t i = 0; i < z->count; i++) {
		t = local_s - z->turns[i].ahead_s;
		if (i + 1 == z->count || t < z->turns[i + 1].from_s)
			return t;
		/* Left out: after this turn by the clocks before it, before it by those after. */
		if (local_s - z->turns[i + 1].ahead_s < z->turns[i + 1].from_s)
			return t;
	}
	return t;
}
