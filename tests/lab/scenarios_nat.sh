# Scenarios of nat.sh in which the trouble is between phone and switch.

scenarios+=(forgotten forgotten_icmp moved)

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
