#!/usr/bin/env bats
# Chapter 06: published ports, asked for from everywhere they can be asked for.

load lib/helpers
load lib/network

@test "06 a published port is reached from another host, from this one, and by 127.0.0.1" {
    box server 80 -p 8080:80
    ask "$WORLD" tcp 198.51.100.2 8080
    says "server to 198.51.100.1"
    ask "$HOST" tcp 198.51.100.2 8080
    says "server to "
    ask "$HOST" tcp 172.30.0.1 8080
    says "server to 172.30.0.1"
    ask "$HOST" tcp 127.0.0.1 8080
    says "server to 172.30.0.1"
}

reached_from_containers()
{
    box server 80 -p 8080:80
    box other 80
    [ ! -e /proc/sys/net/bridge ] ||
        at "$HOST" sh -c "echo $1 >/proc/sys/net/bridge/bridge-nf-call-iptables"
    ask "$(inside other)" tcp 198.51.100.2 8080
    says "server to 172.30.0.1"
    ask "$(inside other)" tcp 172.30.0.1 8080
    says server
    ask "$(inside other)" tcp "$(address_of server)" 80
    says "server to $(address_of other)"
    ask "$(inside server)" tcp 198.51.100.2 8080
    says "server to 172.30.0.1"
}

@test "06 a published port is reached from another container, and from the container itself" {
    reached_from_containers 0
}

@test "06 the same with br_netfilter, which shows the packets of a bridge to the firewall" {
    [ -e /proc/sys/net/bridge ] || allowed_skip "br_netfilter that is not loaded"
    reached_from_containers 1
}

@test "06 a port published on 127.0.0.1 is the host's alone, also for who forges the address" {
    box server 80 -p 127.0.0.1:8080:80
    ask "$HOST" tcp 127.0.0.1 8080
    says server
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
    at "$WORLD" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/uplink/route_localnet'
    at "$WORLD" ip route del local 127.0.0.1 dev lo table local
    at "$WORLD" ip route del local 127.0.0.0/8 dev lo table local
    at "$WORLD" ip route add 127.0.0.1 via 198.51.100.2 dev uplink src 198.51.100.1
    ask "$WORLD" tcp 127.0.0.1 8080
    exits 1
}

@test "06 the host's own 127.0.0.1 is not reached from a container" {
    box server 80
    serve_at "$HOST" secret 7000 127.0.0.1
    ask "$HOST" tcp 127.0.0.1 7000
    says secret
    inside=$(inside server)
    at "$inside" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet'
    at "$inside" ip route del local 127.0.0.1 dev lo table local
    at "$inside" ip route del local 127.0.0.0/8 dev lo table local
    at "$inside" ip route add 127.0.0.1 via 172.30.0.1 src "$(address_of server)"
    ask "$inside" tcp 127.0.0.1 7000
    exits 1
}

@test "06 UDP is published, and answers come from where they were expected" {
    box server 53 -p 5353:53/udp
    ask "$WORLD" udp 198.51.100.2 5353
    says "server to 198.51.100.1"
    ask "$HOST" udp 127.0.0.1 5353
    says server
    ask "$WORLD" tcp 198.51.100.2 5353
    exits 1
}

@test "06 a free port is chosen where none is named, and out of a range" {
    staying first -p 80 -p 8000-8002:81 -p 7001-7002:91-92 -- sh -c "$own_address; $wait_for_go"
    await grep -q 172.30 "$T/first"
    staying second -p 8000-8002:81 -- sh -c "$own_address; $wait_for_go"
    await grep -q 172.30 "$T/second"
    run at "$HOST" nft list map inet "$(table_name)" ports
    says "tcp . 8000 : 172.30.0.2 . 81"
    says "tcp . 8001 : 172.30.0.3 . 81"
    says "tcp . 7001 : 172.30.0.2 . 91"
    says "tcp . 7002 : 172.30.0.2 . 92"
    [[ $output =~ tcp\ \.\ [0-9]{5}\ :\ 172.30.0.2\ \.\ 80 ]]
}

@test "06 a taken port is refused before anything is started, in Docker's words" {
    box server 80 -p 8080:80
    run on_bridge -p 8080:80 -- echo started
    exits 125
    says "Bind for 0.0.0.0:8080 failed: port is already allocated"
    says_not started
    [ "$(ls "$LEASES" | wc -l)" = 1 ]
    run on_bridge -p 127.0.0.1:8080:80 -- echo started
    exits 125
    run on_bridge -p 8080:80/udp -- echo started
    exits 0
}

@test "06 a port that a program of the host has is refused, and one that nobody has any more is not" {
    serve_at "$HOST" taken 8080
    run on_bridge -p 8080:80 -- true
    exits 125
    says "port is already allocated"
    kill "${BACKGROUND[-1]}"
    wait "${BACKGROUND[-1]}" || true
    run on_bridge -p 8080:80 -- true
    exits 0
}

@test "06 a port is given back with the container, and its element with it" {
    run on_bridge -p 8080:80 -p 127.0.0.1:8081:81/udp -- true
    exits 0
    run at "$HOST" nft list table inet "$(table_name)"
    says_not 8080
    says_not 8081
    [ -z "$(at "$HOST" ss -Hltun)" ]
}

@test "06 an element that a killed container left is replaced" {
    run on_bridge -p 8080:80 -- true
    at "$HOST" nft add element inet "$(table_name)" ports '{ tcp . 8080 : 172.30.0.99 . 99 }'
    box server 80 -p 8080:80
    ask "$WORLD" tcp 198.51.100.2 8080
    says server
}

@test "06 what can't be published is refused by name" {
    local spec
    for spec in abc 0:80 80:0 70000 80/foo 1-2:1-3 300.1.1.1:1:1 9-8; do
        run on_bridge -p "$spec" -- true
        exits 125
        says invalid
    done
    run on_bridge -p '[::1]:8080:80' -- true
    exits 125
    says "publish on [::1]: the kernel lets no answer to it in but by lo"
    run on_bridge -p '[2001:db8::2]:8080:80' -- true
    exits 125
    says "publish on [2001:db8::2]: the container's network has no IPv6"
}

@test "06 --add-host, --dns, --dns-search and --dns-option are in the files of names" {
    run on_bridge --add-host boat:192.0.2.7 --add-host gate=host-gateway --dns 192.0.2.53 \
        --dns-search example.org --dns-search example.net --dns-option ndots:3 -- cat /etc/hosts /etc/resolv.conf
    exits 0
    says $'192.0.2.7\tboat'
    says $'172.30.0.1\tgate'
    says "search example.org example.net"
    says "options ndots:3"
    [ "$(grep -c ^nameserver <<<"$output")" = 1 ]
    says "nameserver 192.0.2.53"
}
