/* The verdict words, the bases, and the judgement as a value; judge/ fills it in. */
#include "model/judgement.h"

/* clang-format off */
const struct verdict_word verdict_words[VERDICT_COUNT] = {
	[VERDICT_REFUSED] = {"refused", TONE_BAD,
		"The address refused the packet (ICMP port unreachable, or TCP reset): nobody listens there.", true},
	[VERDICT_NO_ROUTE] = {"no route", TONE_BAD,
		"The network, or the registrar itself, says that there is no way to this contact.", true},
	[VERDICT_FLOW_GONE] = {"flow gone", TONE_BAD,
		"The TCP, TLS or WebSocket connection that the phone registered over is closed or half-open.", true},
	[VERDICT_DISOWNED] = {"disowned", TONE_BAD,
		"The phone answered 404, 410 or 416: it does not know this contact any more.", true},
	[VERDICT_SILENT] = {"silent", TONE_BAD,
		"Probes got no answer; red only after two failures at least 20 seconds apart.", true},
	[VERDICT_STRANGER] = {"stranger", TONE_WARN,
		"Another User-Agent than the registered one answered at this address.", true},
	[VERDICT_UNROUTABLE] = {"unroutable", TONE_BAD,
		"The data alone says that nothing can arrive: no usable Path, received address or contact.", false},
	[VERDICT_LAPSED] = {"lapsed", TONE_WARN,
		"Past its expiry and still stored; a correct registrar ignores it and cleans it up soon.", false},
	[VERDICT_OVERDUE] = {"overdue", TONE_WARN,
		"The phone missed its usual refresh, or has not registered again when its grant ended.", false},
	[VERDICT_ELSEWHERE] = {"elsewhere", TONE_WARN,
		"Only another node of the registrar can reach this contact.", false},
	[VERDICT_ASLEEP] = {"asleep?", TONE_NEUTRAL,
		"A push contact or a very long expiry: silence is normal until the registrar wakes it.", false},
	[VERDICT_EDGE_ANSWERS] = {"edge answers", TONE_NEUTRAL,
		"A proxy or session border controller answered for the phone; the phone itself is not proven.", true},
	[VERDICT_NOT_ASKED] = {"not asked", TONE_NEUTRAL,
		"No probe was sent yet, or none that says anything about the phone.", false},
	[VERDICT_ANSWERS] = {"answers", TONE_GOOD,
		"The phone answered the probe; a code is shown with it when the answer was not 2xx.", true},
};
/* clang-format on */

const char *basis_name(enum basis b)
{
	static const char *const names[] = {
		[BASIS_NONE] = "",
		[BASIS_UNKNOWN] = "unknown",
		[BASIS_LIKELY] = "likely",
		[BASIS_CONFIRMED] = "confirmed",
	};

	return names[b];
}

static struct slice without_question_mark(struct slice s)
{
	if (s.n && s.p[s.n - 1] == '?')
		s.n--;
	return s;
}

/* '-' and '_' stand for the blank, so that "not-asked" needs no quotes in a filter. */
static bool same_word(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		char c = a.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != b.p[i] && !(b.p[i] == ' ' && (c == '-' || c == '_')))
			return false;
	}
	return true;
}

int verdict_by_word(struct slice word)
{
	word = without_question_mark(word);
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (same_word(word, without_question_mark(slice_of(verdict_words[v].word))))
			return v;
	return -1;
}
