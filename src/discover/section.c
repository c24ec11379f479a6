/* What a configuration file says, as the values of a section: database, control, SIP address. */
#include "discover/section.h"

#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/netaddr.h"
#include "discover/url.h"

#define SIP_PORT 5060
/* What usrloc takes when it is told to use a database and not which. */
#define USRLOC_DB_URL "mysql://kamailio:kamailiorw@localhost/kamailio"

/* Bits of jsonrpcs' parameter transport; 0 stands for all. */
#define TRANSPORT_HTTP     1
#define TRANSPORT_FIFO     2
#define TRANSPORT_DATAGRAM 4

void discover_set(struct config_section *s, enum config_key key, char *take)
{
	free(s->values[key]);
	s->values[key] = take;
}

static unsigned number(const char *text, unsigned missing)
{
	uint64_t n;

	return text && slice_to_u64(slice_trim(slice_of(text)), INT32_MAX, &n) ? (unsigned)n
									       : missing;
}

/* ---- control --------------------------------------------------------------------------------- */

/* The one that can be used wins, then the one that is there, then the first. */
struct choice {
	const struct discover_place *place;
	char *best;
	int rank;
};

static void offer(struct choice *c, const char *scheme, const char *path)
{
	int rank = discover_writable(c->place, path) ? 3 : discover_exists(c->place, path) ? 2 : 1;
	char *full;

	if (rank <= c->rank)
		return;
	full = discover_path(c->place, path);
	free(c->best);
	c->best = xasprintf("%s:%s", scheme, full);
	c->rank = rank;
	free(full);
}

static const char *usual_run_dir(const struct discover_place *p, const char *program)
{
	static const char *const kamailio[] = {"/run/kamailio", "/var/run/kamailio"};

	if (strcmp(program, "opensips") == 0)
		return "/run/opensips";
	return discover_exists(p, kamailio[0]) || !discover_exists(p, kamailio[1]) ? kamailio[0]
										   : kamailio[1];
}

/* Relative names are below the run directory (facts/kamailio-opensips 3.2). */
static void offer_in(struct choice *c, const char *scheme, const char *run_dir, const char *name)
{
	char *path = name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", run_dir, name);

	if (name[0])
		offer(c, scheme, path);
	free(path);
}

/* ctl's binrpc: "unix:PATH", "unixs:PATH" or a bare path are streams; datagrams and networks are
 * not spoken here. */
static void offer_ctl(struct choice *c, const struct conf *conf, const char *run_dir)
{
	const char *at;

	if (!conf_param(conf, "ctl", "binrpc"))
		offer_in(c, "ctl", run_dir, "kamailio_ctl");
	for (size_t i = 0; (at = conf_param_at(conf, "ctl", "binrpc", i)) != NULL; i++) {
		struct slice word, rest = slice_cut(slice_of(at), ':', &word);

		if (!rest.p)
			offer_in(c, "ctl", run_dir, at);
		else if (slice_eq_str(word, "unix") || slice_eq_str(word, "unixs"))
			offer_in(c, "ctl", run_dir, rest.p);
	}
}

/* "udp:10.0.0.1:5060", "tcp:[::1]:5060", "10.0.0.1"; false for names and interfaces. */
static bool listen_address(const struct conf *c, const char *text, enum transport *transport,
			   struct netaddr *out)
{
	struct slice word, rest = slice_cut(slice_of(text), ':', &word);

	*transport = rest.p ? transport_parse(word) : TRANSPORT_NONE;
	if (*transport == TRANSPORT_NONE) {
		*transport = TRANSPORT_UDP;
		rest = slice_of(text);
	}
	return netaddr_parse_hostport(rest, number(conf_global(c, "port"), SIP_PORT), out) == 0;
}

/* JSON-RPC over HTTP is at the TCP addresses, where the configuration hands it on. */
static char *http_control(const struct conf *c)
{
	const char *at;

	for (size_t i = 0; (at = conf_listen(c, i)) != NULL; i++) {
		enum transport transport;
		struct netaddr a;
		char shown[NETADDR_STR];

		if (!listen_address(c, at, &transport, &a) || transport != TRANSPORT_TCP)
			continue;
		if (netaddr_is_any(&a))
			netaddr_parse(SLICE_LIT("127.0.0.1"), netaddr_port(&a), &a);
		return xasprintf("http://%s/RPC", netaddr_format(&a, shown));
	}
	return NULL;
}

/* Where answers through a FIFO go is the registrar's to say. */
static char *with_reply_dir(const struct discover_place *p, char *control, const char *dir)
{
	char *full, *longer;

	if (!control || strncmp(control, "fifo:", 5) != 0 || !dir || dir[0] != '/')
		return control;
	full = discover_path(p, dir);
	longer = xasprintf("%s?reply_dir=%s", control, full);
	free(full);
	free(control);
	return longer;
}

