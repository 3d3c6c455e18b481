#!/usr/bin/env bats
# coracle run: a container from its image to its end, also when somebody is killed on the way.

load lib/helpers
load lib/final

# --- detached, attached ---------------------------------------------------------------------------

@test "final run -d prints the id, and the container outlives its command" {
    run detached boat sleep 1000
    exits 0
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    id=$output
    run coracle ps
    exits 0
    says boat
    says "${id:0:12}"
    [[ $output == *"Up "* ]]
    [ "$(tr '\0' ' ' <"/proc/$(state boat .State.Pid)/cmdline")" = "sleep 1000 " ]
}

@test "final run passes standard output and error on, apart, and ends with the command's status" {
    run --separate-stderr coracle run --rm --network none "$IMAGE" sh -c 'echo out; echo err >&2; exit 7'
    exits 7
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "final run passes much output on without losing a byte" {
    run bash -c '"$BUILD/coracle" --root "$ROOT" run --rm --network none "$IMAGE" seq 200000 | sha256sum'
    exits 0
    [ "$output" = "$(seq 200000 | sha256sum)" ]
}

@test "final run without --rm leaves a container with the exit status" {
    run coracle run --network none --name left "$IMAGE" sh -c 'exit 3'
    exits 3
    [ "$(state left .State.Status)" = exited ]
    [ "$(state left .State.ExitCode)" = 3 ]
    run coracle ps
    says_not left
    run coracle ps -a
    says "Exited (3) "
}

@test "final run --rm leaves nothing of the container" {
    run coracle run --rm --network none --name gone "$IMAGE" true
    exits 0
    [ -z "$output" ]
    [ "$(containers)" -eq 0 ]
    [ -z "$(ls "$ROOT/containers" "$ROOT/names" | grep gone)" ]
    run detached next true
    exits 0
    [ "$(containers)" -eq 1 ]
}

@test "final run -d --rm leaves nothing once the container has ended" {
    run coracle run -d --rm --network none --name brief "$IMAGE" sleep 0.3
    exits 0
    await no_containers
    [ -z "$(ls "$ROOT/names")" ]
}

@test "final signals reach the command through the monitor" {
    coracle run --rm --network none "$IMAGE" sh -c 'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.05; done' \
        >"$BATS_TEST_TMPDIR/out" 3>&- &
    client=$!
    await grep -q ready "$BATS_TEST_TMPDIR/out"
    child=$(cat "/proc/$client/task/$client/children")
    case $(readlink "/proc/$client/exe") in */coracle) ;; *) client_of=${child%% *} ;; esac
    kill -TERM "${client_of:-$client}"
    wait "$client" && status=0 || status=$?
    exits 9
    grep -q 'got TERM' "$BATS_TEST_TMPDIR/out"
}

# --- what could not be started --------------------------------------------------------------------

@test "final a command that is not there gives 127, and the container stays with the reason" {
    run -127 coracle run --network none --name lost "$IMAGE" no-such-command
    exits 127
    says "coracle: run '$IMAGE': exec: \"no-such-command\": executable file not found in \$PATH"
    [ "$(state lost .State.Status)" = created ]
    [ "$(state lost .State.ExitCode)" = 127 ]
    [[ $(state lost .State.Error) == *"not found in"* ]]
    run coracle ps -a
    says Created
}

@test "final a command that can't be executed gives 126, and --rm leaves nothing" {
    run coracle run --rm --network none "$IMAGE" /etc/passwd
    exits 126
    says 'exec: "/etc/passwd": permission denied'
    [ "$(containers)" -eq 0 ]
}

@test "final a failure of ours gives 125, detached too, and --rm leaves nothing" {
    run coracle run -d --rm --network none -u nobody-of-this-name "$IMAGE" true
    exits 125
    says "unable to find user nobody-of-this-name: no matching entries in passwd file"
    [ "$(containers)" -eq 0 ]
}

