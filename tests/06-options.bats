#!/usr/bin/env bats
# Chapter 06, coracle alone: Docker's long forms, labels, options, filters; and who is let through the host.

load lib/helpers
load lib/network
load lib/private

look='ip link; ip -o addr; ip route; ip -6 route'

@test "06 --network name=…: each network has its own alias, address, MAC and priority" {
    coracle network create --subnet 192.0.2.0/24 --subnet fd00:1::/64 one
    coracle network create --subnet 203.0.113.0/24 two
    lives box --network name=one,alias=vessel,alias=hull,ip=192.0.2.7,ip6=fd00:1::7,mac-address=02:00:00:00:00:07 \
        --network name=two,alias=boat,gw-priority=1
    run at "$(pid_of box)" sh -c "$look"
    says "inet 192.0.2.7/24"
    says "inet6 fd00:1::7/64"
    says 02:00:00:00:00:07
    says "default via 203.0.113.1"
    says "default via fd00:1::1"
    run coracle run --rm --network one "$IMAGE" sh -c 'ping -c 1 -W 2 vessel && ping -c 1 -W 2 hull'
    exits 0
    run coracle run --rm --network one "$IMAGE" ping -c 1 -W 2 boat
    says "bad address 'boat'"
    run coracle run --rm --network two "$IMAGE" ping -c 1 -W 2 boat
    exits 0
    run coracle inspect -f '{{json .NetworkSettings.Networks.one.IPAMConfig}} {{json .NetworkSettings.Networks.two.Aliases}}' box
    [ "$output" = '{"IPv4Address":"192.0.2.7","IPv6Address":"fd00:1::7"} ["boat"]' ]
    coracle stop -t 0 box
    coracle start box
    [ "$(address box one)" = 192.0.2.7 ]
}

@test "06 what --network can't mean is refused in Docker's words" {
    coracle network create one
    local options words
    while IFS=: read -r options words; do
        run coracle run --rm $options "$IMAGE" true
        exits 125
        says "$words"
    done <<'END'
--network name=one,colour=red:invalid field key colour
--network alias=boat:network name/id is not specified
--network name=one,ip=192.0.2.300:invalid IPv4 address
--network one --network one:network "one" is specified multiple times
--network name=one,alias=a --network-alias b:conflicting options
--network name=bridge,alias=a:network-scoped aliases are only supported for user-defined networks
--ip 172.30.0.9:user specified IP address is supported on user defined networks only
--network one --mac-address 7:7 is not a valid mac address
--network one --network none:network none not found
END
}

@test "06 a network that is connected later has its alias, address and priority; the route follows" {
    coracle network create --subnet 192.0.2.0/24 one
    coracle network create --subnet 203.0.113.0/24 two
    lives box --network one -p 8080:80
    server box 80
    run coracle network connect --alias vessel --ip 203.0.113.7 two box
    exits 0
    [ "$(address box two)" = 203.0.113.7 ]
    run coracle run --rm --network two "$IMAGE" ping -c 1 -W 2 vessel
    exits 0
    run at "$(pid_of box)" ip route
    says "default via 192.0.2.1"
    coracle network disconnect one box
    run at "$(pid_of box)" ip route
    says "default via 203.0.113.1"
    ask "$WORLD" tcp 198.51.100.2 8080
    says "box to 198.51.100.1"
    ask "$(pid_of box)" tcp 198.51.100.2 8080
    says box
    # eth0 is free again
    run coracle network connect one box
    exits 0
    run at "$(pid_of box)" ip -4 -o addr
    says eth0
    says eth1
    run coracle network connect --ip 203.0.113.300 two box
    exits 125
    says "invalid IPv4 address"
}

@test "06 a network has labels and options, ls shows it as asked, and prune chooses" {
    coracle network create --label colour=red --label big one
    coracle network create --label colour=blue --internal two
    coracle network create three
    lives box --network three
    [ "$(coracle network ls --filter label=colour=red --format '{{.Name}} {{.Driver}} {{.Internal}} {{.Label "colour"}}')" = "one bridge false red" ]
    [ "$(coracle network ls -q --no-trunc --filter name=two)" = "$(coracle network inspect -f '{{.Id}}' two)" ]
    [ "$(coracle network ls --filter type=custom --format '{{.Name}}' | tr '\n' ' ')" = "one three two " ]
    [ "$(coracle network ls --filter driver=null --format json | jq -r .Name)" = none ]
    [ "$(coracle network ls --filter dangling=true --format '{{.Name}}' | tr '\n' ' ')" = "one two " ]
    [ "$(coracle network inspect one | jq -c '.[0].Labels')" = '{"colour":"red","big":""}' ]
    run coracle network ls --filter colour=red
    exits 1
    says "invalid filter 'colour'"
    run coracle network inspect host none
    exits 0
    [ "$(jq -r '.[].Driver' <<<"$output" | tr '\n' ' ')" = "host null " ]
    run coracle network inspect -v --format json one
    [ "$(jq -r '.[0].Name' <<<"$output")" = one ]
    run coracle network prune -f --filter label=colour=blue
    [ "$output" = $'Deleted Networks:\ntwo' ]
    run coracle network prune -f --filter label!=big
    [ -z "$output" ]
    run coracle network prune -f --filter until=24h
    [ -z "$output" ]
    run coracle network prune -f
    [ "$output" = $'Deleted Networks:\none' ]
}

