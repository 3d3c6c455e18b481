#!/usr/bin/env bats
# Chapter 04: / is layers seen as one, what is written goes elsewhere, and volumes come from outside.

load lib/helpers

setup()
{
    common_setup
    T=$BATS_TEST_TMPDIR
    # where 04-overlayfs makes its directories: our own, so that others at work do not count
    export TMPDIR=$(mktemp -d /var/tmp/test-04.XXXXXX)
}

teardown()
{
    rmdir "$TMPDIR" || { echo "a directory was left behind:"; ls "$TMPDIR"; rm -rf "$TMPDIR"; return 1; }
    common_teardown
}

# on_layers LAYER… -- [OPTIONS] -- COMMAND: with busybox below. Programs that take images only are
# stood in for by the one that takes directories: the modules are the same.
on_layers()
{
    local options=(--layer "$ROOTFS")
    while [ "$1" != -- ]; do
        options+=(--layer "$1")
        shift
    done
    shift
    "$BUILD/04-overlayfs" "${options[@]}" "$@"
}

@test "04 layers are seen as one tree, and of two files the upper one" {
    mkdir -p "$T/a/dir" "$T/b/dir"
    echo low >"$T/a/both"; echo high >"$T/b/both"; touch "$T/a/dir/of-a" "$T/b/dir/of-b"
    run on_layers "$T/a" "$T/b" -- -- sh -c 'cat /both; ls /dir'
    exits 0
    [ "$output" = $'high\nof-a\nof-b' ]
    run on_layers "$T/b" "$T/a" -- -- cat /both
    [ "$output" = low ]
}

@test "04 what is written goes to the upper directory, and the layers stay as they were" {
    mkdir "$T/a"
    echo before >"$T/a/file"
    run on_layers "$T/a" -- --upper "$T/upper" -- sh -c 'echo after >/file; echo new >/new; cat /file'
    exits 0
    [ "$output" = after ]
    [ "$(cat "$T/a/file")" = before ]
    [ "$(cat "$T/upper/file")" = after ]
    [ "$(cat "$T/upper/new")" = new ]
    # only what was written, and the mount points
    [ ! -e "$T/upper/bin" ]
    [ "$(ls "$T")" = $'a\nupper' ]
}

@test "04 without --upper, what is written is gone, and the next one starts anew" {
    run contain -- sh -c 'echo x >/leftover && rm /bin/id'
    exits 0
    run contain -- sh -c 'ls /leftover; id -u'
    says "No such file or directory"
    says 0
}

@test "04 a whiteout hides what is below" {
    mkdir -p "$T/a/dir" "$T/b"
    touch "$T/a/file" "$T/a/dir/x" "$T/a/stays"
    mknod "$T/b/file" c 0 0
    mknod "$T/b/dir" c 0 0
    run on_layers "$T/a" "$T/b" -- -- ls -a /
    exits 0
    says stays
    says_not file
    says_not dir
}

@test "04 what the kernel writes on deletion hides again when the upper directory is a layer" {
    mkdir -p "$T/a/dir"
    touch "$T/a/file" "$T/a/dir/old"
    run on_layers "$T/a" -- --upper "$T/b" -- sh -c 'rm /file && rm -r /dir && mkdir /dir && touch /dir/new'
    exits 0
    [ "$(stat -c '%F %t:%T' "$T/b/file")" = "character special file 0:0" ]
    # marked by a user xattr, which needs no CAP_SYS_ADMIN
    [ "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.overlay.opaque"))' "$T/b/dir")" = "b'y'" ]
    run on_layers "$T/a" "$T/b" -- -- sh -c 'ls /dir; ls /file'
    says new
    says_not old
    says "/file: No such file"
}

