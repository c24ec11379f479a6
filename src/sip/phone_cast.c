/* The cast of simulated phones: who they are, what they say they are, how they behave. */
#include "sip/phone_cast.h"

#include <stdio.h>

static const char *const domains[] = {"acme.example", "globex.example", "pbx.initech.example"};

/* As these phones really write it, so that the columns look as they will at work. */
static const char *const agents[] = {
	"Yealink SIP-T46U 108.86.0.20",
	"Yealink SIP-T31P 124.86.0.40",
	"Yealink W70B 146.85.0.15",
	"snomD785/10.1.148.1",
	"snomD335/10.1.169.16",
	"Grandstream GXP2170 1.0.11.74",
	"Grandstream HT802 1.0.43.11",
	"PolycomVVX-VVX_411-UA/6.4.3.5156",
	"PolycomSoundPointIP-SPIP_335-UA/4.0.15.1009",
	"Cisco-CP8841-3PCC/11.3.7",
	"Fanvil X5U-V2 2.12.1.5",
	"Gigaset N510 IP PRO/42.258.00.000.000",
	"Mitel 6867i/6.1.0.165",
	"FRITZ!OS",
	"Linphone-Desktop/5.2.4 (laptop) Ubuntu/22.04",
	"LinphoneAndroid/5.2.5 (Pixel 7) LinphoneSDK/5.3.47",
	"baresip v3.10.1 (x86_64/Linux)",
	"Zoiper v2.10.19",
	"MicroSIP/3.21.3",
	"3CXPhone 6.0.26523.0",
};

static const char *const names[] = {"alice",   "bob",    "carol",     "dave",      "erin",
				    "frank",   "grace",  "heidi",     "ivan",      "judy",
				    "mallory", "olivia", "peggy",     "reception", "trent",
				    "victor",  "wendy",  "conference"};

/* Seconds that real phones ask for, the short ones seldom. */
static const unsigned expiries[] = {60,  90,  120, 120, 180,  300,  300,  300,
				    600, 600, 900, 900, 1800, 1800, 3600, 3600};

/* Clears a terminal, sets its title, turns the text around, and is no UTF-8. */
static const char hostile_agent[] =
	"Phone \033[2J\033]0;owned\007\033[31m \xe2\x80\xaegnp.exe\xe2\x80\xac \xff\xfe\xc0\x80 ok";

static const char *const kind_names[PHONE_KIND_COUNT] = {
	[PHONE_ANSWERS] = "answers",   [PHONE_BUSY] = "busy",       [PHONE_SLOW] = "slow",
	[PHONE_SILENT] = "silent",     [PHONE_REFUSES] = "refuses", [PHONE_DISOWNS] = "disowns",
	[PHONE_STRANGER] = "stranger", [PHONE_TWIN] = "twin",       [PHONE_LAPSING] = "lapsing",
	[PHONE_PRIVATE] = "private",   [PHONE_PUSH] = "push",       [PHONE_HOSTILE] = "hostile",
	[PHONE_TCP] = "tcp",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *phone_kind_name(enum phone_kind k)
{
	return (unsigned)k < PHONE_KIND_COUNT ? kind_names[k] : "?";
}

/* SplitMix64: small, and the same on every machine, which is all that is asked of it. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* One of every kind, then four of five answer. */
static enum phone_kind kind_of(unsigned i, uint64_t *dice)
{
	if (i < PHONE_KIND_COUNT)
		return (enum phone_kind)i;
	if (next(dice) % 5)
		return PHONE_ANSWERS;
	return (enum phone_kind)(1 + next(dice) % (PHONE_KIND_COUNT - 1));
}

static unsigned wish(enum phone_kind kind, uint64_t *dice)
{
	switch (kind) {
	case PHONE_LAPSING:
		return 1; /* is told the least by the 423 */
	case PHONE_REFUSES:
	case PHONE_TWIN:
	case PHONE_PUSH:
		return 3600; /* long, because nobody is there to refresh */
	default:
		return expiries[next(dice) % COUNT(expiries)];
	}
}

void phone_role(unsigned i, unsigned n, struct phone_role *out)
{
	uint64_t dice = ((uint64_t)n << 32) + i;
	uint64_t a, b;

	memset(out, 0, sizeof(*out));
	out->kind = kind_of(i, &dice);
	out->domain = domains[next(&dice) % COUNT(domains)];
	/* Most have a number, some a name; the index keeps every one apart. */
	if (next(&dice) % 4)
		snprintf(out->user, sizeof(out->user), "%u", 2001 + i);
	else if (i < COUNT(names))
		snprintf(out->user, sizeof(out->user), "%s", names[i]);
	else
		snprintf(out->user, sizeof(out->user), "%s.%u", names[i % COUNT(names)], i);
	out->agent = agents[next(&dice) % COUNT(agents)];
	out->answers_as = out->agent;
	if (out->kind == PHONE_HOSTILE)
		out->agent = out->answers_as = hostile_agent;
	if (out->kind == PHONE_STRANGER) {
		out->agent = agents[0];
		out->answers_as = "AVM FRITZ!Box 7590 154.07.57 TAL";
	}
	if (out->kind == PHONE_PUSH)
		out->agent = "LinphoneiOS/5.2.3 (iPhone 14) LinphoneSDK/5.3.33";
	out->expires_s = wish(out->kind, &dice);
	out->refresh_percent = 80 + (unsigned)(next(&dice) % 11);
	a = next(&dice);
	b = next(&dice);
	snprintf(out->instance, sizeof(out->instance), "<urn:uuid:%08x-%04x-4%03x-a%03x-%012llx>",
		 (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
		 (unsigned)(b >> 48) & 0xfff, (unsigned long long)b & 0xffffffffffffu);
}