/* NULL when there is none. */
static char *kamailio_control(const struct discover_place *p, const struct conf *c,
			      const char *run_dir)
{
	const char *datagram = conf_param(c, "jsonrpcs", "dgram_socket");
	const char *fifo = conf_param(c, "jsonrpcs", "fifo_name");
	unsigned transport = number(conf_param(c, "jsonrpcs", "transport"), 0);
	struct choice choice = {.place = p};

	if (!conf_loads(c, "jsonrpcs"))
		transport = 0;
	else if (!transport)
		transport = TRANSPORT_HTTP | TRANSPORT_FIFO | TRANSPORT_DATAGRAM;
	if (transport & TRANSPORT_DATAGRAM)
		offer_in(&choice, "unix", run_dir, datagram ? datagram : "kamailio_rpc.sock");
	if (conf_loads(c, "ctl"))
		offer_ctl(&choice, c, run_dir);
	if (transport & TRANSPORT_FIFO)
		offer_in(&choice, "fifo", run_dir, fifo ? fifo : "kamailio_rpc.fifo");
	if (!choice.best && (transport & TRANSPORT_HTTP) && conf_loads(c, "xhttp"))
		return http_control(c);
	return with_reply_dir(p, choice.best, conf_param(c, "jsonrpcs", "fifo_reply_dir"));
}

/* One address that is known to the last digit is worth saying; of several the bindings tell. */
static void set_sip(const struct conf *c, struct config_section *out)
{
	enum transport transport;
	struct netaddr a, found = {0};
	char shown[NETADDR_STR];
	const char *at;
	unsigned count = 0;

	for (size_t i = 0; (at = conf_listen(c, i)) != NULL; i++) {
		bool known = listen_address(c, at, &transport, &a);

		if (known && transport != TRANSPORT_UDP)
			continue;
		count++;
		if (known && !netaddr_is_any(&a))
			found = a;
	}
	if (count == 1 && found.len)
		discover_set(out, CONFIG_SIP, xstrdup(netaddr_format(&found, shown)));
}

/* ---- Kamailio -------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	return s[0] &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
		       '\0';
}

/* The parameters of usrloc that name columns are options of the address. */
static char *with_columns(char *read, const struct conf *c)
{
	static const char *const columns[] = {
		"id_column",      "ruid_column",     "user_column",     "domain_column",
		"contact_column", "received_column", "path_column",     "expires_column",
		"q_column",       "callid_column",   "cseq_column",     "cflags_column",
		"socket_column",  "methods_column",  "instance_column", "user_agent_column",
		"reg_id_column",  "srv_id_column",   "con_id_column"};

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		const char *name = conf_param(c, "usrloc", columns[i]);
		char *longer;

		if (!name || !is_name(name))
			continue;
		longer = xasprintf("%s%c%s=%s", read, strchr(read, '?') ? '&' : '?', columns[i],
				   name);
		free(read);
		read = longer;
	}
	return read;
}

static void set_read(const struct discover_place *p, const struct conf *c, const char *db_url,
		     struct config_section *out, struct strbuf *why)
{
	char *read = discover_url_read(p, slice_of(db_url));
	const char *table = conf_table(c);

	if (!read) {
		strbuf_add_str(why, "its bindings are kept in a database that regtop cannot read");
		return;
	}
	discover_set(out, CONFIG_READ, with_columns(read, c));
	if (table && is_name(table) && strcmp(table, "location") != 0)
		discover_set(out, CONFIG_TABLE, xstrdup(table));
}

bool discover_kamailio_section(const struct discover_place *p, const struct conf *c,
			       const char *run_dir, struct config_section *out, struct strbuf *why)
{
	unsigned mode = number(conf_param(c, "usrloc", "db_mode"), 0);
	const char *db_url = conf_param(c, "usrloc", "db_url"), *id = conf_global(c, "server_id");
	char *control;

	if (!conf_loads(c, "usrloc")) {
		strbuf_add_str(why, "it keeps no bindings (no usrloc)");
		return false;
	}
	if (!run_dir)
		run_dir = usual_run_dir(p, "kamailio");
	control = kamailio_control(p, c, run_dir);
	if (mode)
		set_read(p, c, db_url ? db_url : USRLOC_DB_URL, out, why);
	if (!out->values[CONFIG_READ] && !control) {
		strbuf_addf(why, "%sit has no control",
			    why->n ? ", and "
				   : "its bindings are in "
				     "memory alone, and ");
		return false;
	}
	/* Without a word the usual sockets would be taken, which may be another Kamailio's. */
	if (!control)
		control = mode == 3 ? xstrdup("table")
				    : xasprintf("unix:%s%s/kamailio_rpc.sock", p->root, run_dir);
	discover_set(out, CONFIG_CONTROL, control);
	set_sip(c, out);
	if (id && number(id, INT32_MAX) < INT32_MAX)
		discover_set(out, CONFIG_SERVER_ID, xasprintf("%u", number(id, 0)));
	return true;
}

/* ---- OpenSIPS -------------------------------------------------------------------------------- */