@test "04 128 layers fit, though their paths are long and full of separators; 129 do not" {
    local long deep options=()
    long=$(printf 'x%.0s' {1..150})
    deep="$T/$long/$long,a:b\\c"
    for i in {1..127}; do
        mkdir -p "$deep/$i"
        touch "$deep/$i/file-of-$i"
        echo "$i" >"$deep/$i/top"
        options+=("$deep/$i")
    done
    run on_layers "${options[@]}" -- -- sh -c 'cat /top; ls -d /file-of-* | wc -l'
    exits 0
    [ "$output" = $'127\n127' ]
    run on_layers "${options[@]}" "$T" -- -- true
    exits 125
    says "129 layers: 1 to 128 are possible"
}

@test "04 the overlay is mounted in the container's namespace only" {
    contain -- sh -c 'echo ready; sleep 1' >"$T/out" 3>&- &
    local pid=$!
    await grep -q ready "$T/out"
    run cat /proc/self/mountinfo
    says_not coracle
    says_not overlay
    wait "$pid"
}

@test "04 a signal leaves no directory behind" {
    "$BUILD/04-overlayfs" --layer "$ROOTFS" -- sh -c 'trap "exit 3" TERM; echo ready; for i in $(seq 100); do sleep 0.05; done' >"$T/out" 3>&- &
    local pid=$!
    await grep -q ready "$T/out"
    kill -TERM "$pid"
    wait "$pid" && status=0 || status=$?
    exits 3
}

@test "04 the root belongs to root and can be entered by everybody" {
    run contain -u 1000 -- sh -c 'stat -c "%a %u:%g" /; ls / >/dev/null && touch /x'
    exits 1
    says "755 0:0"
    says "Permission denied"
}

@test "04 a layer that is missing, or a file, or none, is refused with its name" {
    run on_layers "$T/missing" -- -- true
    exits 125
    says "find the layer '$T/missing': No such file or directory"
    run on_layers /etc/passwd -- -- true
    exits 125
    says "the layer '/etc/passwd' is not a directory"
    run "$BUILD/04-overlayfs" -- true
    exits 125
    says "a layer is missing: --layer DIR"
}

@test "04 --upper with --userns auto is refused, and why is said" {
    mkdir "$T/etc"
    echo containers:200000:131072 | tee "$T/etc/subuid" >"$T/etc/subgid"
    run unshare --mount --propagation private sh -c 'mount -t overlay -o "lowerdir=$0:/etc" etc /etc && exec "$@"' "$T/etc" \
        "$BUILD/04-overlayfs" --layer "$ROOTFS" --userns auto --upper "$T/upper" -- true
    exits 125
    says "--upper does not go with --userns auto"
    [ ! -e "$T/upper" ]
}

@test "04 an upper directory that is itself on an overlay is refused, and why is said" {
    mkdir "$T/u" "$T/w" "$T/m"
    run unshare --mount sh -c "mount -t overlay overlay -o lowerdir=$ROOTFS,upperdir=$T/u,workdir=$T/w $T/m &&
        TMPDIR=$T/m '$BUILD/04-overlayfs' --layer '$ROOTFS' -- true"
    exits 125
    says "mount overlay on '$T/m/coracle."
    says "is the upper directory itself on an overlayfs"
    ! ls "$T/u" | grep coracle
}

@test "04 -v shows a directory of the host, both ways" {
    mkdir "$T/src"
    echo outside >"$T/src/file"
    run contain -v "$T/src:/data" -- sh -c 'cat /data/file; echo inside >/data/reply'
    exits 0
    [ "$output" = outside ]
    [ "$(cat "$T/src/reply")" = inside ]
}

@test "04 -v of a file, on a target that is missing or is there" {
    echo mine >"$T/file"
    run contain -v "$T/file:/some/where/file" -v "$T/file:/etc/passwd" -- cat /some/where/file /etc/passwd
    exits 0
    [ "$output" = $'mine\nmine' ]
}

@test "04 -v …:ro can't be written, nor can what is mounted inside it" {
    mkdir -p "$T/src/inner"
    run unshare --mount bash -c "mount -t tmpfs inner '$T/src/inner'; source '$TOP/tests/lib/helpers.bash'
        contain -v '$T/src:/data:ro' -- sh -c 'ls -d /data/inner; touch /data/x; touch /data/inner/x; grep -c \" /data\" /proc/mounts'"
    exits 0
    says "/data/x: Read-only file system"
    says "/data/inner/x: Read-only file system"
    # the mount inside is there
    grep -qx 2 <<<"$output"
}

