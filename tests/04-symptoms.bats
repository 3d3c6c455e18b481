#!/usr/bin/env bats
# What people meet with overlayfs and mounts, and take for a bug: each is shown here.

load lib/helpers

setup()
{
    common_setup
    T=$BATS_TEST_TMPDIR
    export TMPDIR=$(mktemp -d /var/tmp/test-04.XXXXXX)
}

teardown()
{
    rmdir "$TMPDIR" || { ls "$TMPDIR"; rm -rf "$TMPDIR"; return 1; }
    common_teardown
}

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

@test "04 symptom 20: rename of a directory of a lower layer fails with EXDEV, and mv copies instead" {
    mkdir -p "$T/a/lib/x" "$T/m" "$T/u" "$T/w"
    touch "$T/a/lib/x/file"
    # as a program in the container meets it
    run unshare --mount bash -c "mount -t overlay overlay -o 'lowerdir=$T/a,upperdir=$T/u,workdir=$T/w,userxattr,index=off' '$T/m'
        python3 -c 'import os
try: os.rename(\"$T/m/lib/x\", \"$T/m/lib/y\")
except OSError as error: print(error.strerror)'"
    exits 0
    [ "$output" = "Invalid cross-device link" ]
    run on_layers "$T/a" -- --upper "$T/upper" -- sh -c 'mv /lib/x /lib/y && ls /lib/y; ls /lib/x'
    says file
    says "/lib/x: No such file"
    # all of it is in the upper directory now, and a whiteout
    [ -e "$T/upper/lib/y/file" ]
    [ "$(stat -c '%F' "$T/upper/lib/x")" = "character special file" ]
}

@test "04 symptom 21: a file that was deleted in an image is back, if a layer has a tar's whiteout and not overlayfs's" {
    mkdir -p "$T/a/dir" "$T/b/dir" "$T/c/dir" "$T/d/dir"
    touch "$T/a/dir/file" "$T/a/dir/other"
    touch "$T/b/dir/.wh.file"
    mknod "$T/c/dir/file" c 0 0
    python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.overlay.opaque", b"y")' "$T/d/dir"
    run on_layers "$T/a" "$T/b" -- -- ls -A /dir
    [ "$output" = $'.wh.file\nfile\nother' ]
    run on_layers "$T/a" "$T/c" -- -- ls -A /dir
    [ "$output" = other ]
    run on_layers "$T/a" "$T/d" -- -- ls -A /dir
    [ -z "$output" ]
    # a directory that looks empty can be removed, though the layer below has files
    run on_layers "$T/a" "$T/c" -- -- sh -c 'rm /dir/other && rmdir /dir && ls -d /dir'
    says "/dir: No such file"
}

@test "04 symptom 22: a change of the mode alone copies the whole file up" {
    mkdir "$T/a"
    dd if=/dev/zero of="$T/a/large" bs=1M count=20 status=none
    run on_layers "$T/a" -- --upper "$T/upper" -- chmod 600 /large
    exits 0
    [ "$(stat -c %s "$T/upper/large")" = $((20 << 20)) ]
    [ "$(stat -c %a "$T/a/large")" = 644 ]
}

@test "04 symptom 23: a file that was mapped before the copy-up still shows the old data; hard links come apart" {
    mkdir "$T/a" "$T/m" "$T/u" "$T/w"
    echo old >"$T/a/file"
    ln "$T/a/file" "$T/a/hard"
    run on_layers "$T/a" -- -- sh -c 'echo new >/file; cat /file /hard; stat -c %h /file'
    exits 0
    [ "$output" = $'new\nold\n1' ]
    run unshare --mount bash -c "mount -t overlay overlay -o 'lowerdir=$T/a,upperdir=$T/u,workdir=$T/w,userxattr,index=off' '$T/m'
        python3 - '$T/m/file'" <<'END'
import mmap, sys
file = open(sys.argv[1], "rb")
seen = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
with open(sys.argv[1], "r+b") as writer:
    writer.write(b"new")
print(seen[:3].decode(), open(sys.argv[1]).read(3))
END
    exits 0
    [ "$output" = "old new" ]
}

@test "04 symptom 24: a bound file is an inode: who replaces it on the host is not seen, and inside it can't be replaced" {
    echo first >"$T/file"
    mkdir "$T/sync"
    contain -v "$T/file:/config" -v "$T/sync:/sync" -- sh -c 'touch /sync/ready
        i=0; while [ ! -e /sync/go ] && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done
        cat /config; mv /sync/go /config 2>&1; sed -i s/first/x/ /config 2>&1; echo appended >>/config' >"$T/out2" 2>&1 3>&- &
    local pid=$!
    await test -e "$T/sync/ready"
    echo second >"$T/new" && mv "$T/new" "$T/file"
    touch "$T/sync/go"
    wait "$pid" || true
    [ "$(head -n1 "$T/out2")" = first ]
    grep -q "Resource busy\|Device or resource busy" "$T/out2"
    [ "$(cat "$T/file")" = second ]
}

@test "04 symptom 25: -v of a file that is missing makes a directory of it, and on a file of the image that is not a directory, 127" {
    run contain -v "$T/missing.conf:/new.conf" -- stat -c %F /new.conf
    exits 0
    [ "$output" = directory ]
    [ -d "$T/missing.conf" ]
    run -127 contain -v "$T/missing.conf:/etc/passwd" -- true
    says "not a directory: Are you trying to mount a directory onto a file (or vice-versa)?"
    # --mount does not fall for it
    run contain --mount "type=bind,source=$T/missing2.conf,target=/new.conf" -- true
    exits 125
    [ ! -e "$T/missing2.conf" ]
}

@test "04 symptom 26: a mount hides what the image has there" {
    mkdir "$T/src"
    run contain -v "$T/src:/etc" -- cat /etc/passwd
    exits 1
    says "No such file"
}

@test "04 symptom 27: mounts that are made later on the host are seen only with propagation" {
    mkdir -p "$T/src/late"
    for mode in rprivate rslave; do
        run unshare --mount --propagation shared bash -c "
            mount --bind '$T/src' '$T/src' && mount --make-shared '$T/src'; source '$TOP/tests/lib/helpers.bash'
            contain -v '$T/src:/data:$mode' -- sh -c '
                touch /data/ready; i=0
                while [ ! -e /data/done ] && [ \$i -lt 100 ]; do sleep 0.05; i=\$((i+1)); done; ls /data/late' &
            await test -e '$T/src/ready'
            mount -t tmpfs late '$T/src/late' && touch '$T/src/late/seen' '$T/src/done'
            wait; rm '$T/src/ready' '$T/src/done'"
        [ $mode = rslave ] || says_not seen
        [ $mode = rprivate ] || says seen
    done
}

@test "04 symptom 29: no space left on a device that has space: inodes, the size of a tmpfs, /dev/shm" {
    run contain --tmpfs /small:nr_inodes=5 -- sh -c 'for i in 1 2 3 4 5 6; do touch /small/$i; done; df -k /small | tail -n1'
    says "No space left on device"
    run contain --tmpfs /small:size=64k -- sh -c 'dd if=/dev/zero of=/small/x bs=1k count=100'
    says "No space left on device"
    run contain -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=65'
    says "No space left on device"
    # the volume of a host's file system without inodes, though it has blocks
    dd if=/dev/zero of="$T/image" bs=1M count=4 status=none
    mkfs.ext4 -q -N 16 "$T/image"
    mkdir "$T/mnt"
    run unshare --mount bash -c "mount -o loop '$T/image' '$T/mnt' && source '$TOP/tests/lib/helpers.bash'
        contain -v '$T/mnt:/data' -- sh -c 'for i in \$(seq 20); do touch /data/\$i; done; df -k /data | tail -n1'"
    says "No space left on device"
}
