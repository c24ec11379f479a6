/* What every unit test includes: cmocka and its needs, in the order it wants them. */
#ifndef REGTOP_TESTS_TEST_H
#define REGTOP_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/slice.h"

/* A test's name is a sentence: test(a_slice_ends_where_it_says) becomes the function and the line
 * in the group: t(a_slice_ends_where_it_says). */
#define TEST(name)   static void name(void **state)
#define T(name)      cmocka_unit_test(name)
#define UNUSED_STATE (void)state
/* For what this machine cannot do; tests/lib/cmocka-tap hands the reason on. */
#define SKIP(reason)                                                                               \
	do {                                                                                       \
		printf("# skip: %s\n", (reason));                                                  \
		fflush(stdout);                                                                    \
		skip();                                                                            \
	} while (0)

#define assert_slice_equal(s, text)                                                                \
	do {                                                                                       \
		struct slice got_ = (s);                                                           \
		assert_int_equal(got_.n, strlen(text));                                            \
		assert_memory_equal(got_.p, text, got_.n);                                         \
	} while (0)

#endif
