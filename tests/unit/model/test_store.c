/* The store: identity, passes, generations, twins, evidence, marks, and a hundred thousand rows. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include "model/store.h"

static struct binding make(const char *key, const char *user, const char *contact)
{
	return (struct binding){
		.key = slice_of(key),
		.user = slice_of(user),
		.domain = SLICE_LIT("acme.example"),
		.contact = slice_of(contact),
		.socket = SLICE_LIT("udp:192.0.2.1:5060"),
		.user_agent = SLICE_LIT("Yealink SIP-T46U"),
		.call_id = SLICE_LIT("abc@host"),
		.expires_s = 2000,
		.refreshed_s = 1000,
		.granted_s = 1000,
		.cseq = 1,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
}

static struct store *one_source(void)
{
	struct store *s = store_new();

	store_add_source(s, "first");
	return s;
}

TEST(what_was_put_comes_back_whole)
{
	struct store *s = one_source();
	struct binding b = make("k1", "4021", "sip:4021@10.0.0.1"), got;
	binding_id id;

	UNUSED_STATE;
	b.received = SLICE_LIT("sip:203.0.113.2:40211;transport=tcp");
	b.path = SLICE_LIT("<sip:edge.example;lr>");
	b.instance = SLICE_LIT("<urn:uuid:00000000-0000-1000-8000-0015651A2B3C>");
	b.ruid = SLICE_LIT("uloc-7");
	b.node = SLICE_LIT("3");
	b.q_milli = 700;
	b.reg_id = 2;
	b.connection = -1;
	b.cflags = 64;
	b.methods = 783;
	id = store_put(s, 0, &b, 1000);
	assert_true(id != 0);
	assert_true(store_get(s, id, &got));
	assert_true(binding_equal(&b, &got));
	assert_int_equal(store_find(s, 0, slice_of("k1")), id);
	assert_int_equal(store_find(s, 0, slice_of("k2")), 0);
	assert_string_equal(store_source_name(s, got.source), "first");
	store_free(s);
}

TEST(odd_values_come_back_whole_too)
{
	static const int64_t odd[] = {BINDING_PERMANENT, INT64_MIN, -1, 0, UINT32_MAX, 1LL << 40};
	struct store *s = one_source();

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct binding b = make("k", "", ""), got;

		b.key = slice_make("k\0x", 3);
		b.ruid = b.key;
		b.expires_s = odd[i];
		b.refreshed_s = odd[i];
		b.granted_s = odd[i];
		b.connection = (int32_t)odd[i];
		assert_true(store_get(s, store_put(s, 0, &b, 1), &got));
		assert_true(binding_equal(&b, &got));
	}
	assert_int_equal(store_count(s), 1);
	store_free(s);
}

TEST(a_key_names_a_binding_within_its_source_only)
{
	struct store *s = one_source();
	struct binding b = make("same", "1", "sip:1@10.0.0.1");
	uint8_t second = store_add_source(s, "second");
	binding_id x = store_put(s, 0, &b, 1), y = store_put(s, second, &b, 1);

	UNUSED_STATE;
	assert_true(x != y);
	assert_int_equal(store_count(s), 2);
	assert_int_equal(store_count_source(s, second), 1);
	assert_true(store_remove(s, 0, slice_of("same")));
	assert_false(store_remove(s, 0, slice_of("same")));
	assert_false(store_has(s, x));
	assert_true(store_has(s, y));
	store_free(s);
}

TEST(an_id_is_never_used_again)
{
	struct store *s = one_source();
	struct binding b = make("k", "1", "sip:1@10.0.0.1"), got;
	binding_id first = store_put(s, 0, &b, 1), again;

	UNUSED_STATE;
	store_remove(s, 0, b.key);
	again = store_put(s, 0, &b, 1);
	assert_int_equal(binding_slot(first), binding_slot(again));
	assert_true(first != again);
	assert_false(store_get(s, first, &got));
	assert_null(store_life(s, first));
	assert_null(store_evidence(s, first));
	assert_int_equal(store_twins(s, first), 0);
	assert_false(store_get(s, 0, &got));
	assert_false(store_has(s, UINT64_MAX));
	store_free(s);
}

TEST(generations_grow_with_content_and_only_with_content)
{
	struct store *s = one_source();
	struct binding b = make("k", "1", "sip:1@10.0.0.1");
	struct evidence e = {.outcome = PROBE_ANSWERED, .code = 200};
	binding_id id = store_put(s, 0, &b, 1);
	uint64_t generation = store_generation(s), touched = store_touched(s);

	UNUSED_STATE;
	store_put(s, 0, &b, 2);
	assert_int_equal(store_generation(s), generation);
	store_set_evidence(s, id, &e);
	store_set_mark(s, id, true);
	assert_int_equal(store_generation(s), generation);
	assert_true(store_touched(s) > touched);
	b.expires_s++;
	store_put(s, 0, &b, 2);
	assert_true(store_generation(s) > generation);
	generation = store_generation(s);
	store_remove(s, 0, b.key);
	assert_true(store_generation(s) > generation);
	store_free(s);
}

TEST(a_refresh_is_no_change)
{
	struct store *s = one_source();
	struct binding b = make("k", "1", "sip:1@10.0.0.1");
	binding_id id = store_put(s, 0, &b, 100);

	UNUSED_STATE;
	b.expires_s += 300;
	b.refreshed_s += 300;
	b.cseq++;
	b.granted_s = 1200;
	store_put(s, 0, &b, 200);
	assert_int_equal(store_life(s, id)->refreshes, 1);
	assert_int_equal(store_life(s, id)->changed_s, 0);
	b.user_agent = SLICE_LIT("other");
	store_put(s, 0, &b, 300);
	assert_int_equal(store_life(s, id)->refreshes, 1);
	assert_int_equal(store_life(s, id)->changed_s, 300);
	assert_int_equal(store_life(s, id)->first_seen_s, 100);
	store_free(s);
}

TEST(evidence_stays_over_a_refresh_and_goes_with_the_address)
{
	struct store *s = one_source();
	struct binding b = make("k", "1", "sip:1@10.0.0.1");
	struct evidence e = {.outcome = PROBE_ANSWERED, .code = 486};
	binding_id id = store_put(s, 0, &b, 1);
	struct slice *addresses[] = {&b.contact, &b.received, &b.path, &b.socket};

	UNUSED_STATE;
	assert_null(store_evidence(s, id));
	store_set_evidence(s, id, &e);
	b.expires_s += 60;
	store_put(s, 0, &b, 2);
	assert_non_null(store_evidence(s, id));
	assert_int_equal(store_evidence(s, id)->code, 486);
	for (size_t i = 0; i < 4; i++) {
		store_set_evidence(s, id, &e);
		*addresses[i] = SLICE_LIT("sip:1@10.0.0.99");
		store_put(s, 0, &b, 3);
		assert_null(store_evidence(s, id));
	}
	store_set_evidence(s, id, &e);
	b.connection = 5;
	store_put(s, 0, &b, 3);
	assert_null(store_evidence(s, id));
	store_free(s);
}

TEST(a_complete_pass_removes_what_it_did_not_bring)
{
	struct store *s = one_source();
	struct binding a = make("a", "1", "sip:1@10.0.0.1"), b = make("b", "2", "sip:2@10.0.0.1"),
		       c = make("c", "3", "sip:3@10.0.0.1");
	uint8_t second = store_add_source(s, "second");
	binding_id other = store_put(s, second, &a, 1);

	UNUSED_STATE;
	store_begin_pass(s, 0);
	store_put(s, 0, &a, 1);
	store_put(s, 0, &b, 1);
	store_end_pass(s, 0, true);
	assert_int_equal(store_count_source(s, 0), 2);

	store_begin_pass(s, 0);
	store_put(s, 0, &b, 2);
	assert_true(store_find(s, 0, a.key) != 0);
	store_end_pass(s, 0, false);
	assert_int_equal(store_count_source(s, 0), 2);

	store_put(s, 0, &c, 2);
	store_begin_pass(s, 0);
	store_put(s, 0, &b, 3);
	store_end_pass(s, 0, true);
	assert_int_equal(store_count_source(s, 0), 1);
	assert_true(store_find(s, 0, b.key) != 0);
	assert_true(store_has(s, other));
	store_free(s);
}

TEST(very_many_incomplete_passes_do_not_confuse_a_complete_one)
{
	struct store *s = one_source();
	struct binding a = make("a", "1", "sip:1@10.0.0.1"), b = make("b", "2", "sip:2@10.0.0.1");

	UNUSED_STATE;
	store_put(s, 0, &a, 1);
	for (int i = 0; i < 600; i++) {
		store_begin_pass(s, 0);
		store_put(s, 0, &b, 2);
		store_end_pass(s, 0, i % 256 == 255);
		assert_int_equal(store_find(s, 0, a.key) != 0, i < 255);
	}
	assert_int_equal(store_count(s), 1);
	store_free(s);
}

TEST(twins_are_counted_over_all_sources)
{
	struct store *s = one_source();
	struct binding a = make("a", "1", "sip:1@10.0.0.1"), b = make("b", "1", "sip:1@10.0.0.2"),
		       c = make("c", "1", "sip:1@10.0.0.3"), d = make("d", "2", "sip:2@10.0.0.4");
	binding_id ia, ib, ic, id;

	UNUSED_STATE;
	c.domain = SLICE_LIT("other.example");
	store_add_source(s, "second");
	ia = store_put(s, 0, &a, 1);
	ib = store_put(s, 1, &b, 1);
	ic = store_put(s, 0, &c, 1);
	id = store_put(s, 0, &d, 1);
	assert_int_equal(store_twins(s, ia), 2);
	assert_int_equal(store_twins(s, ib), 2);
	assert_int_equal(store_twins(s, ic), 1);
	/* an AoR may change under the same key */
	d.user = SLICE_LIT("1");
	store_put(s, 0, &d, 2);
	assert_int_equal(store_twins(s, id), 3);
	store_remove(s, 0, a.key);
	assert_int_equal(store_twins(s, ib), 2);
	store_free(s);
}