@test "04 -v makes a source that is missing, as a directory" {
    run contain -v "$T/new/deep:/data" -- touch /data/x
    exits 0
    [ -e "$T/new/deep/x" ]
}

@test "04 -v of a relative path is below the current directory" {
    mkdir "$T/src"
    touch "$T/src/mark"
    cd "$T"
    run contain -v ./src:/data -- ls /data
    exits 0
    [ "$output" = mark ]
}

@test "04 volumes inside one another are mounted from the outside in" {
    mkdir "$T/outer" "$T/inner"
    touch "$T/inner/mark"
    run contain -v "$T/inner:/a/b" -v "$T/outer:/a" -- sh -c 'ls /a /a/b'
    exits 0
    says mark
}

@test "04 a link in the image can't lead a volume out of the root" {
    mkdir "$T/evil" "$T/src"
    touch "$T/src/mark"
    ln -s / "$T/evil/abs"
    ln -s ../../../../../../.. "$T/evil/up"
    ln -s ../../../../mnt/gone "$T/evil/dangling"
    ln -s loop "$T/evil/loop"
    run on_layers "$T/evil" -- -v "$T/src:/abs/in-abs" -v "$T/src:/up/in-up" -v "$T/src/mark:/dangling" -- \
        ls /in-abs /in-up /mnt/gone
    exits 0
    says $'/in-abs:\nmark'
    says $'/in-up:\nmark'
    says /mnt/gone
    [ ! -e /in-abs ] && [ ! -e /in-up ] && [ ! -e /mnt/gone ]
    run on_layers "$T/evil" -- -v "$T/src:/loop/x" -- true
    exits 125
    says "Too many levels of symbolic links"
}

@test "04 nothing can be mounted over /proc or inside it" {
    mkdir "$T/src"
    for target in /proc /proc/sys /proc/../proc/fs; do
        run contain -v "$T/src:$target" -- true
        exits 125
        says "cannot be mounted because it is inside /proc"
    done
}

@test "04 a volume on /dev can't give another file for the /dev/null that masks are made of" {
    mkdir "$T/src"
    echo fake >"$T/src/null"
    run contain -v "$T/src:/dev" -- true
    exits 125
    says "'/dev/null' in the container is not the null device"
    ln -sf /etc/passwd "$T/src/null"
    run contain -v "$T/src:/dev" -- true
    exits 125
    says "'/dev/null' in the container is not the null device"
    rm "$T/src/null"
    run contain -v "$T/src:/dev" -- true
    exits 125
    says "is there a volume on /dev?"
}

@test "04 a directory on a file, or a file on a directory, is refused in Docker's words" {
    mkdir "$T/src"
    touch "$T/file"
    run -127 contain -v "$T/src:/etc/passwd" -- true
    exits 127
    says "Are you trying to mount a directory onto a file (or vice-versa)?"
    run -127 contain -v "$T/file:/bin" -- true
    exits 127
    says "Are you trying to mount a directory onto a file (or vice-versa)?"
}

@test "04 a bad -v gives Docker's words" {
    # value | words
    while IFS='|' read -r value words; do
        run contain -v "$value" -- true
        exits 125
        says "$words"
    done <<'END'
/a:/b:ro:x|invalid volume specification: '/a:/b:ro:x'
:/b|invalid volume specification: ':/b'
/a:/b:rx|invalid mode: rx
/a:b|invalid volume specification: '/a:b': invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute
name:b|invalid mount config for type "volume": invalid mount path: 'b' mount path must be absolute
/a:/|invalid specification: destination can't be '/'
/a:/x/..|invalid specification: destination can't be '/'
END
    run contain -v /tmp:/x -v /var:/x/ -- true
    exits 125
    says "Duplicate mount point: /x"
}

