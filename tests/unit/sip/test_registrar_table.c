/* Tests of the registrar's table: order of creation, connections, and the wheel of ends. */
#include "test.h"
#include "base/strbuf.h"
#include "sip/registrar_table.h"

#define NOW_MS 1760000000000

static struct reg_rec *record(unsigned n, const char *user, int64_t expires_ms, uint32_t connection)
{
	struct strbuf key = STRBUF_INIT;
	struct registrar_binding b = {.user = slice_of(user),
				      .domain = SLICE_LIT("acme.example"),
				      .contact = SLICE_LIT("sip:x@192.0.2.1"),
				      .expires_ms = expires_ms,
				      .connection = connection};
	struct reg_rec *rec;

	strbuf_addf(&key, "k%u", n);
	b.key = strbuf_slice(&key);
	rec = reg_rec_new(&b, n, false);
	strbuf_free(&key);
	return rec;
}

static unsigned take_all_due(struct reg_table *t, int64_t now_ms)
{
	struct reg_rec *rec;
	unsigned n = 0;

	while ((rec = reg_table_take_due(t, now_ms))) {
		assert_true(rec->b.expires_ms + REG_GRACE_MS <= now_ms);
		reg_rec_unref(rec);
		n++;
	}
	return n;
}

TEST(bindings_of_one_address_come_in_order_of_creation)
{
	struct reg_table *t = reg_table_new(NOW_MS);
	struct reg_rec *rec;
	uint64_t last = 0;
	unsigned n = 0;

	UNUSED_STATE;
	/* Put in backwards, among enough others that the index grows several times. */
	for (unsigned i = 500; i > 0; i--)
		assert_null(
			reg_table_put(t, record(i, i % 10 ? "other" : "alice", NOW_MS + 60000, 0)));
	for (rec = reg_table_first(t, SLICE_LIT("alice"), SLICE_LIT("acme.example")); rec;
	     rec = reg_table_next(rec), n++) {
		assert_true(rec->n > last);
		last = rec->n;
	}
	assert_int_equal(n, 50);
	assert_null(reg_table_first(t, SLICE_LIT("alice"), SLICE_LIT("globex.example")));
	reg_table_free(t);
}

TEST(a_record_of_the_same_key_gives_way_and_can_be_put_back)
{
	struct reg_table *t = reg_table_new(NOW_MS);
	struct reg_rec *old;

	UNUSED_STATE;
	reg_table_put(t, record(1, "alice", NOW_MS + 60000, 7));
	old = reg_table_put(t, record(1, "alice", NOW_MS + 90000, 8));
	assert_non_null(old);
	assert_null(reg_table_on_connection(t, 7));
	assert_int_equal(reg_table_count(t), 1);
	reg_rec_unref(reg_table_put(t, old));
	assert_ptr_equal(reg_table_find(t, SLICE_LIT("k1")), old);
	assert_ptr_equal(reg_table_on_connection(t, 7), old);
	assert_null(reg_table_on_connection(t, 8));
	reg_table_free(t);
}

TEST(a_closed_connection_is_forgotten_by_all_that_came_over_it)
{
	struct reg_table *t = reg_table_new(NOW_MS);
	struct reg_rec *rec;
	unsigned n = 0;

	UNUSED_STATE;
	for (unsigned i = 0; i < 300; i++)
		reg_table_put(t, record(i, "alice", NOW_MS + 60000, 1 + i % 3));
	while ((rec = reg_table_on_connection(t, 2))) {
		reg_table_forget_connection(t, rec);
		n++;
	}
	assert_int_equal(n, 100);
	assert_non_null(reg_table_on_connection(t, 1));
	assert_int_equal(reg_table_count(t), 300);
	reg_table_free(t);
}

TEST(each_leaves_when_its_grace_is_over_and_not_before)
{
	struct reg_table *t = reg_table_new(NOW_MS);
	unsigned left = 0;

	UNUSED_STATE;
	/* Up to three hours: longer than the wheel goes round. */
	for (unsigned i = 0; i < 10800; i++)
		reg_table_put(t, record(i, "alice", NOW_MS + (int64_t)i * 1000, 0));
	for (int64_t s = 0; s <= 10800 + 31; s++)
		left += take_all_due(t, NOW_MS + s * 1000);
	assert_int_equal(left, 10800);
	assert_int_equal(reg_table_count(t), 0);
	reg_table_free(t);
}

TEST(a_wall_clock_that_jumps_loses_nobody)
{
	struct reg_table *t = reg_table_new(NOW_MS);

	UNUSED_STATE;
	for (unsigned i = 0; i < 100; i++)
		reg_table_put(t, record(i, "alice", NOW_MS + (int64_t)i * 1000, 0));
	assert_int_equal(take_all_due(t, NOW_MS - 86400000), 0);
	reg_table_put(t, record(100, "alice", NOW_MS, 0));
	assert_int_equal(take_all_due(t, NOW_MS + 86400000), 101);
	/* One whose time is over already when it comes in. */
	reg_table_put(t, record(1, "alice", NOW_MS, 0));
	assert_int_equal(take_all_due(t, NOW_MS + 86402000), 1);
	reg_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bindings_of_one_address_come_in_order_of_creation),
		T(a_record_of_the_same_key_gives_way_and_can_be_put_back),
		T(a_closed_connection_is_forgotten_by_all_that_came_over_it),
		T(each_leaves_when_its_grace_is_over_and_not_before),
		T(a_wall_clock_that_jumps_loses_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
