/* What a location table and its columns are called: the usual names, or those that an address
 * gives. */
#include "source/sql/location_names.h"

#include <errno.h>
#include <stdio.h>
#include "base/text.h"

/* The name of each column; Kamailio can call it otherwise, and then an option of the address of the
 * same name as there says so. */
static const struct {
	const char *name, *option; /* as Kamailio's usrloc module calls the parameter */
} column_names[C_COUNT] = {
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

int location_names_take(struct location_names *n, struct db_url *u, struct err *e)
{
	int rc = set_name(db_url_option(u, "table"), "location", n->table, e);

	for (int c = 0; c < C_COUNT && rc == 0; c++)
		rc = set_name(db_url_option(u, column_names[c].option), column_names[c].name,
			      n->columns[c], e);
	return rc;
}
