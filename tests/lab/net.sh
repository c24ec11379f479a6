# A network of namespaces for tests in bash, as facts of every support desk: source tap.sh and phones.sh first.
#
#   phone 10.0.0.2 (.3 to .9 too) - nat 10.0.0.1 | 203.0.113.2 - switch 203.0.113.10
#
# The nat masquerades with ports of its own, forgets after times that the test chooses, and drops what it
# does not expect, as home routers do. All names are unique; net_end removes everything.

net=

# Why no network can be made here; empty when it can.
net_refused() {
  local why
  for tool in ip nft conntrack nsenter ss; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed"; return; }
  done
  why=$(ip netns add "rt$$-try" 2>&1) || { echo "network namespaces are not allowed here: $why"; return; }
  why=$(in_net "rt$$-try" nft add table ip try 2>&1) || echo "nftables is not allowed here: $why"
  ip netns del "rt$$-try"
}

# Without root, inside a user namespace with a mount namespace of its own: the caller runs again there.
net_as_root() {
  [ "$(id -u)" != 0 ] && [ -z "${REGTOP_LAB_INSIDE:-}" ] || return 0
  export REGTOP_LAB_INSIDE=1
  if unshare -rnm true 2>/dev/null; then
    exec unshare -rnm bash -c 'mount -t tmpfs tmpfs /run && exec bash "$0" "$@"' "$0" "$@"
  fi
}

# in_net NAMESPACE COMMAND...: neither `ip netns exec` nor `ip -n`, which want to mount /sys anew.
in_net() { nsenter "--net=/run/netns/$1" -- "${@:2}"; }
in_phone() { in_net "$net-phone" "$@"; }
in_nat() { in_net "$net-nat" "$@"; }
in_switch() { in_net "$net-switch" "$@"; }

# set_in PLACE NAME VALUE: below /proc/sys/net.
set_in() { "in_$1" sh -c "echo $3 >/proc/sys/net/$2"; }

# net_begin [UDP_TIMEOUT]: seconds after which the nat forgets UDP (120).
net_begin() {
  local part
  net=rt$$
  for part in phone nat switch; do
    ip netns add "$net-$part" && "in_$part" ip link set lo up || return 1
  done
  in_phone ip link add eth0 type veth peer name lan netns "$net-nat" &&
    in_nat ip link add wan type veth peer name eth0 netns "$net-switch" || return 1
  for part in 2 3 4 5 6 7 8 9; do in_phone ip addr add "10.0.0.$part/24" dev eth0; done
  in_nat ip addr add 10.0.0.1/24 dev lan
  in_nat ip addr add 203.0.113.2/24 dev wan
  in_switch ip addr add 203.0.113.10/24 dev eth0
  in_phone ip link set eth0 up && in_nat ip link set lan up &&
    in_nat ip link set wan up && in_switch ip link set eth0 up &&
    in_phone ip route add default via 10.0.0.1 || return 1
  set_in nat ipv4/ip_forward 1
  in_nat nft -f - <<'NFT' || return 1
table ip lab {
  chain raw { type filter hook prerouting priority -500; policy accept; }
  chain nat { type nat hook postrouting priority 100; oifname wan meta l4proto { tcp, udp } masquerade to :20000-29999 random; }
  chain input { type filter hook input priority 0; policy accept; iifname wan ct state { new, invalid } drop; }
  chain forward { type filter hook forward priority 0; policy accept; ct state invalid drop; iifname wan ct state new drop; }
}
NFT
  # A router that does not take up connections in their middle.
  set_in nat netfilter/nf_conntrack_tcp_loose 0
  nat_forgets_after "${1:-120}"
  # Words before a command that runs in the background: its id is then the command's own.
  phone_in=(nsenter "--net=/run/netns/$net-phone" --)
  switch_in=(nsenter "--net=/run/netns/$net-switch" --)
}

nat_forgets_after() {
  set_in nat netfilter/nf_conntrack_udp_timeout "$1"
  set_in nat netfilter/nf_conntrack_udp_timeout_stream "$1"
}
# nat_forgets [conntrack options]: at once; what comes to its address then is unexpected.
nat_forgets() {
  if [ $# -gt 0 ]; then in_nat conntrack -D "$@"; else in_nat conntrack -F; fi >/dev/null 2>&1
}
# nat_rejects: the router answers what it does not expect with ICMP of its own, or with a reset.
nat_rejects() { in_nat nft flush chain ip lab input; }
# nat_drops_fragments: before anything puts them together.
nat_drops_fragments() { in_nat nft add rule ip lab raw ip frag-off and 0x3fff != 0 counter drop; }
# nat_moves_to ADDRESS: the line gets a new public address; nobody has the old one any more.
nat_moves_to() {
  in_nat ip addr add "$1/24" dev wan && in_nat ip addr del 203.0.113.2/24 dev wan
  in_nat ip addr add "$1/24" dev wan 2>/dev/null
  # As after a while: the switch asks anew who has the old one.
  in_switch ip neigh flush all
  nat_forgets
}
phone_unplugged() { in_phone ip link set eth0 down; }

net_end() {
  local part
  [ -n "$net" ] || return 0
  for part in phone nat switch; do ip netns del "$net-$part" 2>/dev/null; done
  net=
}