@test "final a name that is taken is refused, with the container that has it" {
    id=$(detached taken sleep 1000)
    run coracle run --network none --name taken "$IMAGE" true
    exits 125
    says "Conflict. The container name \"/taken\" is already in use by container \"$id\"."
    says "You have to remove (or rename) that container to be able to reuse that name."
    [ "$(containers)" -eq 1 ]
    coracle rm -f taken
    run coracle run --network none --name taken "$IMAGE" true
    exits 0
}

@test "final an image that nobody has is said, with the reason, and nothing is left" {
    run in_private_network "$BUILD/coracle" --root "$ROOT" run --network none 127.0.0.1:1/no/image true
    exits 125
    says "Unable to find image '127.0.0.1:1/no/image:latest' locally"
    says "coracle: run '127.0.0.1:1/no/image': "
    says "nothing listens there"
    [ "$(containers)" -eq 0 ]
}

@test "final an image that is not here is pulled first" {
    address=$("$TOP/tests/lib/registry" start "$BATS_TEST_TMPDIR/registry")
    "$TOP/tests/lib/make-test-image" push "$PREPARED/image.layout" busybox "$address/fresh"
    run --separate-stderr coracle run --rm --network none "$address/fresh" cat /etc/image
    exits 0
    [ "$output" = busybox ]
    [[ $stderr == *"Unable to find image '$address/fresh:latest' locally"* ]]
    "$TOP/tests/lib/registry" stop "$BATS_TEST_TMPDIR/registry"
    run --separate-stderr coracle run --rm --network none "$address/fresh" echo again
    exits 0
    [ -z "$stderr" ]
    coracle rmi "$address/fresh"
}

@test "final bad values are refused with 125, one line, and no container" {
    local option
    while IFS='|' read -r option text; do
        run coracle run --network none $option "$IMAGE" true
        [ "$status" -eq 125 ] || { echo "$option: $status $output"; return 1; }
        [ "${#lines[@]}" -eq 1 ] || { echo "$option: $output"; return 1; }
        says "$text"
        [ "$(containers)" -eq 0 ]
    done <<'TABLE'
--no-such-option|unknown flag: --no-such-option
-Z|unknown shorthand flag: 'Z' in -Z
--root /tmp|unknown flag: --root
--memory x|invalid argument "x" for "-m, --memory" flag: invalid size: 'x'
--memory 1m|Minimum memory limit allowed is 6MB
--detach=maybe|invalid argument "maybe" for "-d, --detach" flag
--name -|Invalid container name (-), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
--name a/../b|Invalid container name (a/../b)
--network nosuch|cannot attach both user-defined and non-user-defined network-modes
-w relative|the working directory 'relative' is invalid, it needs to be an absolute path
-v relative|relative
--cap-add NOTHING|invalid CapAdd: unknown capability: "CAP_NOTHING"
--platform x/y/z/w|x/y/z/w
TABLE
}

@test "final run without an image says so, with 1 as Docker" {
    run coracle run
    exits 1
    [ "$output" = "coracle: 'coracle run' requires at least 1 argument (see 'coracle run --help')" ]
    run -127 coracle run --network none "$IMAGE" --
    exits 127
}

# --- what the image says --------------------------------------------------------------------------

