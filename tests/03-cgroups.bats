#!/usr/bin/env bats
# Chapter 03: a process uses no more than it is given, on cgroup v1, hybrid and v2 hosts.

load lib/helpers
load lib/cgroups

# A limit reads as it was given: reads FILE VALUE OPTIONS...
reads()
{
    local file=$1 value=$2
    shift 2
    run contain "$@" -- cat "$file"
    exits 0
    [ "$output" = "$value" ] || { echo "$* makes $file '$output', not '$value'"; return 1; }
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

@test "03 numbers are read as Docker reads them" {
    local quota=$(by_version cpu/cpu.cfs_quota_us cpu.max) tail=$(if on_v2; then echo " 100000"; fi)
    reads "$quota" "50000$tail" --cpus 1/2
    reads "$quota" "$(if on_v2; then echo max; else echo -1; fi)$tail" --cpu-quota -5
    reads "$(by_version pids/pids.max pids.max)" 16 --pids-limit 0x10
    reads "$(by_version pids/pids.max pids.max)" 8 --pids-limit 010
    reads "$(by_version memory/memory.limit_in_bytes memory.max)" 7168000 --memory 7000KiB
    reads "$(by_version memory/memory.limit_in_bytes memory.max)" 6815744 -m 6.5m
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
    for device in "c 10 229" "b 7 0"; do
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
        rm -f /tmp/device; mknod /tmp/device c 1 3 && echo anything >/tmp/device && echo one of its own is open'
    rm -f "$ROOTFS/tmp/device"
    exits 0
    for device in null zero full random urandom ptmx "one of its own"; do
        says "$device is open"
    done
}

@test "03 the process is in a cgroup of its own, wherever there are controllers" {
    local word=30.$BASHPID dir pid line
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
    kill -KILL "$pid"
    join $!
    exits 137
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
    local word=30.$BASHPID dir stray
    contain -- sleep "$word" 3>&- &
    local container=$!
    await container_dir "$word"
    dir=$(container_dir "$word")
    mkdir -p "$dir/inner/most"
    sleep 100 3>&- &
    stray=$!
    echo "$stray" >"$dir/inner/most/cgroup.procs"
    freeze "$dir/inner/most"
    kill -KILL "$(pgrep -x -f "sleep $word")"
    join "$container"
    exits 137
    [ ! -e "$dir" ]
    join "$stray"
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
    refuses "invalid size: '-5m'" -m -5m
    refuses "invalid suffix: 'eb'" -m 5eb
    refuses "Minimum memoryswap limit should be larger than memory limit, see usage" -m 32m --memory-swap 16m
    refuses "You should always set the Memory limit when using Memoryswap limit, see usage" --memory-swap 32m
    refuses "Minimum memory reservation allowed is 6MB" --memory-reservation 1m
    refuses "Minimum memory limit can not be less than memory reservation limit, see usage" -m 32m --memory-reservation 64m
    refuses "range of CPUs is from 0.01 to $count.00, as there are only $count CPUs available" --cpus $((count + 1))
    refuses "range of CPUs is from 0.01 to $count.00, as there are only $count CPUs available" --cpus 0.001
    refuses "range of CPUs is from 0.01 to $count.00, as there are only $count CPUs available" --cpus -1
    refuses "range of CPUs is from 0.01 to $count.00, as there are only $count CPUs available" --cpus 99999999999999999999/1
    refuses "failed to parse many as a rational number" --cpus many
    refuses "failed to parse 1/0 as a rational number" --cpus 1/0
    refuses "value is too precise" --cpus 1/3
    refuses "value is too precise" --cpus 0.1234567891
    refuses "shares: invalid argument" --cpu-shares -5
    refuses "the minimum allowed cpu-shares is 2" --cpu-shares 1
    refuses "the maximum allowed cpu-shares is 262144" --cpu-shares 262145
    refuses "Conflicting options: Nano CPUs and CPU Quota cannot both be set" --cpus 1 --cpu-quota 5000
    refuses "Conflicting options: Nano CPUs and CPU Period cannot both be set" --cpus 1 --cpu-period 5000
    refuses "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)" --cpu-period 999
    refuses "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)" --cpu-period -1
    refuses "CPU cfs quota can not be less than 1ms (i.e. 1000)" --cpu-quota 999
    refuses "Requested CPUs are not available - requested 4096, available: $(cat /sys/devices/system/cpu/online)" --cpuset-cpus 4096
    refuses "Invalid value 1-0 for cpuset cpus: invalid format: 1-0" --cpuset-cpus 1-0
    refuses "Invalid value 0,, for cpuset mems: invalid format: 0,," --cpuset-mems 0,,
    refuses "'few' is not a whole number" --pids-limit few
}

# --- devices and disks ---------------------------------------------------------------------------

# A loop device over a new file of $1 megabytes: its path in $LOOP.
begin_loop()
{
    FILE=$BATS_TEST_TMPDIR/disk
    head -c "$1"M /dev/zero >"$FILE"
    LOOP=$(losetup --find --show --direct-io=off "$FILE")
}
teardown()
{
    [ -z "${LOOP-}" ] || losetup -d "$LOOP"
    common_teardown
}

@test "03 --device-cgroup-rule opens a loop device that is shut without it" {
    begin_loop 1
    local open="mknod /tmp/loop b 7 ${LOOP#/dev/loop}; head -c 1 /tmp/loop | wc -c; rm /tmp/loop"
    run contain -- sh -c "$open"
    says "Operation not permitted"
    run contain --device-cgroup-rule "b 7:* r" -- sh -c "$open"
    exits 0
    [ "$output" = 1 ]
    refuses "invalid device cgroup format 'b 7'" --device-cgroup-rule "b 7"
}

@test "03 --device-write-bps and --device-read-bps slow a disk down" {
    begin_loop 8
    local node="mknod /tmp/loop b 7 ${LOOP#/dev/loop}" began took
    local rule=(--device-cgroup-rule "b 7:* rw")
    began=$(date +%s%N)
    run contain "${rule[@]}" --device-write-bps "$LOOP:1mb" -- \
        sh -c "$node; dd if=/dev/zero of=/tmp/loop bs=256k count=8 conv=fsync oflag=direct; rm /tmp/loop"
    took=$((($(date +%s%N) - began) / 1000000))
    exits 0
    [ "$took" -gt 1200 ] || { echo "2 MB were written in $took ms"; return 1; }
    began=$(date +%s%N)
    run contain "${rule[@]}" --device-read-bps "$LOOP:1mb" -- \
        sh -c "$node; dd if=/tmp/loop of=/dev/null bs=256k count=8 iflag=direct; rm /tmp/loop"
    took=$((($(date +%s%N) - began) / 1000000))
    exits 0
    [ "$took" -gt 1200 ] || { echo "2 MB were read in $took ms"; return 1; }
    run contain "${rule[@]}" --device-read-iops "$LOOP:1000" --device-write-iops "$LOOP:2000" -- \
        sh -c "cat /sys/fs/cgroup/io.max /sys/fs/cgroup/blkio/blkio.throttle.*_iops_device 2>/dev/null; true"
    if on_v2; then
        says "riops=1000 wiops=2000"
    else
        says "7:${LOOP#/dev/loop} 1000"
        says "7:${LOOP#/dev/loop} 2000"
    fi
}

@test "03 rates and weights that make no sense are refused in Docker's words" {
    refuses "bad format: sda" --device-read-bps sda
    refuses "bad format for device path: sda:1mb" --device-write-bps sda:1mb
    refuses "invalid rate for device: /dev/sda:fast. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb" --device-read-bps /dev/sda:fast
    refuses "invalid rate for device: /dev/sda:1mb. The correct format is <device-path>:<number>. Number must be a positive integer" --device-read-iops /dev/sda:1mb
    refuses "set --device-write-iops: find the device '/dev/none-such': No such file or directory" --device-write-iops /dev/none-such:10
    refuses "Range of blkio weight is from 10 to 1000" --blkio-weight 5
    refuses "invalid value: 101. Valid memory swappiness range is 0-100" --memory-swappiness 101
}

@test "03 what only version 1 can do holds there, and is refused by name on version 2" {
    if on_v2; then
        refuses "set --memory-swappiness: cgroup version 2, which this host has, can't do that" --memory-swappiness 7
        refuses "set --oom-kill-disable: cgroup version 2, which this host has, can't do that" -m 32m --oom-kill-disable
    else
        reads /sys/fs/cgroup/memory/memory.swappiness 7 --memory-swappiness 7
        run contain -m 32m --oom-kill-disable -- head -n 1 /sys/fs/cgroup/memory/memory.oom_control
        [ "$output" = "oom_kill_disable 1" ]
        run contain --oom-kill-disable -- true
        exits 0
    fi
}

@test "03 --blkio-weight is written, or refused by name" {
    run contain --blkio-weight 300 -- sh -c 'cat /sys/fs/cgroup/io.bfq.weight /sys/fs/cgroup/io.weight /sys/fs/cgroup/blkio/blkio.bfq.weight 2>/dev/null; true'
    if [ "$status" -eq 0 ]; then
        [[ $output == *300* || $output == *2930* ]]
    else
        says "set --blkio-weight"
        says "this kernel can't limit that"
    fi
}

# --- where it is ---------------------------------------------------------------------------------

@test "03 --cgroup-parent says below what its cgroup is made, and that stays" {
    local mine=parent-coracle-test-$BASHPID dir made left
    for dir in /sys/fs/cgroup /sys/fs/cgroup/*/; do
        [ ! -e "$dir/cgroup.procs" ] || mkdir "$dir/$mine" 2>/dev/null || true
    done
    made=$(find /sys/fs/cgroup -maxdepth 2 -name "$mine")
    run contain --cgroup-parent "/$mine" --cgroupns host -- cat /proc/self/cgroup
    left=$(find /sys/fs/cgroup -maxdepth 3 -path "*/$mine*" -type d)
    find /sys/fs/cgroup -maxdepth 2 -name "$mine" -exec rmdir {} +
    exits 0
    [[ $output == *":/$mine/"* ]]
    [ "$left" = "$made" ]
}

@test "03 --cgroupns host leaves the options of the host's cgroup2 as they are" {
    local before=$(grep cgroup2 /proc/self/mountinfo)
    # the virtual machine has one that can be lost
    ! on_v2 || [[ $before == *nsdelegate* ]]
    run contain --cgroupns host -- true
    exits 0
    [ "$(grep cgroup2 /proc/self/mountinfo)" = "$before" ]
}

@test "03 a cgroup whose maker was killed is removed by the next run, with what is in it" {
    local word=100.$BASHPID dir pid stray
    contain -- sleep "$word" 3>&- &
    pid=$!
    await container_dir "$word"
    dir=$(container_dir "$word")
    if [ "$PROGRAM" = coracle ]; then
        pid=$(ps -o ppid= -p "$(pgrep -x -f "sleep $word")" | tr -d ' ')
    else
        pid=$(runner_of "$pid")
    fi
    local scratch=$(made_for "$(pgrep -x -f "sleep $word")" | tail -n +2)
    mkdir -p "$dir/inner/most"
    background sleep 100
    stray=$!
    echo "$stray" >"$dir/inner/most/cgroup.procs"
    kill -KILL $pid
    await sh -c "! pgrep -x -f 'sleep $word'"
    if [ "$PROGRAM" = coracle ]; then
        "$BUILD/coracle" --root "$STORE" ps -a >/dev/null
    else
        contain -- true
        rm -rf "$scratch"
    fi
    [ ! -e "$dir" ]
    join "$stray"
    exits 137
}

@test "03 what was left in one hierarchy only, by one that was killed while it removed, the next one removes" {
    local name left=() mount mounts
    [ "$PROGRAM" != coracle ] || PROGRAM=03-cgroups # coracle has records of its containers
    sleep 0 3>&- &
    name=$!-$(printf %x "$(stat -L -c %i /proc/self/ns/pid)")
    join $!
    if on_v2; then mounts=/sys/fs/cgroup; else mounts=$(findmnt -rn -t cgroup -o TARGET); fi
    for mount in $mounts; do
        left+=("$mount/coracle/$name-${#left[@]}")
        mkdir -p "${left[-1]}"
    done
    contain -- true
    for mount in "${left[@]}"; do
        [ ! -e "$mount" ] || { echo "$mount is left"; return 1; }
    done
}
