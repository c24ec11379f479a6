/* Writes a Kamailio location table of any size, the same rows each time; only the times follow the
 * clock. */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char schema[] =
	"PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
	"CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 "
	"NOT "
	"NULL, CONSTRAINT version_table_name_idx UNIQUE (table_name));"
	"INSERT INTO version VALUES ('version', 1), ('location', 9);"
	"CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT "
	"NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT NULL, contact "
	"VARCHAR(512) DEFAULT '' NOT NULL, received VARCHAR(128) DEFAULT NULL, path VARCHAR(512) "
	"DEFAULT NULL, expires TIMESTAMP WITHOUT TIME ZONE DEFAULT '2030-05-28 21:32:15' NOT NULL, "
	"q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'Default-Call-ID' NOT NULL, cseq "
	"INTEGER DEFAULT 1 NOT NULL, last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 "
	"00:00:01' NOT NULL, flags INTEGER DEFAULT 0 NOT NULL, cflags INTEGER DEFAULT 0 NOT NULL, "
	"user_agent VARCHAR(255) DEFAULT '' NOT NULL, socket VARCHAR(64) DEFAULT NULL, methods "
	"INTEGER DEFAULT NULL, instance VARCHAR(255) DEFAULT NULL, reg_id INTEGER DEFAULT 0 NOT "
	"NULL, server_id INTEGER DEFAULT 0 NOT NULL, connection_id INTEGER DEFAULT 0 NOT NULL, "
	"keepalive INTEGER DEFAULT 0 NOT NULL, partition INTEGER DEFAULT 0 NOT NULL, CONSTRAINT "
	"location_ruid_idx UNIQUE (ruid));"
	"CREATE TABLE location_attrs (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' "
	"NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT NULL, "
	"aname "
	"VARCHAR(64) DEFAULT '' NOT NULL, atype INTEGER DEFAULT 0 NOT NULL, avalue VARCHAR(512) "
	"DEFAULT '' NOT NULL, last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 "
	"00:00:01' NOT NULL); INSERT INTO version VALUES ('location_attrs', 1); BEGIN";
static const char indexes[] =
	"CREATE INDEX location_account_contact_idx ON location (username, domain, contact);"
	"CREATE INDEX location_expires_idx ON location (expires);"
	"CREATE INDEX location_tcpcon_idx ON location (connection_id);"
	"CREATE INDEX location_connection_idx ON location (server_id, connection_id); COMMIT";
static const char insert[] =
	"INSERT INTO location VALUES "
	"(?1,?2,?3,?4,?5,?6,?7,?8,-1,?9,?10,?11,0,?12,?13,?14,5087,?15,?16,1,?17,1,0)";

static const char *const makers[] = {"Yealink SIP-T46S 66.86.0.",
				     "snomD785/10.1.",
				     "PolycomVVX-VVX_411-UA/5.9.",
				     "Grandstream GXP2170 1.0.11.",
				     "Linphone (belle-sip) 5.2.",
				     "Groundwire/24.",
				     "JsSIP 3.10.",
				     "Fritz!OS 7."};

static void run(sqlite3 *db, const char *sql)
{
	char *words = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &words) == SQLITE_OK)
		return;
	fprintf(stderr, "make_location: %s\n", words);
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* As db_sqlite stores the Unix second t. */
static double julian(double t)
{
	return (t - 0.5) / 86400.0 + 2440587.5;
}

__attribute__((format(printf, 3, 4))) static void text(sqlite3_stmt *st, int at, const char *fmt,
						       ...)
{
	char buf[600];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	sqlite3_bind_text(st, at, buf, n, SQLITE_TRANSIENT);
}

/* Of ten bindings five are desk phones behind NAT, three apps with push tokens that came through an
 * edge proxy, two browsers on a WebSocket. */
