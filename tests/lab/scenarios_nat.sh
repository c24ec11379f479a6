# Scenarios of nat.sh in which the trouble is between phone and switch.

# The long ones first: the others run beside them.
scenarios+=(forgotten_kamailio fragments_kamailio forgotten forgotten_icmp moved moved_with_siblings rebound tcp tcp_reset tcp_own fragments)

# Idle for longer than the router remembers. expires=3600: it is registered for an hour more. That it
# answered shortly after its REGISTER is remembered; but it could have been switched off since.
scenario_forgotten() {
  nat_forgets_after 20
  registrar_start
  phone alice 10.0.0.2 expires=3600
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  why alice
  is "$(told .well)" true "at first all is well"
  like "$(told '[.also[].id]')" 'nat-mapping-likely' "but it is foreseen"
  sleep 32
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is nat-mapping
  is "$(told .cause.confidence)" medium "most likely"
  like "$(told '[.also[].id]')" 'off-or-down' "else it is off"
}

# The same beside Kamailio, which hears no ICMP; and again after the next refresh, with an answer in
# between: then it was there all the while.
scenario_forgotten_kamailio() {
  local before
  nat_forgets_after 20
  nat_rejects
  kamailio_start
  ok $? "Kamailio runs"
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  why alice
  is "$(told .well)" true "at first all is well"
  before=$(refreshes alice)
  sleep 32
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is nat-mapping
  wait_for 40 refreshed_past alice "$before"
  why alice
  is "$(told .well)" true "after its next refresh all is well again"
  sleep 32
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is nat-mapping again
  is "$(told .cause.confidence)" high "with certainty"
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

# The line gets a new address. Alone, a phone that is registered for an hour only looks gone.
scenario_moved() {
  registrar_start
  phone alice 10.0.0.2 expires=3600
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  nat_moves_to 203.0.113.3
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is address-moved
}

# With other phones of its site, which register often, it is certain.
scenario_moved_with_siblings() {
  local before
  kamailio_start MINEXPIRES=10
  ok $? "Kamailio runs"
  phone alice 10.0.0.2 expires=3600
  phone bob 10.0.0.3 expires=12
  phone carol 10.0.0.4 expires=12
  baresip_registered "$tap_dir/alice" && baresip_registered "$tap_dir/bob" && baresip_registered "$tap_dir/carol"
  ok $? "phones of one site register"
  screen_start alice
  ok $? "somebody watches"
  before="$(refreshes bob) $(refreshes carol)"
  nat_moves_to 203.0.113.3
  wait_for 20 refreshed_past bob "${before% *}" && wait_for 20 refreshed_past carol "${before#* }"
  wait_for 20 remembered bob 203.0.113.3 && wait_for 20 remembered carol 203.0.113.3
  ok $? "two of them come from a new address, and that is remembered"
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is address-moved
  is "$(told .cause.confidence)" high "with certainty"
  like "$(told .cause.sentence)" '2 other phones of 203\.0\.113\.2 came back from 203\.0\.113\.3' "and says why"
}

# A router that gives the phone a new port at each turn: the binding follows it, and calls between a change
# and the next refresh fail.
scenario_rebound() {
  local before
  kamailio_start MINEXPIRES=10
  ok $? "Kamailio runs"
  phone alice 10.0.0.2 expires=12
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  screen_start alice
  ok $? "somebody watches"
  for _ in 1 2 3; do
    before=$(refreshes alice)
    nat_forgets
    wait_for 20 refreshed_past alice "$before"
    sleep 2
  done
  why alice
  listed
  cause_is port-rebound
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

# The own registrar's connection, seen by somebody at the screen: `w`, and what it says.
scenario_tcp_own() {
  screen=lab$$
  "${switch_in[@]}" tmux -L "$screen" -f /dev/null new-session -d -x 132 -y 43 \
    "exec $(printf '%q ' "$REGTOP" "${own[@]}" "--store=$tap_dir/own.sqlite")"
  wait_for 10 screen_shows 'listen'
  ok $? "the screen is the registrar"
  phone alice 10.0.0.2 transport=tcp expires=3600
  baresip_registered "$tap_dir/alice" 30
  wait_for 10 screen_shows 'alice'
  ok $? "the phone registers over TCP"
  nat_forgets
  screen_keys w
  wait_for 20 screen_shows 'half-open'
  ok $? "the workup says that the connection is half-open"
  screen_shows 'only looks open|looks open and is not'
  ok $? "as the cause"
}
