#!/usr/bin/env bats
# Chapter 06, coracle alone: networks of one's own.

load lib/helpers
load lib/network
load lib/private

@test "06 a network is created, listed, inspected and removed" {
    run coracle network create boat
    exits 0
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    id=$output
    run coracle network ls
    says "${id:0:12}   boat      bridge    local"
    says "none"
    run coracle network inspect "${id:0:8}"
    exits 0
    [ "$(jq -r '.[0].IPAM.Config[0].Subnet' <<<"$output")" = 172.30.0.0/16 ]
    [ "$(at "$HOST" ip -o link show type bridge | wc -l)" = 1 ]
    run coracle network create boat
    exits 1
    says "network with name boat already exists"
    run coracle network rm boat
    exits 0
    [ "$(at "$HOST" ip -o link show type bridge | wc -l)" = 0 ]
    run coracle network rm boat
    exits 1
    says "network boat not found"
}

@test "06 subnet, gateway and range of a network are as asked for, and so is an address" {
    coracle network create --subnet 192.0.2.0/24 --gateway 192.0.2.9 --ip-range 192.0.2.64/26 boat
    run coracle run --rm --network boat --mac-address 02:00:00:00:00:07 "$IMAGE" sh -c 'ip -4 -o addr show eth0; ip route; cat /sys/class/net/eth0/address'
    exits 0
    says "inet 192.0.2.64/24"
    says "default via 192.0.2.9"
    says 02:00:00:00:00:07
    lives fixed --network boat --ip 192.0.2.7
    [ "$(address fixed boat)" = 192.0.2.7 ]
    run coracle run --rm --network boat --ip 192.0.2.7 "$IMAGE" true
    exits 125
    says "Address already in use"
    run coracle run --rm --network boat --ip 10.0.0.1 "$IMAGE" true
    exits 125
    says "no configured subnet contains IP address 10.0.0.1"
}

@test "06 what a network can't be is refused" {
    local words
    while read -r words; do
        run coracle network create $words boat
        [ "$status" -ne 0 ]
    done <<'END'
--subnet 192.0.2.1/24
--subnet 192.0.2.0/24 --gateway 198.51.100.7
--subnet 192.0.2.0/24 --ip-range 10.0.0.0/24
--gateway 192.0.2.1
--subnet 198.51.100.0/25
--driver overlay
--opt com.docker.network.bridge.nonsense=1
--opt com.docker.network.driver.mtu=7
--subnet fd00::1/64
--subnet 192.0.2.0/24 --subnet 203.0.113.0/24
END
    run coracle network create host
    exits 1
    says "predefined host network"
    run coracle run --rm --network boat "$IMAGE" true
    exits 125
    says "network boat not found"
}

@test "06 networks are closed to each other, also for who knows the way" {
    coracle network create one
    coracle network create two
    lives first --network one --cap-add NET_ADMIN
    lives second --network two
    lives third --network two
    server second 80
    ask "$(pid_of third)" tcp "$(address second two)" 80
    says "second to $(address third two)"
    ask "$(pid_of first)" tcp "$(address second two)" 80
    exits 1
    ask "$HOST" tcp "$(address second two)" 80
    says second
}

@test "06 an internal network has no way out, and none in" {
    coracle network create --internal --subnet 192.0.2.0/24 inner
    lives box --network inner -p 8080:80
    server box 80
    serve_at "$WORLD" world 7000
    ask "$(pid_of box)" tcp 198.51.100.1 7000
    exits 1
    at "$(pid_of box)" ip route add default via 192.0.2.1
    ask "$(pid_of box)" tcp 198.51.100.1 7000
    exits 1
    at "$WORLD" ip route add 192.0.2.0/24 via 198.51.100.2
    ask "$WORLD" tcp "$(address box inner)" 80
    exits 1
    ask "$WORLD" tcp 198.51.100.2 8080
    exits 1
    ask "$HOST" tcp "$(address box inner)" 80
    says box
}

@test "06 a container in several networks has an interface in each, and one default route" {
    coracle network create --internal inner
    coracle network create outer
    run coracle run --rm --network inner --network outer "$IMAGE" sh -c 'ip -4 -o addr; ip route'
    exits 0
    says "eth0    inet 172.30.0.2"
    says "eth1    inet 172.31.0.2"
    [ "$(grep -c ^default <<<"$output")" = 1 ]
    says "default via 172.31.0.1"
}

@test "06 a running container is connected and disconnected, and a stopped one for its next start" {
    coracle network create one
    coracle network create two
    lives box --network one
    run coracle network connect two box
    exits 0
    run at "$(pid_of box)" ip -4 -o addr
    says eth1
    run coracle network connect two box
    exits 1
    says "endpoint with name box already exists in network two"
    run coracle network rm two
    exits 1
    says "network two has active endpoints"
    coracle network disconnect two box
    run at "$(pid_of box)" ip -4 -o addr
    says_not eth1
    coracle network rm two
    [ -z "$(ls "$STORE/networks/two" 2>/dev/null)" ]
    run coracle network disconnect one other
    exits 1
}

@test "06 a published port goes no further when its network is disconnected, or on by what is left" {
    coracle network create one
    coracle network create two
    lives box --network one -p 8080:80 -p 8080:80/udp
    run coracle network connect two box
    exits 0
    coracle network disconnect one box
    run at "$HOST" nft list map inet "$(table_name)" ports
    says "tcp . 8080 : $(address box two) . 80"
    says_not "172.30.0.2"
    coracle network disconnect two box
    run at "$HOST" nft list map inet "$(table_name)" ports
    says_not 8080
}

