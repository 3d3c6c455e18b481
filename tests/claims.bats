#!/usr/bin/env bats
# What popular articles say of Docker: each sentence is tried, and is confirmed or corrected by the test's name.

load lib/helpers
load lib/final

short() { coracle run --rm --network none "$@"; }

@test "claim: 'data disappears when the container stops': no, when it is removed" {
    coracle run --name boat --network none "$IMAGE" sh -c 'echo kept >/file' >/dev/null
    [ "$(state boat .State.Status)" = exited ]
    coracle cp boat:/file "$BATS_TEST_TMPDIR/file"
    [ "$(cat "$BATS_TEST_TMPDIR/file")" = kept ]
    # and it is there in its next life
    coracle rm boat >/dev/null
    coracle create --name boat --network none "$IMAGE" sh -c 'cat /file; echo again >/file' >/dev/null
    run coracle start -a boat
    says "can't open '/file'"
    run coracle start -a boat
    says again
    dir=$ROOT/containers/$(state boat .Id)
    [ -e "$dir" ]
    coracle rm boat >/dev/null
    [ ! -e "$dir" ]
}

@test "claim: 'data must be in a volume to outlive the container': yes, and then even the last one" {
    short -v cargo:/data "$IMAGE" sh -c 'echo kept >/data/file'
    [ "$(short -v cargo:/data "$IMAGE" cat /data/file)" = kept ]
    coracle volume rm cargo >/dev/null
}

@test "claim: 'every instruction makes a layer': no, only those that change files" {
    layout=$BATS_TEST_TMPDIR/instructions
    cp -r "$PREPARED/image.layout" "$layout"
    for instruction in 'ENV A=1' 'LABEL b=2' 'CMD true'; do
        umoci config --image "$layout:busybox" --config.env "A=${instruction% *}" --history.created_by "$instruction"
    done
    tar -C "$layout" -cf "$BATS_TEST_TMPDIR/image.tar" .
    coracle load -q -i "$BATS_TEST_TMPDIR/image.tar"
    image=$(jq -r '.manifests[0].digest[7:]' "$layout/index.json")
    image=$(jq -r '.config.digest' "$layout/blobs/sha256/$image")
    [ "$(coracle inspect "$image" | jq '.[0].RootFS.Layers | length')" = 1 ]
    [ "$(coracle history --no-trunc "$image" | grep -cE 'ENV|LABEL|CMD true')" = 3 ]
    coracle rmi "$image" >/dev/null
}

@test "claim: 'the layer cake': read-only layers that containers share, and one for each container on top" {
    coracle create --name one --network none "$IMAGE" sh -c 'echo one >/etc/image; cat /etc/image' >/dev/null
    coracle create --name two --network none "$IMAGE" cat /etc/image >/dev/null
    layer=$(find "$ROOT/layers" -maxdepth 1 -type d -name "[0-9a-f]*")
    before=$(find "$layer" -printf '%p %s %T@\n' | sort | sha256sum)
    [ "$(coracle start -a one)" = one ]
    [ "$(coracle start -a two)" = "$(cat "$layer/etc/image")" ]
    [ "$(find "$layer" -printf '%p %s %T@\n' | sort | sha256sum)" = "$before" ]
    # what is on top is what was written, and no copy of the image
    run find "$ROOT/containers/$(state one .Id)/upper" -type f ! -empty
    [[ $output == *"/upper/etc/image" ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "claim: 'the container has process 1': inside; outside it is another number, and an ordinary process" {
    detached boat sleep 1000
    pid=$(state boat .State.Pid)
    [ "$pid" -gt 1 ]
    [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")" = 1 ]
    [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "sleep 1000 " ]
}

@test "claim: 'a container has a kernel of its own': no, uname is the host's, and so is /proc/version" {
    [ "$(short "$IMAGE" uname -r)" = "$(uname -r)" ]
    [ "$(short "$IMAGE" cat /proc/version)" = "$(cat /proc/version)" ]
}

@test "claim: 'root in the container is not root': it is, less most capabilities" {
    detached boat sleep 1000
    pid=$(state boat .State.Pid)
    [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = 0 ]
    [ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ]
    [ "$(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")" = 00000000a80425fb ]
}

@test "claim: '--cpus 0.1 gives 10 % of a CPU': yes, as 10 ms in each 100 ms, not as a tenth of its speed" {
    usage='cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat'
    # busy for three seconds of its own clock
    run short --cpus 0.1 "$IMAGE" sh -c "exec 2>/dev/null; timeout 3 sh -c 'while :; do :; done'; $usage; times"
    echo "$output"
    # it was made to wait, also where others leave it little enough
    [[ $output =~ nr_throttled\ ([1-9][0-9]*) ]]
    # the children's user and system time: minutes and seconds
    [[ ${lines[-1]} =~ 0m([0-9]+)\.[0-9]+s\ +0m([0-9]+)\.[0-9]+s ]]
    [ $((BASH_REMATCH[1] + BASH_REMATCH[2])) -le 1 ]
}

@test "claim: '-m 512m is 512 MB': 512 MiB, and as much swap again" {
    run coracle create --name boat --network none -m 512m "$IMAGE" true
    exits 0
    [ "$(state boat .HostConfig.Memory)" = 536870912 ]
    [ "$(state boat .HostConfig.MemorySwap)" = 1073741824 ]
}

@test "claim: 'EXPOSE opens a port': no, it is a note for -P" {
    add_image exposed --config.exposedports 80/tcp
    coracle create --name boat "$MADE" >/dev/null
    [ "$(state "$MADE" '.Config.ExposedPorts | keys[0]')" = 80/tcp ]
    [ -z "$(coracle port boat)" ]
    coracle rm boat >/dev/null
    coracle rmi "$MADE" >/dev/null
}

@test "claim: 'latest is the newest': no, it is the tag that is meant when none is named" {
    coracle tag "$IMAGE" boat:1
    run coracle run --rm --pull never --network none boat true
    exits 125
    says "No such image: boat:latest"
    coracle tag boat:1 boat
    run coracle run --rm --pull never --network none boat true
    exits 0
    coracle rmi boat:1 boat:latest >/dev/null
}

@test "claim: 'docker stop kills the container': it asks by SIGTERM, and kills after ten seconds" {
    detached polite sh -c 'trap "echo asked; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
    await log_has polite ready
    coracle stop polite >/dev/null
    [ "$(state polite .State.ExitCode)" = 7 ]
    [ "$(coracle logs polite | tail -n1)" = asked ]
}

@test "claim: 'the seven steps of docker run', in their order" {
    run in_private_network "$BUILD/coracle" --root "$ROOT" run --rm --explain "$IMAGE" echo afloat
    exits 0
    # the image is there (1), a container is made of it (2), with a layer to write to (3), a network (4) and an
    # address (5), the command is executed (6), and its output is ours (7)
    wanted=('mkdir -p .*/containers/' 'ip link add .* type veth' 'ip .*address add' 'mount -t overlay' 'exec echo' '^afloat$')
    at=0
    for step in "${wanted[@]}"; do
        found=$(tail -n +$((at + 1)) <<<"$output" | grep -nE -m1 -- "$step" | cut -d: -f1)
        [ -n "$found" ] || { echo "no '$step' after line $at of:"; echo "$output"; return 1; }
        at=$((at + found))
    done
}
