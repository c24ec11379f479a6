/* The record: whatever is packed comes back byte for byte, against a model that packs nothing. */
#include "test.h"

#include <stdlib.h>
#include "model/store.h"

#define KEYS 300

static unsigned state_of_chance = 1;

static unsigned chance(unsigned n)
{
	state_of_chance = state_of_chance * 1103515245 + 12345;
	return state_of_chance / 65536 % n;
}

/* Keys that look like Kamailio's and are not quite, so that only byte for byte is good enough. */
static struct slice make_key(unsigned i, char room[64])
{
	static const char *const shapes[] = {
		"uloc-6746e1a3-3ed-%x",
		"uloc-6746e1a3-3ed-0%x",
		"uloc-6746e1a3-3ed-%XAF",
		"uloc-6746e1a3-3ED-%07x",
		"uloc-6746e1a3-3ed%x",
		"uloc-%x",
		"uloc--%x",
		"ULOC-6746e1a3-3ed-%x",
		"uloc-6746e1a3-3ed-%x-",
		"uloc-6746e1a3-3ed-%xg",
		"id:%u",
		"%x",
		"-%x",
		"uloc-00ab-1-%x",
		"uloc-00AB-1-%x",
		"uloc-6746e1a3-3ed-a-long-beginning-%x",
		"uloc-1-%016x",
		"uloc-1-%017x",
		"uloc-1-%030x",
		"uloc-6746e1a3-3ed-012345678901234567890123456-%x",
	};
	size_t n = sizeof(shapes) / sizeof(shapes[0]);
	int len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = snprintf(room, 64, shapes[i % n], i / (unsigned)n + 10);
#pragma GCC diagnostic pop
	if (i % 23 == 22)
		room[len++] = '\0';
	if (i % 29 == 28)
		room[len++] = (char)0xff;
	return slice_make(room, (size_t)len);
}

/* Bytes of every kind, mostly short, at times empty or very long. */
static struct slice make_text(char *room)
{
	static const char *const known[] = {"<sip:edge.example;lr>", "sip:4021@127.0.0.1",
					    "<sip:e;lr;received=sip:127.0.0.1:5060>", "4021"};
	unsigned n = chance(40) == 0 ? chance(20000) : chance(20);

	if (chance(3) == 0)
		return slice_of(known[chance(4)]);
	for (unsigned i = 0; i < n; i++)
		room[i] = (char)chance(256);
	return n ? slice_make(room, n) : SLICE_NONE;
}

static int64_t make_time(void)
{
	static const int64_t odd[] = {
		BINDING_PERMANENT, BINDING_PERMANENT - 1, INT64_MIN, -1, 0, 127, 128,
		UINT32_MAX,        UINT32_MAX - 1LL,      1LL << 40};

	return chance(3) ? 1700000000 + (int64_t)chance(30000) : odd[chance(10)];
}

static uint32_t make_number(void)
{
	return (uint32_t)chance(65536) << (chance(2) * 16);
}

/* A binding of its own memory. */
static struct binding *make(unsigned key)
{
	static char room[9][20000];
	char key_room[64];
	struct binding b = {.key = make_key(key, key_room)};

	b.user = make_text(room[0]);
	b.domain = make_text(room[1]);
	b.contact = make_text(room[2]);
	if (b.user.n && chance(2))
		b.contact = slice_make(b.user.p, chance(2) ? b.user.n : b.user.n / 2);
	b.received = make_text(room[3]);
	b.path = make_text(room[4]);
	b.socket = make_text(room[5]);
	b.user_agent = make_text(room[6]);
	b.call_id = make_text(room[7]);
	b.instance = make_text(room[8]);
	b.ruid = chance(2) ? b.key : b.received;
	b.node = chance(2) ? SLICE_NONE : SLICE_LIT("7");
	b.expires_s = make_time();
	b.refreshed_s = make_time();
	b.granted_s = make_time();
	b.cseq = make_number();
	b.methods = make_number();
	b.q_milli = (int32_t)chance(1000);
	b.reg_id = (int32_t)make_number();
	b.connection = chance(2) ? 0 : (int32_t)make_number();
	b.cflags = make_number();
	return binding_copy(&b);
}

static bool stands_in(struct slice s, struct slice part)
{
	return part.n == 0 || memmem(s.p, s.n, part.p, part.n) != NULL;
}

