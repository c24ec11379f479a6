/* Frames of the inspector compared with the committed ones: every view at every size, in UTF-8 and
 * in plain ASCII. REGTOP_GOLDEN_UPDATE=1 writes them anew. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include "base/strbuf.h"
#include "picture.h"

struct size {
	int width, height;
};

static const struct size sizes[] = {{80, 24}, {60, 16}, {132, 43}};

static void frame_path(char *path, size_t size, const char *name, int w, int h, bool ascii)
{
	const char *top = getenv("TOP_SRCDIR");

	snprintf(path, size, "%s/tests/golden/%s.%dx%d.%s.txt", top ? top : ".", name, w, h,
		 ascii ? "ascii" : "utf8");
}

static void read_file(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(out, buf, n);
	fclose(f);
}

static void write_file(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	fwrite(text->p, 1, text->n, f);
	fclose(f);
}

static void check_frame(struct picture *p, const char *name, int w, int h, bool ascii)
{
	struct strbuf got = STRBUF_INIT, wanted = STRBUF_INIT;
	struct frame f;
	char path[512];

	frame_init(&f, w, h, ascii);
	ui_draw(p->ui, &f, PICTURE_NOW_MS);
	/* The same state gives the same cells. */
	frame_text_roles(&f, &wanted);
	ui_draw(p->ui, &f, PICTURE_NOW_MS);
	frame_text_roles(&f, &got);
	assert_string_equal(strbuf_str(&got), strbuf_str(&wanted));
	for (size_t i = 0; ascii && i < got.n; i++)
		assert_true((unsigned char)got.p[i] < 0x7f);
	frame_free(&f);
	frame_path(path, sizeof(path), name, w, h, ascii);
	if (getenv("REGTOP_GOLDEN_UPDATE"))
		write_file(path, &got);
	strbuf_clear(&wanted);
	read_file(path, &wanted);
	if (strcmp(strbuf_str(&got), strbuf_str(&wanted)) != 0) {
		printf("# %s is wanted, but this was drawn:\n%s", path, strbuf_str(&got));
		fail_msg("%s differs", path);
	}
	strbuf_free(&got);
	strbuf_free(&wanted);
}

typedef void prepare_fn(struct picture *p);

/* Draws once before the keys: pages are as large as the screen that was seen. */
static void check(const char *name, prepare_fn *prepare)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int ascii = 0; ascii < 2; ascii++) {
			struct picture p;
			struct frame f;

			picture_open(&p, ascii);
			frame_init(&f, sizes[i].width, sizes[i].height, ascii);
			ui_draw(p.ui, &f, PICTURE_NOW_MS);
			frame_free(&f);
			prepare(&p);
			check_frame(&p, name, sizes[i].width, sizes[i].height, ascii);
			picture_close(&p);
		}
}

static void prepare_table(struct picture *p)
{
	store_set_mark(p->store, picture_id(p, "k04"), true);
	p->pings_open = 1;
	picture_keys(p, "j");
}

static void prepare_scrolled(struct picture *p)
{
	picture_keys(p, "end l l");
}

static void prepare_filtered(struct picture *p)
{
	store_set_mark(p->store, picture_id(p, "k03"), true);
	store_set_mark(p->store, picture_id(p, "k05"), true);
	picture_keys(p, "f");
	picture_type(p, "verdict:silent | verdict:refused");
	picture_keys(p, "enter > r");
}

static void prepare_filter_error(struct picture *p)
{
	picture_keys(p, "f");
	picture_type(p, "verdict:silent left<nonsense");
}

static void prepare_nothing_matches(struct picture *p)
{
	picture_keys(p, "f");
	picture_type(p, "no.such.phone");
	picture_keys(p, "enter");
}

static void prepare_detail(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k02"));
	picture_keys(p, "enter");
}

static void prepare_timeline(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k03"));
	picture_keys(p, "enter end");
}

static void prepare_why(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k03"));
	picture_keys(p, "w");
}

static void prepare_why_end(struct picture *p)
{
	prepare_why(p);
	picture_keys(p, "end");
}

static void prepare_why_running(struct picture *p)
{
	p->why_runs = true;
	prepare_why(p);
}

static void prepare_why_hostile(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k15"));
	picture_keys(p, "w");
}

static void prepare_why_group(struct picture *p)
{
	prepare_why(p);
	picture_keys(p, "a end");
}

/* Three of a network of which two fail, and what has no evidence. */
static void prepare_group(struct picture *p)
{
	picture_keys(p, "G");
}

static void prepare_group_agent(struct picture *p)
{
	picture_keys(p, ":");
	picture_type(p, "group user_agent");
	picture_keys(p, "enter j j");
}

static void prepare_call(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k01"));
	picture_keys(p, "i");
}

static void prepare_call_quiet_hours(struct picture *p)
{
	p->quiet_hours = true;
	prepare_call(p);
	picture_keys(p, "tab up up 1 0");
}

