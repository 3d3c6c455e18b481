#!/usr/bin/env bats
# coracle's other commands: what is there, how it is, and how it ends.

load lib/helpers
load lib/final

# --- ps -------------------------------------------------------------------------------------------

@test "final ps has Docker's columns, widths and words" {
    id=$(detached columns sh -c 'echo a b; exec sleep 1000')
    sleep 1.1
    run coracle ps
    exits 0
    [[ ${lines[0]} =~ ^CONTAINER\ ID\ \ \ IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
    local shown="\"sh -c 'echo a b; ex…\"   [1-9] seconds? ago +Up [1-9] seconds? +columns$"
    [[ ${lines[1]} =~ ^${id:0:12}\ {3}$IMAGE\ {3}$shown ]]
    says "PORTS     NAMES" # an empty column is ten wide
    # every column begins below its title
    local before=${lines[0]%%NAMES*} row=${lines[1]}
    [ "${row:${#before}}" = columns ]
}

@test "final ps -q, --no-trunc, -n and -l choose what is shown" {
    first=$(detached first sh -c 'exec sleep 1000 # a comment that is longer than twenty characters')
    second=$(detached second true)
    await not_running second
    [ "$(coracle ps -q)" = "${first:0:12}" ]
    [ "$(coracle ps -aq --no-trunc)" = "$second
$first" ]
    [ "$(coracle ps -ql)" = "${second:0:12}" ]
    [ "$(coracle ps -n 1 --no-trunc -q)" = "$second" ]
    [ "$(coracle ps -q -n 5 | wc -l)" -eq 2 ]
    run coracle ps --no-trunc
    says "$first"
    says "\"sh -c 'exec sleep 1000 # a comment that is longer than twenty characters'\""
    run coracle ps extra
    exits 1
    says "'coracle ps' accepts no arguments"
}

# --- logs -----------------------------------------------------------------------------------------

@test "final logs gives back what was written, to the stream that it was written to" {
    coracle run --network none --name talk "$IMAGE" sh -c 'echo out; echo err >&2; printf part' >/dev/null 2>&1
    run --separate-stderr coracle logs talk
    exits 0
    [ "$output" = "out
part" ]
    [ "$stderr" = err ]
}

@test "final logs --tail and --timestamps" {
    coracle run --network none --name lines "$IMAGE" seq 10 >/dev/null
    [ "$(coracle logs -n 2 lines)" = "9
10" ]
    [ "$(coracle logs --tail 0 lines)" = "" ]
    [ "$(coracle logs --tail all lines | wc -l)" -eq 10 ]
    run coracle logs -t -n 1 lines
    [[ $output =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z\ 10$ ]]
    [ "$(coracle logs --tail some lines | wc -l)" -eq 10 ] # as docker: what is no number is all
}

@test "final logs keeps what is no text, and long lines" {
    coracle run --network none --name odd "$IMAGE" sh -c 'head -c 40000 /dev/zero | tr "\0" x; echo; printf "\"tab\t\\\\ end\n"' >/dev/null
    coracle logs odd >"$BATS_TEST_TMPDIR/log"
    [ "$(head -n 1 "$BATS_TEST_TMPDIR/log" | wc -c)" -eq 40001 ]
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/log")" = '"tab	\ end' ]
}

@test "final logs -f shows what comes, and ends with the container" {
    detached slow sh -c 'echo one; sleep 0.6; echo two; sleep 0.3'
    start=$(date +%s%N)
    run timeout 20 "$BUILD/coracle" --root "$ROOT" logs -f slow
    exits 0
    [ "$output" = "one
two" ]
    [ $((($(date +%s%N) - start) / 1000000)) -lt 5000 ]
}

@test "final logs of a container that there is not" {
    run coracle logs nothing
    exits 1
    [ "$output" = "coracle: No such container: nothing" ]
}

# --- stop, kill, rm ---------------------------------------------------------------------------------

trapping='trap "echo asked; exit 5" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done'

@test "final stop sends SIGTERM and leaves the rest to the command" {
    detached polite sh -c "$trapping"
    await log_has polite ready
    run coracle stop polite
    exits 0
    [ "$output" = polite ]
    [ "$(state polite .State.ExitCode)" = 5 ]
    log_has polite asked
    run coracle stop polite
    exits 0
    [ "$output" = polite ]
}
@test "final stop kills after its timeout what does not listen" {
    detached deaf sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    await log_has deaf ready
    start=$(date +%s%N)
    run coracle stop -t 1 deaf
    exits 0
    elapsed=$((($(date +%s%N) - start) / 1000000))
    [ "$elapsed" -ge 1000 ]
    [ "$elapsed" -lt 5000 ]
    [ "$(state deaf .State.ExitCode)" = 137 ]
    [ "$(state deaf .State.OOMKilled)" = false ]
}

@test "final stop waits for several containers at the same time" {
    for name in deaf1 deaf2 deaf3; do
        detached $name sleep 1000
    done
    start=$(date +%s%N)
    run coracle stop -t 2 deaf1 deaf2 deaf3
    exits 0
    [ "$output" = "deaf1
deaf2
deaf3" ]
    [ $((($(date +%s%N) - start) / 1000000)) -lt 5500 ]
}

@test "final stop sends the image's StopSignal, or the one that is asked for" {
    add_image stopping --config.stopsignal SIGUSR1
    coracle run -d --network none --name own "$MADE" sh -c 'trap "exit 11" USR1; trap "exit 12" USR2; echo ready; while :; do sleep 0.05; done'
    await log_has own ready
    coracle stop own
    [ "$(state own .State.ExitCode)" = 11 ]
    coracle run -d --network none --name asked "$MADE" sh -c 'trap "exit 11" USR1; trap "exit 12" USR2; echo ready; while :; do sleep 0.05; done'
    await log_has asked ready
    coracle stop -s USR2 asked
    [ "$(state asked .State.ExitCode)" = 12 ]
}

@test "final kill sends SIGKILL, or the signal that is asked for" {
    detached target sh -c "$trapping"
    await log_has target ready
    run coracle kill --signal USR1 target
    exits 0
    [ "$output" = target ]
    await log_has target usr1
    [ "$(state target .State.Running)" = true ]
    run coracle kill target
    exits 0
    await not_running target
    [ "$(state target .State.ExitCode)" = 137 ]
    run coracle kill target
    exits 1
    says "cannot kill container: target: container $(state target .Id) is not running"
    run coracle kill -s NOTHING target
    exits 1
    says "Invalid signal: NOTHING"
}
@test "final rm refuses a container that runs, and rm -f removes it" {
    detached busy sleep 1000
    pid=$(state busy .State.Pid)
    run coracle rm busy
    exits 1
    says 'cannot remove container "busy": container is running: stop the container before removing or force remove'
    [ "$(state busy .State.Running)" = true ]
    run coracle rm -f busy
    exits 0
    [ "$output" = busy ]
    ended "$pid"
    [ "$(containers)" -eq 0 ]
}

@test "final rm goes on after a failure, and says each" {
    detached one true
    detached two true
    await not_running one
    await not_running two
    run --separate-stderr coracle rm one nothing two
    exits 1
    [ "$output" = "one
two" ]
    [ "$stderr" = "coracle: No such container: nothing" ]
    run coracle rm -f nothing
    exits 0
    says "No such container: nothing"
}

@test "final a container is found by id, by a part of it, and not by a part of two" {
    id=$(detached findable sleep 1000)
    [ "$(state "$id" .Name)" = /findable ]
    [ "$(state "${id:0:4}" .Name)" = /findable ]
    [ "$(state /findable .Name)" = /findable ]
    local i
    for i in {1..17}; do coracle run -d --network none "$IMAGE" true >/dev/null; done
    # of 18 ids two begin alike
    prefix=$(coracle ps -aq | cut -c1 | sort | uniq -d | head -n1)
    run coracle kill "$prefix"
    exits 1
    says "Multiple IDs found with provided prefix: $prefix"
}

# --- inspect ----------------------------------------------------------------------------------------

@test "final inspect tells a container in Docker's shape" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    id=$(coracle run -d --network none --name shape -m 64m --cpus 0.5 --pids-limit 50 -e A=b -w /tmp -u 1000:1000 \
        --cap-add NET_ADMIN --cap-drop CHOWN --read-only --init -v "$BATS_TEST_TMPDIR/shared:/shared:ro" "$IMAGE" sleep 1000)
    coracle inspect shape >"$BATS_TEST_TMPDIR/json"
    jq -e --arg id "$id" --arg image "$IMAGE" --arg dir "$BATS_TEST_TMPDIR/shared" --arg root "$ROOT" '
        length == 1 and (.[0] |
        .Id == $id and .Name == "/shape" and .Path == "sleep" and .Args == ["1000"] and
        (.Created | test("^20..-..-..T..:..:..")) and .Platform == "linux" and .RestartCount == 0 and
        .State.Status == "running" and .State.Running and .State.Pid > 1 and .State.ExitCode == 0 and
        .State.FinishedAt == "0001-01-01T00:00:00Z" and (.State.StartedAt | test("^20")) and
        .Config.Image == $image and .Config.WorkingDir == "/tmp" and .Config.User == "1000:1000" and
        (.Config.Env | index("A=b")) and .Config.Hostname == $id[0:12] and .Config.Tty == false and
        .HostConfig.Memory == 67108864 and .HostConfig.MemorySwap == 134217728 and
        .HostConfig.NanoCpus == 500000000 and .HostConfig.PidsLimit == 50 and .HostConfig.NetworkMode == "none" and
        .HostConfig.CapAdd == ["CAP_NET_ADMIN"] and .HostConfig.CapDrop == ["CAP_CHOWN"] and
        .HostConfig.ReadonlyRootfs and .HostConfig.Init and (.HostConfig.AutoRemove | not) and
        .HostConfig.Binds == [$dir + ":/shared:ro"] and
        .Mounts[0].Source == $dir and .Mounts[0].Destination == "/shared" and .Mounts[0].RW == false and
        .LogPath == "\($root)/containers/\($id)/log.json" and .GraphDriver.Name == "overlay2" and
        (.GraphDriver.Data.LowerDir | startswith($root)) and
        (.NetworkSettings.Networks | keys == ["none"]) and .NetworkSettings.IPAddress == "")' "$BATS_TEST_TMPDIR/json"
    # four spaces, as Docker prints it
    grep -qx "        \"Id\": \"$id\"," "$BATS_TEST_TMPDIR/json"
    [ -e "$(state shape .HostsPath)" ]
}

@test "final inspect shows the end, too" {
    coracle run --network none --name over "$IMAGE" sh -c 'exit 4' || true
    [ "$(state over '.State | [.Status, .Running, .Pid, .ExitCode, .OOMKilled] | map(tostring) | join(" ")')" = "exited false 0 4 false" ]
    [[ $(state over .State.FinishedAt) == 20* ]]
}

@test "final inspect tells an image in Docker's shape, with the config as it was received" {
    coracle inspect "$IMAGE" >"$BATS_TEST_TMPDIR/json"
    jq -e --arg image "$IMAGE:latest" '.[0] |
        (.Id | test("^sha256:[0-9a-f]{64}$")) and .RepoTags == [$image] and
        (.RepoDigests | length == 1) and .Os == "linux" and .Config.Cmd == ["sh"] and
        (.RootFS.Layers | length == 1) and .Size > 0 and .Created == "2023-11-14T22:13:20Z"' "$BATS_TEST_TMPDIR/json"
    id=$(jq -r '.[0].Id' "$BATS_TEST_TMPDIR/json")
    [ "$(coracle inspect "${id:7:12}" | jq -r '.[0].Id')" = "$id" ]
}

@test "final inspect of what is not there prints an empty array, and the rest all the same" {
    run --separate-stderr coracle inspect nothing
    exits 1
    [ "$output" = "[]" ]
    [ "$stderr" = "Error: No such object: nothing" ]
    detached here true
    run --separate-stderr coracle inspect nothing here
    exits 1
    [ "$(jq -r '.[].Name' <<<"$output")" = /here ]
    run --separate-stderr coracle inspect --type image here
    exits 1
    [ "$stderr" = "Error: No such image: here" ]
}

# --- images, pull, rmi ------------------------------------------------------------------------------

@test "final images has Docker's columns" {
    run coracle images
    exits 0
    [[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
    id=$(coracle inspect "$IMAGE" | jq -r '.[0].Id')
    grepped=$(coracle images | grep "^$IMAGE ")
    [[ $grepped =~ ^$IMAGE\ +latest\ +${id:7:12}\ +[0-9]+\ [a-z]+\ ago\ +[0-9.]+[kM]B$ ]]
    coracle images -q | grep -qx "${id:7:12}"
    [ "$(coracle images -q --no-trunc "$IMAGE")" = "$id" ]
    [ -z "$(coracle images -q other)" ]
    run coracle images --digests
    says "$(coracle inspect "$IMAGE" | jq -r '.[0].RepoDigests[0]' | cut -d@ -f2)"
}

@test "final pull prints the name of what it pulled, and rmi takes it away" {
    address=$("$TOP/tests/lib/registry" start "$BATS_TEST_TMPDIR/registry")
    "$TOP/tests/lib/make-test-image" push "$PREPARED/image.layout" busybox "$address/second:v1"
    run coracle pull -q "$address/second:v1"
    exits 0
    [ "$output" = "$address/second:v1" ]
    run coracle pull "$address/second:v1"
    exits 0
    says "Status: Image is up to date for $address/second:v1"
    [ "${lines[-1]}" = "$address/second:v1" ]
    says_not "Using default tag"
    run coracle pull "$address/second"
    exits 1
    [ "${lines[0]}" = "Using default tag: latest" ]
    run coracle pull -q "$address/second:none"
    exits 1
    says "coracle: pull '$address/second:none': "
    # one name of two may go, although a container uses the image
    detached user sleep 1000
    run coracle rmi "$address/second:v1"
    exits 0
    says "Untagged: $address/second:v1"
    # the image itself has another name
    says_not "Deleted:"
    run coracle run --rm --network none "$IMAGE" true
    exits 0
}

@test "final rmi refuses an image that a container needs" {
    add_image needed --config.env MADE=needed
    id=$(coracle run -d --network none --name user "$MADE" sleep 1000)
    image=$(coracle inspect "$MADE" | jq -r '.[0].Id')
    run coracle rmi "$MADE"
    exits 1
    says "conflict: unable to remove repository reference \"$MADE\" (must force) - container ${id:0:12} is using its referenced image ${image:7:12}"
    run coracle rmi -f "$MADE"
    exits 1
    says "conflict: unable to delete ${image:7:12} (cannot be forced) - image is being used by running container ${id:0:12}"
    coracle stop -t 0 user
    run coracle rmi -f "$MADE"
    exits 0
    says "Untagged: $MADE"
    says "Deleted: $image"
    # the container can still be looked at, and removed
    [ "$(state user .Image)" = "$image" ]
    run coracle rmi "$MADE"
    exits 1
    says "No such image: $MADE"
    run coracle rmi -f "$MADE"
    exits 0
}

# --- the command line itself ------------------------------------------------------------------------

@test "final version and help need no root and no data" {
    run setpriv --reuid=65534 --regid=65534 --clear-groups -- "$BUILD/coracle" version
    exits 0
    says "Docker 28.2"
    says "$(uname -r)"
    run "$BUILD/coracle" --version
    exits 0
    [[ $output =~ ^coracle\ version\ [0-9.]+$ ]]
    run "$BUILD/coracle"
    exits 0
    says "Usage:  coracle [OPTIONS] COMMAND"
    for command in run pull images rmi ps logs stop kill rm inspect version help; do
        says "  $command "
        run "$BUILD/coracle" "$command" --help
        exits 0
        says "Usage:  coracle $command"
        run "$BUILD/coracle"
    done
    run "$BUILD/coracle" help stop
    says "--timeout"
    run "$BUILD/coracle" run --help
    says "03-cgroups"
    says "--memory"
    says_not "--root"
}

@test "final mistakes are one line: 1 for a command or a number of operands, 125 for an option" {
    run coracle nosuch
    exits 1
    [ "$output" = "coracle: unknown command: coracle nosuch (see 'coracle --help')" ]
    run coracle --nosuch
    exits 125
    [ "$output" = "coracle: unknown flag: --nosuch (see 'coracle --help')" ]
    for command in stop kill rm rmi inspect pull; do
        run coracle $command
        exits 1
        [ "$output" = "coracle: 'coracle $command' requires at least 1 argument (see 'coracle $command --help')" ]
        run coracle $command --nosuch
        exits 125
        [ "$output" = "coracle $command: unknown flag: --nosuch (see 'coracle $command --help')" ]
    done
    run coracle logs
    exits 1
    says "'coracle logs' requires 1 argument"
    run coracle stop -t soon x
    exits 125
    says "'soon' is not a whole number"
}

@test "final what can't be written is a failure" {
    run bash -c '"$BUILD/coracle" --root "$ROOT" images >/dev/full'
    exits 1
    says "No space left on device"
}

@test "final an ordinary user is told that root is needed" {
    run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$BUILD/coracle" --root /tmp/nowhere ps
    exits 125
    says "'coracle ps' needs root: run it with sudo"
}
