#!/usr/bin/env bats
# Chapter 06, coracle alone: what people struggle with in Docker's networks, and the neighbours.

load lib/helpers
load lib/network
load lib/private

@test "06 a published port is open whatever INPUT says; FORWARD is where to close it" {
    lives box -p 8080:80
    server box 80
    at "$HOST" nft -f - <<'END'
table inet mine {
    chain input { type filter hook input priority 0; policy drop; }
    chain forward { type filter hook forward priority 10; }
}
END
    ask "$WORLD" tcp 198.51.100.2 8080
    says box
    at "$HOST" nft add rule inet mine forward iifname uplink meta l4proto tcp ct original proto-dst 8080 drop
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
}

@test "06 what a flush of all rules took, network repair brings back" {
    lives box -p 8080:80
    server box 80
    at "$HOST" nft flush ruleset
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
    run coracle network repair
    exits 0
    ask "$WORLD" tcp 198.51.100.2 8080
    says "box to 198.51.100.1"
    # the rules alone, as of one who flushes table by table
    at "$HOST" nft flush table inet "$(table_name)"
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
    coracle network repair
    ask "$WORLD" tcp 198.51.100.2 8080
    says box
}

@test "06 where iptables forwards nothing by policy, one rule lets us pass, and is taken back" {
    at "$HOST" iptables-nft -P FORWARD DROP
    at "$HOST" iptables-nft -A FORWARD -s 203.0.113.1 -j ACCEPT
    before=$(at "$HOST" iptables-nft-save | grep -v '^#')
    lives box -p 8080:80
    server box 80
    ask "$WORLD" tcp 198.51.100.2 8080
    says box
    run coracle run --rm "$IMAGE" ping -c 1 -W 2 198.51.100.1
    exits 0
    run at "$HOST" iptables-nft-save
    exits 0
    [ "$(grep -c 'FORWARD -j CORACLE' <<<"$output")" = 1 ]
    [ "$(at "$HOST" iptables-nft -S FORWARD | wc -l)" = 3 ]
    coracle rm -f box
    coracle network prune -f
    [ "$(at "$HOST" iptables-nft-save | grep -v '^#')" = "$before" ]
}

@test "06 iptables-legacy that drops is recognised, and what to run is said" {
    at "$HOST" iptables-legacy -P FORWARD DROP || allowed_skip "iptables-legacy that the kernel lacks"
    run coracle network repair
    exits 0
    says "iptables-legacy -A FORWARD -i coracle+ -j ACCEPT"
    run coracle run --rm "$IMAGE" true
    says "WARNING: iptables-legacy forwards nothing by its policy"
    at "$HOST" iptables-legacy -A FORWARD -i coracle+ -j ACCEPT
    run coracle network repair
    says_not iptables-legacy
    at "$HOST" iptables-legacy -F FORWARD
    at "$HOST" iptables-legacy -P FORWARD ACCEPT
    run coracle network repair
    says_not iptables-legacy
}

# with_files 'SHELL TEXT' COMMAND…: a coracle that sees /etc and /run with more files, which the text makes
with_files()
{
    local text=$1
    shift
    mkdir -p "$T/more"
    run at "$HOST" unshare --mount sh -ec "
        mount -t tmpfs tmpfs $T/more
        for dir in etc run; do
            mkdir $T/more/\$dir $T/more/\$dir.work
            mount -t overlay overlay -o lowerdir=/\$dir,upperdir=$T/more/\$dir,workdir=$T/more/\$dir.work /\$dir
        done
        $text
        exec \"\$@\"" sh "$BUILD/coracle" --root "$STORE" "$@"
}

@test "06 ufw and firewalld are recognised when a container starts, and what to run is said until it is done" {
    local ufw='mkdir -p /etc/ufw; printf "# c\nENABLED=yes\n" >/etc/ufw/ufw.conf; rm -f /etc/ufw/user.rules'
    with_files "$ufw" run --rm "$IMAGE" echo started
    says "WARNING: ufw is enabled; run: ufw route allow in on coracle0"
    says started
    with_files "$ufw; echo coracle0 >/etc/ufw/user.rules" run --rm "$IMAGE" true
    says_not ufw
    with_files "${ufw//yes/no}" run --rm "$IMAGE" true
    says_not ufw
    local zones=/etc/firewalld/zones
    with_files "mkdir -p /run/firewalld; rm -rf $zones" run --rm "$IMAGE" true
    says "WARNING: firewalld is running; run: firewall-cmd --permanent --zone=trusted --add-interface=coracle0"
    with_files "mkdir -p /run/firewalld $zones; echo coracle0 >$zones/trusted.xml" run --rm "$IMAGE" true
    says_not firewalld
    with_files "mkdir -p /run/firewalld; rm -rf $zones" run --rm --network none "$IMAGE" true
    says_not firewalld
}

@test "06 a container downloads much where the way out takes smaller packets" {
    at "$HOST" ip link set uplink mtu 1400
    at "$WORLD" ip link set uplink mtu 1400
    coracle network create boat
    lives box --network boat
    background nsenter --net="/proc/$WORLD/ns/net" -- python3 -c '
import socket
server = socket.create_server(("198.51.100.1", 7000))
print("serves", flush=True)
while True:
    server.accept()[0].sendall(b"x" * 200000)' >"$T/much"
    await grep -q serves "$T/much"
    run coracle run --rm --network boat "$IMAGE" sh -c 'cat /sys/class/net/eth0/mtu; nc -w 5 198.51.100.1 7000 </dev/null | wc -c'
    [ "${lines[0]}" = 1400 ]
    [ "${lines[1]}" = 200000 ]
}

@test "06 a container reaches its own published port by the host's address" {
    lives box -p 8080:80
    server box 80
    ask "$(pid_of box)" tcp 198.51.100.2 8080
    says box
}

@test "06 a port that is taken is refused, and the refused container can start later" {
    lives one -p 8080:80
    run coracle run -d --name two -p 8080:80 "$IMAGE" sleep 600
    exits 125
    says "driver failed programming external connectivity on endpoint two"
    says "Bind for 0.0.0.0:8080 failed: port is already allocated"
    coracle rm -f one
    run coracle start two
    exits 0
}

@test "06 what listens on the container's own 127.0.0.1 is not reached" {
    lives box -p 8080:80
    serve_at "$(pid_of box)" lonely 80 127.0.0.1
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
    ask "$(pid_of box)" tcp 127.0.0.1 80
    says lonely
}

@test "06 a conversation of UDP goes on with the next container that has the port" {
    lives one -p 5353:53/udp
    server one 53
    ask "$WORLD" udp 198.51.100.2 5353 4000
    says one
    lives other # takes the next address, so that two's is a new one
    coracle rm -f one
    coracle network create boat
    lives two --network boat -p 5353:53/udp
    server two 53
    ask "$WORLD" udp 198.51.100.2 5353 4000
    says "two to 198.51.100.1"
}
