/* Tests of sip/probe_table: probes by id, by peer and by time, as many as a sweep has. */
#include <stdlib.h>
#include "test.h"
#include "base/alloc.h"
#include "sip/probe_table.h"

#define MANY 20000

static struct sip_flow to(const char *host, unsigned port)
{
	struct sip_flow flow = {.transport = TRANSPORT_UDP};

	assert_int_equal(netaddr_parse(slice_of(host), port, &flow.remote), 0);
	return flow;
}

TEST(an_id_finds_its_probe_and_no_other_once_it_is_gone)
{
	struct probe_table *t = probe_table_new();
	struct sip_flow flow = to("127.0.0.1", 5060), back;
	static uint64_t ids[MANY];

	UNUSED_STATE;
	for (size_t i = 0; i < MANY; i++)
		ids[i] = probe_table_add(t, &flow)->id;
	for (size_t i = 0; i < MANY; i += 2)
		probe_table_remove(t, probe_table_find(t, ids[i]));
	/* Their places are taken by others, who have other ids. */
	for (size_t i = 0; i < MANY / 2; i++)
		assert_int_not_equal(probe_table_add(t, &flow)->id, 0);
	assert_int_equal(probe_table_count(t), MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_true((probe_table_find(t, ids[i]) != NULL) == (i % 2 == 1));
	assert_null(probe_table_find(t, 0));
	assert_null(probe_table_find(t, ids[1] ^ 1ULL << 63));
	probe_table_flow(probe_table_find(t, ids[1]), &back);
	assert_true(netaddr_eq(&back.remote, &flow.remote));
	assert_int_equal(back.local.len, 0);
	probe_table_free(t);
}

TEST(everything_comes_when_it_is_due_and_in_that_order)
{
	struct probe_table *t = probe_table_new();
	struct sip_flow flow = to("127.0.0.1", 5060);
	int64_t now = 1000003, last = 0;
	size_t came = 0;
	struct probe *x;

	UNUSED_STATE;
	assert_int_equal(probe_table_wait_ms(t, now), -1);
	for (size_t i = 0; i < MANY; i++) {
		x = probe_table_add(t, &flow);
		/* Up to 100 s: three times around. */
		probe_table_due(t, x, now, now + (int64_t)(i * 7919 % 100000));
	}
	while (came < MANY) {
		int64_t wait = probe_table_wait_ms(t, now);

		assert_in_range(wait, 0, 40000);
		now += wait;
		while ((x = probe_table_next_due(t, now)) != NULL) {
			assert_true(x->due_ms <= now && now - x->due_ms < 8);
			assert_true(x->due_ms / 4 >= last / 4 - 1);
			last = x->due_ms;
			probe_table_remove(t, x);
			came++;
		}
	}
	assert_int_equal(probe_table_wait_ms(t, now), -1);
	probe_table_free(t);
}

TEST(a_loop_that_was_away_finds_all_that_became_due_meanwhile)
{
	struct probe_table *t = probe_table_new();
	struct sip_flow flow = to("127.0.0.1", 5060);
	size_t came = 0;
	struct probe *x;

	UNUSED_STATE;
	for (int i = 0; i < 100; i++)
		probe_table_due(t, probe_table_add(t, &flow), 0, i * 300);
	/* Away for minutes; what is put now for later still comes later. */
	x = probe_table_add(t, &flow);
	probe_table_due(t, x, 600000, 600500);
	while ((x = probe_table_next_due(t, 600000)) != NULL) {
		assert_true(x->due_ms < 30000);
		probe_table_remove(t, x);
		came++;
	}
	assert_int_equal(came, 100);
	assert_in_range(probe_table_wait_ms(t, 600000), 1, 500);
	assert_non_null(probe_table_next_due(t, 600504));
	probe_table_free(t);
}

TEST(a_time_can_be_changed_and_the_outbox_keeps_its_order)
{
	struct probe_table *t = probe_table_new();
	struct sip_flow flow = to("127.0.0.1", 5060);
	struct probe *a = probe_table_add(t, &flow), *b = probe_table_add(t, &flow);

	UNUSED_STATE;
	probe_table_due(t, a, 0, 100);
	probe_table_due(t, b, 0, 200);
	probe_table_due(t, a, 0, 300);
	assert_ptr_equal(probe_table_next_due(t, 250), b);
	probe_table_outbox(t, b);
	probe_table_outbox(t, a);
	assert_null(probe_table_next_due(t, 1000));
	assert_ptr_equal(probe_table_outbox_first(t), b);
	assert_ptr_equal(probe_table_outbox_next(t, b), a);
	assert_null(probe_table_outbox_next(t, a));
	probe_table_remove(t, b);
	assert_ptr_equal(probe_table_outbox_first(t), a);
	probe_table_free(t);
}

TEST(a_peer_finds_its_probes_among_many)
{
	struct probe_table *t = probe_table_new();
	struct sip_flow wanted = to("::1", 5070), stream = to("127.0.0.1", 5060);
	size_t found = 0, steps = 0;
	char host[32];

	UNUSED_STATE;
	stream.transport = TRANSPORT_TCP;
	stream.connection = 77;
	for (unsigned i = 0; i < MANY; i++) {
		struct sip_flow flow;

		snprintf(host, sizeof(host), "127.0.%u.%u", i / 250, i % 250 + 1);
		flow = to(host, 5060);
		probe_table_add(t, &flow);
		if (i % 5000 == 0)
			probe_table_add(t, &wanted);
	}
	probe_table_add(t, &stream);
	for (struct probe *x = NULL; (x = probe_table_to_addr(t, &wanted.remote, x)); steps++)
		found += x->remote.sa.sa_family == AF_INET6;
	assert_int_equal(found, 4);
	/* A few others share the bucket; nobody looks through them all. */
	assert_in_range(steps, 4, 40);
	found = 0;
	for (struct probe *x = NULL; (x = probe_table_on_connection(t, 77, x));)
		found += x->connection == 77;
	assert_int_equal(found, 1);
	probe_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_id_finds_its_probe_and_no_other_once_it_is_gone),
		T(everything_comes_when_it_is_due_and_in_that_order),
		T(a_loop_that_was_away_finds_all_that_became_due_meanwhile),
		T(a_time_can_be_changed_and_the_outbox_keeps_its_order),
		T(a_peer_finds_its_probes_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
