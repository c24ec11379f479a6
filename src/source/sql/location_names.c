/* What a location table and its columns are called, by dialect: the usual names, or those that an
 * address gives. */
#include "source/sql/location_names.h"

#include <errno.h>
#include <stdio.h>
#include "base/text.h"

/* A column: its name, and the parameter of the usrloc module that calls it otherwise, which is also
 * an option of the address. */
struct column {
	const char *name, *option;
};

static const struct column kamailio_columns[C_COUNT] = {
	[C_ID] = {"id", "id_column"},
	[C_RUID] = {"ruid", "ruid_column"},
	[C_USERNAME] = {"username", "user_column"},
	[C_DOMAIN] = {"domain", "domain_column"},
	[C_CONTACT] = {"contact", "contact_column"},
	[C_RECEIVED] = {"received", "received_column"},
	[C_PATH] = {"path", "path_column"},
	[C_EXPIRES] = {"expires", "expires_column"},
	[C_Q] = {"q", "q_column"},
	[C_CALLID] = {"callid", "callid_column"},
	[C_CSEQ] = {"cseq", "cseq_column"},
	[C_LAST_MODIFIED] = {"last_modified", "last_modified_column"},
	[C_CFLAGS] = {"cflags", "cflags_column"},
	[C_USER_AGENT] = {"user_agent", "user_agent_column"},
	[C_SOCKET] = {"socket", "socket_column"},
	[C_METHODS] = {"methods", "methods_column"},
	[C_INSTANCE] = {"instance", "instance_column"},
	[C_REG_ID] = {"reg_id", "reg_id_column"},
	[C_SERVER_ID] = {"server_id", "srv_id_column"},
	[C_CONNECTION_ID] = {"connection_id", "con_id_column"},
};

/* cflags there are names, for which a binding has no place. */
static const struct column opensips_columns[C_COUNT] = {
	[C_ID] = {"contact_id", "contactid_column"},
	[C_USERNAME] = {"username", "user_column"},
	[C_DOMAIN] = {"domain", "domain_column"},
	[C_CONTACT] = {"contact", "contact_column"},
	[C_RECEIVED] = {"received", "received_column"},
	[C_PATH] = {"path", "path_column"},
	[C_EXPIRES] = {"expires", "expires_column"},
	[C_Q] = {"q", "q_column"},
	[C_CALLID] = {"callid", "callid_column"},
	[C_CSEQ] = {"cseq", "cseq_column"},
	[C_LAST_MODIFIED] = {"last_modified", "last_modified_column"},
	[C_USER_AGENT] = {"user_agent", "user_agent_column"},
	[C_SOCKET] = {"socket", "socket_column"},
	[C_METHODS] = {"methods", "methods_column"},
	[C_INSTANCE] = {"sip_instance", "sip_instance_column"},
};

static const struct {
	const char *word, *mark;
	const struct column *columns;
	unsigned first, last; /* versions of the table */
	const char *known;
} dialects[] = {
	[LOCATION_KAMAILIO] = {"Kamailio", "ruid", kamailio_columns, 8, 9,
			       "regtop reads the versions 8 and 9 (Kamailio 5.0 and later)."},
	[LOCATION_OPENSIPS] = {"OpenSIPS", "contact_id", opensips_columns, 1013, 1013,
			       "regtop reads version 1013 (OpenSIPS 2.4 and later)."},
};

static bool is_name(const char *name)
{
	size_t n = 0;

	for (; name[n]; n++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$",
			    name[n]))
			return false;
	return n > 0 && n <= LOCATION_NAME_MAX;
}

static int set_name(const char *given, const char *otherwise, char *out, struct err *e)
{
	char shown[80];

	if (given && !is_name(given)) {
		text_clean_buf(slice_of(given), shown, sizeof(shown));
		return err_set(e, -EINVAL, "Letters, digits, _ and $ may be in it.",
			       "\"%s\" is no name of a table or column.", shown);
	}
	snprintf(out, LOCATION_NAME_MAX + 1, "%s", given ? given : otherwise);
	return 0;
}

int location_names_take(struct location_names *n, enum location_dialect dialect, struct db_url *u,
			struct err *e)
{
	int rc = set_name(db_url_option(u, "table"), "location", n->table, e);

	for (int c = 0; c < C_COUNT && rc == 0; c++) {
		const struct column *column = &dialects[dialect].columns[c];

		n->columns[c][0] = '\0';
		if (column->name)
			rc = set_name(db_url_option(u, column->option), column->name, n->columns[c],
				      e);
	}
	return rc;
}

const char *location_dialect_word(enum location_dialect dialect)
{
	return dialects[dialect].word;
}

enum location_dialect location_other(enum location_dialect dialect)
{
	return dialect == LOCATION_KAMAILIO ? LOCATION_OPENSIPS : LOCATION_KAMAILIO;
}

const char *location_names_mark(enum location_dialect dialect)
{
	return dialects[dialect].mark;
}

int location_names_refuse_dialect(const struct location_names *n, enum location_dialect found,
				  struct err *e)
{
	return err_set(e, -EPROTONOSUPPORT,
		       found == LOCATION_OPENSIPS
			       ? "Write opensips: before the path or the address."
			       : NULL,
		       "The table \"%s\" is %s's, not %s's.", n->table, dialects[found].word,
		       dialects[location_other(found)].word);
}

int location_names_check_version(const struct location_names *n, enum location_dialect dialect,
				 uint64_t version, struct err *e)
{
	if (version == 0 ||
	    (version >= dialects[dialect].first && version <= dialects[dialect].last))
		return 0;
	return err_set(e, -EPROTONOSUPPORT, dialects[dialect].known,
		       "The table \"%s\" has version %llu, which regtop does not know.", n->table,
		       (unsigned long long)version);
}
