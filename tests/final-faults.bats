# What is left when something is killed, fails, fills up or comes twice: nothing that the next command
# does not put right. tests/faults/run does the first of these for every step of many commands.

load lib/helpers
load lib/final

sound()
{
    run coracle system check
    exits 0
    says "are sound"
}

@test "final run, cut by kill -9 or by a failure at a step, leaves nothing, and the next one works" {
    run "$TOP/tests/faults/run" -x 'ln -s ' -x 'nft ' -x 'pivot_root' -x 'exec true' -x 'rmdir ' run
    exits 0
    says "10 steps cut: 10 passed, 0 failed"
}

@test "final after kill -9 of the client and the monitor the next command finds the end" {
    "$BUILD/coracle" --root "$ROOT" run --rm --network none --name both "$IMAGE" sh -c 'echo ready; exec sleep 1000' \
        >"$BATS_TEST_TMPDIR/out" 3>&- &
    client=$!
    await grep -q ready "$BATS_TEST_TMPDIR/out"
    pid=$(state both .State.Pid)
    kill -KILL "$client" "$(monitor_of both)"
    await ended "$pid"
    wait "$client" || true
    run coracle ps -aq
    exits 0
    [ -z "$output" ]
    sound
}

@test "final a monitor that is killed before its container runs leaves nothing either" {
    # stopped where it takes the container's own files: the first thing after its socket
    id=$(coracle create --rm --network none --name early "$IMAGE" true)
    mkdir -m 700 -p "$RUN/$id"
    # as it is between the socket and the record of the start
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])' "$RUN/$id/attach"
    run coracle ps -aq
    [ -z "$output" ]
    sound
}

@test "final after a reboot all have ended, and can be started again" {
    detached first sleep 1000
    coracle run -d --rm --network none --name second "$IMAGE" sleep 1000
    pids=("$(state first .State.Pid)" "$(state second .State.Pid)")
    monitors=("$(monitor_of first)" "$(monitor_of second)")
    kill -KILL "${monitors[@]}"
    await ended "${pids[0]}"
    await ended "${pids[1]}"
    # /run and /sys/fs/cgroup begin anew; the data root is as it was
    rm -rf "$RUN"
    find /sys/fs/cgroup -depth -type d -path "*/${RUN#/run/}/*" -exec rmdir {} \; 2>/dev/null || true
    run coracle ps -a --format '{{.Names}} {{.Status}}'
    exits 0
    [[ $output == "first Exited (137) "* ]]
    [ "${#lines[@]}" -eq 1 ]
    sound
    run coracle start first
    exits 0
    [ "$(state first .State.Running)" = true ]
}

@test "final a crowd of run --rm leaves nothing, and each has its own output" {
    local i pids=() count=${CROWD:-20}
    for ((i = 0; i < count; i++)); do
        coracle run --rm --network none "$IMAGE" sh -c "echo $i; exit $((i % 100))" >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- &
        pids+=($!)
    done
    for ((i = 0; i < count; i++)); do
        wait "${pids[i]}" && status=0 || status=$?
        output=$(cat "$BATS_TEST_TMPDIR/$i")
        exits $((i % 100))
        [ "$output" = "$i" ]
    done
    run coracle ps -aq
    [ -z "$output" ]
    sound
}

@test "final rm -f during a start: it runs or it is gone, and nothing is left" {
    local i
    for i in 1 2 3 4 5 6; do
        coracle create --network none --name early "$IMAGE" sleep 1000 >/dev/null
        coracle start early >/dev/null 2>"$BATS_TEST_TMPDIR/started" 3>&- &
        sleep "0.0$i"
        run coracle rm -f early
        exits 0
        wait $! || grep -qE 'No such container|killed|No such file' "$BATS_TEST_TMPDIR/started" ||
            { cat "$BATS_TEST_TMPDIR/started"; return 1; }
        run coracle ps -aq
        [ -z "$output" ]
    done
    sound
}