@test "final the image's Entrypoint, Cmd, Env, WorkingDir and User apply" {
    add_image entry --config.entrypoint sh --config.entrypoint -c --config.entrypoint 'echo "$0 $1 $GREETING"; pwd; id -u; id -g' \
        --config.cmd first --config.cmd second --config.env GREETING=ahoy --config.workingdir /made/here --config.user 1234:4321
    run coracle run --rm --network none "$MADE"
    exits 0
    [ "$output" = "first second ahoy
/made/here
1234
4321" ]
}

@test "final options take the place of what the image says" {
    add_image over --config.entrypoint echo --config.entrypoint entry --config.cmd cmd --config.env NAME=image \
        --config.workingdir /tmp --config.user 1234
    run coracle run --rm --network none "$MADE" word
    [ "$output" = "entry word" ]
    # a new entrypoint takes the image's command away, too
    run coracle run --rm --network none --entrypoint echo "$MADE"
    exits 0
    [ "$output" = "" ]
    run coracle run --rm --network none --entrypoint sh -e NAME=option -w /etc -u 0 "$MADE" -c 'echo $NAME; pwd; id -u'
    exits 0
    [ "$output" = "option
/etc
0" ]
    run coracle run --rm --network none --entrypoint '' "$MADE"
    exits 125
    says "no command specified"
}

@test "final an image whose WorkingDir is relative is refused, unless -w says another" {
    add_image relative --config.workingdir not/absolute
    run coracle run --network none "$MADE" pwd
    exits 125
    says "the working directory 'not/absolute' is invalid, it needs to be an absolute path"
    [ "$(containers)" -eq 0 ]
    run coracle run --rm --network none -w /etc "$MADE" pwd
    exits 0
    [ "$output" = /etc ]
}

@test "final an image of another platform than is asked for is not the image" {
    run in_private_network "$BUILD/coracle" --root "$ROOT" run --rm --network none --platform linux/riscv64 "$IMAGE" true
    exits 125
    says "Unable to find image '$IMAGE:latest' locally"
    run coracle run --rm --network none --platform "linux/$(dpkg --print-architecture)" "$IMAGE" echo here
    exits 0
    [ "$output" = here ]
}

@test "final HOSTNAME and the hostname are the id's first twelve, or what was asked for" {
    run coracle run --network none --name host "$IMAGE" sh -c 'echo $HOSTNAME; hostname; cat /etc/hostname'
    exits 0
    id=$(state host .Id)
    [ "$output" = "${id:0:12}
${id:0:12}
${id:0:12}" ]
    run coracle run --rm --network none --hostname skiff "$IMAGE" sh -c 'echo $HOSTNAME; hostname'
    [ "$output" = "skiff
skiff" ]
}

@test "final with the host's network it has the host's name, unless it is given one" {
    run coracle run --rm --network host "$IMAGE" hostname
    exits 0
    [ "$output" = "$(hostname)" ]
    run coracle run --rm --network host --hostname skiff "$IMAGE" hostname
    exits 0
    [ "$output" = skiff ]
}

# --- several at once, and those that are killed -----------------------------------------------------

@test "final many containers at once start and end, each with its own files" {
    local i pids=()
    for i in 1 2 3 4 5 6; do
        coracle run --rm --network none "$IMAGE" sh -c "echo $i >/mine; sleep 0.2; cat /mine; exit $i" \
            >"$BATS_TEST_TMPDIR/$i" 3>&- &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6; do
        wait "${pids[i - 1]}" && status=0 || status=$?
        exits "$i"
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = "$i" ]
    done
    [ "$(containers)" -eq 0 ]
}

@test "final of several commands that want one name at once, exactly one gets it" {
    local i won=0 pids=()
    for i in 1 2 3 4 5 6; do
        coracle run -d --network none --name wanted "$IMAGE" sleep 1000 >/dev/null 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        ! wait "$i" || won=$((won + 1))
    done
    [ "$won" -eq 1 ]
    [ "$(containers)" -eq 1 ]
    [ "$(state wanted .State.Running)" = true ]
}

@test "final kill -9 of the command does not end the container, nor its log" {
    "$BUILD/coracle" --root "$ROOT" run --network none --name alone "$IMAGE" \
        sh -c 'echo one; sleep 1; echo two; exec sleep 1000' >"$BATS_TEST_TMPDIR/out" 3>&- &
    await grep -q one "$BATS_TEST_TMPDIR/out"
    kill -KILL $!
    wait $! || true
    await log_has alone two
    [ "$(state alone .State.Running)" = true ]
}

@test "final after kill -9 of the monitor the next command finds the end, and nothing is left running" {
    detached orphan sh -c 'sleep 1000 & sleep 1000'
    pid=$(state orphan .State.Pid)
    id=$(state orphan .Id)
    kill -KILL "$(monitor_of orphan)"
    await ended "$pid"
    run coracle ps -a
    exits 0
    says "Exited (137)"
    [ "$(state orphan .State.Running)" = false ]
    [ "$(state orphan .State.ExitCode)" = 137 ]
    [ -z "$(find /sys/fs/cgroup -name "*$id*" 2>/dev/null)" ]
    run coracle rm orphan
    exits 0
}

@test "final after kill -9 of the monitor of a --rm container, the next command removes it" {
    coracle run -d --rm --network none --name orphan "$IMAGE" sleep 1000
    pid=$(state orphan .State.Pid)
    kill -KILL "$(monitor_of orphan)"
    await ended "$pid"
    run coracle ps -a
    exits 0
    says_not orphan
    run coracle inspect orphan
    exits 1
    [ -z "$(ls "$ROOT/names")" ]
}

@test "final a client whose monitor was killed says so" {
    "$BUILD/coracle" --root "$ROOT" run --network none --name cut "$IMAGE" sh -c 'echo ready; exec sleep 1000' \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    await grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -KILL "$(monitor_of cut)"
    wait $! && status=0 || status=$?
    exits 125
    grep -q "the container's monitor was killed" "$BATS_TEST_TMPDIR/out"
}

# --- hosts that are in the way --------------------------------------------------------------------

# on_small_disk BYTES COMMAND…: with $ROOT on a file system with that much room left.
on_small_disk()
{
    local room=$1
    shift
    unshare --mount --propagation private -- bash -ec '
        mount -t tmpfs -o mode=700 tmpfs "$FINAL/small"
        cp -a "$ROOT"/{blobs,refs,layers} "$FINAL/small/"
        used=$(df --output=used -B1 "$FINAL/small" | tail -n1)
        mount -o "remount,size=$((used + $0))" "$FINAL/small"
        exec "$@"' "$room" "$@"
}

@test "final a full disk is said, with 125, and nothing is left" {
    mkdir -p "$FINAL/small"
    run on_small_disk 0 "$BUILD/coracle" --root "$FINAL/small" run --network none "$IMAGE" true
    exits 125
    says "No space left on device"
    [ "${#lines[@]}" -eq 1 ]
    # and with room enough the same call works
    run on_small_disk 1000000 "$BUILD/coracle" --root "$FINAL/small" run --rm --network none "$IMAGE" echo fits
    exits 0
    [ "$output" = fits ]
}

@test "final a data root that can't be written is said" {
    mkdir -p "$FINAL/read-only"
    run unshare --mount --propagation private -- sh -c \
        'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"' "$FINAL/read-only" \
        "$BUILD/coracle" --root "$FINAL/read-only" run --network none "$IMAGE" true
    exits 125
    says "Read-only file system"
    touch "$FINAL/file"
    run coracle --root "$FINAL/file" run --network none "$IMAGE" true
    exits 125
    says "Not a directory"
}

@test "final CORACLE_ROOT is the data root, and --root counts more" {
    CORACLE_ROOT=$ROOT run "$BUILD/coracle" run --rm --network none "$IMAGE" echo here
    exits 0
    [ "$output" = here ]
    cd "$FINAL"
    CORACLE_ROOT=/nowhere/at/all run "$BUILD/coracle" --root root run --rm --network none "$IMAGE" echo there
    exits 0
    [ "$output" = there ]
}

@test "final --explain shows the road from the image to exec, by chapter" {
    run coracle run --rm --explain --network none "$IMAGE" true
    exits 0
    for chapter in 01 02 03 04; do
        [[ $output =~ $chapter\ +[0-9]+\ us ]] || { echo "no step of $chapter: $output"; return 1; }
    done
    says "mount -t overlay"
    says "exec true"
}