static void prepare_call_running(struct picture *p)
{
	p->call_runs = true;
	prepare_call(p);
	picture_keys(p, "tab y");
}

static void prepare_call_over(struct picture *p)
{
	prepare_call(p);
	picture_keys(p, "tab y");
}

static void prepare_call_hostile(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k15"));
	picture_keys(p, "i");
}

static void prepare_ladder(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k01"));
	picture_keys(p, "L");
}

static void prepare_ladder_raw(struct picture *p)
{
	prepare_ladder(p);
	picture_keys(p, "L");
}

/* Marked and watched, watched with a question on its way, and somebody who moved just now. */
static void watch_three(struct picture *p)
{
	static const char *const keys[] = {"k04", "k14", "k03"};
	struct binding b;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		view_set_cursor(p->view, picture_id(p, keys[i]));
		picture_keys(p, "W");
	}
	store_set_mark(p->store, picture_id(p, "k04"), true);
	assert_true(store_get(p->store, picture_id(p, "k03"), &b));
	b.contact = SLICE_LIT("sip:1002@198.51.100.9:41022");
	store_put(p->store, 0, &b, PICTURE_NOW_S);
	view_update(p->view, PICTURE_NOW_MS);
	assert_true(ui_watch_on(p->ui, PICTURE_NOW_MS));
}

static void prepare_watched(struct picture *p)
{
	watch_three(p);
}

static void prepare_watches(struct picture *p)
{
	watch_three(p);
	view_set_cursor(p->view, picture_id(p, "k17"));
	picture_keys(p, "W");
	view_set_cursor(p->view, picture_id(p, "k15"));
	picture_keys(p, "W");
	store_remove(p->store, 0, SLICE_LIT("k15"));
	view_update(p->view, PICTURE_NOW_MS);
	assert_true(ui_watch_on(p->ui, PICTURE_NOW_MS - 252000));
	picture_keys(p, "v");
}

static void prepare_hostile(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k15"));
	picture_keys(p, "enter");
}

static void prepare_help(struct picture *p)
{
	p->refused = "this regtop is read-only (--read-only)";
	picture_keys(p, "?");
}

static void prepare_help_end(struct picture *p)
{
	picture_keys(p, "? end");
}

static void prepare_columns(struct picture *p)
{
	picture_keys(p, "c j j space");
}

static void prepare_confirm_one(struct picture *p)
{
	view_set_cursor(p->view, picture_id(p, "k02"));
	picture_keys(p, "x");
}

static void prepare_confirm_many(struct picture *p)
{
	store_set_mark(p->store, picture_id(p, "k03"), true);
	store_set_mark(p->store, picture_id(p, "k04"), true);
	store_set_mark(p->store, picture_id(p, "k17"), true);
	picture_keys(p, "x 3");
}

static void prepare_results(struct picture *p)
{
	prepare_confirm_many(p);
	picture_keys(p, "enter");
	p->ran->items[0].state = PLAN_DONE;
	snprintf(p->ran->items[0].result, sizeof(p->ran->items[0].result),
		 "the registrar no longer has it");
	p->ran->items[1].state = PLAN_SKIPPED_CHANGED;
	p->ran->items[2].state = PLAN_RUNNING;
}

static void offer(struct picture *p, enum plan_kind kind, const char *const *names, size_t n)
{
	const struct binding *found[4];
	struct binding copies[4];

	for (size_t i = 0; i < n; i++) {
		assert_true(store_get(p->store, picture_id(p, names[i]), &copies[i]));
		copies[i].user = copies[0].user;
		copies[i].domain = copies[0].domain;
		found[i] = &copies[i];
	}
	p->offered = plan_of_found(&p->env, kind, found, n, "", NULL);
	assert_non_null(p->offered);
}

static void prepare_results_offer(struct picture *p)
{
	static const char *const victims[] = {"k02", "k03", "k04"};

	prepare_confirm_one(p);
	picture_keys(p, "y");
	p->ran->items[0].state = PLAN_NOT_ALONE;
	snprintf(p->ran->items[0].result, sizeof(p->ran->items[0].result),
		 "not touched: Kamailio cannot remove one contact alone (its matching_mode is not "
		 "0): only the whole AoR, 3 contacts, can go.");
	p->ran_over = true;
	offer(p, PLAN_WHOLE_AORS, victims, 3);
}

static void prepare_confirm_aor(struct picture *p)
{
	prepare_results_offer(p);
	picture_keys(p, "x");
}

static void prepare_confirm_row(struct picture *p)
{
	static const char *const victims[] = {"k02"};

	prepare_confirm_one(p);
	picture_keys(p, "y");
	p->ran->items[0].state = PLAN_ONLY_ROW;
	p->ran_over = true;
	offer(p, PLAN_ROWS, victims, 1);
	picture_keys(p, "x");
}

