/* What a test call found, in words: what happened, what it means, and whether all went well. */
#include "test.h"

#include "model/call_found.h"

static const char *said(const struct call_found *c)
{
	static char out[400];

	call_found_say(c, out, sizeof(out));
	return out;
}

static const char *meant(const struct call_found *c)
{
	static char out[400];

	call_found_mean(c, out, sizeof(out));
	return out;
}

static struct call_found ended(enum call_kind kind, enum call_outcome how, int code,
			       const char *reason)
{
	struct call_found c = {.kind = kind, .outcome = how, .code = code, .sends = 1, .size = 700};

	snprintf(c.reason, sizeof(c.reason), "%s", reason);
	return c;
}

TEST(a_quiet_call_that_is_refused_went_well)
{
	struct call_found c = ended(CALL_QUIET, CALL_FINAL, 420, "Bad Extension");

	UNUSED_STATE;
	c.final_us = 4200;
	assert_string_equal(said(&c), "420 Bad Extension after 4 ms");
	assert_non_null(strstr(meant(&c), "it refused, as it should, without ringing"));
	assert_true(call_found_well(&c));
}

TEST(a_quiet_call_that_is_answered_was_not_refused)
{
	struct call_found c = ended(CALL_QUIET, CALL_ANSWERED, 200, "OK");

	UNUSED_STATE;
	assert_null(strstr(meant(&c), "it refused"));
	assert_non_null(strstr(meant(&c), "INVITE reaches the phone, which took a call"));
	assert_false(call_found_well(&c));
	c.ringing = true;
	assert_non_null(strstr(meant(&c), "which took a call"));
	/* A ring test is meant to be answered. */
	c.kind = CALL_RING;
	assert_non_null(strstr(meant(&c), "It was answered"));
	assert_true(call_found_well(&c));
}

TEST(a_phone_that_may_still_ring_is_not_well)
{
	struct call_found c = ended(CALL_RING, CALL_OPEN, 0, "");

	UNUSED_STATE;
	c.ringing = true;
	c.ring_us = 84000;
	assert_string_equal(said(&c), "180 Ringing after 84 ms, then no answer to what should have "
				      "ended it: it may go on");
	assert_string_equal(meant(&c), "Look at the phone: it may still ring.");
	assert_false(call_found_well(&c));
}

TEST(a_ring_test_that_rang_and_was_cancelled_went_well)
{
	struct call_found c = ended(CALL_RING, CALL_CANCELLED, 487, "Request Terminated");

	UNUSED_STATE;
	c.ringing = true;
	c.ring_us = 84000;
	c.final_us = 4100000;
	assert_string_equal(said(&c),
			    "180 Ringing after 84 ms, then 487 Request Terminated after 4.1 s");
	assert_true(call_found_well(&c));
}

TEST(silence_and_what_only_the_registrar_said_are_lost)
{
	struct call_found c = ended(CALL_QUIET, CALL_SILENT, 0, "");

	UNUSED_STATE;
	c.sends = 4;
	assert_string_equal(said(&c), "no answer to 4 INVITEs of 700 bytes");
	assert_true(call_found_lost(&c));
	assert_false(call_found_well(&c));
	c = ended(CALL_RING, CALL_FINAL, 408, "Request Timeout");
	c.by_registrar = c.trying = true;
	assert_true(call_found_lost(&c));
	assert_string_equal(meant(&c),
			    "The next hop took the call, and the phone never gave a sign.");
	assert_false(call_found_well(&c));
}

TEST(who_rings_when_nobody_waits_any_more_is_slow_and_not_lost)
{
	struct call_found c = ended(CALL_RING, CALL_SILENT, 0, "");

	UNUSED_STATE;
	c.sends = 4;
	c.late_us = 7300000;
	c.late_code = 180;
	assert_string_equal(said(&c), "no answer to 4 INVITEs of 700 bytes in time; it rang after "
				      "7.3 s, and was cancelled");
	assert_non_null(strstr(meant(&c), "slowly"));
	assert_false(call_found_lost(&c));
	assert_false(call_found_well(&c));
	c.late_code = 200;
	assert_non_null(strstr(said(&c), "it was answered after 7.3 s, and ended at once"));
	c.late_code = 486;
	assert_non_null(strstr(said(&c), "in time; 486 came after 7.3 s"));
}

TEST(a_closed_port_is_the_registrars_where_calls_go_through_it)
{
	struct call_found c = ended(CALL_QUIET, CALL_REFUSED, 0, "");

	UNUSED_STATE;
	c.path = PROBE_PATH_DIRECT;
	assert_string_equal(meant(&c), "Nobody listens there any more.");
	c.path = PROBE_PATH_REGISTRAR;
	assert_non_null(strstr(meant(&c), "The registrar itself takes no SIP"));
	c.outcome = CALL_NO_ROUTE;
	assert_non_null(strstr(meant(&c), "Nothing gets to the registrar itself"));
	assert_false(call_found_well(&c));
}

TEST(codes_mean_what_they_commonly_stand_for)
{
	struct call_found c = ended(CALL_QUIET, CALL_FINAL, 404, "Not Found");

	UNUSED_STATE;
	assert_non_null(strstr(meant(&c), "does not know this contact"));
	assert_false(call_found_well(&c));
	c = ended(CALL_RING, CALL_FINAL, 486, "Busy Here");
	assert_non_null(strstr(meant(&c), "says busy"));
	c.by_registrar = true;
	assert_non_null(strstr(meant(&c), "The switch itself refused the call"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_quiet_call_that_is_refused_went_well),
		T(a_quiet_call_that_is_answered_was_not_refused),
		T(a_phone_that_may_still_ring_is_not_well),
		T(a_ring_test_that_rang_and_was_cancelled_went_well),
		T(silence_and_what_only_the_registrar_said_are_lost),
		T(who_rings_when_nobody_waits_any_more_is_slow_and_not_lost),
		T(a_closed_port_is_the_registrars_where_calls_go_through_it),
		T(codes_mean_what_they_commonly_stand_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