static char *opensips_control(const struct discover_place *p, const struct conf *c)
{
	const char *socket = conf_param(c, "mi_datagram", "socket_name");
	const char *fifo = conf_param(c, "mi_fifo", "fifo_name"), *port, *ip;
	struct choice choice = {.place = p};

	if (conf_loads(c, "mi_datagram") && socket) {
		if (slice_starts_with(slice_of(socket), "udp:"))
			return xstrdup(socket);
		offer_in(&choice, "unix", usual_run_dir(p, "opensips"), socket);
	}
	if (conf_loads(c, "mi_fifo"))
		offer(&choice, "fifo", fifo ? fifo : "/tmp/opensips_fifo");
	if (choice.best || !conf_loads(c, "mi_http"))
		return with_reply_dir(p, choice.best, conf_param(c, "mi_fifo", "reply_dir"));
	ip = conf_param(c, "httpd", "ip");
	port = conf_param(c, "httpd", "port");
	return xasprintf("http://%s:%u/mi", ip && ip[0] ? ip : "127.0.0.1", number(port, 8888));
}

/* db_mode, or the preset that says the same in words: is there a table to read? */
static bool opensips_has_table(const struct conf *c)
{
	const char *preset = conf_param(c, "usrloc", "working_mode_preset");
	const char *write = conf_param(c, "usrloc", "sql_write_mode");

	if (preset)
		return strncmp(preset, "single-instance-sql", 19) == 0 ||
		       strcmp(preset, "sql-only") == 0;
	if (write)
		return strcmp(write, "none") != 0;
	return number(conf_param(c, "usrloc", "db_mode"), 0) > 0;
}

bool discover_opensips_section(const struct discover_place *p, const struct conf *c,
			       struct config_section *out, struct strbuf *why)
{
	const char *db_url = conf_param(c, "usrloc", "db_url");
	char *control, *read = NULL;

	if (!conf_loads(c, "usrloc")) {
		strbuf_add_str(why, "it keeps no bindings (no usrloc)");
		return false;
	}
	control = opensips_control(p, c);
	if (!db_url)
		db_url = conf_global(c, "db_default_url");
	if (opensips_has_table(c) && db_url)
		read = discover_url_read(p, slice_of(db_url));
	if (!read && !control) {
		strbuf_add_str(why, "it has neither a table that regtop can read nor an MI");
		return false;
	}
	discover_set(out, CONFIG_KIND, xstrdup("opensips"));
	if (read)
		discover_set(out, CONFIG_READ, xasprintf("opensips:%s", read));
	free(read);
	discover_set(out, CONFIG_CONTROL, control);
	set_sip(c, out);
	return true;
}

/* ---- kamctlrc -------------------------------------------------------------------------------- */

/* KEY=VALUE of a shell script, in quotes or without; the last one counts. */
static struct slice setting(struct slice text, const char *key)
{
	struct slice line, name, value, found = SLICE_NONE;

	while (text.n) {
		text = slice_cut(text, '\n', &line);
		value = slice_cut(slice_trim(line), '=', &name);
		if (!value.p || !slice_eq_str(slice_trim(name), key))
			continue;
		value = slice_trim(value);
		if (value.n && (value.p[0] == '"' || value.p[0] == '\''))
			slice_cut(slice_skip(value, 1), value.p[0], &found);
		else
			slice_cut(value, '#', &found);
		found = slice_trim(found);
	}
	return found;
}

static struct slice or_else(struct slice s, const char *missing)
{
	return s.n ? s : slice_of(missing);
}

bool discover_kamctlrc_section(const struct discover_place *p, struct slice text,
			       struct config_section *out)
{
	struct slice engine = setting(text, "DBENGINE"), path = setting(text, "DB_PATH");
	struct slice user = setting(text, "DBROUSER"), password = setting(text, "DBROPW");
	struct slice port = setting(text, "DBPORT"),
		     host = or_else(setting(text, "DBHOST"), "localhost");
	bool mysql = slice_ieq_str(engine, "MYSQL") || slice_ieq_str(engine, "MARIADB");
	char *host_port, *plain;

	if (slice_ieq_str(engine, "SQLITE") && path.n && path.p[0] == '/') {
		plain = slice_copy(path);
		discover_set(out, CONFIG_READ, discover_path(p, plain));
		free(plain);
		return true;
	}
	if (!mysql && !slice_ieq_str(engine, "PGSQL") && !slice_ieq_str(engine, "POSTGRES") &&
	    !slice_ieq_str(engine, "POSTGRESQL"))
		return false;
	/* Who may only read is enough; kamctl's own defaults otherwise. */
	if (!user.n) {
		user = or_else(setting(text, "DBRWUSER"), "kamailio");
		password = setting(text, "DBRWPW");
		if (mysql)
			password = or_else(password, "kamailiorw");
	}
	host_port = xasprintf("%.*s%s%.*s", SLICE_FMT(host), port.n ? ":" : "", SLICE_FMT(port));
	discover_set(out, CONFIG_READ,
		     discover_url_make(mysql ? "mysql" : "postgresql", user, password,
				       slice_of(host_port),
				       or_else(setting(text, "DBNAME"), "kamailio")));
	free(host_port);
	return out->values[CONFIG_READ] != NULL;
}
