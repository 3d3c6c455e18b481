#!/usr/bin/env bats
# Chapter 06, coracle alone: networks with IPv6.

load lib/helpers
load lib/network
load lib/private

# HOST and WORLD, between which there is 2001:db8::/64, and the network fd00:1::/64 named boat.
with_ipv6()
{
    [ -e /proc/sys/net/ipv6 ] || allowed_skip "a kernel without IPv6"
    at "$WORLD" ip address add 2001:db8::1/64 dev uplink nodad
    at "$HOST" ip address add 2001:db8::2/64 dev uplink nodad
    at "$HOST" ip route add default via 2001:db8::1
    at "$HOST" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    coracle network create --ipv6 --subnet fd00:1::/64 boat
}
address6() { coracle inspect "$1" | jq -r ".[0].NetworkSettings.Networks[\"${2:-boat}\"].GlobalIPv6Address"; }
# server6 NAME PORT: as server, by IPv6
server6() { serve_at "$(pid_of "$1")" "$1" "$2" ::; }

@test "06 --ipv6: a network has a subnet of its own in fd00::/8, or what is asked for" {
    coracle network create --ipv6 one
    run coracle network inspect one
    [[ $(jq -r '.[0].IPAM.Config[1].Subnet' <<<"$output") =~ ^fd[0-9a-f:]+::/64$ ]]
    [ "$(jq -r '.[0].EnableIPv6' <<<"$output")" = true ]
    coracle network create --subnet fd00:2::/64 --gateway fd00:2::9 --ip-range fd00:2::100/120 two
    run coracle run --rm --network two "$IMAGE" sh -c 'ip -6 addr show eth0; ip -6 route; cat /etc/hosts'
    exits 0
    says "inet6 fd00:2::100/64"
    says_not tentative
    says "default via fd00:2::9"
    says $'fd00:2::100\t'
    run coracle run --rm --network two --ip6 fd00:2::7 "$IMAGE" ip -6 addr show eth0
    says "inet6 fd00:2::7/64"
    run coracle network create --subnet fd00:2::/80 three
    exits 1
    says "subnet fd00:2::/80 overlaps with a route or network of this host"
    run coracle run --rm --network two --ip6 fd00:9::7 "$IMAGE" true
    exits 125
    says "no configured subnet contains IP address fd00:9::7"
    run coracle run --rm --network two --ip6 192.0.2.7 "$IMAGE" true
    exits 125
    says "invalid IPv6 address: 192.0.2.7"
}

@test "06 IPv6: addresses are leased and given back, and the next has the lowest" {
    with_ipv6
    lives one --network boat
    lives two --network boat --ip6 fd00:1::3
    lives three --network boat
    [ "$(address6 one) $(address6 two) $(address6 three)" = "fd00:1::2 fd00:1::3 fd00:1::4" ]
    # nobody is asked, for a second, whether it is theirs
    run at "$(pid_of two)" ip -6 addr show dev eth0 scope global
    says nodad
    run coracle run --rm --network boat --ip6 fd00:1::3 "$IMAGE" true
    exits 125
    says "Address already in use: fd00:1::3"
    coracle rm -f one
    [ "$(coracle run --rm --network boat "$IMAGE" sh -c "ip -6 -o addr show eth0 scope global | sed 's/.*inet6 //; s,/.*,,'")" = fd00:1::2 ]
    coracle rm -f two three
    [ -z "$(ls "$STORE/networks/boat/leases")" ]
}

@test "06 IPv6: the world is reached, at once, and sees the host's address" {
    with_ipv6
    at "$HOST" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
    serve_at "$WORLD" world 7000 ::
    run coracle run --rm --network boat "$IMAGE" sh -c 'nc -w 5 2001:db8::1 7000 </dev/null'
    exits 0
    says "world to 2001:db8::2"
    at "$WORLD" ip route add fd00:1::/64 via 2001:db8::2
    lives box --network boat
    server6 box 80
    ask "$HOST" tcp "$(address6 box)" 80
    says "box to fd00:1::1"
    ask "$WORLD" tcp "$(address6 box)" 80
    exits 1
}