static bool count_one(void *ctx, binding_id id)
{
	(void)id;
	++*(unsigned *)ctx;
	return true;
}

TEST(the_newest_binding_of_an_aor_is_found_by_its_name)
{
	struct store *s = one_source();
	struct binding a = make("a", "4021", "sip:4021@10.0.0.1"), b = make("b", "4021", "sip:x@y");
	struct binding bare = make("c", "4022", "sip:4022@10.0.0.1");
	binding_id ia, ib, ic;

	UNUSED_STATE;
	assert_int_equal(store_find_aor(s, a.user, a.domain), 0);
	ia = store_put(s, 0, &a, 1);
	assert_int_equal(store_find_aor(s, a.user, a.domain), ia);
	ib = store_put(s, 0, &b, 1);
	assert_int_equal(store_find_aor(s, a.user, a.domain), ib);
	bare.domain = SLICE_NONE;
	ic = store_put(s, 0, &bare, 1);
	assert_int_equal(store_find_aor(s, bare.user, SLICE_NONE), ic);
	assert_int_equal(store_find_aor(s, bare.user, a.domain), 0);
	assert_int_equal(store_find_aor(s, a.user, SLICE_NONE), 0);
	assert_int_equal(store_find_aor(s, a.user, SLICE_LIT("nowhere.example")), 0);
	store_remove(s, 0, slice_of("b"));
	assert_int_equal(store_find_aor(s, a.user, a.domain), ia);
	store_remove(s, 0, slice_of("a"));
	assert_int_equal(store_find_aor(s, a.user, a.domain), 0);
	store_free(s);
}

