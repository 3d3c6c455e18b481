#!/usr/bin/env bats
# coracle's containers under limits: stats, pause, update, top, and what was killed for lack of memory.

load lib/helpers
load lib/final
load lib/cgroups

cgroup_of() { find /sys/fs/cgroup -type d -name "$(state "$1" .Id)" | head -n 1; }

# The content of a file of the container's cgroup: V1, with its controller, or V2.
limit_of() # NAME V1 V2
{
    local dir=/sys/fs/cgroup
    if [ -e $dir/cgroup.controllers ]; then
        cat "$(cgroup_of "$1")/$3"
    else
        cat "$(find "$dir/${2%%/*}" -type d -name "$(state "$1" .Id)")/${2#*/}"
    fi
}

@test "final stats shows Docker's columns for the containers that run" {
    coracle run -d --network none --name busy --cpus 0.03 -m 64m "$IMAGE" sh -c 'while :; do :; done'
    detached ended true
    await not_running ended
    run coracle stats --no-stream
    exits 0
    [[ ${lines[0]} =~ ^"CONTAINER ID   NAME"\ +"CPU %"\ +"MEM USAGE / LIMIT"\ +"MEM %"\ +"NET I/O"\ +"BLOCK I/O"\ +PIDS$ ]]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[1]} =~ ^[0-9a-f]{12}\ +busy\ +([0-9]+)\.[0-9]{2}%\ +[0-9.]+[KM]iB\ /\ 64MiB\ +[0-9.]+%\ +0B\ /\ 0B\ +[0-9.]+[kMG]?B\ /\ [0-9.]+[kMG]?B\ +1$ ]]
    [ "${BASH_REMATCH[1]}" -ge 1 ]
    [ "${BASH_REMATCH[1]}" -le 30 ]
    run coracle stats --no-stream --throttling busy
    [[ ${lines[1]} =~ \ ([1-9][0-9]*)\ of\ [0-9]+ ]]
    run coracle stats --no-stream -a
    says ended
    run coracle stats --no-stream --format '{{.Name}}: {{.PIDs}} of {{.MemUsage}}' busy
    [[ $output =~ ^"busy: 1 of "[0-9.]+[KM]iB" / 64MiB"$ ]]
    run coracle stats --no-stream --format json busy
    [ "$(jq -r .Name <<<"$output")" = busy ]
    run coracle stats --no-stream none-such
    exits 1
    says "No such container: none-such"
}

@test "final run warns, in Docker's words, of limits that this host will not hold" {
    run coracle run --rm --network none --oom-kill-disable "$IMAGE" true
    says "WARNING: OOM killer is disabled for the container, but no memory limit is set"
    on_v2 || run without_files /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes \
        "$BUILD/coracle" --root "$ROOT" run --rm --network none -m 32m "$IMAGE" true
    on_v2 || says "WARNING: Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap."
}

@test "final stats goes on once a second until it is ended" {
    detached one sleep 100
    run timeout 3.5 "$BUILD/coracle" --root "$ROOT" stats
    exits 124
    [ "$(grep -c "CONTAINER ID" <<<"$output")" -ge 2 ]
}

@test "final stats leaves page cache out of the memory" {
    coracle run -d --network none --name reader -m 64m "$IMAGE" sh -c \
        'dd if=/dev/zero of=/file bs=1M count=30 2>/dev/null; sync; echo read; sleep 100'
    await log_has reader read
    run coracle stats --no-stream reader
    [[ ${lines[1]} =~ \ ([0-9.]+)(KiB|MiB)\ /\ 64MiB ]]
    [ "${BASH_REMATCH[2]}" = KiB ] || [ "${BASH_REMATCH[1]%.*}" -lt 20 ]
    # what the kernel's own number has in it
    [ "$(limit_of reader memory/memory.usage_in_bytes memory.current)" -gt 30000000 ]
}

@test "final pause stops every process, unpause lets them go on, and stop ends a paused one" {
    detached boat sh -c 'trap "exit 3" TERM; while :; do echo tick; sleep 0.1; done'
    await log_has boat tick
    run coracle pause boat
    exits 0
    [ "$output" = boat ]
    [ "$(state boat .State.Status)" = paused ]
    [ "$(state boat .State.Paused)" = true ]
    run coracle ps
    says "(Paused)"
    local before=$(coracle logs boat | wc -l)
    sleep 0.5
    [ "$(coracle logs boat | wc -l)" -le $((before + 1)) ]
    run coracle pause boat
    exits 1
    says "Container $(state boat .Id) is already paused"
    run coracle unpause boat
    exits 0
    [ "$(state boat .State.Status)" = running ]
    await sh -c "[ \$('$BUILD/coracle' --root '$ROOT' logs boat | wc -l) -gt $((before + 2)) ]"
    run coracle unpause boat
    exits 1
    says "is not paused"
    coracle pause boat
    run coracle stop boat
    exits 0
    [ "$(state boat .State.ExitCode)" = 3 ]
    run coracle pause boat
    exits 1
    says "is not running"
}

