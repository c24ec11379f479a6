/* Tests of the frame: text in cells, wide characters, cutting, and the frame as text. */
#include "test.h"

#include "base/strbuf.h"
#include "ui/frame.h"

#define TOKYO "\xe6\x9d\xb1\xe4\xba\xac" /* two characters, four columns */

static struct strbuf text_of(const struct frame *f)
{
	struct strbuf b = STRBUF_INIT;

	frame_text(f, &b);
	return b;
}

#define ASSERT_TEXT(f, wanted)                                                                     \
	do {                                                                                       \
		struct strbuf got_ = text_of(f);                                                   \
		assert_string_equal(strbuf_str(&got_), wanted);                                    \
		strbuf_free(&got_);                                                                \
	} while (0)

TEST(text_is_put_and_clipped_at_the_edge)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 6, 2, false);
	assert_int_equal(frame_put(&f, 3, 0, -1, ROLE_TEXT, 0, SLICE_LIT("abcdef")), 3);
	assert_int_equal(frame_put(&f, 0, 1, 2, ROLE_TEXT, 0, SLICE_LIT("xyz")), 2);
	ASSERT_TEXT(&f, "   abc\nxy\n");
	frame_free(&f);
}

TEST(text_outside_of_the_frame_changes_nothing)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 4, 2, false);
	assert_int_equal(frame_put(&f, 4, 0, -1, ROLE_TEXT, 0, SLICE_LIT("a")), 0);
	assert_int_equal(frame_put(&f, -1, 0, -1, ROLE_TEXT, 0, SLICE_LIT("a")), 0);
	assert_int_equal(frame_put(&f, 0, 2, -1, ROLE_TEXT, 0, SLICE_LIT("a")), 0);
	frame_fill(&f, -5, -5, 3, 3, ROLE_TEXT, 0, 'x');
	frame_style(&f, 0, 7, 4, CELL_BOLD);
	ASSERT_TEXT(&f, "\n\n");
	frame_free(&f);
}

TEST(a_wide_character_takes_two_cells_or_none)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 5, 1, false);
	assert_int_equal(frame_put(&f, 0, 0, 3, ROLE_TEXT, 0, SLICE_LIT(TOKYO)), 2);
	assert_true(f.cells[1].style & CELL_WIDE_TAIL);
	assert_int_equal(f.cells[2].cp, 0);
	ASSERT_TEXT(&f, "\xe6\x9d\xb1\n");
	frame_free(&f);
}

TEST(overwriting_half_of_a_wide_character_blanks_the_other_half)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 4, 1, false);
	frame_put(&f, 0, 0, -1, ROLE_TEXT, 0, SLICE_LIT(TOKYO));
	frame_put(&f, 1, 0, -1, ROLE_TEXT, 0, SLICE_LIT("x"));
	ASSERT_TEXT(&f, " x\xe4\xba\xac\n");
	frame_put(&f, 2, 0, -1, ROLE_TEXT, 0, SLICE_LIT("y"));
	ASSERT_TEXT(&f, " xy\n");
	frame_free(&f);
}

TEST(wide_characters_laid_over_each_other_leave_no_stray_half)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 6, 1, false);
	frame_put(&f, 0, 0, -1, ROLE_TEXT, 0, SLICE_LIT(TOKYO));
	frame_put(&f, 1, 0, -1, ROLE_TEXT, 0, SLICE_LIT(TOKYO));
	ASSERT_TEXT(&f, " " TOKYO "\n");
	assert_true(f.cells[2].style & CELL_WIDE_TAIL);
	assert_false(f.cells[1].style & CELL_WIDE_TAIL);
	assert_false(f.cells[5].style & CELL_WIDE_TAIL);
	frame_free(&f);
}

TEST(an_ascii_frame_takes_only_ascii)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 12, 1, true);
	frame_put(&f, 0, 0, -1, ROLE_TEXT, 0, SLICE_LIT("a" TOKYO "\xc3\xa9z"));
	ASSERT_TEXT(&f, "a???z\n");
	frame_free(&f);
}

TEST(control_characters_never_reach_a_cell)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 12, 1, false);
	frame_put(&f, 0, 0, -1, ROLE_TEXT, 0, SLICE_LIT("a\x1b[2J\x7f\xc2\x9b"));
	for (int x = 0; x < f.width; x++)
		assert_true(f.cells[x].cp == 0 || (f.cells[x].cp >= 0x20 && f.cells[x].cp < 0x7f));
	frame_free(&f);
}

TEST(combining_marks_take_no_cell)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 4, 1, false);
	assert_int_equal(frame_put(&f, 0, 0, -1, ROLE_TEXT, 0, SLICE_LIT("e\xcc\x81x")), 2);
	ASSERT_TEXT(&f, "ex\n");
	frame_free(&f);
}

TEST(text_that_fits_is_not_cut)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 8, 2, false);
	frame_put_cut(&f, 0, 0, 6, true, false, ROLE_TEXT, 0, SLICE_LIT("abcdef"));
	frame_put_cut(&f, 0, 1, 6, false, true, ROLE_TEXT, 0, SLICE_LIT("abc"));
	ASSERT_TEXT(&f, "abcdef\n   abc\n");
	frame_free(&f);
}