@test "04 what is mounted in a volume does not reach the host, though its mounts are shared" {
    mkdir "$T/src"
    run unshare --mount --propagation shared bash -c "
        mount --make-rshared /; source '$TOP/tests/lib/helpers.bash'
        contain -v '$T/src:/data' --cap-add SYS_ADMIN -- sh -c 'mount -t tmpfs inner /data && touch /data/x && ls /data'
        ls -A '$T/src'; grep -c ' inner ' /proc/self/mountinfo"
    says x
    [ "${lines[-1]}" = 0 ]
}

@test "04 --read-only: / can't be written; volumes, /dev and /dev/shm can" {
    mkdir "$T/src"
    run contain --read-only -v "$T/src:/data" -- sh -c 'touch /x; touch /etc/x; touch /data/x /dev/shm/x && echo others'
    exits 0
    says "/x: Read-only file system"
    says "/etc/x: Read-only file system"
    says others
    [ -e "$T/src/x" ]
}

@test "04 --mount binds a directory or a file, read-only if asked for" {
    mkdir "$T/src"
    echo mine >"$T/src/file"
    run contain --mount "type=bind,source=$T/src,target=/data" --mount "type=bind,src=$T/src/file,dst=/x/y,ro" -- \
        sh -c 'cat /data/file /x/y; echo >>/x/y; touch /data/new'
    exits 0
    says $'mine\nmine'
    says "/x/y: Read-only file system"
    [ -e "$T/src/new" ]
}

@test "04 --mount refuses a source that is missing, and makes none" {
    run contain --mount "type=bind,source=$T/missing,target=/data" -- true
    exits 125
    says "invalid mount config for type \"bind\": bind source path does not exist: $T/missing"
    [ ! -e "$T/missing" ]
}

@test "04 --mount with bind-recursive=disabled leaves out what is mounted inside" {
    mkdir -p "$T/src/inner"
    run unshare --mount bash -c "mount -t tmpfs inner '$T/src/inner'; touch '$T/src/inner/in-tmpfs'
        source '$TOP/tests/lib/helpers.bash'
        contain --mount 'type=bind,source=$T/src,target=/a,bind-recursive=disabled' --mount 'type=bind,source=$T/src,target=/c,bind-nonrecursive' -v '$T/src:/b' -- ls /a/inner /b/inner /c/inner"
    exits 0
    says $'/a/inner:\n\n/b/inner:\nin-tmpfs\n\n/c/inner:'
}

@test "04 --mount with bind-recursive=writable protects only the outer mount" {
    mkdir -p "$T/src/inner"
    run unshare --mount bash -c "mount -t tmpfs inner '$T/src/inner'; source '$TOP/tests/lib/helpers.bash'
        contain --mount 'type=bind,source=$T/src,target=/a,ro,bind-recursive=writable' -- sh -c 'touch /a/inner/x && echo inside; touch /a/x'"
    exits 1
    says inside
    says "/a/x: Read-only file system"
}

@test "04 a bad --mount gives Docker's words" {
    while IFS='|' read -r value words; do
        run contain --mount "$value" -- true
        exits 125
        says "$words"
    done <<'END'
type=bind,source=/a|target is required
type=bind,source=/a,target=/b,x=1|unexpected key 'x' in 'x=1'
type=bind,target=/b,source|invalid field 'source' must be a key=value pair
type=bind,source=/a,target=/b,tmpfs-size=1m|cannot mix 'tmpfs-*' options with mount type 'bind'
type=bind,source=a,target=/b|invalid mount config for type "bind": invalid mount path: 'a' mount path must be absolute
type=tmpfs,target=/|invalid mount config for type "tmpfs": invalid specification: destination can't be '/'
END
}

@test "04 --tmpfs mounts memory: Docker's options, and those that are given" {
    run contain --tmpfs /run --tmpfs /scratch:size=1m,mode=1770,exec -- sh -c \
        'grep -E " /(run|scratch) " /proc/mounts; stat -c %a /scratch; dd if=/dev/zero of=/scratch/x bs=1M count=2'
    exits 1
    says "tmpfs /run tmpfs rw,nosuid,nodev,noexec,relatime"
    says "tmpfs /scratch tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=1770"
    says 1770
    says "No space left on device"
}

