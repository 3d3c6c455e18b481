# final - for the tests of coracle itself: `load lib/helpers`, then `load lib/final`
#
#   coracle ARGUMENTS…       with a data root of this file's own, that has $IMAGE
#   detached NAME COMMAND…   start a container in the background, without a network
#   state NAME FIELD         a field of its inspect, as .State.Pid
#   containers               how many there are
#   add_image NAME OPTION…   pull an image made of $IMAGE by `umoci config OPTION…`; sets $MADE
#   ended PID                whether a process is gone
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

ended() { ! kill -0 "$1" 2>/dev/null; }

# The parent of a container's first process.
monitor_of() { awk '{ print $4 }' "/proc/$(state "$1" .State.Pid)/stat"; }

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
    export FINAL ROOT
    mkdir -m 700 "$ROOT"
    cp -a "$STORE"/{blobs,refs,layers} "$ROOT/"
}

teardown_file()
{
    rm -rf "$FINAL"
    rmdir --ignore-fail-on-non-empty /run/coracle-* 2>/dev/null || true
}

teardown()
{
    local ids
    [ ! -e "$BATS_TEST_TMPDIR/registry" ] || "$TOP/tests/lib/registry" stop "$BATS_TEST_TMPDIR/registry"
    ids=$(coracle ps -aq)
    [ -z "$ids" ] || coracle rm -f $ids >/dev/null
    # what is left of a container when it is removed is nothing
    [ -z "$(ls "$ROOT/containers" "$ROOT/names" 2>/dev/null | grep -E '^[^/]*[^:]$')" ]
    common_teardown
}
