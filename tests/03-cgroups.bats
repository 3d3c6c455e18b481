#!/usr/bin/env bats
# Chapter 03: a process uses no more than it is given, on cgroup v1, hybrid and v2 hosts.

load lib/helpers

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# The path of a limit's file inside the container: by_version V1 V2.
by_version() { if on_v2; then echo "/sys/fs/cgroup/$2"; else echo "/sys/fs/cgroup/$1"; fi; }

# A limit reads as it was given: reads FILE VALUE OPTIONS...
reads()
{
    local file=$1 value=$2
    shift 2
    run contain "$@" -- cat "$file"
    exits 0
    [ "$output" = "$value" ] || { echo "$* makes $file '$output', not '$value'"; return 1; }
}

# The container's cgroup as the host sees it; its command is "sleep $1".
container_dir()
{
    local pid
    pid=$(pgrep -x -f "sleep $1") || return
    if on_v2; then
        sed -n 's,^0::,/sys/fs/cgroup,p' "/proc/$pid/cgroup"
    else
        sed -n 's,^[0-9]*:pids:,/sys/fs/cgroup/pids,p' "/proc/$pid/cgroup"
    fi
}

@test "03 a memory limit kills the process that exceeds it" {
    run contain -m 16m -- dd if=/dev/zero of=/dev/null bs=200M count=1
    exits 137
    # one that stays below is left alone
    run contain -m 64m -- dd if=/dev/zero of=/dev/null bs=8M count=1
    exits 0
    says "1+0 records out"
}

@test "03 the memory limit can be read from inside, and swap is as much again" {
    reads "$(by_version memory/memory.limit_in_bytes memory.max)" 33554432 --memory 32m
    reads "$(by_version memory/memory.memsw.limit_in_bytes memory.swap.max)" \
        "$(if on_v2; then echo 33554432; else echo 67108864; fi)" -m 32m
}

@test "03 --memory-swap is memory and swap together" {
    reads "$(by_version memory/memory.memsw.limit_in_bytes memory.swap.max)" \
        "$(if on_v2; then echo 16777216; else echo 50331648; fi)" -m 32m --memory-swap 48m
    # none at all
    reads "$(by_version memory/memory.memsw.limit_in_bytes memory.swap.max)" \
        "$(if on_v2; then echo 0; else echo 33554432; fi)" -m 32m --memory-swap 32m
}

@test "03 --memory-swap -1 leaves swap unlimited" {
    run contain -m 32m --memory-swap -1 -- cat "$(by_version memory/memory.memsw.limit_in_bytes memory.swap.max)"
    exits 0
    [[ $output = max || $output -gt 1000000000000 ]]
}

@test "03 --memory-reservation is what it keeps when memory is short" {
    reads "$(by_version memory/memory.soft_limit_in_bytes memory.low)" 16777216 \
        --memory-reservation 16m
}

@test "03 --cpus bounds the time that a busy process gets" {
    # without "Terminated", which is the shell's word on the end of the busy one
    local busy='exec 2>/dev/null; timeout 2 sh -c "while :; do :; done"'
    run contain --cpus 0.2 -- sh -c "$busy; cat $(by_version cpu/cpu.stat cpu.stat)"
    exits 0
    [[ $output =~ nr_throttled\ ([0-9]+) ]]
    [ "${BASH_REMATCH[1]}" -gt 3 ]
    # 0.4 of 2 seconds, with room for noise: without a limit it would be near 2
    if on_v2; then
        [[ $output =~ usage_usec\ ([0-9]+) ]]
        [ "${BASH_REMATCH[1]}" -lt 1200000 ]
    else
        run contain --cpus 0.2 -- sh -c "$busy; cat /sys/fs/cgroup/cpuacct/cpuacct.usage"
        exits 0
        [ "$output" -lt 1200000000 ]
    fi
}

