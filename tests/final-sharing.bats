#!/usr/bin/env bats
# What containers have in common, and what they do not: namespaces of each other, ranges of ids, signs.

load lib/helpers
load lib/final

@test "final --pid, --ipc and --uts container:NAME share with another container" {
    run coracle run -d --network none --name donor --ipc shareable -h lender "$IMAGE" sh -c 'echo shared >/dev/shm/file; exec sleep 600'
    exits 0
    await coracle exec donor test -s /dev/shm/file
    run coracle run --rm --network none --pid container:donor --ipc container:donor --uts container:donor "$IMAGE" \
        sh -c 'tr "\0" " " </proc/1/cmdline; echo; cat /dev/shm/file; hostname'
    exits 0
    [ "$output" = $'sleep 600 \nshared\nlender' ] || { echo "$output"; return 1; }
    run coracle run -d --network none --name guest --pid container:donor "$IMAGE" sleep 500
    exits 0
    [ "$(state guest .HostConfig.PidMode)" = "container:$(state donor .Id)" ]
    [ "$(state guest .HostConfig.IpcMode) $(state donor .HostConfig.IpcMode)" = "private shareable" ]
    # a further command is where the first one is
    run coracle exec guest ps
    says "sleep 600"
    says "sleep 500"
    run coracle exec guest ls -A /dev/shm
    [ -z "$output" ]
    # with process 1 of the numbers all others end
    coracle rm -f donor
    await not_running guest
    run coracle start guest
    exits 1
    says "No such container: "
}

@test "final a container that does not run, or does not share, can't be joined" {
    run coracle run --rm --network none --pid container:nobody "$IMAGE" true
    exits 125
    says "No such container: nobody"
    detached closed sleep 600
    run coracle run --rm --network none --ipc container:closed "$IMAGE" true
    exits 125
    says "non-shareable IPC (hint: use IpcMode:shareable for the donor container)"
    coracle kill closed
    await not_running closed
    run coracle run --rm --network none --uts container:closed "$IMAGE" true
    exits 125
    says "is not running"
    run coracle run --rm --network container:closed --hostname boat "$IMAGE" true
    exits 125
    says "conflicting options: hostname and the network mode"
    [ "$(containers)" -eq 1 ]
}

@test "final --pid host: what the command leaves behind ends with the container" {
    run coracle run -d --network none --name loose --pid host "$IMAGE" sh -c 'sleep 600 & echo $!; wait'
    exits 0
    await log_has loose '[0-9]'
    left=$(coracle logs loose)
    coracle kill loose
    await ended "$left"
}

@test "final exec sees the clocks that --boottime has shifted" {
    run coracle run -d --network none --name late --boottime 1000000000 "$IMAGE" sleep 600
    exits 0
    run coracle exec late cat /proc/uptime
    [ "${output%%.*}" -gt 1000000000 ] || { echo "$output"; return 1; }
}

# Runs a script where /etc/subuid has a range for two containers, and others can reach the data root.
with_ids() # SCRIPT
{
    mkdir -p "$BATS_TEST_TMPDIR/etc"
    echo containers:200000:131072 | tee "$BATS_TEST_TMPDIR/etc/subuid" >"$BATS_TEST_TMPDIR/etc/subgid"
    chmod 755 "$ROOT/.."
    IDS=$BATS_TEST_TMPDIR/etc ROOT=$ROOT IMAGE=$IMAGE BUILD=$BUILD unshare --mount bash -ec '
        mount -t overlay -o "lowerdir=$IDS:/etc" etc /etc
        mount --bind "$ROOT" /mnt
        mount --bind "$BUILD" /media
        coracle() { /media/coracle --root /mnt "$@"; }
        trap "coracle ps -aq | xargs -r /media/coracle --root /mnt rm -f >/dev/null" EXIT
        '"$1"
}

@test "final --userns auto: each container has a range of its own, and exec and cp see its users" {
    run with_ids '
        for name in one two; do coracle run -d --network none --name $name --userns auto "$IMAGE" sleep 600 >/dev/null; done
        coracle exec one cat /proc/self/uid_map; coracle exec two cat /proc/self/uid_map
        ! coracle create --network none --userns auto --name one "$IMAGE" true 2>/dev/null || exit 1
        coracle run --rm --network none --userns auto "$IMAGE" true || echo "status $?"
        coracle exec -u 1000 one sh -c "id -u; echo written >/dev/stderr" 2>&1
        coracle exec one sh -c "touch /mine; stat -c %u /mine"
        tar -C "$IDS" -c subuid | coracle cp - one:/; coracle exec one stat -c %u /subuid
        coracle cp one:/mine - | tar -tvn
        coracle cp "$IDS/subuid" one:/new || true
        coracle export one | tar -xO subuid
        stat -c %u /mnt/containers/*/upper/mine
        coracle rm -f one; ls /mnt/ids
        coracle run --rm --network none --userns auto "$IMAGE" cat /proc/self/uid_map'
    exits 0
    [ "$(tr -s ' ' <<<"${lines[0]}|${lines[1]}")" = " 0 200000 65536| 0 265536 65536" ] || { echo "$output"; return 1; }
    says "no free range of 65536 ids"
    says $'status 125\n1000\nwritten\n0\n0\n-rw-r--r-- 0/0'
    says "one has users of its own"
    says $'containers:200000:131072\n0\none\n265536\n'
    [ "$(tr -s ' ' <<<"${lines[-1]}")" = " 0 200000 65536" ] || { echo "$output"; return 1; }
}

@test "final --userns auto: a volume and a second start keep their owners" {
    run with_ids '
        coracle run --name one --network none --userns auto -v kept:/data "$IMAGE" sh -c "touch /data/a /b; stat -c %u /data /data/a /b"
        coracle start -a one
        coracle inspect -f "{{.HostConfig.UsernsMode}}" one
        stat -c %u /mnt/volumes/kept/_data/a
        coracle cp "$IDS/subuid" one:/new; coracle rm one >/dev/null; coracle volume rm kept >/dev/null'
    exits 0
    [ "$output" = $'0\n0\n0\n0\n0\n0\nauto\n0' ] || { echo "$output"; return 1; }
}

@test "final /.dockerenv and /etc/mtab are there as in Docker, and are no change of the container's" {
    run coracle run --name signs --network none "$IMAGE" sh -c 'stat -c "%a %s %F" /.dockerenv; readlink /etc/mtab; touch /mine'
    exits 0
    [ "$output" = $'755 0 regular empty file\n/proc/mounts' ] || { echo "$output"; return 1; }
    run coracle diff signs
    [ "$output" = "A /mine" ] || { echo "$output"; return 1; }
    run bash -c '"$BUILD/coracle" --root "$ROOT" export signs | tar -t | grep -E "dockerenv|mtab|mine" | sort'
    [ "$output" = $'.dockerenv\netc/mtab\nmine' ] || { echo "$output"; return 1; }
    # who takes them away does not get them back
    coracle rm signs
    run coracle run --name signs --network none "$IMAGE" sh -c 'rm /.dockerenv /etc/mtab 2>/dev/null || echo second'
    [ -z "$output" ]
    run coracle start -a signs
    [ "$output" = second ]
}