@test "final update changes limits at once, keeps them, and refuses what contradicts" {
    coracle run -d --network none --name boat -m 64m --cpus 0.5 "$IMAGE" sleep 100
    run coracle update --pids-limit 33 --cpus 0.25 boat
    exits 0
    [ "$output" = boat ]
    [ "$(limit_of boat pids/pids.max pids.max)" = 33 ]
    [[ $(limit_of boat cpu/cpu.cfs_quota_us cpu.max) == 25000* ]]
    run coracle update -m 256m boat
    exits 1
    says "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
    run coracle update -m 256m --memory-swap 512m boat
    exits 0
    [ "$(limit_of boat memory/memory.limit_in_bytes memory.max)" = 268435456 ]
    [ "$(limit_of boat memory/memory.memsw.limit_in_bytes memory.swap.max)" -ge 268435456 ]
    run coracle update -m 32m boat
    exits 0
    [ "$(state boat .HostConfig.Memory)" = 33554432 ]
    [ "$(state boat .HostConfig.MemorySwap)" = 536870912 ]
    [ "$(state boat .HostConfig.NanoCpus)" = 250000000 ]
    run coracle update --pids-limit -1 boat
    exits 0
    [ "$(limit_of boat pids/pids.max pids.max)" = max ]
    run coracle update --cpu-quota 5000 boat
    exits 1
    says "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set"
    # a quota of its own can be taken away again
    coracle run -d --network none --name quota --cpu-quota 20000 "$IMAGE" sleep 100
    run coracle update --cpu-quota -1 quota
    exits 0
    [[ $(limit_of quota cpu/cpu.cfs_quota_us cpu.max) =~ ^(-1|max\ 100000)$ ]]
    run coracle update boat
    exits 1
    says "you must provide one or more flags when using this command"
    run coracle update --device-read-bps /dev/sda:1 boat
    exits 125
    says "unknown flag: --device-read-bps"
}

@test "final top shows the container's processes as the host's ps does, and no others" {
    detached boat sh -c 'sleep 1001 & sleep 1002; true'
    await pgrep -x -f "sleep 1002"
    run coracle top boat
    exits 0
    [[ ${lines[0]} =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
    [ "${#lines[@]}" -eq 4 ]
    says "sleep 1001"
    says "$(state boat .State.Pid)"
    run coracle top boat -o pid,comm
    [ "${lines[0]}" = "PID                 COMMAND" ]
    run coracle top boat -o comm
    exits 1
    says "Couldn't find PID field in ps output"
    coracle kill boat
    run coracle top boat
    exits 1
    says "is not running"
}

@test "final OOMKilled is the kernel's count: also of a child, while it runs, and not of kill -9" {
    coracle run -d --network none --name child -m 16m "$IMAGE" sh -c \
        'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "child $?"; sleep 100'
    await log_has child "child 137"
    [ "$(state child .State.OOMKilled)" = true ]
    [ "$(state child .State.Running)" = true ]
    # and when its monitor is killed before it could write that down
    kill -KILL "$(monitor_of child)"
    await not_running child
    [ "$(state child .State.OOMKilled)" = true ]
    run coracle run --network none --name first -m 16m "$IMAGE" dd if=/dev/zero of=/dev/null bs=200M count=1
    exits 137
    [ "$(state first .State.OOMKilled)" = true ]
    detached other sleep 100
    coracle kill other
    await not_running other
    [ "$(state other .State.ExitCode)" = 137 ]
    [ "$(state other .State.OOMKilled)" = false ]
}

@test "final a cgroup goes after kill -9 of the monitor, with what is frozen and made inside it" {
    detached boat sleep 1000
    local dir=$(cgroup_of boat) id=$(state boat .Id) stray
    mkdir -p "$dir/inner/most"
    sleep 1003 3>&- &
    stray=$!
    echo $stray >"$dir/inner/most/cgroup.procs"
    coracle pause boat
    kill -KILL "$(monitor_of boat)"
    await not_running boat
    [ -z "$(find /sys/fs/cgroup -name "$id")" ]
    [ -e "$dir" ] && return 1
    await ended $stray || kill $stray
}
