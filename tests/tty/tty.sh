#!/bin/bash
# The inspector on a real pseudo terminal: hang-up, a reader that stalls, resizing, leaving, ^Z,
# terminals that will not do, NO_COLOR and the C locale.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
unset NO_COLOR REGTOP_READONLY

# expect CASE NAME VALUE DESCRIPTION ...: runs the case once and checks what it saw.
expect() {
  local case=$1 seen name wanted
  shift
  seen=$(timeout 90 python3 "$TOP_SRCDIR/tests/tty/drive.py" "$case" 2>&1)
  while [ $# -gt 0 ]; do
    name=$1 wanted=$2
    is "$(sed -n "s/^$name=//p" <<<"$seen" | tail -1)" "$wanted" "$3"
    shift 3
  done
  grep -q Traceback <<<"$seen" && diag "$seen"
}

expect closed \
  ended soon "a terminal that goes away ends the process within a second"

expect stalled \
  backlog True "the stalled reader really stalls" \
  came_back True "the screen comes back when the reader reads again" \
  silent True "probes ran to their verdict meanwhile: silent" \
  refused True "probes ran to their verdict meanwhile: refused" \
  answers True "probes ran to their verdict meanwhile: answers" \
  rtt_median_small True "a stalled terminal does not make round trips longer"

expect stalled_end \
  ended soon "SIGTERM ends it within a second though nobody reads"

expect resize \
  larger True "a larger window is drawn" \
  bottom_line True "and filled down to its last line" \
  too_small True "a window that is too small gets one sentence" \
  back True "and the table comes back"

expect quit \
  alternate_screen True "the alternate screen is entered" \
  raw True "keys come as keys" \
  ended soon "q leaves" \
  status 0 "with exit status 0" \
  left_screen True "the alternate screen is left" \
  paste_off True "bracketed paste is switched off" \
  restored True "the terminal's settings are what they were"

expect esc \
  detail True "Enter opens the detail" \
  back True "Esc goes back" \
  at_once True "without waiting for a longer sequence" \
  still_there True "Esc, unknown sequences and pasted text do not leave from the table" \
  table True "and do not leave the table"

expect colour \
  colour True "there is colour where the terminal has it" \
  no_color False "NO_COLOR takes away every colour"

expect ascii \
  only_ascii True "the C locale gets only ASCII"

expect watch \
  marked True "W watches, and the top says how many" \
  still True "that alone rings no bell" \
  listed True "v lists who is watched, and P asks them" \
  bell True "what happens to them rings the terminal's bell" \
  fewer True "W again ends it"

expect call \
  refused True "a quiet call is refused, and that is shown" \
  ended 0 "who leaves after it leaves cleanly" \
  question True "Tab leads to the ring test" \
  rings True "the phone rings" \
  ended_ringing 0 "who is ended while it rings ends cleanly"

expect snapshot \
  whole True "a large table is on the screen" \
  progress True "s says how far its snapshot is" \
  key True "and keys go on meanwhile" \
  told True "where it is is said when it is there" \
  rows 50000 "with every row" \
  stopped True "s again stops one" \
  ended True "who leaves need not wait for it" \
  left 0 "and nothing half is left behind"

expect suspend \
  started True "it starts from a shell" \
  stopped True "^Z stops it" \
  echo_again True "the shell has its terminal settings again" \
  blocking True "and its terminal still blocks" \
  back True "fg brings the screen back" \
  shell_again True "q then goes back to the shell"

expect refused \
  dumb_status 2 "a dumb terminal is a usage error" \
  dumb_words True "and the message says why and names regtop list" \
  unknown_status 2 "an unknown TERM is a usage error" \
  unknown_words True "and the message names regtop list" \
  pipe_status 2 "without a terminal it is a usage error" \
  pipe_words True "and the message names regtop list"

plan_later
