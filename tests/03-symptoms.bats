#!/usr/bin/env bats
# What people struggle with in limits, made and explained: each program's containers.

load lib/helpers
load lib/cgroups

@test "03 symptom 15: a program sees the host's memory, and the limit in another place" {
    run contain -m 64m -- sh -c "grep MemTotal /proc/meminfo; cat $(by_version memory/memory.limit_in_bytes memory.max)"
    exits 0
    [ "${lines[0]}" = "$(grep MemTotal /proc/meminfo)" ]
    [ "${lines[1]}" = 67108864 ]
}

@test "03 symptom 16: slow at 20 %, because it is throttled" {
    run contain --cpus 0.2 -- sh -c "(timeout 1 sh -c 'while :; do :; done'); cat $(by_version cpu/cpu.stat cpu.stat)"
    [[ $output =~ nr_throttled\ ([0-9]+) ]]
    [ "${BASH_REMATCH[1]}" -gt 2 ]
}

@test "03 symptom 37: fork fails at the limit of processes, and pids.events tells" {
    run contain --pids-limit 4 -- sh -c "(for i in 1 2 3 4 5 6; do sleep 1 & done) 2>&1; cat $(by_version pids/pids.events pids.events)"
    says "fork"
    [[ $output =~ max\ [1-9] ]]
}

@test "03 a busy process gets half a processor, give or take a tenth" {
    local usage periods throttled
    if on_v2; then
        # in a virtual machine, whose clock is coarse: throttled, and below 1.7 times the quota
        run contain --cpus 0.2 -- sh -c "exec 2>/dev/null; (timeout 4 sh -c 'while :; do :; done'); cat /sys/fs/cgroup/cpu.stat"
        [[ $output =~ usage_usec\ ([0-9]+) ]]
        [ "${BASH_REMATCH[1]}" -lt 1360000 ]
        [[ $output =~ nr_throttled\ [1-9] ]]
        return 0
    fi
    run contain --cpus 0.5 -- sh -c "exec 2>/dev/null; (timeout 3 sh -c 'while :; do :; done'); cd /sys/fs/cgroup; cat cpuacct/cpuacct.usage cpu/cpu.stat"
    usage=${lines[0]}
    periods=${lines[1]#nr_periods }
    throttled=${lines[2]#nr_throttled }
    # of three seconds one and a half
    [ "$usage" -lt 1800000000 ]
    # a host that has less than half a processor to give has not let it come to the limit
    [ "$usage" -gt 1200000000 ] || [ $((throttled * 10)) -lt $((periods * 9)) ]
}