static void bind_row(sqlite3_stmt *st, uint64_t i, int64_t now)
{
	uint64_t h = mix(i + 1), g = mix(h);
	unsigned kind = (unsigned)(h % 10), agent = (unsigned)(g % 128), a = (unsigned)(h >> 40);
	unsigned long long user = 49300000000ull + i;
	char ip[32], agent_text[80];

	snprintf(ip, sizeof(ip), "%u.%u.%u.%u", 80 + a % 100, (a >> 8) & 255, (a >> 16) & 255,
		 1 + (unsigned)(g & 127));
	sqlite3_bind_int64(st, 1, (sqlite3_int64)i + 1);
	text(st, 2, "uloc-6746e1a3-%x-%07llx", 1000 + (unsigned)(g % 8), (unsigned long long)i);
	text(st, 3, "%llu", user);
	text(st, 4, "c%03u.voice.example", (unsigned)(g >> 8) % 300);
	sqlite3_bind_null(st, 7);
	sqlite3_bind_int(st, 17, -1);
	if (kind < 5) {
		text(st, 5, "sip:%llu@192.168.%u.%u:5060", user, a & 255, 1 + (a >> 9) % 250);
		text(st, 6, "sip:%s:%u", ip, 1024 + (unsigned)(g >> 20) % 60000);
	} else if (kind < 8) {
		text(st, 5,
		     "sip:%llu@10.0.%u.%u:%u;transport=tcp;app-id=apns;pn-type=production;pn-tok="
		     "%016llx%016llx%016llx%016llx",
		     user, a & 255, (a >> 8) & 255, 1024 + (unsigned)(g >> 20) % 60000,
		     (unsigned long long)h, (unsigned long long)g, (unsigned long long)mix(g),
		     (unsigned long long)mix(g + 1));
		sqlite3_bind_null(st, 6);
		text(st, 7, "<sip:edge%u.voice.example;lr;received=sip:%s:%u%%3Btransport%%3Dtcp>",
		     (unsigned)(g >> 30) % 4, ip, 1024 + (unsigned)(g >> 20) % 60000);
	} else {
		text(st, 5, "sip:%08llx@%012llx.invalid;transport=ws",
		     (unsigned long long)(h & 0xffffffffu),
		     (unsigned long long)(g & 0xffffffffffffu));
		text(st, 6, "sip:%s:%u;transport=ws", ip, 1024 + (unsigned)(g >> 20) % 60000);
		sqlite3_bind_int(st, 17, (int)(i & 0xffff) + 1);
	}
	/* Between 20 and 58 minutes left, so that every second on screen moves. */
	sqlite3_bind_double(st, 8, julian((double)(now + 1200 + (int64_t)(h % 2300))));
	text(st, 9, "%016llx@%s", (unsigned long long)h, ip);
	sqlite3_bind_int(st, 10, 1 + (int)(g % 5000));
	sqlite3_bind_double(st, 11, julian((double)(now + (int64_t)(h % 2300) - 2400)));
	sqlite3_bind_int(st, 12, kind < 5 ? 64 : 0);
	snprintf(agent_text, sizeof(agent_text), "%s%u", makers[agent % 8], agent / 8);
	text(st, 13, "%s", agent_text);
	text(st, 14, "%s",
	     kind < 5   ? "udp:198.51.100.10:5060"
	     : kind < 8 ? "tcp:198.51.100.10:5060"
			: "ws:198.51.100.10:8080");
	if (kind < 4)
		sqlite3_bind_null(st, 15);
	else
		text(st, 15, "<urn:uuid:%08llx-0000-4000-8000-%012llx>",
		     (unsigned long long)(h & 0xffffffffu),
		     (unsigned long long)(g & 0xffffffffffffu));
	sqlite3_bind_int(st, 16, kind < 4 ? 0 : 1);
}

int main(int argc, char **argv)
{
	uint64_t rows = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	int64_t now = time(NULL);
	sqlite3_stmt *st;
	sqlite3 *db;

	if (rows == 0 || rows > 100000000) {
		fprintf(stderr, "usage: make_location FILE ROWS\n");
		return 2;
	}
	unlink(argv[1]);
	if (sqlite3_open(argv[1], &db) != SQLITE_OK) {
		fprintf(stderr, "make_location: %s: %s\n", argv[1], sqlite3_errmsg(db));
		return 1;
	}
	run(db, schema);
	if (sqlite3_prepare_v2(db, insert, -1, &st, NULL) != SQLITE_OK) {
		fprintf(stderr, "make_location: %s\n", sqlite3_errmsg(db));
		return 1;
	}
	for (uint64_t i = 0; i < rows; i++) {
		bind_row(st, i, now);
		if (sqlite3_step(st) != SQLITE_DONE) {
			fprintf(stderr, "make_location: %s\n", sqlite3_errmsg(db));
			return 1;
		}
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	run(db, indexes);
	run(db, "PRAGMA journal_mode=DELETE");
	sqlite3_close(db);
	return 0;
}
