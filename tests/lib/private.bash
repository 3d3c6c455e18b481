# private - for tests of coracle's networks: `load lib/helpers`, `load lib/network`, `load lib/private`
#
#   coracle ARGUMENTS…        on $STORE, in the namespace $HOST
#   lives NAME [OPTIONS] [-- COMMAND…]   a container in the background; it sleeps unless told
#   pid_of NAME               of its first process
#   server NAME PORT          what answers "NAME to ADDRESS" in it
#   address NAME [NETWORK]    its own

PROGRAM=coracle

coracle() { at "$HOST" "$BUILD/coracle" --root "$STORE" "$@"; }

lives()
{
    local name=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ "${1-}" != -- ] || shift
    [ $# -gt 0 ] || set -- sleep 600
    coracle run -d --name "$name" "${options[@]}" "$IMAGE" "$@" >/dev/null 3>&-
}
pid_of() { coracle inspect "$1" | jq .[0].State.Pid; }
server() { serve_at "$(pid_of "$1")" "$1" "$2"; }
address() { coracle inspect "$1" | jq -r ".[0].NetworkSettings.Networks[\"${2:-bridge}\"].IPAddress"; }

teardown()
{
    local ids
    [ "${#SERVERS[@]}" = 0 ] || kill "${SERVERS[@]}" 2>/dev/null || true
    ids=$(coracle ps -aq)
    [ -z "$ids" ] || coracle rm -f $ids >/dev/null
    coracle network prune -f >/dev/null
    run at "$HOST" nft list tables
    says_not coracle || return 1
    run at "$HOST" ip -o link show type bridge
    says_not coracle || return 1
    run pgrep -f -- "--addn-hosts=$STORE"
    [ -z "$output" ] || return 1 # a dnsmasq
    common_teardown
}
