/* THE table of causes: why a phone that is registered does not ring, in the order of judging. */
#include "judge/cause_facts.h"

/* facts/sip-and-diagnosis 4 and 4.1. The first that holds is the cause; so what explains more, or
 * is certain by the data alone, stands before what a single probe suggests. */
/* clang-format off */
const struct cause_row causes[] = {
	/* nothing that could ring */
	{"banned", "the registrar bans its address", cause_banned,
	 "Take the address off the list, and look for what put it there: a wrong password on one phone of the site, or too many REGISTERs."},
	{"not-registered", "no binding", cause_not_registered,
	 "Check the phone's account (user, password, registrar's address) and its network. Nothing can ring before it registers."},
	{"lapsed-still-called", "expired, and still called", cause_still_called,
	 "The switch uses a grace period for expired bindings: reduce it. Purge what is left."},
	{"all-lapsed", "expired, only still listed", cause_lapsed,
	 "The phone did not refresh in time: look for it, not for the switch. A correct switch ignores expired bindings and removes them soon."},

	/* not this phone alone */
	{"edge-dead", "its edge, not the phone", cause_edge_dead,
	 "Look at the edge, not at the phone: is it running, is the way to it open, has it lost its phones in a restart?"},
	{"registrar-restarted", "its connection ended with a restart", cause_restarted,
	 "It comes back with the phone's next REGISTER. Let the registrar drop such entries when it starts (Kamailio: db_clean_tcp)."},
	{"address-moved", "its public address is gone", cause_moved,
	 "Look whether the site's line is up. If it got a new address, the phone learns of it only at its next REGISTER: restart the phone or let it register, and lower its expiry."},
	{"registrar-away", "the registrar takes no SIP", cause_registrar_away,
	 "Start the registrar, or look why its SIP port is shut; if it runs, tell regtop its address (--sip)."},
	{"registrar-silent", "the registrar's side is silent", cause_registrar_silent,
	 "Look at the registrar's process, socket and network before any phone: does it answer at all?"},
	{"registrar-path", "it answers, but not to the registrar", cause_registrar_path,
	 "Ask a phone elsewhere through the registrar too: does it answer anybody? Then look at its load, its socket, and firewalls between it and the phone."},
	{"site-down", "phones of its site are silent", cause_site_down,
	 "Look at the site's line and router before any phone. Leave the bindings in place: they are right again when the line is."},
	{"model-silent", "one model is silent everywhere", cause_model_silent,
	 "Look for a firmware or provisioning change of this model; compare one of them that answers."},

	/* the data alone says that nothing can arrive */
	{"only-in-table", "memory does not know it", cause_only_table,
	 "Trust memory: for calls this binding does not exist. Remove the leftover row (regtop purge --leftovers) and let the phone register."},
	{"other-node", "only another node reaches it", cause_elsewhere,
	 "Calls must go back through the node that it registered at: Path, a shared location with routing between nodes, or act there."},
	{"private-contact", "a private contact, and no source stored", cause_private,
	 "Turn on NAT handling at REGISTER (Kamailio: force_rport and fix_nated_register), then let the phone register again."},
	{"name-unresolvable", "its host name does not resolve", cause_name,
	 "Let the phone register its address instead of a name, or let the registrar use the source of the REGISTER."},
	{"transport-mismatch", "the contact names another transport", cause_transport,
	 "Make the phone's account and contact agree on one transport, or let the registrar use the source of the REGISTER."},
	{"family-mismatch", "IPv4 and IPv6, or link-local", cause_family,
	 "Let the phone register over the family that the switch calls by; a link-local address must not be registered at all."},
	{"unroutable", "nothing can be sent there", cause_unroutable,
	 "Look at what the phone registers: its contact must be an address that the switch can send to, or the registrar must store the source."},
	{"push-asleep", "an app that sleeps", cause_push,
	 "Do not judge it by a ping: the switch must send a push, wait for the REGISTER, then call. Test with a call through the switch."},

	/* connections */
	{"flow-half-open", "its connection only looks open", cause_half_open,
	 "See whether the phone has power and its network; it must connect again. If it is well, set TCP keepalive or CRLF pings below the NAT's time-out, and a user time-out at the registrar."},
	{"websocket-closed", "the browser page is closed", cause_websocket,
	 "Nothing to mend in the network: the browser page must be open for calls, or a push must wake it."},
	{"flow-closed", "its connection is closed", cause_flow_closed,
	 "The phone must connect again. Let the switch drop such contacts (Kamailio: handle_lost_tcp)."},

	/* what the network or somebody there said */
	{"filtered", "a firewall stops what comes in", cause_filtered,
	 "Allow what the registrar sends to the phone, by UDP and TCP, on the way and on the phone itself."},
	{"process-dead", "the device is there, its SIP is not", cause_process,
	 "Restart the phone or its app."},
	{"process-or-mapping", "nobody behind its port any more", cause_process_or_mapping,
	 "Restart the phone; if it comes and goes, turn on keepalive (25 s) on the phone or the switch, or shorten Expires to 60 s."},
	{"host-down", "the device is gone", cause_host_down,
	 "Check power, switch port and Wi-Fi of the phone."},
	{"no-route", "there is no way there", cause_no_route,
	 "Look at the way from the registrar to that address: routes, the registrar's own log, and what the phone registers."},
	{"disowned", "the phone does not know this contact", cause_disowned,
	 "Purge this binding: calls to it cannot ring. The phone's next REGISTER brings the right one."},
	{"stranger", "another device answers", cause_stranger,
	 "Purge this binding: the address belongs to another device now. Let the phone register again."},
	{"edge-answers", "the edge answers for it", cause_edge_answers,
	 "Ask the edge for its own bindings, or call quietly: only that goes through to the phone."},
	{"last-hop-auth", "the phone wants a password", cause_last_hop_auth,
	 "Switch off authentication of incoming calls on the phone, or give the switch its credentials."},
	{"forwarded", "calls are forwarded", cause_forwarded,
	 "Take the forwarding off at the phone, or look for the call where it is forwarded to."},
	{"media-refused", "no codec in common", cause_media,
	 "Compare the codecs and the encryption (SRTP) of the phone's account with what the switch offers."},
	{"extension-refused", "an extension is refused", cause_extension,
	 "Switch the extension that is named (100rel, timer) off, or on, at one of the two sides."},
	{"phone-refuses", "the phone refuses calls", cause_refuses,
	 "Look at the phone: do not disturb, call waiting, lines in use, block list, log-in."},

	/* silence */
	{"unreadable", "what answers is no SIP", cause_unreadable,
	 "Read what came (L, or regtop why AOR --ladder): a SIP ALG or a tunnel that spoils it, or no phone at that address."},
	{"stale-public-contact", "it names an old public address", cause_stale_contact,
	 "Mend STUN or the external address that is set in the phone, or let the switch use the source of the REGISTER."},
	{"ignores-options", "this model may not answer OPTIONS", cause_ignores_options,
	 "Do not take its silence for a fault: call it quietly instead."},
	{"nat-mapping", "the router forgot the phone", cause_mapping,
	 "Turn on keepalive (25 s) on the phone or the switch, or shorten Expires to 60 s, or use TCP or TLS."},
	{"off-or-down", "no sign of life", cause_off,
	 "Check power, switch port and Wi-Fi of the phone, then its line."},
	{"cannot-tell", "not to be told from here", cause_cannot_tell,
	 "Give regtop the way of the registrar (--control, --sip), or run it on the registrar itself."},

	/* several bindings, and what was before */
	{"serial-fork-dead-first", "a silent one is preferred", cause_serial_fork,
	 "Purge the one that does not answer, or make the preferences (q) equal."},
	{"contact-limit", "silent contacts fill the limit", cause_limit,
	 "Purge the contacts that do not answer; let a new one replace the oldest."},
	{"twin-after-reboot", "left from before a restart", cause_twin,
	 "Purge the former binding, or leave it until it expires: harmless if the switch calls all at once, else calls wait for it."},
	{"many-stale", "many contacts that do not answer", cause_many_stale,
	 "Purge what does not answer, set a limit of contacts, and let the phone be known by its instance (RFC 5626)."},
	{"account-shared", "two devices share one login", cause_shared,
	 "Give each device an account of its own, or allow several contacts for one."},
	{"wiped-by-other", "another device removes all", cause_wiped,
	 "Switch off \"unregister all\" at the device that is named."},
	{"register-flapping", "it registers all the time", cause_flapping,
	 "Look for a wrong password on one of two profiles, a broken digest, or answers that do not come back to the phone."},
	{"registration-gaps", "gaps between registrations", cause_gaps,
	 "The phone ignores the time that it is granted: raise the registrar's maximum, or mend the phone."},
	{"port-rebound", "a new port each time", cause_rebound,
	 "Turn on keepalive (25 s), so that the router keeps the port; shorten Expires, so that a change is seen soon. The registrar must take the source of each REGISTER."},

	/* it answers, and calls fail */
	{"fragments-lost", "large messages are dropped", cause_fragments,
	 "Use TCP or TLS, offer fewer codecs, take away headers; or let fragments through on the way."},
	{"too-big-for-udp", "the call is too big for UDP", cause_too_big,
	 "Switch TCP on at the phone, or keep the switch from changing over to it (Kamailio: udp_mtu)."},
	{"sip-alg", "INVITE is lost, OPTIONS is not", cause_alg,
	 "Switch off SIP ALG, SIP transformations or SIP helper in the phone's router."},
	{"wrong-socket", "calls leave from another socket", cause_wrong_socket,
	 "Let the switch send from the socket that took the REGISTER (Kamailio: force_send_socket, Path with its port)."},
	{"never-called", "the switch does not call it", cause_never_called,
	 "Look at the dialplan: the domain, port or alias that is called is not the one that is registered."},
	{"caller-refused", "the switch refuses the caller", cause_caller_refused,
	 "Check the rights of the caller, or the credentials that regtop was given for the test."},
	{"answers-lost", "its answers come late or not at all", cause_answers_lost,
	 "Let the phone answer to where it was asked from (rport); look for a private address in the switch's Via."},

	/* it is well */
	{"early-media", "sound instead of ringing", cause_early_media,
	 "Look at who plays that sound: an announcement, a mailbox, or a gateway."},
	{"rings-unheard", "it does ring", cause_rings,
	 "Look at the phone: ringer volume, headset, a silent ring tone (Alert-Info), the wrong room."},
	{"well", "no fault found", cause_well,
	 "Look at do not disturb, forwarding, call limits, ring groups and codecs; call it quietly, then let it ring."},

	/* no answer to the question */
	{"not-asked", "nobody has asked the phone", cause_not_asked,
	 "Run the workup to its end, or give regtop the way of the registrar (--control, --sip)."},
	{"unexplained", "it fits no known cause", cause_unexplained,
	 "Read the evidence, call it quietly, and compare it with a phone that rings."},

	/* said beside a cause, never alone */
	{"nat-mapping-likely", "it will be forgotten by its router", cause_prediction,
	 "Turn on keepalive (25 s) on the phone or the switch, or shorten Expires to 60 s, or use TCP or TLS."},
	{"sip-alg-likely", "something rewrites what it registers", cause_alg_likely,
	 "If calls fail or only one phone of the site works, switch off SIP ALG, SIP transformations or SIP helper in its router."},
	{"flood-protection", "it may ban who asks too often", cause_flood,
	 "Ask less often and with a user of the phone's own domain; restart the phone to lift the ban."},
	{"server-only", "it listens to its registrar alone", cause_server_only,
	 "Nothing to mend: test through the registrar."},
	{"memory-differs", "memory and table differ", cause_differs,
	 "Trust memory; look at the registrar's db_mode and the interval at which it writes."},
	{"clock-skew", "another clock", cause_skew,
	 "Let the machines take their time from one place (NTP), and give regtop the registrar's time zone."},
};
/* clang-format on */

const size_t causes_count = sizeof(causes) / sizeof(causes[0]);

const struct cause_row *cause_by_id(struct slice id)
{
	for (size_t i = 0; i < causes_count; i++)
		if (slice_eq_str(id, causes[i].id))
			return &causes[i];
	return NULL;
}