@test "06 driver options: the bridge's name, the MTU, no masquerading, and nothing between containers" {
    coracle network create -o com.docker.network.bridge.name=hull7 -o com.docker.network.driver.mtu=1400 \
        -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.enable_ip_masquerade=false \
        --subnet 192.0.2.0/24 boat
    lives one --network boat -p 8080:80
    lives two --network boat
    server one 80
    serve_at "$WORLD" world 7000
    run at "$HOST" ip link show dev hull7
    says "mtu 1400"
    run at "$(pid_of two)" ip link show dev eth0
    says "mtu 1400"
    ask "$(pid_of two)" tcp "$(address one boat)" 80
    exits 1
    ask "$WORLD" tcp 198.51.100.2 8080
    says one
    at "$WORLD" ip route add 192.0.2.0/24 via 198.51.100.2
    ask "$(pid_of two)" tcp 198.51.100.1 7000
    says "world to 192.0.2.3"
    [ "$(coracle network inspect -f '{{index .Options "com.docker.network.driver.mtu"}}' boat)" = 1400 ]
    coracle rm -f one two
    coracle network rm boat
    run at "$HOST" ip link show dev hull7
    exits 1
}

@test "06 a bridge that is there already is not taken for a network's" {
    at "$HOST" ip link add hull9 type bridge
    run coracle network create -o com.docker.network.bridge.name=hull9 boat
    exits 1
    says "network interface 'hull9' is there already, and not ours"
    run coracle network rm boat
    exits 1
    at "$HOST" ip link show dev hull9
    at "$HOST" ip link delete hull9
    coracle network create -o com.docker.network.bridge.name=hull9 boat
    run coracle network create -o com.docker.network.bridge.name=hull9 raft
    exits 1
    coracle network rm boat
}

# HOST between WORLD and a second host, FAR, at 203.0.113.1; not a router yet.
two_neighbours()
{
    make_namespace && FAR=$MADE
    at "$HOST" ip link add other type veth peer name uplink netns "$FAR"
    at "$HOST" ip address add 203.0.113.2/24 dev other
    at "$HOST" ip link set other up
    at "$FAR" ip address add 203.0.113.1/24 dev uplink
    at "$FAR" ip link set uplink up
    at "$FAR" ip route add default via 203.0.113.2
    at "$WORLD" ip route add 203.0.113.0/24 via 198.51.100.2
    serve_at "$FAR" far 7000
    at "$HOST" sh -c "echo $1 >/proc/sys/net/ipv4/ip_forward"
}

@test "06 a host that becomes a router for us says so, and is none for its neighbours" {
    two_neighbours 0
    run coracle run -d --name box -p 8080:80 "$IMAGE" sleep 600
    exits 0
    says "WARNING: net.ipv4.ip_forward is set to 1"
    server box 80
    ask "$WORLD" tcp 203.0.113.1 7000
    exits 1
    ask "$WORLD" tcp 198.51.100.2 8080
    says "box to 198.51.100.1"
    ask "$(pid_of box)" tcp 203.0.113.1 7000
    says "far to 203.0.113.2"
    # a bridge of others is left to them
    at "$HOST" ip link add virbr0 up type bridge
    at "$HOST" ip link set other master virbr0
    at "$HOST" ip address del 203.0.113.2/24 dev other
    at "$HOST" ip address add 203.0.113.2/24 dev virbr0
    ask "$WORLD" tcp 203.0.113.1 7000
    says far
    at "$HOST" ip link delete virbr0
    at "$HOST" ip address add 203.0.113.2/24 dev other
    # also when the rules are lost and come back
    at "$HOST" nft flush ruleset
    ask "$WORLD" tcp 203.0.113.1 7000
    says far
    coracle network repair
    ask "$WORLD" tcp 203.0.113.1 7000
    exits 1
    # it is said once
    run coracle run --rm "$IMAGE" true
    says_not WARNING
}

@test "06 a host that was a router before stays one for all" {
    two_neighbours 1
    run coracle run --rm "$IMAGE" true
    exits 0
    says_not WARNING
    ask "$WORLD" tcp 203.0.113.1 7000
    says "far to 198.51.100.1"
}

@test "06 beside ip6tables that forwards nothing by policy, and with a bridge's name of one's own" {
    at "$HOST" ip6tables-nft -P FORWARD DROP || allowed_skip "a kernel without IPv6"
    at "$HOST" iptables-nft -P FORWARD DROP
    before=$(at "$HOST" ip6tables-nft-save | grep -v '^[#:]')
    at "$WORLD" ip address add 2001:db8::1/64 dev uplink nodad
    at "$HOST" ip address add 2001:db8::2/64 dev uplink nodad
    coracle network create --subnet fd00:1::/64 -o com.docker.network.bridge.name=hull7 boat
    lives box --network boat -p 8080:80
    serve_at "$(pid_of box)" box 80 ::
    ask "$WORLD" tcp 2001:db8::2 8080
    says box
    run coracle run --rm --network boat "$IMAGE" ping -c 1 -W 2 198.51.100.1
    exits 0
    run coracle run --rm --network boat "$IMAGE" true
    run at "$HOST" ip6tables-nft-save
    exits 0
    [ "$(grep -c 'FORWARD -j CORACLE' <<<"$output")" = 1 ]
    [ "$(grep -c 'hull7 -j ACCEPT' <<<"$output")" = 2 ]
    coracle rm -f box
    # as long as a bridge of another root is there, that needs the chain
    at "$HOST" ip link add hull8 type bridge
    at "$HOST" ip6tables-nft -A CORACLE -i hull8 -j ACCEPT
    coracle network prune -f
    run at "$HOST" ip6tables-nft-save
    says "-A CORACLE -i hull8 -j ACCEPT"
    says "-A FORWARD -j CORACLE"
    at "$HOST" ip link delete hull8
    coracle network prune -f
    [ "$(at "$HOST" ip6tables-nft-save | grep -v '^[#:]')" = "$before" ]
}