# on_ext4 COMMAND…: with a file system of its own, of 16 MB, at $FINAL/ext4, that has the image.
on_ext4()
{
    truncate -s 16M "$FINAL/ext4.img"
    mkfs.ext4 -q -F "$FINAL/ext4.img"
    mkdir -p "$FINAL/ext4"
    unshare --mount --propagation private -- bash -ec '
        mount -o loop "$FINAL/ext4.img" "$FINAL/ext4"
        chmod 700 "$FINAL/ext4"
        cp -a "$ROOT"/{blobs,refs,layers} "$FINAL/ext4/"
        coracle() { "$BUILD/coracle" --root "$FINAL/ext4" "$@"; }
        eval "$0"' "$1"
}

@test "final a full disk, a real one: it is said, the running goes on, and with room again all works" {
    run on_ext4 '
        coracle run -d --network none --name goes-on "$IMAGE" sleep 1000 >/dev/null
        dd if=/dev/zero of="$FINAL/ext4/filler" bs=64k 2>/dev/null || true
        dd if=/dev/zero of="$FINAL/ext4/filler2" bs=512 2>/dev/null || true
        ! coracle run --network none "$IMAGE" true || exit 1
        coracle ps --format "{{.Names}} {{.State}}"
        coracle exec goes-on echo still here
        rm "$FINAL"/ext4/filler*
        coracle system check
        coracle run --rm --network none "$IMAGE" echo fits
        coracle rm -f goes-on
        coracle system check'
    exits 0
    says "No space left on device"
    says "goes-on running"
    says "still here"
    says "fits"
    rm -f "$FINAL/ext4.img"
}

@test "final a disk that became read-only: it can be looked at, and what changes it says so" {
    run on_ext4 '
        coracle run --network none --name kept "$IMAGE" echo afloat >/dev/null
        coracle run -d --network none --name killed "$IMAGE" sleep 1000 >/dev/null
        pid=$(coracle inspect -f "{{.State.Pid}}" killed)
        kill -KILL "$(cut -d" " -f4 "/proc/$pid/stat")"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
        until mount -o remount,ro "$FINAL/ext4"; do sleep 0.05; done
        coracle ps -a --format "{{.Names}} {{.Status}}"
        coracle logs kept
        ! coracle rm kept || exit 1
        ! coracle run --network none "$IMAGE" true || exit 1
        mount -o remount,rw "$FINAL/ext4"
        coracle ps -aq
        coracle system check
        coracle rm kept killed'
    exits 0
    says "killed Exited (137)"
    says "afloat"
    says "Read-only file system"
    rm -f "$FINAL/ext4.img"
}

@test "final system check finds what belongs to no container, gives it back, and is content then" {
    ghost=$(printf '%064d' 7)
    id=$(coracle create --network none --name here "$IMAGE" true)
    coracle volume create kept >/dev/null
    sound
    mkdir -p "$ROOT/networks/bridge/leases" "$RUN"
    echo '{"Subnet": "172.30.0.0/16", "Gateway": "172.30.0.1"}' >"$ROOT/networks/bridge/network.json"
    faults=(
        "ln -s $ghost $ROOT/networks/bridge/leases/172.30.0.9@address 172.30.0.9: its container 000000000000 does not run"
        "ln -s $id $ROOT/networks/bridge/leases/172.30.0.9@its container ${id:0:12} does not run"
        "mkdir -p $(cgroup_place)/$ghost@cgroup $(cgroup_place)/$ghost: its container does not run"
        "mkdir -m 700 $RUN/$ghost@$RUN/$ghost: its container is gone"
    )
    for fault in "${faults[@]}"; do
        eval "${fault%%@*}"
        run coracle system check
        exits 1
        says "${fault#*@}"
        says "found 1 fault"
        sound
    done
    # what nothing can be done about is said each time
    ln -s "$ghost" "$ROOT/names/nobody"
    mv "$ROOT/names/here" "$ROOT/names/elsewhere"
    mkdir -p "$ROOT/ids"
    ln -s "$ghost" "$ROOT/ids/100000"
    run coracle system check
    exits 1
    says "name 'nobody': its container is gone"
    says "ids from 100000: their container is gone"
    says "container ${id:0:12}: its name 'here' does not lead to it"
    mv "$ROOT/names/elsewhere" "$ROOT/names/here"
    rm "$ROOT/names/nobody" "$ROOT/ids/100000"
    echo broken >"$ROOT/containers/$id/config.json"
    run coracle system check
    exits 1
    says "$ROOT/containers/$id/config.json"
    rm -rf "$ROOT/containers/$id" "$ROOT/names/here" "$ROOT/networks" "$RUN/$id"
    rmdir "$(cgroup_place)" 2>/dev/null || true
    coracle volume rm kept
}

