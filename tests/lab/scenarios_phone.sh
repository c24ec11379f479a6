# Scenarios of nat.sh in which the trouble is at the phone: what each says and does is what a desk would see.

scenarios+=(well unplugged killed twin)

# Nothing is wrong, regtop says so, and lets it ring: the phone itself says that it rang.
scenario_well() {
  registrar_start
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  why alice
  listed
  is "$why_status" 0 "exit 0"
  is "$(told .well)" true "all is well"
  like "$(told '.bindings[0].received')" '203\.0\.113\.2:2[0-9]{4}' "it comes from behind the NAT"
  like "$(told '.bindings[0].contact')" '@10\.0\.0\.2:5060' "and registers a private address"
  call --quiet alice
  is "$call_status" 0 "a quiet call arrives"
  is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 0 "and does not ring it"
  call --ring=2 alice
  is "$call_status" 0 "a call rings"
  is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 1 "the phone says so itself"
  baresip_quiet "$tap_dir/alice"
  ok $? "and has no call open any more"
}

scenario_unplugged() {
  registrar_start
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  phone_unplugged
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is host-down
}

scenario_killed() {
  registrar_start
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  phone_kill "$tap_dir/alice"
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is process-dead
}

# Without power and with it again: the same device (its instance says so) is listed twice.
scenario_twin() {
  registrar_start
  phone alice
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers"
  phone_kill "$tap_dir/alice"
  baresip_start "$tap_dir/alice" 10.0.0.2:5062 "$switch" alice
  baresip_registered "$tap_dir/alice"
  ok $? "and again, after its power cycle"
  why alice
  listed 2 "it, twice"
  cause_is twin-after-reboot
  is "$(told .cause.confidence)" high "with certainty: it is one device"
  like "$(told '.bindings[].instance')" 'urn:uuid' "by its instance"
}
