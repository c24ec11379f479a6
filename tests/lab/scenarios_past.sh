# Scenarios of nat.sh in which more than one phone is asked, or more than now: offices, shared accounts,
# and what somebody who was watching remembers.

scenarios+=(shared wiped office office_watched flapping hasty)

# ---- an office -----------------------------------------------------------------------------------

# office_opens: six phones behind one NAT, one of which answers.
office_opens() {
  local n
  for n in 2 3 4 5 6 7; do phone "desk$n" "10.0.0.$n" expires=3600; done
  for n in 2 3 4 5 6 7; do baresip_registered "$tap_dir/desk$n" 30 || return 1; done
  for n in 3 4 5 6 7; do phone_freeze "$tap_dir/desk$n"; done
}
office_closes() { for n in 3 4 5 6 7; do phone_thaw "$tap_dir/desk$n"; done; }
five_of_six='Not this phone alone: 5 of 6 asked phones from 203\.0\.113\.2 do not answer\. 1 there answers, so the line is up'

# The workup of one of the five names the office, when it asks the others too.
scenario_office() {
  registrar_start
  office_opens
  ok $? "six phones of an office register, and five fall silent"
  why desk3
  listed
  is "$why_status" 1 "exit 1"
  like "$(told .cause.id)" 'off-or-down' "alone, it is one phone that is silent"
  is "$(told .next)" 'regtop why desk3@203.0.113.10 --thorough' "and more is asked for"
  why desk3 --neighbours
  cause_is site-down "with its neighbours"
  like "$(told .cause.sentence)" "$five_of_six" "five of six"
  is "$(told '.groups[] | select(.by == "source network") | "\(.asked) \(.answered) \(.effect) \(.host)"')" \
    '6 1 true 203.0.113.2' "as numbers too"
  like "$(told .cause.advice)" 'what the silent ones have in common' "what to look for"
  why_text desk3 --neighbours
  like "$(cat "$tap_dir/why.txt")" "Cause site-down: .*$five_of_six" "in words"
  unlike "$(cat "$tap_dir/why.txt")" 'of the model|registered at' "and only once"
  why desk2 --neighbours
  is "$(told .well)" true "the one that answers is well all the same"
  office_closes
}

# Somebody watches the office and asks its phones now and then: the workup of one asks nobody else, and
# knows of the others.
scenario_office_watched() {
  kamailio_start
  ok $? "Kamailio runs"
  office_opens
  ok $? "six phones of an office register, and five fall silent"
  why desk3
  like "$(told .cause.id)" 'off-or-down' "while nobody has asked the others, it is one phone"
  watch_start --ping=5
  wait_for 40 lives_say "count(*) = 6 AND sum(life LIKE '%\"answers\":%') = 1 FROM life WHERE life LIKE '%\"asked\":%'"
  ok $? "somebody watches, and has asked all six"
  why desk3
  listed
  is "$why_status" 1 "exit 1"
  cause_is site-down "without asking the neighbours"
  like "$(told .cause.sentence)" "$five_of_six" "five of six"
  why_text desk3
  like "$(cat "$tap_dir/why.txt")" "Cause site-down: .*$five_of_six" "in words"
  office_closes
}

# ---- several devices, one account ----------------------------------------------------------------

# Two phones with the login of one, and a switch that keeps one contact: each throws the other out.
scenario_shared() {
  kamailio_start MINEXPIRES=10 ONECONTACT=1
  ok $? "Kamailio runs, and keeps one contact"
  watch_start
  ok $? "somebody watches"
  phone alice 10.0.0.2 expires=12
  baresip_start "$tap_dir/other" 10.0.0.3:5060 "$switch" alice expires=14
  baresip_registered "$tap_dir/alice" && baresip_registered "$tap_dir/other"
  ok $? "two phones register with one account"
  wait_for 90 lives_say "json_extract(life, '\$.alternations') >= 2 FROM life WHERE device = '' AND aor = 'alice'"
  ok $? "each in place of the other, and that is remembered"
  why alice
  listed 1 "one of them"
  is "$why_status" 1 "exit 1"
  cause_is account-shared
}

# A third device removes all bindings of the account before it registers, as some do when they start.
scenario_wiped() {
  kamailio_start
  ok $? "Kamailio runs"
  phone alice 10.0.0.2 expires=3600
  baresip_start "$tap_dir/other" 10.0.0.3:5060 "$switch" alice expires=3600
  baresip_registered "$tap_dir/alice" && baresip_registered "$tap_dir/other"
  ok $? "two phones register with one account"
  watch_start
  wait_for 20 lives_say "count(*) = 2 FROM life WHERE device <> ''"
  ok $? "somebody watches"
  device register alice "$switch:5060" host=10.0.0.4 port=5060 "domain=$switch" 'contact=*' expires=0 agent=Base/7 &&
    device_stays alice "$switch:5060" host=10.0.0.4 port=5060 "domain=$switch" expires=3600 agent=Base/7
  ok $? "another device removes both, and registers"
  wait_for 20 lives_say "json_extract(life, '\$.wipes') = 1 FROM life WHERE device = ''"
  ok $? "and that is remembered"
  why alice
  listed 1 "the device"
  is "$why_status" 1 "exit 1"
  cause_is wiped-by-other
  like "$(told .cause.sentence)" 'Base/7 from 203\.0\.113\.2' "by name"
}

# device register …: of phone.py, behind the NAT.
device() { "${phone_in[@]}" python3 "$TOP_SRCDIR/tests/registrars/phone.py" "$@"; }
# device_stays …: one that answers from then on. What is killed at the end is itself, not a shell around it.
device_stays() {
  "${phone_in[@]}" python3 "$TOP_SRCDIR/tests/registrars/phone.py" stay "$@" >"$tap_dir/stays" &
  started $!
  wait_for 10 grep -q ready "$tap_dir/stays"
}

# ---- too often -----------------------------------------------------------------------------------

# It is granted an hour, and registers again and again all the same: the registrar itself remembers.
scenario_flapping() {
  local n
  registrar_start
  for n in 1 2 3 4 5 6 7 8 9; do
    device register alice "$switch:5060" host=10.0.0.2 port=5060 "domain=$switch" callid=one@10.0.0.2 "cseq=$n" \
      expires=3600 || diag "REGISTER $n is refused"
    sleep 1.5
  done
  device_stays alice "$switch:5060" host=10.0.0.2 port=5060 "domain=$switch" callid=one@10.0.0.2 cseq=10 expires=3600
  ok $? "it registers ten times in fifteen seconds"
  why alice
  listed
  is "$why_status" 1 "exit 1"
  cause_is register-flapping
}

# It registers as often because it is granted no more: that is the registrar's doing.
scenario_hasty() {
  kamailio_start MINEXPIRES=1
  ok $? "Kamailio runs"
  watch_start
  phone alice 10.0.0.2 expires=6
  baresip_registered "$tap_dir/alice"
  ok $? "the phone registers for six seconds"
  wait_for 70 lives_say "json_extract(life, '\$.refreshes') >= 8 FROM life WHERE device <> ''"
  ok $? "and again and again"
  why alice
  listed
  cause_is register-flapping
  like "$(told .cause.sentence)" 'granted only 6s' "and why"
}