TEST(twins_are_visited_each_once)
{
	struct store *s = one_source();
	char keys[20][16];
	binding_id id = 0;
	unsigned n = 0;

	UNUSED_STATE;
	for (int i = 0; i < 20; i++) {
		struct binding b;

		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		b = make(keys[i], "1", "sip:1@10.0.0.1");
		id = store_put(s, 0, &b, 1);
	}
	store_remove(s, 0, slice_of("k0"));
	store_remove(s, 0, slice_of("k7"));
	store_each_twin(s, id, count_one, &n);
	assert_int_equal(n, 18);
	assert_int_equal(store_twins(s, id), 18);
	store_free(s);
}

struct heard {
	unsigned n[3];
	binding_id last;
	bool was_there;
	struct store *s;
};

static void hear(void *ctx, enum store_event what, binding_id id)
{
	struct heard *h = ctx;

	h->n[what]++;
	h->last = id;
	h->was_there = store_has(h->s, id);
}

TEST(the_listener_hears_of_everything_and_of_the_gone_just_before)
{
	struct store *s = one_source();
	struct heard h = {.s = s};
	struct binding b = make("k", "1", "sip:1@10.0.0.1");
	binding_id id;

	UNUSED_STATE;
	store_listen(s, hear, &h);
	id = store_put(s, 0, &b, 1);
	store_put(s, 0, &b, 1);
	b.expires_s++;
	store_put(s, 0, &b, 1);
	store_remove(s, 0, b.key);
	assert_int_equal(h.n[STORE_ADDED], 1);
	assert_int_equal(h.n[STORE_CHANGED], 1);
	assert_int_equal(h.n[STORE_GONE], 1);
	assert_int_equal(h.last, id);
	assert_true(h.was_there);
	store_listen(s, NULL, NULL);
	store_put(s, 0, &b, 1);
	assert_int_equal(h.n[STORE_ADDED], 1);
	store_free(s);
}

