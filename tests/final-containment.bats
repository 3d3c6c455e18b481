#!/usr/bin/env bats
# Ways out of a container that others have had, tried. tests/containment/prove weakens a build, one
# defence at a time, and sees that the test of that name fails; so each can.

load lib/helpers
load lib/final

# What a container is given to try: the programs of tests/containment, built once.
tools()
{
    TOOLS=$FINAL/tools
    [ ! -d "$TOOLS" ] || return 0
    mkdir -p "$TOOLS"
    cc -O1 -static -o "$TOOLS/escape" "$TOP/tests/containment/escape.c"
    cc -O1 -static -nostdlib -fno-stack-protector -o "$TOOLS/interpreter" "$TOP/tests/containment/interpreter.c"
}

# try [OPTIONS] -- COMMAND…: run it in a container that has the tools in /tools.
try()
{
    local options=(--network none)
    tools
    while [ "$1" != -- ]; do
        [[ $1 != --network* ]] || options=()
        options+=("$1")
        shift
    done
    shift
    run coracle run --rm "${options[@]}" -v "$TOOLS:/tools:ro" "$IMAGE" "$@"
}

@test "final containment: the program that starts a container can't be reached by /proc/self/exe" {
    tools
    # a copy, and for its dynamic loader what an image could hold
    cp -r "$BUILD/coracle" "$BUILD/libexec" "$BATS_TEST_TMPDIR/"
    chmod 755 "$BATS_TEST_TMPDIR/coracle"
    loader=$(readelf -l "$BUILD/coracle" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    mkdir "$BATS_TEST_TMPDIR/data"
    printf '#!/proc/self/exe\n' >"$BATS_TEST_TMPDIR/data/script"
    chmod 755 "$BATS_TEST_TMPDIR/data/script"
    ln -s /proc/self/exe "$BATS_TEST_TMPDIR/data/link"
    for command in /proc/self/exe /proc/thread-self/exe /proc/1/exe /data/script /data/link; do
        run -125 "$BATS_TEST_TMPDIR/coracle" --root "$ROOT" run --rm --network none \
            -v "$TOOLS/interpreter:$loader:ro" -v "$BATS_TEST_TMPDIR/data:/data" "$IMAGE" "$command"
        says_not REACHED
        [ "$(stat -c %a "$BATS_TEST_TMPDIR/coracle")" = 755 ]
    done
}

@test "final containment: a process can't look into one that enters its container" {
    tools
    run coracle run -d --network none --name boat -v "$TOOLS:/tools:ro" "$IMAGE" /tools/escape watch coracle
    exits 0
    # looked for with the command's own privileges, and for long
    path=$(printf '/a:%.0s' {1..40000})/bin
    for i in 1 2 3 4 5; do
        run coracle exec -e "PATH=$path" boat true
        exits 0
    done
    run coracle logs boat
    exits 0
    [ -z "$output" ] || { echo "$output" | head -n 3; return 1; }
}

@test "final containment: the init of --init can't be changed" {
    tools
    cp -r "$BUILD/coracle" "$BUILD/libexec" "$BATS_TEST_TMPDIR/"
    chmod 755 "$BATS_TEST_TMPDIR/libexec/coracle/coracle-init"
    run "$BATS_TEST_TMPDIR/coracle" --root "$ROOT" run --rm --network none --init "$IMAGE" \
        sh -c 'chmod 777 /proc/1/exe; chmod 777 /sbin/docker-init; touch /sbin/docker-init'
    [ "$(grep -c 'Read-only file system' <<<"$output")" -eq 3 ] || { echo "$output"; return 1; }
    [ "$(stat -c %a "$BATS_TEST_TMPDIR/libexec/coracle/coracle-init")" = 755 ]
}

@test "final containment: no descriptor of the host's is open, and none can be the working directory" {
    mkdir "$BATS_TEST_TMPDIR/host"
    touch "$BATS_TEST_TMPDIR/host/REACHED"
    exec 7<"$BATS_TEST_TMPDIR/host" 8</ 11<"$BATS_TEST_TMPDIR"
    for fd in 3 4 5 6 7 8 9 10 11 12 13 14; do
        try -w "/proc/self/fd/$fd" -- sh -c 'pwd -P; ls'
        exits 125
        says "'/proc/self/fd/$fd'"
        says_not REACHED
    done
    # 3 is the directory that ls reads
    try -- sh -c 'ls /proc/self/fd; echo; ls /proc/1/fd; true'
    [ "$output" = $'0\n1\n2\n3\n\n0\n1\n2' ] || { echo "$output"; return 1; }
    exec 7<&- 8<&- 11<&-
}

@test "final containment: a link in a volume or an image leads no mount out of the root" {
    mkdir -p "$BATS_TEST_TMPDIR"/{volume,host,source}
    touch "$BATS_TEST_TMPDIR/source/seen"
    ln -s "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/volume/absolute"
    ln -s "../../../../../../../../../../../..$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/volume/relative"
    for link in absolute relative; do
        try -v "$BATS_TEST_TMPDIR/volume:/data" -v "$BATS_TEST_TMPDIR/source:/data/$link/new" -- \
            ls "$BATS_TEST_TMPDIR/host/new"
        # inside it is where the link leads there; nothing was made on the host
        exits 0
        [ "$output" = seen ]
        [ -z "$(ls -A "$BATS_TEST_TMPDIR/host")" ]
    done
}

@test "final containment: what hides files of /proc is the null device and nothing else" {
    mkdir "$BATS_TEST_TMPDIR/dev"
    ln -s /proc/sysrq-trigger "$BATS_TEST_TMPDIR/dev/null"
    try -v "$BATS_TEST_TMPDIR/dev:/dev" -- true
    exits 125
    says /dev/null
    rm "$BATS_TEST_TMPDIR/dev/null"
    echo REACHED >"$BATS_TEST_TMPDIR/dev/null"
    try -v "$BATS_TEST_TMPDIR/dev:/dev" -- cat /proc/keys
    exits 125
    says "is not the null device"
    says_not REACHED
    # the plain case: no file of them can be read or written
    try -- sh -c 'cat /proc/keys /proc/timer_list /proc/interrupts; ls -A /sys/firmware'
    exits 0
    [ -z "$output" ]
}

@test "final containment: nothing can be mounted over /proc" {
    for target in /proc/sys /proc/self/attr /proc/1; do
        try -v "$BATS_TEST_TMPDIR:$target" -- true
        exits 125
        says "inside /proc"
    done
}

@test "final containment: a terminal is made by a devpts, whatever a volume has in its place" {
    mkdir "$BATS_TEST_TMPDIR/pts"
    ln -s /proc/self/fd/1 "$BATS_TEST_TMPDIR/pts/0"
    for kind in "mkfifo" "touch" "ln -s /proc/self/fd/1" "ln -s ../zero"; do
        $kind "$BATS_TEST_TMPDIR/pts/ptmx"
        run timeout 20 "$BUILD/coracle" --root "$ROOT" run --rm --network none -t \
            -v "$BATS_TEST_TMPDIR/pts:/dev/pts" "$IMAGE" true
        exits 125
        says "'/dev/pts/ptmx' is not of a devpts"
        rm "$BATS_TEST_TMPDIR/pts/ptmx"
    done
    # /dev/console is the terminal itself, not what a name leads to
    try -t -- sh -c 'stat -L -c %t:%T /dev/console /proc/self/fd/0'
    exits 0
    [ "${lines[0]}" = "${lines[1]}" ]
}

@test "final containment: no cgroup can be changed, and no release_agent is there" {
    try -- sh -c 'find /sys/fs/cgroup -name release_agent; for d in /sys/fs/cgroup/*/; do mkdir $d/x && echo REACHED; echo 1 >$d/notify_on_release && echo REACHED; done 2>/dev/null; echo end'
    exits 0
    [ "$output" = end ] || { echo "$output"; return 1; }
}

@test "final containment: no user namespace, and so no mount of a cgroup hierarchy" {
    try -- sh -c 'unshare -Um sh -c "mkdir /tmp/c && mount -t cgroup -o none,name=x x /tmp/c && echo REACHED"; unshare -U true && echo REACHED; unshare -m true && echo REACHED; mount -t proc proc /tmp && echo REACHED'
    says_not REACHED
    says "Operation not permitted"
}

@test "final containment: a file that lends capabilities has none to inherit" {
    for options in "" "--cap-add NET_ADMIN" "--user 1000 --cap-add SYS_ADMIN"; do
        try $options -- grep -E 'Cap(Inh|Amb)' /proc/self/status
        exits 0
        [ "$output" = $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000' ] || { echo "$output"; return 1; }
    done
}

@test "final containment: on the host's network there is no abstract socket to talk to" {
    # a network of its own stands in for the host's, so that only ours are seen
    run in_private_network "$BUILD/coracle" --root "$ROOT" run --rm --network host "$IMAGE" \
        sh -c 'grep -c Num /proc/net/unix; grep @ /proc/net/unix'
    exits 1
    [ "$output" = 1 ] || { echo "$output"; return 1; }
}

@test "final containment: nobody else can enter the data root" {
    new=$FINAL/new
    run "$BUILD/coracle" --root "$new" ps
    exits 0
    [ "$(stat -c '%a %u' "$new")" = "700 0" ]
    rm -r "$new"
    run detached boat sleep 100
    exits 0
    [ "$(stat -c %a "$ROOT/containers/$output")" = 700 ]
    [ "$(stat -c %a "$RUN/$output")" = 700 ]
}

@test "final containment: chroot and .. lead back to the container's own root" {
    touch "$BATS_TEST_TMPDIR/REACHED"
    try -- /tools/escape chroot "$BATS_TEST_TMPDIR/REACHED"
    exits 0
    says "No such file"
    # also with every capability
    try --cap-add SYS_ADMIN -- /tools/escape chroot "$BATS_TEST_TMPDIR/REACHED"
    says "No such file"
    # the old root is not below or above anywhere
    try -- sh -c "ls -d /../../$BATS_TEST_TMPDIR /proc/1/root$BATS_TEST_TMPDIR /proc/1/cwd/..$BATS_TEST_TMPDIR"
    exits 1
    says_not $'\n/'
}

@test "final containment: a device of the host can be made, and not opened" {
    read -r major minor < <(awk 'NR > 2 { print $1, $2; exit }' /proc/partitions) || true
    try -- /tools/escape device b "${major:-7}" "${minor:-0}"
    says "open: Operation not permitted"
    # /dev/mem
    try -- /tools/escape device c 1 1
    says "open: Operation not permitted"
    # the test can tell: /dev/full is allowed
    try -- /tools/escape device c 1 7
    says "open: REACHED"
}

@test "final containment: /proc/sys and the sysrq trigger can't be written" {
    try -- sh -c 'for f in sys/kernel/domainname sys/kernel/core_pattern sys/vm/drop_caches sysrq-trigger irq/default_smp_affinity; do { true >>/proc/$f; } && echo "REACHED $f"; done; true'
    exits 0
    says_not REACHED
    [ "$(grep -c 'Read-only file system' <<<"$output")" -ge 4 ]
}

@test "final containment: no process of the host can be signalled or traced" {
    background sleep 100
    try -- /tools/escape process "${BACKGROUND[0]}"
    exits 0
    [ "$output" = $'kill: No such process\nptrace: No such process' ] || { echo "$output"; return 1; }
}

@test "final containment: a setuid program gives nothing after no-new-privileges" {
    # not in /tmp, which may be mounted nosuid
    local file=$PREPARED/setuid.$BASHPID
    tools
    cp "$TOOLS/escape" "$file"
    chmod 4755 "$file"
    try --user 1000 -v "$file:/setuid" -- /setuid euid
    [ "$output" = "euid 0" ]
    try --user 1000 -v "$file:/setuid" --security-opt no-new-privileges -- /setuid euid
    [ "$output" = "euid 1000" ] || { echo "$output"; return 1; }
    rm "$file"
}

@test "final containment: nothing can be typed into the caller's terminal" {
    tools
    # coracle gives no terminal away; 04 lets its command share the caller's
    run script -qec "'$BUILD/04-overlayfs' --layer '$ROOTFS' -v '$TOOLS:/tools:ro' -- /tools/escape tiocsti" /dev/null
    says_not REACHED
    says "tiocsti: "
    run script -qec "'$BUILD/coracle' --root '$ROOT' run --rm --network none -v '$TOOLS:/tools:ro' '$IMAGE' /tools/escape tiocsti" /dev/null
    says "tiocsti: "
    says_not REACHED
}
