# Scenarios of nat.sh in which the trouble is between phone and switch.

# The long ones first: the others run beside them.
scenarios+=(fragments_kamailio forgotten forgotten_icmp moved tcp tcp_reset fragments)

# Idle for longer than the router remembers. expires=3600: it is registered for an hour more.
scenario_forgotten() {
  nat_forgets_after 5
  registrar_start
  phone alice 10.0.0.2 expires=3600
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  sleep 32
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is nat-mapping
}

scenario_forgotten_icmp() {
  nat_forgets_after 5
  nat_rejects
  registrar_start
  phone alice 10.0.0.2 expires=3600
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  sleep 32
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is process-or-mapping
}

scenario_moved() {
  registrar_start
  phone alice 10.0.0.2 expires=3600
  phone bob 10.0.0.3 expires=10
  phone carol 10.0.0.4 expires=10
  baresip_registered "$tap_dir/alice" && baresip_registered "$tap_dir/bob" && baresip_registered "$tap_dir/carol"
  ok $? "phones of one site register"
  nat_moves_to 203.0.113.3
  wait_for 20 grep -q 'changed *carol@' "$tap_dir/registrar.log"
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is address-moved
}

# A connection that the router forgot: both sides think that it is open. Kamailio holds it, and the kernel
# of the switch tells regtop what becomes of what is written.
scenario_tcp() {
  kamailio_start
  ok $? "Kamailio runs"
  phone alice 10.0.0.2 transport=tcp expires=3600
  baresip_registered "$tap_dir/alice" 30
  ok $? "the phone registers over TCP"
  why alice
  is "$why_status" 0 "all is well: exit 0"
  nat_forgets
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is flow-half-open
  like "$(told '.cause.evidence[].words')" 'sent again [0-9]+ times' "with what the kernel knows"
}

# The same with a router that answers with a reset: Kamailio closes the connection, and keeps the binding.
scenario_tcp_reset() {
  kamailio_start
  ok $? "Kamailio runs"
  phone alice 10.0.0.2 transport=tcp expires=3600
  baresip_registered "$tap_dir/alice" 30
  ok $? "the phone registers over TCP"
  nat_rejects
  nat_forgets
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is flow-closed
}

# Small messages arrive, large ones do not: quiet calls of growing size tell, the phone need not ring.
scenario_fragments() {
  registrar_start
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  nat_drops_fragments
  why alice
  is "$why_status" 0 "OPTIONS is small: all looks well"
  why alice --call --yes --quiet-hours=none
  listed
  is "$why_status" 1 "exit 1"
  cause_is fragments-lost
  is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 0 "and it did not ring for that"
}

# Kamailio takes each call, says 100, and 487 in the end: that is no sign of the phone. The phone registers
# again while this goes on.
scenario_fragments_kamailio() {
  kamailio_start
  ok $? "Kamailio runs"
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  nat_drops_fragments
  why alice --call --yes --quiet-hours=none
  listed
  is "$why_status" 1 "exit 1"
  cause_is fragments-lost
}