TEST(marks_keep_their_order_however_many_come_and_go)
{
	enum { ROWS = 3000 };
	struct store *s = one_source();
	binding_id id[ROWS], *marked;
	size_t n;

	UNUSED_STATE;
	for (unsigned i = 0; i < ROWS; i++) {
		struct binding b;
		char key[16];

		snprintf(key, sizeof(key), "k%u", i);
		b = make(key, "1", "sip:1@127.0.0.1");
		id[i] = store_put(s, 0, &b, 1);
	}
	/* backwards, and two of three leave again, some of them twice over */
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = ROWS; i-- > 0;)
			store_set_mark(s, id[i], true);
		for (unsigned i = 0; i < ROWS; i++)
			if (i % 3)
				store_set_mark(s, id[i], false);
	}
	assert_int_equal(store_mark_count(s), ROWS / 3);
	/* what is marked anew comes last */
	store_set_mark(s, id[0], false);
	store_set_mark(s, id[1], true);
	store_set_mark(s, id[0], true);
	n = store_marks(s, &marked);
	assert_int_equal(n, ROWS / 3 + 1);
	for (size_t i = 0; i + 2 < n; i++)
		assert_true(marked[i] == id[ROWS - 3 - 3 * i]);
	assert_true(marked[n - 2] == id[1]);
	assert_true(marked[n - 1] == id[0]);
	free(marked);
	store_clear_marks(s);
	for (unsigned i = 0; i < ROWS; i++)
		assert_false(store_marked(s, id[i]));
	store_free(s);
}

TEST(marks_come_back_oldest_first_and_leave_with_their_binding)
{
	struct store *s = one_source();
	struct binding a = make("a", "1", "sip:1@10.0.0.1"), b = make("b", "2", "sip:2@10.0.0.1"),
		       c = make("c", "3", "sip:3@10.0.0.1");
	binding_id ia = store_put(s, 0, &a, 1), ib = store_put(s, 0, &b, 1),
		   ic = store_put(s, 0, &c, 1), *ids;

	UNUSED_STATE;
	store_set_mark(s, ic, true);
	store_set_mark(s, ia, true);
	store_set_mark(s, ib, true);
	store_set_mark(s, ia, false);
	store_set_mark(s, ia, true);
	store_set_mark(s, ic, true);
	assert_int_equal(store_mark_count(s), 3);
	assert_int_equal(store_marks(s, &ids), 3);
	assert_int_equal(ids[0], ic);
	assert_int_equal(ids[1], ib);
	assert_int_equal(ids[2], ia);
	free(ids);
	store_remove(s, 0, b.key);
	assert_int_equal(store_mark_count(s), 2);
	assert_true(store_marked(s, ic));
	store_clear_marks(s);
	assert_int_equal(store_mark_count(s), 0);
	assert_false(store_marked(s, ic));
	assert_int_equal(store_marks(s, &ids), 0);
	free(ids);
	store_free(s);
}