@test "06 names, aliases and hostnames resolve on a user's network, and not on others" {
    coracle network create one
    coracle network create two
    lives boat --network one --network-alias vessel --hostname hull
    lives other --network two
    for name in boat vessel hull; do
        run coracle run --rm --network one "$IMAGE" ping -c 1 -W 2 "$name"
        exits 0
        says "PING $name (172.30.0.2)"
    done
    run coracle run --rm --network one "$IMAGE" sh -c 'cat /etc/resolv.conf; ping -c 1 other'
    exits 1
    says "nameserver 172.30.0.1"
    says "bad address 'other'"
    kill "$(cat "$STORE/networks/one/dnsmasq.pid")"
    coracle network repair
    run coracle run --rm --network one "$IMAGE" ping -c 1 -W 2 boat
    exits 0
    coracle rm -f boat
    run coracle run --rm --network one "$IMAGE" ping -c 1 -W 2 boat
    exits 1
    says "bad address 'boat'"
    [ "$(pgrep -fc -- "--addn-hosts=$STORE")" = 1 ]
}

@test "06 container:NAME shares everything of a network, none has lo, host has the host's" {
    lives box -p 8080:80
    run coracle run --rm --network container:box "$IMAGE" sh -c 'ip -4 -o addr show eth0; tail -n 1 /etc/hosts'
    exits 0
    says 172.30.0.2
    run coracle run --rm --network container:box -p 80:80 "$IMAGE" true
    exits 125
    says "conflicting options: port publishing and the container type network mode"
    coracle stop -t 0 box
    run coracle run --rm --network container:box "$IMAGE" true
    exits 125
    says "cannot join network of a non running container"
    run coracle run --rm --network none "$IMAGE" ls /sys/class/net
    [ "$output" = lo ]
    run coracle run --rm --network host "$IMAGE" ls /sys/class/net
    says uplink
}

@test "06 ps, port and inspect show where a port is" {
    lives box -p 8080:80 -p 127.0.0.1:9000-9001:90-91/udp
    run coracle ps
    says "0.0.0.0:8080->80/tcp, 127.0.0.1:9000->90/udp, 127.0.0.1:9001->91/udp"
    run coracle port box
    says "80/tcp -> 0.0.0.0:8080"
    run coracle port box 91/udp
    [ "$output" = 127.0.0.1:9001 ]
    run coracle port box 7
    exits 1
    says "no public port '7' published for box"
    [ "$(coracle inspect box | jq -r '.[0].NetworkSettings.Ports["80/tcp"][0].HostPort')" = 8080 ]
    coracle stop -t 0 box
    run coracle port box
    [ -z "$output" ]
    [ -z "$(at "$HOST" ss -Hltun)" ]
    coracle start box
    run coracle port box 80
    [ "$output" = 0.0.0.0:8080 ]
}

@test "06 -P publishes what is exposed on free ports" {
    lives box -P --expose 80 --expose 53/udp
    run coracle port box
    [[ $output =~ 80/tcp\ -\>\ 0.0.0.0:[0-9]+ ]]
    [[ $output =~ 53/udp\ -\>\ 0.0.0.0:[0-9]+ ]]
}

@test "06 a port whose monitor was killed is free at once, and goes to the next" {
    lives one -p 8080:80
    monitor=$(awk '{ print $4 }' "/proc/$(pid_of one)/stat")
    kill -KILL "$monitor"
    await ended "$monitor"
    lives two -p 8080:80
    server two 80
    coracle ps -a >/dev/null
    ask "$WORLD" tcp 198.51.100.2 8080
    says "two to 198.51.100.1"
}
ended() { ! kill -0 "$1" 2>/dev/null; }

@test "06 thirty starts and stops at once leave no lease, and none has another's address" {
    local i pids=()
    for ((i = 0; i < 30; i++)); do
        coracle run --rm "$IMAGE" sh -c "$own_address; sleep 0.2" >"$T/one-$i" 3>&- &
        pids+=("$!")
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat "$T"/one-* | grep -c '^172\.30\.0\.')" = 30 ]
    [ -z "$(ls "$LEASES")" ]
}

@test "06 addresses of containers whose monitors were killed go to the next" {
    local i
    coracle network create --subnet 192.0.2.0/29 boat
    for i in 1 2 3 4 5; do lives "box$i" --network boat; done
    run coracle run --rm --network boat "$IMAGE" true
    exits 125
    says "lease an address: all of subnet 192.0.2.0/29 are taken"
    for i in 1 3 5; do
        monitor=$(awk '{ print $4 }' "/proc/$(pid_of "box$i")/stat")
        kill -KILL "$monitor"
        await ended "$monitor"
    done
    for i in 6 7 8; do lives "box$i" --network boat; done
    [ "$(for i in 2 4 6 7 8; do address "box$i" boat; done | sort | tr '\n' ' ')" = "192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 " ]
    coracle rm -f box{1,2,3,4,5,6,7,8} >/dev/null
    [ -z "$(ls "$STORE/networks/boat/leases")" ]
}

@test "06 two roots that begin at the same moment have different subnets" {
    mkdir "$T/second"
    cp -a "$STORE"/{blobs,refs,layers} "$T/second/"
    at "$HOST" "$BUILD/coracle" --root "$T/second" run --rm "$IMAGE" sh -c "$own_address" >"$T/two" 3>&- &
    run coracle run --rm "$IMAGE" sh -c "$own_address"
    wait "$!"
    echo "$output" | cat - "$T/two"
    [ "$(echo "$output" | cat - "$T/two" | cut -d. -f2 | sort | tr '\n' ' ')" = "30 31 " ]
    at "$HOST" "$BUILD/coracle" --root "$T/second" network prune -f
}
