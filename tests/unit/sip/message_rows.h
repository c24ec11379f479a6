/* For tests: rows of message texts, and what reading each of them must give. */
#ifndef REGTOP_TESTS_MESSAGE_ROWS_H
#define REGTOP_TESTS_MESSAGE_ROWS_H

#include <stdlib.h>
#include "test.h"
#include "base/alloc.h"
#include "sip/message.h"

#define VIA  "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport\r\n"
#define FROM "From: <sip:alice@acme.example>;tag=f1\r\n"
#define TO   "To: <sip:alice@acme.example>\r\n"
#define IDS  "Call-ID: c1@host\r\nCSeq: 7 REGISTER\r\n"
#define HEAD VIA FROM TO IDS
#define REG  "REGISTER sip:acme.example SIP/2.0\r\n"
#define OK   "SIP/2.0 200 OK\r\n"
#define END  "\r\n"

struct input {
	const char *text;
	enum sip_input wanted;
	int status; /* of BAD_REQUEST */
};

static inline struct sip_msg *parse(const char *text)
{
	struct sip_msg *m;
	const char *why;

	if (sip_msg_parse(text, strlen(text), &m, NULL, &why) != SIP_IN_MESSAGE)
		fail_msg("refused (%s): %s", why, text);
	return m;
}

static inline void expect_bytes(const void *p, size_t n, enum sip_input wanted, int status)
{
	struct sip_msg *m = NULL;
	const char *why = NULL;
	int got_status = -1;
	enum sip_input got = sip_msg_parse(p, n, &m, &got_status, &why);

	if (got != wanted || got_status != status)
		fail_msg("%d/%d instead of %d/%d (%s): %.*s", got, got_status, wanted, status,
			 why ? why : "", (int)(n < 300 ? n : 300), p ? (const char *)p : "");
	assert_true((m != NULL) == (wanted == SIP_IN_MESSAGE || wanted == SIP_IN_BAD_REQUEST));
	if (wanted == SIP_IN_BAD_REQUEST || wanted == SIP_IN_RUBBISH)
		assert_non_null(why);
	sip_msg_free(m);
}

static inline void expect_all(const struct input *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_bytes(in[i].text, strlen(in[i].text), in[i].wanted, in[i].status);
}

#define EXPECT_ALL(table) expect_all((table), sizeof(table) / sizeof((table)[0]))

/* A REGISTER with these header lines besides the mandatory ones. */
static inline struct sip_msg *with(const char *lines)
{
	char *text = xasprintf("%s%s%s%s", REG, HEAD, lines, END);
	struct sip_msg *m = parse(text);

	free(text);
	return m;
}

#endif