#define MANY 100000

/* Rows as a switch has them: shared domains and agents, everything else their own. */
static struct binding nth(unsigned i, char text[4][64])
{
	static const char *const agents[] = {"Yealink SIP-T46U 108.86.0.20", "Snom D785",
					     "Linphone/5.2", "baresip v1.0.0"};
	struct binding b;

	snprintf(text[0], 64, "uloc-1-6b02ce39-3e7-%x", i);
	snprintf(text[1], 64, "%u", 100000 + i / 2);
	snprintf(text[2], 64, "sip:%u@10.%u.%u.%u:5060", 100000 + i / 2, i >> 16 & 255,
		 i >> 8 & 255, i & 255);
	snprintf(text[3], 64, "%08x%08x@10.0.0.1", i * 2654435761u, i);
	b = make(text[0], text[1], text[2]);
	b.ruid = b.key;
	b.call_id = slice_of(text[3]);
	b.user_agent = slice_of(agents[i % 4]);
	b.expires_s = 2000 + i;
	return b;
}

TEST(a_hundred_thousand_bindings_are_kept_changed_and_found)
{
	struct store *s = one_source();
	char text[4][64];
	size_t bytes;

	UNUSED_STATE;
	store_begin_pass(s, 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct binding b = nth(i, text);

		store_put(s, 0, &b, 1);
	}
	store_end_pass(s, 0, true);
	bytes = store_bytes(s);
	assert_int_equal(store_count(s), MANY);
	/* 64 of the record, the indexes, and less than the raw text */
	assert_true(bytes / MANY < 220);

	/* every binding gets longer text several times over: freed text must not pile up */
	for (unsigned round = 0; round < 6; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			struct binding b = nth(i, text), got;
			char contact[96];

			snprintf(contact, sizeof(contact), "%s;round=%.*s", text[2],
				 (int)round * 3 + 1, "xxxxxxxxxxxxxxxxxxxxxxxx");
			b.contact = slice_of(contact);
			store_put(s, 0, &b, 2);
			if (i % 1000 == 0) {
				assert_true(store_get(s, store_find(s, 0, b.key), &got));
				assert_true(binding_equal(&b, &got));
				assert_int_equal(store_twins(s, store_find(s, 0, b.key)), 2);
			}
		}
	}
	assert_true(store_bytes(s) < bytes * 3);

	store_begin_pass(s, 0);
	for (unsigned i = 0; i < MANY; i += 10) {
		struct binding b = nth(i, text);

		store_put(s, 0, &b, 3);
	}
	store_end_pass(s, 0, true);
	assert_int_equal(store_count(s), MANY / 10);
	for (unsigned i = 0; i < MANY; i += 7) {
		struct binding b = nth(i, text), got;
		binding_id id = store_find(s, 0, b.key);

		assert_int_equal(id != 0, i % 10 == 0);
		if (id) {
			assert_true(store_get(s, id, &got));
			assert_true(binding_equal(&b, &got));
		}
	}
	store_free(s);
}

TEST(one_aor_with_very_many_contacts_stays_quick)
{
	struct store *s = one_source();
	char key[16];
	binding_id id = 0;

	UNUSED_STATE;
	store_begin_pass(s, 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct binding b;

		snprintf(key, sizeof(key), "k%u", i);
		b = make(key, "1", "sip:1@10.0.0.1");
		id = store_put(s, 0, &b, 1);
		assert_int_equal(store_twins(s, id), i + 1);
	}
	store_end_pass(s, 0, true);
	store_begin_pass(s, 0);
	store_end_pass(s, 0, true);
	assert_int_equal(store_count(s), 0);
	store_free(s);
}

/* What the store should say, told without any index. */
struct plain {
	bool in;
	unsigned aor;
};

static unsigned plain_twins(const struct plain *p, size_t n, unsigned aor)
{
	unsigned twins = 0;

	for (size_t i = 0; i < n; i++)
		twins += p[i].in && p[i].aor == aor;
	return twins;
}

