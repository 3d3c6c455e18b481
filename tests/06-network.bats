#!/usr/bin/env bats
# Chapter 06: an address of its own, the way to the others and to the world, and names.

load lib/helpers
load lib/network

@test "06 a container has an address, a default route by the bridge, and no IPv6 but on lo" {
    run on_bridge -- sh -c 'ip -o addr; ip route; cat /sys/class/net/eth0/address'
    exits 0
    says "inet 172.30.0.2/16 brd 172.30.255.255 scope global eth0"
    says "default via 172.30.0.1 dev eth0"
    says "02:42:ac:1e:00:02"
    says "inet6 ::1/128"
    says_not "fe80"
}

@test "06 the gateway, which is the host, answers" {
    run on_bridge -- ping -c 1 -W 5 172.30.0.1
    exits 0
    says "1 packets received"
}

@test "06 two containers reach each other, each by its own address" {
    staying server -- sh -c "$own_address; nc -l -p 7000 -e sh -c 'echo hello; cat >/dev/null'; $wait_for_go"
    await grep -q 172.30.0 "$T/server"
    server=$(head -n 1 "$T/server")
    run on_bridge -- sh -c "$own_address; ping -c 1 -W 5 $server; until nc -w 1 $server 7000 </dev/null; do sleep 0.1; done"
    exits 0
    says "1 packets received"
    says hello
    [ "${lines[0]}" != "$server" ]
}

@test "06 the world is reached, and sees the host's address" {
    at "$WORLD" timeout 20 python3 -c '
import socket
server = socket.create_server(("198.51.100.1", 7000))
print("ready", flush=True)
print(server.accept()[1][0], flush=True)' >"$T/world" 3>&- &
    await grep -q ready "$T/world"
    run on_bridge -- sh -c 'ping -c 1 -W 5 198.51.100.1 && nc -w 5 198.51.100.1 7000 </dev/null'
    exits 0
    says "1 packets received"
    await grep -qx 198.51.100.2 "$T/world"
}

@test "06 the world can't begin a conversation with a container, even if it has a route" {
    at "$WORLD" ip route add 172.30.0.0/16 via 198.51.100.2
    staying server -- sh -c "$own_address; while [ ! -e /shared/go ]; do timeout 2 nc -l -p 7000 -e echo hello; done"
    await grep -q 172.30.0 "$T/server"
    server=$(head -n 1 "$T/server")
    run at "$HOST" timeout 5 sh -c "until busybox nc -w 1 $server 7000 </dev/null; do sleep 0.05; done"
    says hello
    run at "$WORLD" timeout 3 sh -c "until busybox nc -w 1 $server 7000 </dev/null; do sleep 0.05; done"
    exits 124
    says_not hello
}

@test "06 /etc/hosts and /etc/hostname name the container" {
    run on_bridge --hostname box.example.org -- sh -c 'hostname; cat /etc/hostname /etc/hosts; ping -c 1 box'
    exits 0
    [ "${lines[0]}" = box.example.org ]
    [ "${lines[1]}" = box.example.org ]
    says $'127.0.0.1\tlocalhost'
    says $'::1\tlocalhost ip6-localhost ip6-loopback'
    says $'172.30.0.2\tbox.example.org box'
    says "PING box (172.30.0.2)"
}

@test "06 without a hostname the container is called by the beginning of its id" {
    run on_bridge -- sh -c 'hostname; echo $HOSTNAME; tail -n 1 /etc/hosts'
    exits 0
    [[ ${lines[0]} =~ ^[0-9a-f]{12}$ ]]
    [ "${lines[1]}" = "${lines[0]}" ]
    [ "${lines[2]}" = $'172.30.0.2\t'"${lines[0]}" ]
}

# with_resolv_conf TEXT COMMAND…: the host's /etc/resolv.conf is TEXT, and systemd-resolved's is $T/resolved
with_resolv_conf()
{
    echo "$1" >"$T/resolv.conf"
    shift
    touch "$T/resolved"
    cat >"$T/bin/$PROGRAM" <<END
#!/bin/sh
exec nsenter --net=/proc/$HOST/ns/net -- unshare --mount -- sh -c '
    mount --bind $T/resolv.conf /etc/resolv.conf
    mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/resolve && cp $T/resolved /run/systemd/resolve/resolv.conf
    exec $BUILD/$PROGRAM "\$@"' sh "\$@"
END
    "$@"
}

