/* The timeline in the detail: what the history remembers of the binding, newest first. */
#include "base/text.h"
#include "report/timeline.h"
#include "ui/views.h"

#define EVENTS 40

void timeline_put(struct ui *u, struct sheet *s, binding_id id, int64_t now_ms)
{
	struct history_event events[EVENTS];
	struct history_summary sum;
	struct strbuf words = STRBUF_INIT;
	char when[24], today[24];
	size_t n;

	if (!u->cfg.port.history)
		return;
	n = u->cfg.port.history(u->cfg.port.ctx, id, &sum, events, EVENTS);
	timeline_sum(&sum, &words);
	if (!words.n && !n)
		return;
	sheet_heading(s, "What happened");
	if (words.n)
		sheet_field(s, ROLE_DIM, "History", ROLE_TEXT, strbuf_slice(&words));
	text_rfc3339(now_ms / 1000, today);
	for (size_t i = 0; i < n; i++) {
		text_rfc3339(events[i].when_ms / 1000, when);
		strbuf_clear(&words);
		timeline_event(&events[i], s->f->ascii_only, &words);
		if (memcmp(today, when, 10) == 0) {
			sheet_field(s, ROLE_DIM, when + 11, ROLE_TEXT, strbuf_slice(&words));
		} else {
			/* "05-07 03:12Z" */
			when[10] = ' ';
			when[16] = 'Z';
			when[17] = '\0';
			sheet_field(s, ROLE_DIM, when + 5, ROLE_TEXT, strbuf_slice(&words));
		}
	}
	strbuf_free(&words);
}