@test "06 IPv6: networks are closed to each other, and an internal one has no way out" {
    with_ipv6
    coracle network create --internal --subnet fd00:2::/64 inner
    lives one --network boat
    lives two --network inner
    lives three --network inner
    server6 two 80
    serve_at "$WORLD" world 7000 ::
    ask "$(pid_of three)" tcp "$(address6 two inner)" 80
    says "two to $(address6 three inner)"
    ask "$(pid_of one)" tcp "$(address6 two inner)" 80
    exits 1
    run at "$(pid_of two)" ip -6 route
    says_not default
    at "$(pid_of two)" ip route add default via fd00:2::1
    ask "$(pid_of two)" tcp 2001:db8::1 7000
    exits 1
    ask "$(pid_of one)" tcp 2001:db8::1 7000
    says world
}

@test "06 IPv6: a published port is reached from another host, from this one, and from containers" {
    with_ipv6
    lives box --network boat -p 8080:80 -p '[fd00:1::1]:8081:80' -p 8080:80/udp
    lives other --network boat
    server6 box 80
    ask "$WORLD" tcp 2001:db8::2 8080
    says "box to 2001:db8::1"
    ask "$WORLD" udp 2001:db8::2 8080
    says "box to 2001:db8::1"
    ask "$HOST" tcp 2001:db8::2 8080
    says box
    ask "$HOST" tcp fd00:1::1 8081
    says "box to fd00:1::1"
    ask "$WORLD" tcp 2001:db8::2 8081
    exits 1
    ask "$(pid_of other)" tcp 2001:db8::2 8080
    says box
    ask "$(pid_of box)" tcp 2001:db8::2 8080
    says box
    run coracle ps
    says "0.0.0.0:8080->80/tcp, 0.0.0.0:8080->80/udp, [::]:8080->80/tcp, [::]:8080->80/udp, [fd00:1::1]:8081->80/tcp"
    coracle rm -f box
    run at "$HOST" nft list table inet "$(table_name)"
    says_not 8080
    says_not 8081
    [ -z "$(at "$HOST" ss -Hltn | grep 808)" ]
}

@test "06 IPv6: a port is held for both kinds of address, with one number" {
    with_ipv6
    lives box --network boat -p 80
    run coracle port box 80
    [[ ${lines[0]} =~ ^0.0.0.0:([0-9]+)$ ]]
    [ "${lines[1]}" = "[::]:${BASH_REMATCH[1]}" ]
    serve_at "$HOST" taken 8080 fd00:1::1
    run coracle run --rm --network boat -p 8080:80 "$IMAGE" true
    exits 125
    says "Bind for [::]:8080 failed: port is already allocated"
    run coracle run --rm -p '[2001:db8::2]:8082:80' "$IMAGE" true
    exits 125
    says "publish on [2001:db8::2]: the container's network has no IPv6"
}

@test "06 IPv6: [::1] is refused by name, and who asks there for a published port is refused at once" {
    with_ipv6
    run coracle run --rm --network boat -p '[::1]:8080:80' "$IMAGE" true
    exits 125
    says "publish on [::1]: the kernel lets no answer to it in but by lo"
    lives box --network boat -p 8080:80
    server box 80
    run at "$HOST" python3 -c 'import socket; socket.create_connection(("::1", 8080), 5)'
    says ConnectionRefusedError
    ask "$HOST" tcp localhost 8080
    says "box to 172.30.0.1"
}

@test "06 IPv6: names resolve to both, and a repair brings the rules back" {
    with_ipv6
    lives box --network boat -p 8080:80
    server6 box 80
    run coracle run --rm --network boat "$IMAGE" sh -c 'ping -6 -c 1 -W 2 box; ping -4 -c 1 -W 2 box'
    exits 0
    says "PING box (fd00:1::2)"
    says "PING box (172.30.0.2)"
    at "$HOST" nft flush ruleset
    coracle network repair
    ask "$WORLD" tcp 2001:db8::2 8080
    says "box to 2001:db8::1"
}

@test "06 IPv6: a container's word about routes is heard neither by the host nor by others" {
    with_ipv6
    coracle network create plain
    lives box --network boat
    bridge=$(coracle network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' boat)
    [ "$(at "$HOST" cat "/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
    [ "$(at "$(pid_of box)" cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
    bridge=$(coracle network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' plain)
    [ "$(at "$HOST" cat "/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
    [ "$(at "$HOST" cat "/proc/sys/net/ipv6/conf/$bridge/disable_ipv6")" = 1 ]
}