@test "03 --cpus is a quota in a period of 100 milliseconds" {
    if on_v2; then
        reads /sys/fs/cgroup/cpu.max "50000 100000" --cpus 0.5
        reads /sys/fs/cgroup/cpu.max "20000 50000" --cpu-quota 20000 --cpu-period 50000
        reads /sys/fs/cgroup/cpu.max "max 100000" --cpus 0
    else
        reads /sys/fs/cgroup/cpu/cpu.cfs_quota_us 50000 --cpus .5
        reads /sys/fs/cgroup/cpu/cpu.cfs_period_us 100000 --cpus 0.5
        reads /sys/fs/cgroup/cpu/cpu.cfs_quota_us 20000 --cpu-quota 20000 --cpu-period 50000
        reads /sys/fs/cgroup/cpu/cpu.cfs_period_us 50000 --cpu-quota 20000 --cpu-period 50000
        reads /sys/fs/cgroup/cpu/cpu.cfs_quota_us -1 --cpus 0
    fi
}

@test "03 --cpu-shares is a weight" {
    reads "$(by_version cpu/cpu.shares cpu.weight)" "$(if on_v2; then echo 20; else echo 512; fi)" \
        --cpu-shares 512
    reads "$(by_version cpu/cpu.shares cpu.weight)" "$(if on_v2; then echo 79; else echo 2048; fi)" \
        -c 2048
}

@test "03 --cpuset-cpus and --cpuset-mems say where it runs" {
    run contain --cpuset-cpus 0 --cpuset-mems 0 -- grep -E 'Cpus_allowed_list|Mems_allowed_list' /proc/self/status
    exits 0
    [[ $output =~ Cpus_allowed_list:[[:space:]]*0$'\n' ]]
    [[ $output =~ Mems_allowed_list:[[:space:]]*0$ ]]
}

@test "03 without --cpuset-cpus all processors are there" {
    run contain -- grep Cpus_allowed_list /proc/self/status
    exits 0
    [ "$output" = "$(grep Cpus_allowed_list /proc/self/status)" ]
}

@test "03 --pids-limit stops a fork bomb" {
    # the shell and seven more
    run contain --pids-limit 8 -- sh -c 'for i in $(seq 1 20); do sleep 5 & echo started; done'
    [ "$status" -ne 0 ]
    says "can't fork"
    [ "$(grep -c started <<<"$output")" -eq 7 ]
}

@test "03 --pids-limit can be read from inside, and -1 and 0 are no limit" {
    reads "$(by_version pids/pids.max pids.max)" 20 --pids-limit 20
    reads "$(by_version pids/pids.max pids.max)" max --pids-limit -1
    reads "$(by_version pids/pids.max pids.max)" max --pids-limit 0
}

@test "03 a device that is not in Docker's list can be made, but not opened" {
    local device
    for device in "c 10 200" "b 7 0"; do
        run contain -- sh -c "mknod /tmp/device $device && echo made; : </tmp/device && echo opened"
        says made
        says "Operation not permitted"
        says_not opened
        rm -f "$ROOTFS/tmp/device"
    done
}

@test "03 the devices of Docker's list can be opened" {
    run contain -- sh -c '
        for device in null zero full random urandom ptmx; do
            (: </dev/$device) && (: >/dev/$device) && echo $device is open
        done
        mknod /tmp/device c 1 3 && echo anything >/tmp/device && echo one of its own is open'
    rm -f "$ROOTFS/tmp/device"
    exits 0
    for device in null zero full random urandom ptmx "one of its own"; do
        says "$device is open"
    done
}

@test "03 the process is in a cgroup of its own, wherever there are controllers" {
    local word=3.$BASHPID dir pid line
    contain -- sleep "$word" 3>&- &
    await container_dir "$word"
    dir=$(container_dir "$word")
    pid=$(head -n1 "$dir/cgroup.procs")
    cat "/proc/$pid/cgroup"
    while read -r line; do
        # a hybrid host's v2 has no controllers that count
        [[ $line != 0::* ]] || on_v2 || continue
        [[ $line == *:/coracle* ]] || { echo "not in its own: $line"; return 1; }
    done <"/proc/$pid/cgroup"
    wait
    [ ! -e "$dir" ]
}