static void compare(struct store *s, struct binding *const *model)
{
	size_t count = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		char room[64];
		binding_id id = store_find(s, 0, make_key(i, room));
		struct binding got;
		struct store_glance g;
		int64_t expires_s;

		assert_int_equal(store_get(s, id, &got), model[i] != NULL);
		if (!model[i])
			continue;
		count++;
		assert_true(binding_equal(&got, model[i]));
		assert_true(store_glance(s, binding_slot(id), &g));
		assert_true(slice_eq(g.user, model[i]->user));
		assert_true(slice_eq(g.contact, model[i]->contact));
		assert_true(slice_eq(store_domain(s, g.domain), model[i]->domain));
		assert_true(slice_eq(store_agent(s, g.profile), model[i]->user_agent));
		assert_true(stands_in(g.all, got.call_id));
		assert_true(stands_in(g.all, got.received));
		assert_true(stands_in(g.all, got.instance));
		assert_true(store_expires(s, binding_slot(id), &expires_s));
		assert_true(expires_s == got.expires_s);
	}
	assert_int_equal(store_count(s), count);
}

/* A refresh, as most changes are: times and CSeq. */
static void renew(struct binding *b)
{
	b->cseq++;
	b->refreshed_s = make_time();
	b->expires_s = make_time();
	b->granted_s = chance(2) ? b->granted_s : make_time();
}

TEST(whatever_happens_every_field_comes_back_byte_for_byte)
{
	struct binding *model[KEYS] = {NULL};
	struct store *s = store_new();

	UNUSED_STATE;
	store_add_source(s, "first");
	for (unsigned step = 0; step < 30000; step++) {
		unsigned i = chance(KEYS), what = chance(8);

		if (what == 0 && model[i]) {
			assert_true(store_remove(s, 0, model[i]->key));
			free(model[i]);
			model[i] = NULL;
			continue;
		}
		if (what < 4 && model[i]) {
			renew(model[i]);
		} else {
			free(model[i]);
			model[i] = make(i);
		}
		store_put(s, 0, model[i], 1);
		if (step % 500 == 0)
			compare(s, model);
	}
	compare(s, model);
	for (unsigned i = 0; i < KEYS; i++)
		free(model[i]);
	store_free(s);
}

TEST(a_binding_may_be_put_back_as_it_was_lent)
{
	struct store *s = store_new();
	struct binding *b = make(0), lent;
	char room[64];
	binding_id id;

	UNUSED_STATE;
	store_add_source(s, "first");
	id = store_put(s, 0, b, 1);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(store_get(s, id, &lent));
		lent.cseq = b->cseq = i;
		assert_int_equal(store_put(s, 0, &lent, 1), id);
		assert_true(store_get(s, store_find(s, 0, make_key(0, room)), &lent));
		assert_true(binding_equal(&lent, b));
	}
	free(b);
	store_free(s);
}

TEST(many_keys_are_lent_at_the_same_time)
{
	struct store *s = store_new();
	struct binding lent[200];

	UNUSED_STATE;
	store_add_source(s, "first");
	for (unsigned i = 0; i < 200; i++) {
		struct binding *b = make(i);

		store_put(s, 0, b, 1);
		free(b);
	}
	for (unsigned i = 0; i < 200; i++) {
		char room[64];

		assert_true(store_get(s, store_find(s, 0, make_key(i, room)), &lent[i]));
	}
	for (unsigned i = 0; i < 200; i++) {
		char room[64];

		assert_true(slice_eq(lent[i].key, make_key(i, room)));
	}
	store_free(s);
}

TEST(more_beginnings_of_keys_than_are_shared_are_kept_all_the_same)
{
	struct store *s = store_new();
	struct binding *b = make(0), got;
	char key[64];

	UNUSED_STATE;
	store_add_source(s, "first");
	for (unsigned i = 0; i < 5000; i++) {
		b->key = slice_make(key, (size_t)snprintf(key, sizeof(key), "uloc-%x-1-%x", i, i));
		store_put(s, 0, b, 1);
	}
	for (unsigned i = 0; i < 5000; i++) {
		struct slice k =
			slice_make(key, (size_t)snprintf(key, sizeof(key), "uloc-%x-1-%x", i, i));

		assert_true(store_get(s, store_find(s, 0, k), &got));
		assert_true(slice_eq(got.key, k));
		assert_true(store_remove(s, 0, k));
	}
	assert_int_equal(store_count(s), 0);
	free(b);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whatever_happens_every_field_comes_back_byte_for_byte),
		T(a_binding_may_be_put_back_as_it_was_lent),
		T(many_keys_are_lent_at_the_same_time),
		T(more_beginnings_of_keys_than_are_shared_are_kept_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