static void prepare_command(struct picture *p)
{
	picture_keys(p, ":");
	picture_type(p, "un");
}

static void prepare_trouble(struct picture *p)
{
	p->source.status.state = SOURCE_TROUBLE;
	p->source.status.read_ms = PICTURE_NOW_MS - 95000;
	err_set(&p->source.status.trouble, -EIO,
		"regtop goes on trying; it needs the right to read this file.",
		"The file /var/lib/kamailio/kamailio.sqlite cannot be read: permission denied.");
}

static void prepare_opening(struct picture *p)
{
	binding_id id;

	while ((id = view_at(p->view, 0)) != 0) {
		struct binding b;

		store_get(p->store, id, &b);
		store_remove(p->store, 0, b.key);
		view_update(p->view, PICTURE_NOW_MS);
	}
	p->source.status = (struct source_status){
		.state = SOURCE_OPENING, .reading = true, .progress = 12000, .expected = 50000};
}

#define GOLDEN(name)                                                                               \
	static void frame_of_##name(void **state)                                                  \
	{                                                                                          \
		UNUSED_STATE;                                                                      \
		check(#name, prepare_##name);                                                      \
	}

GOLDEN(table)
GOLDEN(scrolled)
GOLDEN(filtered)
GOLDEN(filter_error)
GOLDEN(nothing_matches)
GOLDEN(detail)
GOLDEN(timeline)
GOLDEN(why)
GOLDEN(why_end)
GOLDEN(why_running)
GOLDEN(why_group)
GOLDEN(why_hostile)
GOLDEN(call)
GOLDEN(call_quiet_hours)
GOLDEN(call_running)
GOLDEN(call_over)
GOLDEN(call_hostile)
GOLDEN(ladder)
GOLDEN(ladder_raw)
GOLDEN(group)
GOLDEN(group_agent)
GOLDEN(watched)
GOLDEN(watches)
GOLDEN(hostile)
GOLDEN(help)
GOLDEN(help_end)
GOLDEN(columns)
GOLDEN(confirm_one)
GOLDEN(confirm_many)
GOLDEN(results)
GOLDEN(results_offer)
GOLDEN(confirm_aor)
GOLDEN(confirm_row)
GOLDEN(command)
GOLDEN(trouble)
GOLDEN(opening)

TEST(a_window_that_is_too_small_gets_one_sentence)
{
	UNUSED_STATE;
	for (int ascii = 0; ascii < 2; ascii++) {
		struct picture p;

		picture_open(&p, ascii);
		check_frame(&p, "too_small", 39, 9, ascii);
		picture_close(&p);
	}
}

TEST(every_size_down_to_one_cell_can_be_drawn)
{
	static const char *const keys[] = {
		"j",     "enter", "q ?",       "q c", "q space k space x", "1", "esc w",
		"esc L", "L",     "esc i tab", "y",   "esc esc esc W v"};

	UNUSED_STATE;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (int w = 1; w < 200; w += w < 90 ? 1 : 17)
			for (int h = 1; h < 60; h += h < 26 ? 1 : 11) {
				struct picture p;
				struct frame f;

				if ((w > 42 || h > 12) && (w * 7 + h) % 13)
					continue;
				picture_open(&p, false);
				for (size_t i = 0; i <= k; i++)
					picture_keys(&p, keys[i]);
				frame_init(&f, w, h, false);
				ui_draw(p.ui, &f, PICTURE_NOW_MS);
				frame_free(&f);
				picture_close(&p);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frame_of_table),
		T(frame_of_scrolled),
		T(frame_of_filtered),
		T(frame_of_filter_error),
		T(frame_of_nothing_matches),
		T(frame_of_detail),
		T(frame_of_timeline),
		T(frame_of_why),
		T(frame_of_why_end),
		T(frame_of_why_running),
		T(frame_of_why_group),
		T(frame_of_why_hostile),
		T(frame_of_call),
		T(frame_of_call_quiet_hours),
		T(frame_of_call_running),
		T(frame_of_call_over),
		T(frame_of_call_hostile),
		T(frame_of_ladder),
		T(frame_of_ladder_raw),
		T(frame_of_group),
		T(frame_of_group_agent),
		T(frame_of_watched),
		T(frame_of_watches),
		T(frame_of_hostile),
		T(frame_of_help),
		T(frame_of_help_end),
		T(frame_of_columns),
		T(frame_of_confirm_one),
		T(frame_of_confirm_many),
		T(frame_of_results),
		T(frame_of_results_offer),
		T(frame_of_confirm_aor),
		T(frame_of_confirm_row),
		T(frame_of_command),
		T(frame_of_trouble),
		T(frame_of_opening),
		T(a_window_that_is_too_small_gets_one_sentence),
		T(every_size_down_to_one_cell_can_be_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