@test "06 resolv.conf is the host's without the servers that only the host can reach" {
    run with_resolv_conf $'# mine\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\nsearch example.org\noptions ndots:2' \
        on_bridge -- cat /etc/resolv.conf
    exits 0
    says "nameserver 192.0.2.53"
    says "search example.org"
    says "options ndots:2"
    says_not 127.0.0.53
    says_not ::1
}

@test "06 where systemd-resolved answers on loopback, its own servers are taken" {
    printf 'nameserver 192.0.2.99\nsearch lan\n' >"$T/resolved"
    run with_resolv_conf 'nameserver 127.0.0.53' on_bridge -- cat /etc/resolv.conf
    exits 0
    says "nameserver 192.0.2.99"
    says_not 127.0.0.53
}

@test "06 where the host has no server that can be reached, Docker's are used" {
    run with_resolv_conf 'nameserver 127.0.0.1' on_bridge -- cat /etc/resolv.conf
    exits 0
    says "nameserver 8.8.8.8"
    says "nameserver 8.8.4.4"
}

@test "06 --network none has the loopback interface only, and no line of its own in hosts" {
    BUILD=$T/bin run contain --network none -- sh -c 'ip -o link; ip route; cat /etc/hosts'
    exits 0
    [ "$(grep -c '^[0-9]*: ' <<<"$output")" = 1 ]
    says ": lo:"
    says $'127.0.0.1\tlocalhost'
    says_not default
    says_not 172.30
}

@test "06 --network host has the host's interfaces, names and servers" {
    BUILD=$T/bin run contain --network host -- sh -c 'ip -o link; hostname; cat /etc/hosts /etc/resolv.conf'
    exits 0
    says ": uplink@"
    says "$(hostname)"
    says "$(cat /etc/hosts)"
    says "$(cat /etc/resolv.conf)"
}

@test "06 an address is given back, and the next container has it again" {
    for i in 1 2 3; do
        run on_bridge -- sh -c "$own_address"
        exits 0
        [ "$output" = 172.30.0.2 ]
    done
    [ -z "$(ls "$LEASES")" ]
}

@test "06 an address is given back when the command can't be started" {
    run -127 on_bridge -- /no/such/command
    [ -z "$(ls "$LEASES")" ]
    await nothing_left
}

@test "06 an address that is given again is reached at once" {
    local i
    for i in 1 2 3; do
        rm -f "$T/shared/go"
        staying "server$i" -- sh -c "$own_address; nc -l -p 7000 -e echo server$i; $wait_for_go"
        await grep -q 172.30.0.2 "$T/server$i"
        run at "$HOST" timeout 5 sh -c 'until busybox nc -w 1 172.30.0.2 7000 </dev/null; do sleep 0.05; done'
        exits 0
        says "server$i"
        touch "$T/shared/go"
        wait "${STAYING[-1]}"
    done
}

@test "06 a container that takes the MAC of another does not get its packets" {
    staying victim -- sh -c "$own_address; $wait_for_go"
    await grep -q 172.30.0 "$T/victim"
    victim=$(head -n 1 "$T/victim")
    at "$HOST" busybox ping -c 1 -W 5 "$victim"
    mac=$(at "$HOST" ip neigh show "$victim" | sed 's/.*lladdr //; s/ .*//')
    staying thief --cap-add NET_ADMIN -- sh -c "
        ip link set eth0 down && ip link set eth0 address $mac && ip link set eth0 up
        while [ ! -e /shared/go ]; do ping -c 1 -W 1 172.30.0.1 >/dev/null; echo tried; done"
    await grep -q tried "$T/thief"
    at "$HOST" busybox ping -c 3 -W 1 "$victim" | grep '3 packets received'
}

@test "06 a lease whose container is gone without a word is taken over" {
    run on_bridge -- true
    ln -s 0123456789abcdef "$LEASES/172.30.0.2"
    run on_bridge -- sh -c "$own_address"
    exits 0
    [ "$output" = 172.30.0.2 ]
}

