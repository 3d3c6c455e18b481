#!/usr/bin/env bats
# exec and attach: to be in a container that runs.

load lib/helpers
load lib/final

at_terminal() { "$TOP/tests/lib/terminal" "$@"; }

# --- exec -----------------------------------------------------------------------------------------

@test "final exec runs a command among the container's processes, with its limits and environment" {
    coracle run -d --network none --name boat -e A=1 -e B=2 -w /tmp -m 64m "$IMAGE" sleep 1000
    run coracle exec -e B=3 boat sh -c 'pwd; echo $A$B; tr "\0" " " </proc/1/cmdline; echo; cat /proc/self/oom_score_adj; hostname; exit 7'
    exits 7
    says /tmp
    says 13
    says "sleep 1000"
    says "$(state boat .Config.Hostname)"
    # every namespace is the container's, and so is the cgroup
    for kind in mnt uts ipc net pid cgroup; do
        [ "$(coracle exec boat readlink /proc/self/ns/$kind)" = "$(coracle exec boat readlink /proc/1/ns/$kind)" ]
    done
    [ "$(coracle exec boat cat /proc/self/cgroup)" = "$(coracle exec boat cat /proc/1/cgroup)" ]
    coracle exec -d boat sleep 4321
    await pgrep -fx "sleep 4321"
    pid=$(pgrep -fx "sleep 4321")
    cmp <(sort "/proc/$pid/cgroup") <(sort "/proc/$(state boat .State.Pid)/cgroup")
}

@test "final exec keeps output and error apart, and gives input only if it is asked for" {
    detached boat sleep 1000
    run --separate-stderr coracle exec boat sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
    run coracle exec boat cat <<<typed
    exits 0
    [ -z "$output" ]
    run coracle exec -i boat sh -c 'cat; echo end' <<<typed
    exits 0
    [ "$output" = "$(printf 'typed\nend')" ]
    coracle exec boat seq 300000 | cmp - <(seq 300000)
}

@test "final exec gives 127, 126, and 1 when there is nowhere to run, in Docker's words" {
    detached boat sleep 1000
    run -127 coracle exec boat nosuch
    says 'exec: "nosuch": executable file not found in $PATH'
    run coracle exec boat /etc/passwd
    exits 126
    says "permission denied"
    run coracle exec nowhere true
    exits 1
    says "No such container: nowhere"
    # what failed leaves no zombie
    run coracle exec boat ps
    says_not "[coracle]"
    id=$(state boat .Id)
    coracle kill boat
    run coracle exec boat true
    exits 1
    says "container $id is not running"
}

@test "final exec has the container's privileges, or all of them" {
    coracle run -d --network none --name boat -u 1000 --cap-drop NET_RAW "$IMAGE" sleep 1000
    run coracle exec boat sh -c 'id -u; grep CapBnd /proc/self/status; grep Seccomp: /proc/self/status'
    says 1000
    says 00000000a80405fb
    says $'Seccomp:\t2'
    run coracle exec -u 0 --privileged boat sh -c 'id -u; grep CapEff /proc/self/status; grep Seccomp: /proc/self/status'
    says_not 00000000a80405fb
    says $'Seccomp:\t2' # the filter is one of the container, as in Docker
    run coracle exec -u nobody-here boat true
    says "unable to find user nobody-here"
}

@test "final exec -t gives a terminal of the container, and -d nothing" {
    detached boat sleep 1000
    run at_terminal wait:ready size:30,100 pause:0.3 type:'stty size; exit 6\r' wait:'30 100' -- \
        "$BUILD/coracle" --root "$ROOT" exec -it boat sh -c 'tty; echo $TERM; echo ready; exec sh'
    exits 0
    says /dev/pts/0
    says xterm
    says "status 6"
    says "modes same"
    run coracle exec -it boat true </dev/null
    exits 1
    says "the input device is not a TTY"
    run coracle exec -d boat sh -c 'echo hidden; echo done >/tmp/done; sleep 1000'
    exits 0
    [ -z "$output" ]
    await coracle exec boat test -e /tmp/done
}