@test "04 a tmpfs has the mode of the directory that it hides" {
    mkdir -p "$T/a/open" "$T/a/closed"
    chmod 1777 "$T/a/open"; chmod 700 "$T/a/closed"
    run on_layers "$T/a" -- --tmpfs /open --tmpfs /closed --mount type=tmpfs,target=/none,tmpfs-mode=751,tmpfs-size=4096 -- \
        stat -c '%n %a' /open /closed /none
    exits 0
    [ "$output" = $'/open 1777\n/closed 700\n/none 751' ]
}

@test "04 --read-only with --tmpfs: only there can be written" {
    run contain --read-only --tmpfs /run -- sh -c 'touch /run/x && echo written; touch /x'
    exits 1
    says written
    says "/x: Read-only file system"
}

@test "04 bind-propagation=rslave: what is mounted on the host later is seen; by default it is not" {
    mkdir -p "$T/src/late"
    for mode in '' ,bind-propagation=rslave; do
        run unshare --mount --propagation shared bash -c "
            mount --bind '$T/src' '$T/src' && mount --make-shared '$T/src'; source '$TOP/tests/lib/helpers.bash'
            contain --mount 'type=bind,source=$T/src,target=/data$mode' -- sh -c '
                touch /data/ready; i=0
                while [ ! -e /data/done ] && [ \$i -lt 100 ]; do sleep 0.05; i=\$((i+1)); done; ls /data/late' &
            await test -e '$T/src/ready'
            mount -t tmpfs late '$T/src/late' && touch '$T/src/late/seen' '$T/src/done'
            wait; rm '$T/src/ready' '$T/src/done'"
        exits 0
        [ -n "$mode" ] || says_not seen
        [ -z "$mode" ] || says seen
    done
}

@test "04 bind-propagation=rshared: what is mounted in the container is seen on the host, if the source is shared" {
    mkdir -p "$T/src/late"
    run unshare --mount --propagation shared bash -c "
        mount --bind '$T/src' '$T/src' && mount --make-shared '$T/src'; source '$TOP/tests/lib/helpers.bash'
        contain -v '$T/src:/data:rshared' --cap-add SYS_ADMIN -- sh -c 'mount -t tmpfs late /data/late && touch /data/late/x'
        ls '$T/src/late'"
    exits 0
    [ "${lines[-1]}" = x ]
    run unshare --mount --propagation private bash -c "source '$TOP/tests/lib/helpers.bash'
        contain -v '$T/src:/data:rshared' -- true"
    exits 125
    says "path $T/src is mounted on"
    says "but it is not a shared mount"
}

@test "04 volumes have names only where there is a place for them" {
    run on_layers -- -v name:/data -- true
    exits 125
    says "volume 'name' on '/data': only coracle keeps volumes"
}

@test "04 --explain shows the overlay and each volume as a mount command" {
    mkdir "$T/src"
    run contain --explain -v "$T/src:/data:ro" -- true
    exits 0
    [[ $output =~ 04\ +[0-9]+\ us\ \ mount\ -t\ overlay\ -o\ .*lowerdir=.*,upperdir=.*,workdir=.*,userxattr,index=off ]]
    [[ $output =~ 04\ +[0-9]+\ us\ \ mount\ --rbind\ -o\ ro=recursive\ "$T/src" ]]
}

@test "04 two containers on the same layers do not see each other's changes" {
    contain -- sh -c 'echo mine >/tmp/x; echo ready; sleep 1; cat /tmp/x' >"$T/out" 3>&- &
    local pid=$!
    await grep -q ready "$T/out"
    run contain -- sh -c 'ls /tmp/x; echo other >/tmp/x'
    says "No such file"
    wait "$pid"
    grep -q mine "$T/out"
}