@test "final system check leaves alone what lives without a monitor: cgroups and addresses of others" {
    ghost=$(printf '%064d' 8)
    leases=$ROOT/networks/bridge/leases
    coracle run --rm "$IMAGE" true
    sleep 1000 3>&- &
    for cgroup in "1-2-3" "web/$ghost"; do
        mkdir -p "$(cgroup_place)/$cgroup"
        echo $! >"$(cgroup_place)/$cgroup/cgroup.procs"
        sound
        kill -0 $!
    done
    mkdir "$(cgroup_place)/$ghost"
    echo $! >"$(cgroup_place)/$ghost/cgroup.procs"
    run coracle system check
    exits 1
    says "cgroup $(cgroup_place)/$ghost: its container does not run, but has processes: end them"
    kill $!
    wait $! || true
    rmdir "$(cgroup_place)"/{1-2-3,web/"$ghost",web,"$ghost"}
    # whose cable is there has its address
    "$BUILD/06-network" run --root "$ROOT" --init "$IMAGE" sh -c 'echo ready; exec sleep 1000' >"$BATS_TEST_TMPDIR/out" 3>&- &
    await grep -q ready "$BATS_TEST_TMPDIR/out"
    address=$(ls "$leases")
    sound
    [ "$(ls "$leases")" = "$address" ]
    kill $!
    wait $! || true
    coracle network prune -f
    rmdir "$(cgroup_place)" 2>/dev/null || true
}

# Where the containers' cgroups are, in the first hierarchy that they are in.
cgroup_place()
{
    local hierarchy
    for hierarchy in /sys/fs/cgroup/pids /sys/fs/cgroup; do
        [ ! -e "$hierarchy" ] || { echo "$hierarchy/${RUN#/run/}"; return; }
    done
}

@test "final what a killed command left half made or half removed is cleared by the next listing" {
    id=$(coracle create --network none --name here "$IMAGE" true)
    gone=$(coracle create --network none --name gone "$IMAGE" true)
    # made: its name, and not yet its place
    mkdir -m 700 "$ROOT/containers/.new"
    ln -s "$(printf '%064d' 7)" "$ROOT/names/half"
    # renamed: its new name, and not yet its record
    ln -s "$id" "$ROOT/names/there"
    mkdir -p "$ROOT/ids"
    ln -s "$(printf '%064d' 7)" "$ROOT/ids/100000"
    # removed: out of the listing, and not yet off the disk
    mv "$ROOT/containers/$gone" "$ROOT/containers/.gone-$gone"
    run coracle ps -a --format '{{.Names}}'
    exits 0
    [ "$output" = here ]
    [ "$(ls -A "$ROOT/containers" | grep -v '^.lock$')" = "$id" ]
    [ "$(ls -A "$ROOT/names")" = here ]
    [ -z "$(ls -A "$ROOT/ids")" ]
    sound
}

@test "final where there is no room for another process, a start says so and ends" {
    local group=/sys/fs/cgroup/pids/few.$BASHPID list=tasks
    [ -d /sys/fs/cgroup/pids ] || { group=/sys/fs/cgroup/few.$BASHPID list=cgroup.procs; }
    mkdir "$group"
    echo 2 >"$group/pids.max" # the client, and its container's monitor
    run timeout -k 1 20 sh -c 'echo 0 >'"$group/$list"'; exec "$@"' sh \
        "$BUILD/coracle" --root "$ROOT" run --name boat --network none "$IMAGE" true
    await rmdir "$group"
    exits 125
    says "Resource temporarily unavailable (the limit of processes is reached)"
    [ "$(state boat .State.Status)" = created ]
}