TEST(coming_moving_and_going_in_any_order_keeps_the_indexes_true)
{
	struct store *s = one_source();
	struct plain p[600] = {{0}};
	unsigned random = 1;
	char key[16], user[16];

	UNUSED_STATE;
	for (int step = 0; step < 20000; step++) {
		unsigned i, visited = 0;
		struct binding b;
		binding_id id;

		random = random * 1103515245 + 12345;
		i = random / 65536 % 600;
		snprintf(key, sizeof(key), "k%u", i);
		if (p[i].in && step % 3 == 0) {
			assert_true(store_remove(s, 0, slice_of(key)));
			assert_int_equal(store_find(s, 0, slice_of(key)), 0);
			p[i].in = false;
			continue;
		}
		/* few AoRs, so that their groups grow, shrink, empty and lose their newest */
		p[i] = (struct plain){true, random / 256 % 150};
		snprintf(user, sizeof(user), "u%u", p[i].aor);
		b = make(key, user, "sip:contact@10.0.0.1");
		id = store_put(s, 0, &b, 1);
		assert_int_equal(store_find(s, 0, slice_of(key)), id);
		assert_int_equal(store_twins(s, id), plain_twins(p, 600, p[i].aor));
		store_each_twin(s, id, count_one, &visited);
		assert_int_equal(visited, store_twins(s, id));
	}
	for (unsigned i = 0; i < 600; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(store_find(s, 0, slice_of(key)) != 0, p[i].in);
	}
	store_free(s);
}

TEST(a_pass_of_keys_keeps_what_it_names_and_removes_the_rest)
{
	struct store *s = one_source();
	struct binding a = make("k1", "a", "sip:a@10.0.0.1");
	struct binding b = make("k2", "b", "sip:b@10.0.0.1");
	uint64_t generation;

	UNUSED_STATE;
	store_put(s, 0, &a, 1);
	store_put(s, 0, &b, 1);
	generation = store_generation(s);
	store_begin_pass(s, 0);
	assert_true(store_keep(s, 0, SLICE_LIT("k2")));
	assert_false(store_keep(s, 0, SLICE_LIT("k3")));
	store_end_pass(s, 0, true);
	assert_int_equal(store_count(s), 1);
	assert_int_equal(store_find(s, 0, SLICE_LIT("k1")), 0);
	/* the one that stays did not change */
	assert_int_equal(store_generation(s), generation + 1);
	store_free(s);
}

TEST(the_last_changes_are_remembered_by_number)
{
	struct store *s = one_source();
	struct binding b = make("k1", "a", "sip:a@10.0.0.1");
	enum store_change what;
	uint32_t slot;
	binding_id id;

	UNUSED_STATE;
	assert_false(store_change_at(s, 1, &slot, &what));
	id = store_put(s, 0, &b, 1);
	assert_true(store_change_at(s, store_generation(s), &slot, &what));
	assert_int_equal(slot, binding_slot(id));
	assert_int_equal(what, STORE_PLACED);
	b.expires_s += 60;
	store_put(s, 0, &b, 2);
	assert_true(store_change_at(s, store_generation(s), &slot, &what));
	assert_int_equal(what, STORE_RENEWED);
	b.contact = SLICE_LIT("sip:a@10.0.0.2");
	store_put(s, 0, &b, 3);
	assert_true(store_change_at(s, store_generation(s), &slot, &what));
	assert_int_equal(what, STORE_ALTERED);
	b.user = SLICE_LIT("b");
	store_put(s, 0, &b, 4);
	assert_true(store_change_at(s, store_generation(s), &slot, &what));
	assert_int_equal(what, STORE_PLACED);
	store_set_mark(s, id, true);
	assert_true(store_touch_at(s, store_touched(s), &slot));
	assert_int_equal(slot, binding_slot(id));
	store_clear_marks(s);
	assert_true(store_touch_at(s, store_touched(s), &slot));
	assert_int_equal(slot, UINT32_MAX);
	store_remove(s, 0, SLICE_LIT("k1"));
	assert_true(store_change_at(s, store_generation(s), &slot, &what));
	assert_int_equal(what, STORE_PLACED);
	assert_false(store_change_at(s, store_generation(s) + 1, &slot, &what));
	for (unsigned i = 0; i < STORE_LOG; i++) {
		b.cseq++;
		store_put(s, 0, &b, 5);
	}
	assert_false(store_change_at(s, store_generation(s) - STORE_LOG, &slot, &what));
	assert_true(store_change_at(s, store_generation(s) - STORE_LOG + 1, &slot, &what));
	store_free(s);
}

