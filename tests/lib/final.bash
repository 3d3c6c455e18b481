# final - for the tests of coracle itself: `load lib/helpers`, then `load lib/final`
#
#   coracle ARGUMENTS…       with a data root of this file's own, that has $IMAGE
#   detached NAME COMMAND…   start a container in the background, without a network
#   state NAME FIELD         a field of its inspect, as .State.Pid
#   containers               how many there are
#   add_image NAME OPTION…   pull an image made of $IMAGE by `umoci config OPTION…`; sets $MADE
#   ended PID                whether a process is gone
#   not_running NAME, no_containers, log_has NAME REGEX      to await
#
# Every container is removed after each test, before the host is compared with what it was.

PROGRAM=coracle

coracle() { "$BUILD/coracle" --root "$ROOT" "$@"; }

detached()
{
    local name=$1
    shift
    coracle run -d --network none --name "$name" "$IMAGE" "$@"
}

state() { coracle inspect "$1" | jq -r ".[0]$2"; }

containers() { coracle ps -aq | wc -l; }

no_containers() { [ "$(containers)" -eq 0 ]; }

not_running() { [ "$(state "$1" .State.Running)" = false ]; }

nothing_left() { [ -z "$(find "$ROOT/containers" "$ROOT/names" "$RUN" -mindepth 1 -maxdepth 1 ! -name .lock)" ]; }

log_has() { coracle logs "$1" 2>&1 | grep -q "$2"; }

ended() { ! kill -0 "$1" 2>/dev/null; }

# The parent of a container's first process.
monitor_of() { awk '{ print $4 }' "/proc/$(state "$1" .State.Pid)/stat"; }

# The directory for sockets and locks of a data root that is not the default one: its path, hashed.
run_directory()
{
    local hash=2166136261 i
    for ((i = 0; i < ${#1}; i++)); do
        printf -v code %d "'${1:i:1}"
        hash=$((((hash ^ code) * 16777619) & 0xffffffff))
    done
    printf '/run/coracle-%08x' $hash
}

add_image()
{
    local name=$1 address
    shift
    cp -r "$PREPARED/image.layout" "$BATS_TEST_TMPDIR/layout"
    "$TOP/tests/lib/make-test-image" config "$BATS_TEST_TMPDIR/layout" busybox "$@"
    address=$("$TOP/tests/lib/registry" start "$BATS_TEST_TMPDIR/registry")
    MADE=$address/$name:1
    "$TOP/tests/lib/make-test-image" push "$BATS_TEST_TMPDIR/layout" busybox "$MADE"
    coracle pull -q "$MADE"
    "$TOP/tests/lib/registry" stop "$BATS_TEST_TMPDIR/registry"
}

setup_file()
{
    # beside the store: an overlay can't have its upper directory on another overlay, as /tmp may be
    FINAL=$(mktemp -d "$PREPARED/final.XXXXXX")
    ROOT=$FINAL/root
    RUN=$(run_directory "$ROOT")
    export FINAL ROOT RUN
    # Or the first container on a bridge would say that it sets this. Not on the host, if this runs
    # there: a namespace of our own has no way out.
    [ -n "$(ip route show default)" ] || echo 1 >/proc/sys/net/ipv4/ip_forward
    mkdir -m 700 "$ROOT"
    cp -a "$STORE"/{blobs,refs,layers} "$ROOT/"
}

teardown_file()
{
    rm -rf "$FINAL"
    [ ! -e "$RUN" ] || rmdir "$RUN"
}

teardown()
{
    local ids
    [ -d "$RUN" ] || mkdir "$RUN"
    [ ! -e "$BATS_TEST_TMPDIR/registry" ] || "$TOP/tests/lib/registry" stop "$BATS_TEST_TMPDIR/registry"
    ids=$(coracle ps -aq)
    [ -z "$ids" ] || coracle rm -f $ids >/dev/null
    rm -f "$RUN/boot"
    await nothing_left || return 1 # of containers that were removed
    common_teardown
}