# Freezes what is in the cgroup $1 (its path on v2, or in the pids hierarchy).
freeze()
{
    local v1=${1/pids/freezer}
    if on_v2; then
        echo 1 >"$1/cgroup.freeze"
    else
        mkdir -p "$v1"
        cat "$1/cgroup.procs" >"$v1/cgroup.procs"
        echo FROZEN >"$v1/freezer.state"
    fi
}

@test "03 the end kills what is still in the cgroup, even frozen, and removes cgroups made inside" {
    local word=3.$BASHPID dir stray
    contain -- sleep "$word" 3>&- &
    local container=$!
    await container_dir "$word"
    dir=$(container_dir "$word")
    mkdir -p "$dir/inner/most"
    sleep 100 3>&- &
    stray=$!
    echo "$stray" >"$dir/inner/most/cgroup.procs"
    freeze "$dir/inner/most"
    wait "$container"
    [ ! -e "$dir" ]
    run wait "$stray"
    exits 137
}

@test "03 nothing is left after a start that failed" {
    run -127 contain -m 16m -- no-such-command
    says "no-such-command"
    run contain --pids-limit 9999999999 -- true
    exits 125
    says "pids.max"
    says "Invalid argument"
}

@test "03 many at once do not disturb each other" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8; do
        contain -m 32m -- sh -c "echo number $i" >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6 7 8; do
        wait "${pids[i - 1]}" || { cat "$BATS_TEST_TMPDIR/$i"; return 1; }
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = "number $i" ]
    done
}

@test "03 the steps are explained as shell commands" {
    run contain --explain -m 32m --pids-limit 20 -- true
    exits 0
    says "mkdir -p /sys/fs/cgroup/"
    says "echo 33554432 > /sys/fs/cgroup/"
    says "echo 20 > /sys/fs/cgroup/"
    says "rmdir /sys/fs/cgroup/"
}

# refuses TEXT OPTIONS...: status 125, one line that has the text
refuses()
{
    local text=$1
    shift
    run contain "$@" -- true
    exits 125
    says "$text"
    [ "${#lines[@]}" -le 2 ]
}

@test "03 values that make no sense are refused in Docker's words" {
    local count=$(nproc)
    refuses "Minimum memory limit allowed is 6MB" -m 1m
    refuses "invalid size: 'lots'" -m lots
    refuses "Minimum memoryswap limit should be larger than memory limit, see usage" -m 32m --memory-swap 16m
    refuses "You should always set the Memory limit when using Memoryswap limit, see usage" --memory-swap 32m
    refuses "Minimum memory reservation allowed is 6MB" --memory-reservation 1m
    refuses "Minimum memory limit can not be less than memory reservation limit, see usage" -m 32m --memory-reservation 64m
    refuses "range of CPUs is from 0.01 to $count.00, as there are only $count CPUs available" --cpus $((count + 1))
    refuses "failed to parse many as a rational number" --cpus many
    refuses "Conflicting options: Nano CPUs and CPU Quota cannot both be set" --cpus 1 --cpu-quota 5000
    refuses "Conflicting options: Nano CPUs and CPU Period cannot both be set" --cpus 1 --cpu-period 5000
    refuses "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)" --cpu-period 999
    refuses "CPU cfs quota can not be less than 1ms (i.e. 1000)" --cpu-quota 999
    refuses "Requested CPUs are not available - requested 4096, available: $(cat /sys/devices/system/cpu/online)" --cpuset-cpus 4096
    refuses "Invalid value 1-0 for cpuset cpus" --cpuset-cpus 1-0
    refuses "Invalid value 0,, for cpuset mems" --cpuset-mems 0,,
    refuses "'few' is not a whole number" --pids-limit few
}
