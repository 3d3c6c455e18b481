# network - for the tests of networks: `load lib/helpers`, then `load lib/network`
#
#	container ── bridge ── $HOST (a namespace that plays the host) ── uplink ── $WORLD
#
#   at $HOST COMMAND…              in that namespace
#   on_bridge [OPTIONS] -- COMMAND contain, on the bridge of $HOST
#   staying NAME [OPTIONS] -- COMMAND   the same in the background; output in $T/NAME
#   wait_for_go, own_address       shell text for the container
#   box NAME PORT [OPTIONS]        a container with a server, that answers "NAME to ADDRESS"
#   ask AT tcp|udp ADDRESS PORT [OWN_PORT]   runs a client in the namespace of process AT
#   make_namespace                 one more; sets $MADE
#
# WORLD (198.51.100.1) has no route to the containers: what it answers came from the host's address,
# 198.51.100.2. Each test has a data root of its own, and with it bridges and a table.

setup()
{
    common_setup
    T=$BATS_TEST_TMPDIR
    SERVERS=()
    # A data root of its own, and with it a bridge and a table: nobody else's leases are in it.
    mkdir "$T/store"
    cp -a "$STORE"/{blobs,refs,layers} "$T/store/"
    STORE=$T/store
    LEASES=$STORE/networks/bridge/leases
    make_namespace && HOST=$MADE
    make_namespace && WORLD=$MADE
    at "$HOST" ip link add uplink type veth peer name uplink netns "$WORLD"
    at "$HOST" ip address add 198.51.100.2/24 dev uplink
    at "$HOST" ip link set uplink up
    at "$WORLD" ip address add 198.51.100.1/24 dev uplink
    at "$WORLD" ip link set uplink up
    at "$HOST" ip route add default via 198.51.100.1
    # As if another had made it a router: that is done, and said, in a test of its own.
    at "$HOST" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    mkdir "$T/bin" "$T/shared"
    printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net -- %s "$@"\n' \
        "$HOST" "$BUILD/$PROGRAM" >"$T/bin/$PROGRAM"
    chmod +x "$T/bin/$PROGRAM"
}

# Whatever still runs waits for this file.
teardown()
{
    # Before the containers, whose namespaces they are in.
    [ "${#SERVERS[@]}" = 0 ] || kill "${SERVERS[@]}" 2>/dev/null || true
    touch "$T/shared/go"
    await nothing_left
    common_teardown
}

make_namespace()
{
    background unshare --net sleep 600
    MADE=${BACKGROUND[-1]}
    await has_own_network "$MADE"
    at "$MADE" ip link set lo up
}

has_own_network() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

at() { nsenter --net="/proc/$1/ns/net" -- "${@:2}"; }

# on_bridge [OPTIONS] -- COMMAND…: on the bridge of $HOST
on_bridge() { BUILD=$T/bin contain --network bridge "$@"; }

# The kernel removes a cable with its namespace, a moment later.
nothing_left()
{
    [ -z "$(ls "$LEASES" 2>/dev/null)" ] && [ -z "$(at "$HOST" ip -o link show type veth | grep -v uplink)" ]
}

# staying NAME [OPTIONS] -- COMMAND: in the background until $T/shared/go exists; output in $T/NAME
staying()
{
    local name=$1
    shift
    on_bridge -v "$T/shared:/shared" "$@" >"$T/$name" 2>&1 3>&- &
    STAYING+=("$!")
}

# A container that waits, and a server in its namespace: box NAME PORT [OPTIONS]. Its output begins
# with its address; inside NAME is a process of it, as `at` wants one.
box()
{
    local name=$1 port=$2
    shift 2
    staying "$name" "$@" -- sh -c "$own_address; readlink /proc/self/ns/net; $wait_for_go"
    await grep -q net: "$T/$name" || { cat "$T/$name"; return 1; }
    serve_at "$(inside "$name")" "$name" "$port"
}
# serve_at AT WORD PORT [ADDRESS]; its process is ${BACKGROUND[-1]}
serve_at()
{
    background nsenter --net="/proc/$1/ns/net" -- "$TOP/tests/lib/talk" serve "${@:2}" >"$T/$2.serves"
    SERVERS+=("${BACKGROUND[-1]}")
    await grep -q serves "$T/$2.serves"
}
address_of() { sed -n 1p "$T/$1"; }
inside()
{
    local wanted=$(grep -o 'net:.*' "$T/$1") pid
    # by number: the oldest, for its children come and go
    for pid in $(printf '%s\n' /proc/[0-9]* | sed 's,/proc/,,' | sort -n); do
        [ "$(readlink "/proc/$pid/ns/net")" != "$wanted" ] || { echo "$pid"; return; }
    done
    return 1
}
# ask AT tcp|udp ADDRESS PORT [OWN_PORT]
ask() { run at "$1" "$TOP/tests/lib/talk" ask "${@:2}"; }

wait_for_go='while [ ! -e /shared/go ]; do sleep 0.05; done'
own_address='ip -4 -o addr show eth0 | sed "s/.*inet //; s/[/].*//"'

bridge_name() { at "$HOST" ip -o link show type bridge | awk -F': ' '{ print $2 }'; }
table_name() { at "$HOST" nft list tables | awk '/coracle/ { print $3 }'; }