@test "final signals reach what exec runs, and its end is 137 when the container is killed" {
    detached boat sleep 1000
    background "$BUILD/coracle" --root "$ROOT" exec boat sh -c 'trap "exit 9" TERM; touch /tmp/ready; while :; do sleep 0.1; done'
    await coracle exec boat test -e /tmp/ready
    kill -TERM "${BACKGROUND[0]}"
    wait "${BACKGROUND[0]}" || [ $? -eq 9 ]
    background "$BUILD/coracle" --root "$ROOT" exec boat sh -c 'touch /tmp/again; sleep 1000'
    await coracle exec boat test -e /tmp/again
    coracle kill boat
    wait "${BACKGROUND[1]}" || [ $? -eq 137 ]
}

@test "final what exec runs goes on when its client is killed, with a terminal and without" {
    detached boat sleep 1000
    for terminal in -t ''; do
        background "$BUILD/coracle" --root "$ROOT" exec $terminal boat sh -c 'echo $$ >/tmp/pid; touch /tmp/began; while ! [ -e /tmp/go ]; do sleep 0.05; done; echo one; echo two; echo went on >/tmp/result'
        await coracle exec boat test -e /tmp/began
        kill -KILL "${BACKGROUND[-1]}"
        wait "${BACKGROUND[-1]}" || [ $? -eq 137 ]
        coracle exec boat touch /tmp/go
        await coracle exec boat grep -q "went on" /tmp/result
        coracle exec boat sh -c 'rm /tmp/began /tmp/go /tmp/result'
    done
    # detached with a terminal, which nobody looks at
    coracle exec -dt boat sh -c 'tty >/tmp/tty; seq 20000; echo done >/tmp/result'
    await coracle exec boat grep -q done /tmp/result
    run coracle exec boat cat /tmp/tty
    [ "$output" = /dev/pts/0 ]
    # nothing waits for it
    run timeout 10 bash -c 'echo $("$BUILD/coracle" --root "$ROOT" exec boat echo ended)'
    [ "$output" = ended ]
}

@test "final exec -w wants a directory that is there" {
    detached boat sleep 1000
    run -127 coracle exec -w /missing boat pwd
    says 'chdir to cwd ("/missing") set in config.json failed: no such file or directory'
    run coracle exec -w /bin/busybox boat pwd
    exits 126
    run coracle exec boat ls -d /missing
    exits 1
    run coracle exec -w /tmp boat pwd
    [ "$output" = /tmp ]
}

# --- attach ---------------------------------------------------------------------------------------

@test "final several clients are attached, and one that does not read holds up nobody" {
    coracle run -d -i --network none --name boat "$IMAGE" sh -c 'read a; seq 200000; read a'
    mkfifo "$BATS_TEST_TMPDIR/stuck"
    exec 7<>"$BATS_TEST_TMPDIR/stuck"
    "$BUILD/coracle" --root "$ROOT" attach --no-stdin boat >"$BATS_TEST_TMPDIR/stuck" 3>&- &
    stuck=$!
    BACKGROUND+=($stuck)
    "$BUILD/coracle" --root "$ROOT" attach --no-stdin boat >"$BATS_TEST_TMPDIR/free" 3>&- &
    BACKGROUND+=($!)
    sleep 0.3
    echo go | timeout 20 "$BUILD/coracle" --root "$ROOT" attach boat >"$BATS_TEST_TMPDIR/typed" 3>&- &
    BACKGROUND+=($!)
    await grep -qx 200000 "$BATS_TEST_TMPDIR/free"
    cmp "$BATS_TEST_TMPDIR/free" <(seq 200000)
    await grep -qx 200000 "$BATS_TEST_TMPDIR/typed"
    [ "$(state boat .State.Running)" = true ]
    exec 7>&-
}

