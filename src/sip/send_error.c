/* A failed send in words: what ICMP or the kernel said, and who said it. */
#include "sip/send_error.h"

#include <stdio.h>
#include "base/text.h"

/* ICMP for IPv4 (type 3) and IPv6 (type 1). */
static const struct {
	int type, code;
	const char *word;
} icmp_words[] = {
	{3, 0, "network unreachable"},
	{3, 1, "host unreachable"},
	{3, 3, "port unreachable"},
	{3, 4, "packet too big"},
	{3, 9, "network prohibited by a filter"},
	{3, 10, "host prohibited by a filter"},
	{3, 13, "prohibited by a filter"},
	{1, 0, "no route to destination"},
	{1, 1, "prohibited by a filter"},
	{1, 3, "address unreachable"},
	{1, 4, "port unreachable"},
};

void sip_send_error_words(const struct sip_send_error *e, char *dst, size_t size)
{
	char who[NETADDR_STR], text[200];
	const char *word = NULL;

	if (e->icmp_type < 0) {
		text_clean_buf(slice_of(strerror(e->error)), dst, size);
		return;
	}
	for (size_t i = 0; i < sizeof(icmp_words) / sizeof(icmp_words[0]); i++) {
		if (icmp_words[i].type == e->icmp_type && icmp_words[i].code == e->icmp_code)
			word = icmp_words[i].word;
	}
	if (word)
		snprintf(text, sizeof(text), "ICMP %s", word);
	else
		snprintf(text, sizeof(text), "ICMP %d/%d", e->icmp_type, e->icmp_code);
	if (e->offender.len) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, " from %s",
			 netaddr_format_host(&e->offender, who));
	}
	text_clean_buf(slice_of(text), dst, size);
}