TEST(a_glance_shows_what_is_stored)
{
	struct store *s = one_source();
	struct store_glance g;
	struct binding b = make("key-1", "4021", "sip:4021@10.0.0.1:5060");
	struct binding apart = make("key-2", "alice", "sip:0x77@10.0.0.1");
	uint64_t epoch;
	binding_id id;

	UNUSED_STATE;
	b.call_id = SLICE_LIT("call-77@host");
	b.domain = SLICE_LIT("example.org");
	b.user_agent = SLICE_LIT("Yealink");
	b.socket = SLICE_LIT("udp:127.0.0.1:5060");
	b.expires_s = 1900000000;
	id = store_put(s, 0, &b, 1);
	assert_int_equal(store_at(s, binding_slot(id)), id);
	assert_true(store_glance(s, binding_slot(id), &g));
	assert_true(slice_eq(g.user, b.user));
	assert_true(slice_eq(g.contact, b.contact));
	assert_true(slice_find_icase(g.all, b.call_id) >= 0);
	assert_true(slice_find_icase(g.all, b.contact) >= 0);
	assert_true(slice_eq(store_domain(s, g.domain), b.domain));
	assert_true(slice_eq(store_agent(s, g.profile), b.user_agent));
	assert_true(g.domain < store_domains(s) && g.profile < store_profiles(s));
	assert_int_equal(g.expires_s, b.expires_s);
	/* numbers beyond 32 bits stand elsewhere */
	apart.expires_s = 1LL << 40;
	id = store_put(s, 0, &apart, 1);
	assert_true(store_glance(s, binding_slot(id), &g));
	assert_true(slice_eq(g.user, apart.user));
	assert_int_equal(g.expires_s, apart.expires_s);
	apart.expires_s = BINDING_PERMANENT;
	store_put(s, 0, &apart, 1);
	assert_true(store_glance(s, binding_slot(id), &g));
	assert_int_equal(g.expires_s, BINDING_PERMANENT);
	epoch = store_shared_epoch(s);
	store_remove(s, 0, SLICE_LIT("key-1"));
	assert_true(store_shared_epoch(s) != epoch);
	store_remove(s, 0, SLICE_LIT("key-2"));
	assert_false(store_glance(s, binding_slot(id), &g));
	assert_int_equal(store_at(s, binding_slot(id)), 0);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_put_comes_back_whole),
		T(odd_values_come_back_whole_too),
		T(a_key_names_a_binding_within_its_source_only),
		T(an_id_is_never_used_again),
		T(generations_grow_with_content_and_only_with_content),
		T(a_refresh_is_no_change),
		T(evidence_stays_over_a_refresh_and_goes_with_the_address),
		T(a_complete_pass_removes_what_it_did_not_bring),
		T(very_many_incomplete_passes_do_not_confuse_a_complete_one),
		T(twins_are_counted_over_all_sources),
		T(the_newest_binding_of_an_aor_is_found_by_its_name),
		T(twins_are_visited_each_once),
		T(the_listener_hears_of_everything_and_of_the_gone_just_before),
		T(marks_keep_their_order_however_many_come_and_go),
		T(marks_come_back_oldest_first_and_leave_with_their_binding),
		T(a_hundred_thousand_bindings_are_kept_changed_and_found),
		T(one_aor_with_very_many_contacts_stays_quick),
		T(coming_moving_and_going_in_any_order_keeps_the_indexes_true),
		T(a_pass_of_keys_keeps_what_it_names_and_removes_the_rest),
		T(the_last_changes_are_remembered_by_number),
		T(a_glance_shows_what_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