@test "final attach ends with the container's status, and refuses one that does not run" {
    coracle run -d -i --network none --name boat "$IMAGE" sh -c 'read a; echo "got $a"; exit 8'
    run coracle attach boat <<<hello
    exits 8
    says "got hello"
    run coracle attach boat
    exits 1
    says "cannot attach to a stopped container, start it first"
    run coracle attach nowhere
    exits 1
    says "No such container: nowhere"
}

@test "final the detach keys leave a container that goes on" {
    run at_terminal wait:ready type:'\x10\x11' -- \
        "$BUILD/coracle" --root "$ROOT" run -it --network none --name boat "$IMAGE" sh -c 'echo ready; exec sh'
    says "status 0"
    says "modes same"
    [ "$(state boat .State.Running)" = true ]
    run at_terminal type:'echo a""b\r' wait:ab type:'x\x10y\r' type:'\x01' -- \
        "$BUILD/coracle" --root "$ROOT" attach --detach-keys ctrl-a boat
    says "read escape sequence"
    says "status 1"
    [ "$(state boat .State.Running)" = true ]
}

@test "final -a chooses the streams, and excludes -d" {
    run --separate-stderr coracle run --rm --network none -a stderr "$IMAGE" sh -c 'echo out; echo err >&2'
    exits 0
    [ -z "$output" ]
    [ "$stderr" = err ]
    run coracle run --rm --network none -a nothing "$IMAGE" true
    exits 125
    says 'invalid argument "nothing" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR'
    run coracle run -d -a stdout --network none "$IMAGE" true
    exits 125
    says "Conflicting options"
}

# --- what a process may do is recorded --------------------------------------------------------------

@test "final inspect shows limits, groups, devices and security options, and exec has them too" {
    coracle run -d --network none --name boat --group-add 4242 --ulimit nofile=100:200 --oom-score-adj 200 \
        --security-opt no-new-privileges --device /dev/full:/dev/mine:r --sysctl kernel.shmmni=55 \
        --shm-size 5m --stop-signal USR1 --stop-timeout 3 "$IMAGE" sleep 1000
    run coracle inspect boat
    [ "$(jq -c '.[0].HostConfig | [.GroupAdd, .Ulimits, .OomScoreAdj, .SecurityOpt, .Devices, .Sysctls, .ShmSize, .Privileged]' <<<"$output")" = \
        '[["4242"],[{"Name":"nofile","Hard":200,"Soft":100}],200,["no-new-privileges"],[{"PathOnHost":"/dev/full","PathInContainer":"/dev/mine","CgroupPermissions":"r"}],{"kernel.shmmni":"55"},5242880,false]' ]
    [ "$(state boat .Config.StopSignal)" = USR1 ]
    run coracle exec boat sh -c 'id -G; ulimit -n; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status'
    [ "$output" = "$(printf '0 4242\n100\n200\nNoNewPrivs:\t1')" ]
}

@test "final --stop-timeout is how long stop waits" {
    coracle run -d --network none --name boat --stop-timeout 1 "$IMAGE" sleep 1000
    SECONDS=0
    run coracle stop boat
    exits 0
    [ "$SECONDS" -ge 1 ]
    [ "$SECONDS" -le 5 ]
}

@test "final bad values of streams and of stopping are refused with 125 and one line" {
    while IFS='|' read -r option value text; do
        run coracle run --network none "$option=$value" "$IMAGE" true
        exits 125
        says "$text"
        says "$option"
        [ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
    done <<'E2'
--detach-keys|ctrl-1|detach keys are characters, or ctrl- and one of
--detach-keys|,|detach keys are characters, or ctrl- and one of
--attach|nothing|valid streams are STDIN, STDOUT and STDERR
--stop-signal|NOTHING|Invalid signal: NOTHING
--stop-timeout|x|is not a whole number
E2
}