TEST(a_cut_is_said_by_a_mark_at_the_end_or_in_the_middle)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 7, 2, false);
	frame_put_cut(&f, 0, 0, 6, false, false, ROLE_TEXT, 0, SLICE_LIT("abcdefgh"));
	frame_put_cut(&f, 0, 1, 6, true, false, ROLE_TEXT, 0, SLICE_LIT("abcdefgh"));
	ASSERT_TEXT(&f, "abcde\xe2\x80\xa6\nabc\xe2\x80\xa6gh\n");
	frame_free(&f);
	frame_init(&f, 7, 1, true);
	frame_put_cut(&f, 0, 0, 5, true, false, ROLE_TEXT, 0, SLICE_LIT("abcdefgh"));
	ASSERT_TEXT(&f, "ab~gh\n");
	frame_free(&f);
}

TEST(cutting_wide_text_stays_inside_its_columns)
{
	UNUSED_STATE;
	for (int w = 1; w < 12; w++)
		for (int middle = 0; middle < 2; middle++) {
			struct frame f;

			frame_init(&f, 14, 1, false);
			frame_put(&f, w, 0, 1, ROLE_TEXT, 0, SLICE_LIT("|"));
			frame_put_cut(&f, 0, 0, w, middle, false, ROLE_TEXT, 0,
				      SLICE_LIT(TOKYO "a" TOKYO "b" TOKYO));
			assert_int_equal(f.cells[w].cp, '|');
			frame_free(&f);
		}
}

TEST(an_absurd_size_is_brought_into_bounds)
{
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 0, -3, false);
	assert_int_equal(f.width, 1);
	assert_int_equal(f.height, 1);
	frame_free(&f);
}

/* Two lines as they stand at the end of a frame: behind them lies nothing that may be read. */
static bool lines_differ(const char *now, const char *before, int *from, int *to)
{
	struct frame a, b;
	bool differs;

	frame_init(&a, 6, 1, false);
	frame_init(&b, 6, 1, false);
	frame_put(&a, 0, 0, -1, ROLE_TEXT, 0, slice_of(now));
	frame_put(&b, 0, 0, -1, ROLE_TEXT, 0, slice_of(before));
	differs = frame_line_differs(a.cells, b.cells, 6, from, to);
	frame_free(&a);
	frame_free(&b);
	return differs;
}

TEST(equal_lines_do_not_differ_and_nothing_behind_them_is_read)
{
	int from = -1, to = -1;

	UNUSED_STATE;
	assert_false(lines_differ("abcdef", "abcdef", &from, &to));
	assert_false(lines_differ("", "", &from, &to));
	assert_false(lines_differ("ab" TOKYO, "ab" TOKYO, &from, &to));
	assert_int_equal(from, -1);
}

TEST(the_stretch_that_differs_holds_wide_characters_whole)
{
	int from, to;

	UNUSED_STATE;
	assert_true(lines_differ("abXdef", "abcdef", &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 3);
	assert_true(lines_differ("abcdeX", "abcdef", &from, &to));
	assert_int_equal(to, 6);
	/* the first half of what was wide is written over: its other half goes too */
	assert_true(lines_differ("abc ef", "ab" TOKYO, &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 6);
	assert_true(lines_differ("ab" TOKYO, "ab\xe6\x9d\xb1zz", &from, &to));
	assert_int_equal(from, 4);
	assert_int_equal(to, 6);
}

TEST(roles_are_told_by_letters_below_the_text)
{
	struct frame f;
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	frame_init(&f, 6, 1, false);
	frame_put(&f, 0, 0, -1, ROLE_BAD, 0, SLICE_LIT("no"));
	frame_put(&f, 3, 0, -1, ROLE_TEXT, 0, SLICE_LIT("x"));
	frame_text_roles(&f, &b);
	assert_string_equal(strbuf_str(&b), "no x\n--\nbb .\n");
	strbuf_free(&b);
	frame_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(text_is_put_and_clipped_at_the_edge),
		T(text_outside_of_the_frame_changes_nothing),
		T(a_wide_character_takes_two_cells_or_none),
		T(overwriting_half_of_a_wide_character_blanks_the_other_half),
		T(wide_characters_laid_over_each_other_leave_no_stray_half),
		T(an_ascii_frame_takes_only_ascii),
		T(control_characters_never_reach_a_cell),
		T(combining_marks_take_no_cell),
		T(text_that_fits_is_not_cut),
		T(a_cut_is_said_by_a_mark_at_the_end_or_in_the_middle),
		T(cutting_wide_text_stays_inside_its_columns),
		T(an_absurd_size_is_brought_into_bounds),
		T(equal_lines_do_not_differ_and_nothing_behind_them_is_read),
		T(the_stretch_that_differs_holds_wide_characters_whole),
		T(roles_are_told_by_letters_below_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