@test "06 thirty containers started at once have thirty addresses" {
    local i
    for ((i = 0; i < 30; i++)); do
        staying "one-$i" -- sh -c "$own_address; $wait_for_go"
    done
    all_have_one() { [ "$(cat "$T"/one-* | grep -c '^172\.30\.0\.')" = 30 ]; }
    await all_have_one || { cat "$T"/one-*; return 1; }
    cat "$T"/one-*
    [ "$(sort -u "$T"/one-* | wc -l)" = 30 ]
    [ "$(ls "$LEASES" | wc -l)" = 30 ]
    touch "$T/shared/go"
    for i in "${STAYING[@]}"; do wait "$i"; done
    await nothing_left
}

@test "06 a subnet whose addresses are all taken is named, and nothing is left" {
    run on_bridge -- true
    echo '{"Subnet": "192.0.2.0/30"}' >"$STORE/networks/bridge/network.json"
    at "$HOST" ip link delete "$(bridge_name)"
    staying only -- sh -c "$own_address; $wait_for_go"
    await grep -qx 192.0.2.2 "$T/only"
    run on_bridge -- true
    exits 125
    says "lease an address: all of subnet 192.0.2.0/30 are taken"
    [ "$(ls "$LEASES")" = 192.0.2.2 ]
    [ "$(at "$HOST" ip -o link show type veth | grep -vc uplink)" = 1 ]
}

@test "06 a subnet that the host has a route to is not chosen" {
    at "$HOST" ip route add 172.30.128.0/20 via 198.51.100.1
    at "$HOST" ip route add 172.16.0.0/13 via 198.51.100.1
    run on_bridge -- sh -c "$own_address"
    exits 0
    [ "$output" = 172.31.0.2 ]
}

@test "06 a choice of before a reboot is made again if the subnet is another's now" {
    run on_bridge -- sh -c "$own_address"
    [ "$output" = 172.30.0.2 ]
    at "$HOST" ip link delete "$(bridge_name)"
    at "$HOST" ip route add 172.30.0.0/24 via 198.51.100.1
    run on_bridge -- sh -c "$own_address"
    exits 0
    [ "$output" = 172.31.0.2 ]
}

@test "06 bridge, table and forwarding are made again when they are lost" {
    run on_bridge -- ping -c 1 -W 5 198.51.100.1
    exits 0
    at "$HOST" ip link delete "$(bridge_name)"
    at "$HOST" nft delete table inet "$(table_name)"
    at "$HOST" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
    run on_bridge -- ping -c 1 -W 5 198.51.100.1
    exits 0
    at "$HOST" nft flush ruleset
    run on_bridge -- ping -c 1 -W 5 198.51.100.1
    exits 0
}

@test "06 an interface of others that has the bridge's name is left alone and named" {
    run on_bridge -- true
    name=$(bridge_name)
    at "$HOST" ip link delete "$name"
    at "$HOST" ip link add "$name" type veth peer name other
    run on_bridge -- true
    exits 125
    says "network interface '$name' is not a bridge"
    at "$HOST" ip -d link show "$name" | grep -q veth
    at "$HOST" ip link delete "$name"
}

@test "06 a container's packets are no larger than the host's uplink takes" {
    at "$HOST" ip link set uplink mtu 1400
    run on_bridge -- cat /sys/class/net/eth0/mtu
    exits 0
    [ "$output" = 1400 ]
}

@test "06 an unknown network is refused by its name" {
    BUILD=$T/bin run contain --network foo -- true
    exits 125
    says "network foo not found"
}

@test "06 --explain shows the way of a packet as commands of ip, bridge and nft" {
    at "$HOST" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
    run on_bridge --explain -- true
    exits 0
    says "ip link add $(bridge_name) address 02:42:ac:1e:00:01 type bridge"
    says "type veth peer name eth0 address 02:42:ac:1e:00:02"
    says "ip address add 172.30.0.2/16 broadcast + dev eth0"
    says "ip route add default via 172.30.0.1"
    says "masquerade"
    says "sysctl -w net.ipv4.ip_forward=1"
}
