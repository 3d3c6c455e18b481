#!/usr/bin/env bats
# What the program of chapter 03 makes of the host's cgroups. It is always this one, so the file is run once.

load lib/helpers
load lib/cgroups

limited() { "$BUILD/03-cgroups" --rootfs "$ROOTFS" "$@"; }

# Runs a script in a cgroup that it takes for the root, as inside other people's containers; version 2.
in_box() # SCRIPT
{
    local box=/sys/fs/cgroup/coracle-box-$BASHPID
    mkdir "$box"
    run sh -c 'echo 0 >"$0/cgroup.procs"; exec unshare --cgroup --mount sh -c "
        umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; $1"' "$box" "$1"
    find "$box" -depth -type d -exec rmdir {} +
}

@test "03 symptom 18: a process in the way of subtree_control is named" {
    on_v2 || allowed_skip "a host of cgroup version 1"
    in_box "exec $BUILD/03-cgroups --rootfs $ROOTFS -m 32m -- true"
    exits 125
    says "write '+memory' to '/sys/fs/cgroup/cgroup.subtree_control': Device or resource busy (process"
    # a limit that needs no controller is no reason to be refused
    in_box "exec $BUILD/03-cgroups --rootfs $ROOTFS -- echo fine"
    exits 0
    [ "$output" = fine ]
}

@test "03 symptom 19: a limit whose controller is missing is refused, never ignored" {
    local limit="$BUILD/03-cgroups --rootfs $ROOTFS -m 32m -- true"
    if on_v2; then
        in_box "mkdir /sys/fs/cgroup/in; echo 0 >/sys/fs/cgroup/in/cgroup.procs
            mount --bind /dev/null /sys/fs/cgroup/cgroup.controllers; exec $limit"
    else
        run unshare --mount sh -c "umount /sys/fs/cgroup/memory; exec $limit"
    fi
    exits 125
    says "03-cgroups: set --memory: this host has no cgroup controller 'memory'"
}

@test "03 swap that the kernel does not count is left out, with Docker's warning" {
    # strace plays a kernel without: access(2) says that no file is there
    run without_files "" "$BUILD/03-cgroups" --rootfs "$ROOTFS" -m 32m -- echo fine
    exits 0
    [ "$output" = "WARNING: Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.
fine" ]
    run limited -m 32m -- echo fine
    [ "$output" = fine ]
}

@test "03 the OOM killer can be disabled without a limit of memory, but that is told" {
    run limited --oom-kill-disable -- echo fine
    says "WARNING: OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources."
    if on_v2; then
        exits 125
        says "set --oom-kill-disable: cgroup version 2, which this host has, can't do that"
    else
        exits 0
        says fine
    fi
}

@test "03 network limits: tc by cgroup slows, eBPF denies (the exercise)" {
    DENY_NETWORK=$PREPARED/deny_network run "$TOP/chapters/03-cgroups/exercises/network-limit"
    exits 0
    [[ $output =~ outside\ the\ cgroup:\ ([0-9]+)\ ms ]]
    local outside=${BASH_REMATCH[1]}
    [[ $output =~ in\ the\ cgroup:\ +([0-9]+)\ ms ]]
    # 2 MB at 8 megabits a second
    [ "${BASH_REMATCH[1]}" -gt 1500 ]
    [ "${BASH_REMATCH[1]}" -gt "$outside" ]
    says "ping outside: answered"
    says "ping in it:   Operation not permitted"
}

throttling_is_shown() # PID
{
    output=$("$BUILD/03-cgroups" stats --no-stream)
    [[ $output =~ $'\n'$1-[0-9a-f-]+\ +([0-9]+)\.[0-9]+%\ +[0-9.]+MiB\ /\ 32\.0MiB\ .*\ ([1-9][0-9]*)\ of ]]
}

@test "03 stats shows what the cgroups use, and how often they were throttled" {
    background "$BUILD/03-cgroups" --rootfs "$ROOTFS" --cpus 0.2 -m 32m -- sh -c 'trap "exit 3" TERM; while :; do :; done'
    await throttling_is_shown "${BACKGROUND[0]}"
    throttling_is_shown "${BACKGROUND[0]}"
    says "CPU %"
    # two processors at most would be 200; a busy host may have little to give
    [ "${BASH_REMATCH[1]}" -ge 1 ]
    [ "${BASH_REMATCH[1]}" -le 60 ]
    kill -TERM "${BACKGROUND[0]}"
    join "${BACKGROUND[0]}"
    exits 3
}
