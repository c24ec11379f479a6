/* Whose row of a table it is that a Kamailio's memory does not know: its own, or another node's. */
#include "source/kamailio_owner.h"

#include "base/strbuf.h"

/* "udp:127.0.0.1:5060", "udp:[::1]:5060": as usrloc writes it. */
static bool is_socket(const char *proto, const char *address, const char *port, struct slice wanted)
{
	struct strbuf text = STRBUF_INIT;
	bool bare_six, same;

	if (!proto || !address || !port)
		return false;
	bare_six = strchr(address, ':') && address[0] != '[';
	strbuf_addf(&text, "%s:%s%s%s:%s", proto, bare_six ? "[" : "", address, bare_six ? "]" : "",
		    port);
	same = slice_ieq_str(wanted, strbuf_str(&text));
	strbuf_free(&text);
	return same;
}

bool kamailio_lists_socket(const json_t *sockets, struct slice wanted)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)sockets, i, item)
	{
		const json_t *s = json_object_get(item, "socket");
		const char *proto = json_string_value(json_object_get(s, "proto"));
		const char *name = json_string_value(json_object_get(s, "address"));
		const char *address = json_string_value(json_object_get(s, "ipaddress"));
		const char *port = json_string_value(json_object_get(s, "port"));

		if (is_socket(proto, name, port, wanted) || is_socket(proto, address, port, wanted))
			return true;
	}
	return false;
}

bool kamailio_is_numbered(int64_t server_id, const struct binding *row)
{
	uint64_t id = 0;

	/* A row's server_id 0, Kamailio's default, is shown as no node at all. */
	return (slice_empty(row->node) || slice_to_u64(row->node, INT64_MAX, &id)) &&
	       server_id >= 0 && id == (uint64_t)server_id;
}

bool kamailio_owns_row(int64_t server_id, const json_t *sockets, const struct binding *row)
{
	if (server_id >= 0 && !kamailio_is_numbered(server_id, row))
		return false;
	return slice_empty(row->socket) ? server_id >= 0
					: kamailio_lists_socket(sockets, row->socket);
}
