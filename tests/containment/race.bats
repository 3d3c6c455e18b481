#!/usr/bin/env bats
# Something is swapped between the look and the use: made certain by a build with pause.hook, whose child stops
# at the mount on $PAUSE_AT. Run by tests/containment/prove, for what is shipped has no such place.

load ../lib/helpers
load ../lib/final

setup()
{
    common_setup
    mkdir "$BATS_TEST_TMPDIR/pause"
}

# paused TARGET DIRECTORY OPTIONS… -- COMMAND…: a container that stops there.
paused()
{
    local at=$1 directory=$2 options=()
    shift 2
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    PAUSE_AT=$at PAUSE_DIR=$directory background "$BUILD/coracle" --root "$ROOT" run --network none --name swapped \
        "${options[@]}" "$IMAGE" "$@" >"$BATS_TEST_TMPDIR/output" 2>&1
    await test -e "$BATS_TEST_TMPDIR/pause/reached"
}

go_on()
{
    touch "$BATS_TEST_TMPDIR/pause/go"
    wait "${BACKGROUND[-1]}" || true # here, not in a subshell: whose child it is not
    output=$(cat "$BATS_TEST_TMPDIR/output")
}

@test "race: the target of a mount, swapped for a link, leads nowhere else" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p volume/sub source host/new
    touch source/seen
    paused /data/sub/new "$PWD/pause" -v "$PWD/volume:/data" -v "$PWD/source:/data/sub/new" -- \
        sh -c 'ls /data/moved/new; readlink /data/sub'
    mv volume/sub volume/moved
    ln -s "$PWD/host" volume/sub
    go_on
    # it is where it was when it was looked at, under the name that this has now
    [ "$output" = "seen"$'\n'"$PWD/host" ] || { echo "$output"; return 1; }
    [ -z "$(ls -A host/new)" ]
}

@test "race: the null device, swapped for a file, hides what it hides" {
    cd "$BATS_TEST_TMPDIR"
    mkdir dev
    mknod -m 666 dev/null c 1 3
    echo REACHED >dev/secret
    paused /proc/interrupts /pause -v "$PWD/dev:/dev" -v "$PWD/pause:/pause" -- \
        sh -c 'cat /proc/keys /proc/timer_list; echo end'
    mv dev/null dev/old
    ln -s secret dev/null
    go_on
    [ "$output" = end ] || { echo "$output"; return 1; }
}
