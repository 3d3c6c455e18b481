#!/usr/bin/env bats
# Volumes that coracle keeps, and the files of containers: volume, diff, cp, commit.

load lib/helpers
load lib/final

box() { coracle run --rm --network none "$@"; }

remove_volumes()
{
    local ids names
    ids=$(coracle ps -aq)
    [ -z "$ids" ] || coracle rm -f $ids >/dev/null
    names=$(coracle volume ls -q)
    [ -z "$names" ] || coracle volume rm $names >/dev/null
}

volumes() { coracle volume ls -q; }

# --- named ----------------------------------------------------------------------------------------

@test "04 a named volume is made on first use, and keeps what one container has written for the next" {
    run box -v data:/d "$IMAGE" sh -c 'echo kept >/d/file'
    exits 0
    [ "$(volumes)" = data ]
    run box -v data:/other "$IMAGE" cat /other/file
    [ "$output" = kept ]
    run box --mount source=data,target=/x,readonly "$IMAGE" touch /x/y
    exits 1
    says "Read-only file system"
    remove_volumes
}

@test "04 a volume is filled from the image on first use, once: owner, mode, times, attributes, hard links" {
    add_image filled --config.cmd sh
    coracle run --network none --name maker "$MADE" sh -c '
        mkdir -p /fill/sub && echo text >/fill/a && ln /fill/a /fill/b && ln -s a /fill/link && chown -h 7:8 /fill/a /fill/link &&
        chmod 4751 /fill/a && chmod 2770 /fill/sub && chown 9:10 /fill && chmod 1777 /fill && touch -d "2001-02-03 04:05:06" /fill/a && mkfifo /fill/pipe'
    upper=$ROOT/containers/$(state maker .Id)/upper
    setfattr -n user.mark -v yes "$upper/fill/a" 2>/dev/null ||
        python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.mark", b"yes")' "$upper/fill/a"
    # the layer of the image, as if its author had made that
    layer=$(state maker .GraphDriver.Data.LowerDir); layer=${layer%%:*}
    cp -a "$upper/fill" "$layer/"
    run box -v data:/fill -v nothing:/fill2:nocopy -v none:/fill/sub:nocopy "$MADE" stat -c '%n %F %a %u:%g %h' /fill /fill/a /fill/b /fill/link /fill/pipe
    rm -rf "$layer/fill"
    exits 0
    [ "$output" = $'/fill directory 1777 9:10 3\n/fill/a regular file 4751 7:8 2\n/fill/b regular file 4751 7:8 2\n/fill/link symbolic link 777 7:8 1\n/fill/pipe fifo 644 0:0 1' ]
    data=$ROOT/volumes/data/_data
    [ "$(stat -c %Y "$data/a")" = "$(date -d '2001-02-03 04:05:06 UTC' +%s)" ]
    [ "$(stat -c %i "$data/a")" = "$(stat -c %i "$data/b")" ]
    [ "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.mark").decode())' "$data/a")" = yes ]
    # emptied by hand, it is filled again; with something in it, not
    rm "$data/b"
    run box -v data:/etc "$IMAGE" ls /etc
    says link
    says_not passwd
    remove_volumes
}

@test "04 nocopy leaves a new volume empty, and a bind mount hides what is in the image" {
    mkdir "$BATS_TEST_TMPDIR/src"
    run box -v data:/etc/:nocopy "$IMAGE" ls /etc/passwd
    says "No such file"
    run box --mount type=volume,source=data2,target=/etc,volume-nocopy "$IMAGE" ls /etc/passwd
    says "No such file"
    run box -v "$BATS_TEST_TMPDIR/src:/etc" "$IMAGE" ls /etc/passwd
    says "No such file"
    remove_volumes
}

@test "04 symptom 26: a named volume has what the image had on its first use, not what a later image has" {
    box -v data:/etc "$IMAGE" true
    coracle run --network none --name next "$IMAGE" sh -c 'echo new >/etc/new'
    coracle commit next later:1 >/dev/null
    run box later:1 cat /etc/new
    [ "$output" = new ]
    run box -v data:/etc later:1 ls /etc/new /etc/passwd
    exits 1
    says "/etc/new: No such file"
    says "/etc/passwd"
    coracle rm next
    coracle rmi later:1
    remove_volumes
}

@test "04 a volume that could not be filled completely is filled by the next" {
    coracle volume create data
    data=$ROOT/volumes/data/_data
    mkdir "$data.new"; touch "$data.new/half"
    run box -v data:/etc "$IMAGE" ls /etc
    exits 0
    says passwd
    says_not half
    [ ! -e "$data.new" ]
    remove_volumes
}

# --- without a name -------------------------------------------------------------------------------

@test "04 a volume without a name goes with --rm and with rm -v, and stays with rm" {
    run box -v /anon "$IMAGE" touch /anon/x
    exits 0
    [ -z "$(volumes)" ]
    coracle run --network none --name one -v /anon "$IMAGE" touch /anon/x
    [[ $(volumes) =~ ^[0-9a-f]{64}$ ]]
    coracle rm -v one
    [ -z "$(volumes)" ]
    coracle run --network none --name two -v /anon -v named:/named "$IMAGE" touch /anon/x
    coracle rm two
    [ "$(volumes | wc -l)" = 2 ]
    coracle run --network none --name three -v named:/named "$IMAGE" true
    coracle rm -v three
    [ "$(volumes | grep -c named)" = 1 ]
    remove_volumes
}

@test "04 the image's VOLUME is a volume without a name, unless another is mounted there" {
    add_image withvolume --config.volume /data --config.volume /etc
    coracle run --network none --name one -v named:/data "$MADE" sh -c 'grep -cE " /(data|etc) " /proc/mounts; ls /etc/passwd' >"$BATS_TEST_TMPDIR/out"
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'2\n/etc/passwd' ]
    [ "$(volumes | wc -l)" = 2 ]
    [ "$(state one '.Mounts | map(.Destination) | sort | join(" ")')" = "/data /etc" ]
    coracle rm -v one
    [ "$(volumes)" = named ]
    remove_volumes
}

@test "04 --volumes-from mounts what another container has, read-only if asked for" {
    mkdir "$BATS_TEST_TMPDIR/src"
    coracle run --network none --name source -v /anon -v "$BATS_TEST_TMPDIR/src:/bound" -v named:/over --tmpfs /t "$IMAGE" sh -c 'echo there >/anon/file'
    run box --volumes-from source -v other:/over "$IMAGE" sh -c 'cat /anon/file; touch /bound/x; grep -c " /t " /proc/mounts; ls /over'
    [ "${lines[0]}" = there ]
    [ -e "$BATS_TEST_TMPDIR/src/x" ]
    run box --volumes-from source:ro "$IMAGE" touch /anon/y /bound/y
    exits 1
    says "/anon/y: Read-only"
    says "/bound/y: Read-only"
    # the one without a name still belongs to its container
    [ "$(volumes | wc -l)" = 3 ]
    run -125 coracle run --rm --network none --volumes-from nobody "$IMAGE" true
    says "No such container: nobody"
    remove_volumes
}

# --- the commands ---------------------------------------------------------------------------------

@test "04 a volume that is in use can't be removed, by a container that has ended too" {
    coracle run --network none --name user -v data:/d "$IMAGE" true
    run coracle volume rm data
    exits 1
    says "remove data: volume is in use - [$(state user .Id)]"
    coracle rm user
    run coracle volume rm data
    exits 0
    [ "$output" = data ]
    run coracle volume rm data
    exits 1
    says "get data: no such volume"
    run coracle volume rm -f data
    exits 0
    [ "$output" = data ]
}

@test "04 no volume is removed while a container's record can't be read" {
    coracle run --network none --name user -v data:/d "$IMAGE" true
    record=$ROOT/containers/$(state user .Id)/config.json
    mv "$record" "$BATS_TEST_TMPDIR/record" && echo '{' >"$record"
    run coracle volume rm data
    removed="$status $output"
    run coracle volume prune -af
    mv "$BATS_TEST_TMPDIR/record" "$record"
    exits 1
    says "read the record of container"
    output=$removed
    [ "${removed%% *}" = 1 ]
    says "read the record of container"
    [ "$(volumes)" = data ]
    remove_volumes
}

@test "04 volume create, inspect, ls with filters" {
    run coracle volume create --label a=b --label c first
    exits 0
    [ "$output" = first ]
    run coracle volume create
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    run coracle volume inspect first
    [ "$(jq -r '.[0] | .Name, .Driver, .Mountpoint, .Labels.a, .Scope' <<<"$output")" = "first
local
$ROOT/volumes/first/_data
b
local" ]
    run coracle volume ls
    says "DRIVER    VOLUME NAME"
    says "local     first"
    [ "$(coracle volume ls -q --filter label=a)" = first ]
    [ "$(coracle volume ls -q --filter label=a=x)" = "" ]
    [ "$(coracle volume ls -q -f name=irs)" = first ]
    coracle run --network none --name user -v first:/d "$IMAGE" true
    [ "$(coracle volume ls -q -f dangling=false)" = first ]
    run coracle volume inspect nope
    exits 1
    says "get nope: no such volume"
    run coracle volume create ../x
    exits 1
    says 'includes invalid characters for a local volume name'
    remove_volumes
}

@test "04 volume ls and inspect --format, and filters in Docker's way" {
    coracle volume create --label a=b --label c one
    coracle volume create two
    run coracle volume ls --format '{{.Name}} {{.Driver}} {{.Labels}} {{.Label "a"}}'
    [ "$output" = $'one local a=b,c= b\ntwo local  ' ]
    run coracle volume ls --format 'table {{.Name}}\t{{.Scope}}'
    [ "$output" = $'VOLUME NAME   SCOPE\none           local\ntwo           local' ]
    [ "$(coracle volume ls --format json -f name=one | jq -r '.Name, .Size')" = $'one\nN/A' ]
    # several names: any of them; several labels: all of them
    [ "$(coracle volume ls -q -f name=o$ -f name=^on | xargs)" = "one two" ]
    [ -z "$(coracle volume ls -q -f label=a -f label=x)" ]
    [ "$(coracle volume ls -q -f dangling=1 | xargs)" = "one two" ]
    run coracle volume ls -f dangling=perhaps
    exits 1
    says "invalid filter 'dangling=[perhaps]'"
    run coracle volume ls -f color=red
    exits 1
    says "invalid filter 'color'"
    [ "$(coracle volume inspect -f '{{.Name}} {{index .Labels "a"}} {{json .Options}}' one)" = "one b null" ]
    run coracle volume inspect -f '{{.Name}}' none one
    exits 1
    says "get none: no such volume"
    says $'\none'
    run coracle volume create --name x1 x2
    exits 1
    says "conflicting options: cannot specify a volume-name through both --name and as a positional arg"
    remove_volumes
}

@test "04 a volume of type tmpfs is memory, with the options that it was made with" {
    coracle volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,uid=5,nosuid mem
    [ "$(coracle volume inspect -f '{{json .Options}}' mem)" = '{"device":"tmpfs","o":"size=1m,uid=5,nosuid","type":"tmpfs"}' ]
    run box -v mem:/etc "$IMAGE" sh -c 'ls /etc/passwd; grep " /etc " /proc/mounts; stat -c "%u %a" /etc; touch /etc/x'
    exits 0
    says "/etc/passwd: No such file or directory"
    says "tmpfs /etc tmpfs rw,nosuid,relatime,size=1024k,uid=5 0 0"
    says "5 1777"
    run box -v mem:/d:ro "$IMAGE" touch /d/x
    says "Read-only file system"
    run box --mount 'type=volume,source=other,target=/d,volume-label=a=b,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=1m,mode=700"' "$IMAGE" grep " /d " /proc/mounts
    [ "$output" = "tmpfs /d tmpfs rw,relatime,size=1024k,mode=700 0 0" ]
    [ "$(coracle volume ls -q -f label=a=b)" = other ]
    remove_volumes
}

@test "04 a volume of a bind mount is that directory: filled once, and never removed with it" {
    mkdir "$BATS_TEST_TMPDIR/b"
    coracle volume create --opt type=none --opt "device=$BATS_TEST_TMPDIR/b" --opt o=bind bound
    run box -v bound:/etc "$IMAGE" ls /etc/passwd
    exits 0
    [ -e "$BATS_TEST_TMPDIR/b/passwd" ]
    [ "$(ls "$BATS_TEST_TMPDIR")" = b ]
    coracle run --network none --name off -v bound:/d:ro "$IMAGE" true
    coracle cp off:/d/passwd "$BATS_TEST_TMPDIR"
    coracle rm off
    coracle volume rm bound
    [ -e "$BATS_TEST_TMPDIR/b/passwd" ]
    coracle volume create --opt type=none --opt "device=$BATS_TEST_TMPDIR/b" --opt o=bind,ro bound
    run box -v bound:/d "$IMAGE" touch /d/x
    says "Read-only file system"
    rm -r "$BATS_TEST_TMPDIR/b"
    run -127 coracle run --rm --network none -v bound:/d "$IMAGE" true
    says "error while mounting volume '$ROOT/volumes/bound/_data': failed to mount local volume: mount $BATS_TEST_TMPDIR/b:"
    remove_volumes
}

@test "04 other drivers, types and options of volumes are refused by name" {
    run coracle volume create -d cloud one
    exits 1
    says 'create one: error looking up volume plugin cloud: plugin "cloud" not found'
    run -125 coracle run --network none --volume-driver cloud -v one:/d "$IMAGE" true
    says 'plugin "cloud" not found'
    run -125 coracle run --network none --mount type=volume,source=one,target=/d,volume-driver=cloud "$IMAGE" true
    says 'plugin "cloud" not found'
    run coracle volume create --opt color=red one
    exits 1
    says 'create one: invalid option: "color"'
    run coracle volume create --opt type=tmpfs one
    exits 1
    says 'create one: missing required option: "device"'
    run coracle volume create --opt type=nfs --opt device=:/x --opt o=addr=192.0.2.1 one
    exits 1
    says "create one: only type=tmpfs and o=bind are supported"
    run coracle volume create --opt size=1g one
    exits 1
    says "quota size requested but no quota support"
    [ -z "$(volumes)" ]
}

@test "04 --mount volume-subpath mounts a part of a volume, and no link in it leads out" {
    coracle run --network none --name maker -v data:/d "$IMAGE" sh -c 'mkdir -p /d/a/b && touch /d/a/b/file && ln -s / /d/out && ln -s a/b /d/in && echo x >/d/one'
    run box --mount type=volume,source=data,target=/part,volume-subpath=a/b "$IMAGE" ls /part
    exits 0
    [ "$output" = file ]
    run box --mount type=volume,source=data,target=/part,volume-subpath=in,readonly "$IMAGE" touch /part/x
    says "Read-only file system"
    run box --mount type=volume,source=data,target=/part,volume-subpath=one "$IMAGE" cat /part
    [ "$output" = x ]
    run box --mount type=volume,source=data,target=/part,volume-subpath=out "$IMAGE" ls /part
    [ "$output" = $'a\nin\none\nout' ]
    # private, though on the host it is shared
    run unshare --mount --propagation private bash -c '
        mount --make-rshared / && "$BUILD/coracle" --root "$ROOT" run --rm --network none --mount type=volume,source=data,target=/part,volume-subpath=a/b "$IMAGE" \
            grep " /part " /proc/self/mountinfo'
    exits 0
    says_not shared:
    says_not master:
    run -127 coracle run --network none --mount type=volume,source=data,target=/part,volume-subpath=nosuch "$IMAGE" true
    says "cannot access path $ROOT/volumes/data/_data/nosuch: No such file or directory"
    run -125 coracle run --network none --mount type=volume,source=data,target=/part,volume-subpath=a/../../x "$IMAGE" true
    says "subpath must be a relative path within the volume"
    run -125 coracle run --network none --mount type=volume,target=/part,volume-subpath=a "$IMAGE" true
    says "must not set Subpath when using anonymous volumes"
    remove_volumes
}

@test "04 volume prune by label, and --filter all=1" {
    coracle volume create --label a=b one
    coracle volume create two
    coracle volume create --label a=b
    run coracle volume prune -f --filter label!=a
    exits 0
    [ "$output" = "Total reclaimed space: 0B" ]
    coracle volume prune -f --filter label=a=b
    [ "$(volumes | xargs)" = "one two" ]
    run coracle volume prune -f --filter all=1 --filter label=a
    says $'Deleted Volumes:\none'
    run coracle volume prune -f --filter name=two
    exits 1
    says "invalid filter 'name'"
    run coracle volume prune -af --filter all=1
    exits 1
    says "conflicting options: cannot specify both --all and --filter all=1"
    [ "$(volumes)" = two ]
    remove_volumes
}

@test "04 volume prune removes what has no name and no user; -a all without a user" {
    coracle volume create kept
    coracle volume create
    coracle run --network none --name user -v /anon "$IMAGE" true
    run coracle volume prune -f
    exits 0
    says "Deleted Volumes:"
    says "Total reclaimed space: 0B"
    [ "$(volumes | wc -l)" = 2 ]
    run bash -c 'echo n | "$BUILD/coracle" --root "$ROOT" volume prune -a'
    exits 1
    says "WARNING! This will remove all local volumes"
    says "volume prune has been cancelled"
    [ "$(volumes | wc -l)" = 2 ]
    coracle volume prune -af
    [ "$(volumes | wc -l)" = 1 ]
    remove_volumes
}

# --- diff -----------------------------------------------------------------------------------------

# changed COMMAND: what diff says of a container of $IMAGE that ran it
changed()
{
    coracle run --network none --name changed "${IMAGE_OF_CHANGED:-$IMAGE}" sh -c "$1" || return
    coracle diff changed
    coracle rm changed >/dev/null
}

@test "04 diff of a container that did nothing is empty" {
    run changed true
    exits 0
    [ -z "$output" ]
    run coracle diff nobody
    exits 1
    says "No such container: nobody"
}

@test "04 diff tells what was added, changed and deleted, with the directories above" {
    run changed 'mkdir -p /new/deep && touch /new/deep/file && echo x >>/etc/group && rm /etc/passwd'
    exits 0
    [ "$output" = $'C /etc\nC /etc/group\nD /etc/passwd\nA /new\nA /new/deep\nA /new/deep/file' ]
}

@test "04 diff: what was copied up and is as before is no change; a mode alone is one" {
    run changed 'chmod 600 /etc/group && chmod 644 /etc/group; chown 5 /etc/passwd'
    exits 0
    [ "$output" = $'C /etc\nC /etc/passwd' ]
    run changed 'chmod 700 /etc'
    [ "$output" = $'C /etc' ]
}

@test "04 diff: a directory that was removed and made again, or moved" {
    run changed 'rm -r /etc; mkdir /etc; touch /etc/group'
    # /etc holds mount points, so it can't be removed; all in it that is not one can
    says "D /etc/passwd"
    add_image tree --config.cmd sh
    coracle run --network none --name maker "$MADE" sh -c 'mkdir -p /tree/sub && touch /tree/a /tree/sub/b'
    layer=$(state maker .GraphDriver.Data.LowerDir); layer=${layer%%:*}
    cp -a "$ROOT/containers/$(state maker .Id)/upper/tree" "$layer/"
    export IMAGE_OF_CHANGED=$MADE
    run changed 'rm -r /tree && mkdir /tree && touch /tree/new'
    [ "$output" = $'C /tree\nD /tree/a\nA /tree/new\nD /tree/sub' ]
    run changed 'mv /tree /moved'
    [ "$output" = $'A /moved\nA /moved/a\nA /moved/sub\nA /moved/sub/b\nD /tree' ]
    # a file for a directory, a directory for a file
    run changed 'rm -r /tree/sub && touch /tree/sub && rm /tree/a && mkdir /tree/a && touch /tree/a/x'
    [ "$output" = $'C /tree\nC /tree/a\nA /tree/a/x\nC /tree/sub' ]
    rm -rf "$layer/tree"
}

# --- cp -------------------------------------------------------------------------------------------

# a container that runs, and one that does not, with the same in them
pair_for_cp()
{
    local make='mkdir -p /src/sub && echo one >/src/file && chmod 640 /src/file && chown 7:8 /src/file && ln -s file /src/link && ln -s /etc /abs && ln -s ../../../../../../.. /up'
    coracle run --network none --name off "$IMAGE" sh -c "$make"
    detached on sh -c "$make; touch /ready; sleep 1000" >/dev/null
    await test -e "/proc/$(state on .State.Pid)/root/ready"
    O=$BATS_TEST_TMPDIR/out
    mkdir "$O"
}

@test "04 cp from a container, running or not: a file, a directory, what is in it" {
    pair_for_cp
    for name in on off; do
        run coracle cp $name:/src/file "$O/copy"
        exits 0
        [ -z "$output" ]
        [ "$(cat "$O/copy")" = one ]
        # ours, but with its mode; as with docker, -a says nothing of that
        [ "$(stat -c '%a %u:%g' "$O/copy")" = "640 0:0" ]
        coracle cp -a $name:/src/file "$O"
        [ "$(stat -c '%a %u:%g' "$O/file")" = "640 0:0" ]
        coracle cp $name:src "$O/new"
        coracle cp $name:/src "$O"
        coracle cp $name:/src/. "$O/new"
        [ "$(cd "$O" && find src new | sort | xargs)" = "new new/file new/link new/sub src src/file src/link src/sub" ]
        [ "$(readlink "$O/src/link")" = file ]
        coracle cp -L $name:/src/link "$O/followed"
        [ "$(cat "$O/followed")" = one ]
        coracle cp $name:/src/link "$O/unfollowed"
        [ -L "$O/unfollowed" ]
        run coracle cp $name:/missing "$O"
        exits 1
        says "Could not find the file /missing in container $name"
        run coracle cp $name:/src "$O/copy"
        exits 1
        says "cannot copy directory"
        run coracle cp $name:/src/file "$O/none/deep"
        exits 1
        says "does not exist"
        rm -rf "$O"/*
    done
}

@test "04 cp to a container, running or not: owner, mode and times are kept" {
    pair_for_cp
    mkdir "$O/dir"; echo mine >"$O/dir/file"; chown -R 5:6 "$O/dir"; chmod 4711 "$O/dir/file"; touch -d @1000000000 "$O/dir/file"
    for name in on off; do
        (umask 077 && coracle cp "$O/dir" $name:/dst)
        coracle cp -a "$O/dir/file" $name:/src
        coracle cp "$O/dir" $name:/src
        (cd "$O" && coracle cp dir/file $name:relative)
        run coracle cp "$O/dir/file" $name:/no/where
        exits 1
        says "Could not find the file /no in container $name"
        run coracle cp "$O/nothing" $name:/
        exits 1
        says "lstat $O/nothing: no such file or directory"
        coracle cp $name:/ - | tar --numeric-owner --full-time -tv >"$O/list"
        for file in dst/file src/file src/dir/file relative; do
            grep -q -- "^-rws--x--x 5/6 .* 2001-09-09 01:46:40 ./$file\$" "$O/list"
        done
    done
    run coracle cp on:/x off:/x
    says "copying between containers is not supported"
    run coracle cp /x /y
    says "must specify at least one container source"
}

@test "04 cp -a to a container: it belongs to the container's user" {
    mkdir -p "$BATS_TEST_TMPDIR/d" && touch "$BATS_TEST_TMPDIR/d/file" && chown -R 5:6 "$BATS_TEST_TMPDIR/d"
    coracle run --network none --name off --user user "$IMAGE" true
    coracle cp -a "$BATS_TEST_TMPDIR/d" off:/new
    coracle cp "$BATS_TEST_TMPDIR/d" off:/as-it-was
    coracle export off | tar --numeric-owner -tv >"$BATS_TEST_TMPDIR/list"
    grep -q ' 1000/1000 .* new/file$' "$BATS_TEST_TMPDIR/list"
    grep -q ' 5/6 .* as-it-was/file$' "$BATS_TEST_TMPDIR/list"
}

@test "04 cp from a container: with another owner a file is neither setuid nor capable any more" {
    coracle run --network none --name off "$IMAGE" sh -c 'mkdir /src && touch /src/file /src/capable && chown 7:8 /src/* && chmod 6755 /src/file && chmod 2777 /src'
    setcap cap_net_raw+ep "$ROOT/containers/$(state off .Id)/upper/src/capable"
    O=$BATS_TEST_TMPDIR
    coracle cp off:/src "$O/ours"
    [ "$(stat -c '%a %u:%g' "$O/ours/file" "$O/ours")" = $'755 0:0\n2777 0:0' ]
    [ -z "$(getcap "$O/ours/capable")" ]
    # an archive says what is so
    coracle cp off:/src - | tar -xp --xattrs --xattrs-include='*' -C "$O"
    [ "$(stat -c '%a %u:%g' "$O/src/file")" = "6755 7:8" ]
    [ -n "$(getcap "$O/src/capable")" ]
}

@test "04 cp onto a directory: DIR gives it its mode, and DIR/. leaves it as it is" {
    pair_for_cp
    for name in on off; do
        mkdir -p "$O/target" "$O/src/sub"
        chmod 710 "$O/target" "$O/src/sub" && chown 3:4 "$O/target" "$O/src/sub"
        coracle cp $name:/src/. "$O/target"
        [ "$(stat -c '%a %u:%g' "$O/target")" = "710 3:4" ]
        # what is there keeps its owner
        coracle cp $name:/src "$O"
        [ "$(stat -c '%a %u:%g' "$O/src/sub")" = "755 3:4" ]
        coracle cp "$O/target/." $name:/abs
        coracle cp "$O/target" $name:/
        coracle cp "$O/target/sub" $name:/
        coracle cp $name:/ - | tar --numeric-owner -tv >"$O/list"
        grep -q '^drwxr-xr-x 0/0 .* ./etc/$' "$O/list"
        grep -q '^drwx--x--- 3/4 .* ./target/$' "$O/list"
        grep -q '^lrwxrwxrwx .* ./etc/link -> file$' "$O/list"
        rm -rf "$O"/*
    done
}

@test "04 cp does not read a device that a container puts in a file's place" {
    pair_for_cp
    python3 - "/proc/$(state on .State.Pid)/root/src" 3>&- <<'END' &
import ctypes, os, sys, time
os.chdir(sys.argv[1])
open("x", "w").truncate(1 << 16)
os.mknod("y", 0o600 | 0o020000, os.makedev(1, 9)) # urandom
end = time.monotonic() + 4
exchange = ctypes.CDLL(None).renameat2
while time.monotonic() < end:
    exchange(-100, b"x", -100, b"y", 2)
END
    for i in {1..60}; do
        coracle cp on:/src/x - 2>/dev/null | tar -xOf - x 2>/dev/null | tr -d '\0' | head -c 1
    done >"$BATS_TEST_TMPDIR/read"
    wait
    [ ! -s "$BATS_TEST_TMPDIR/read" ]
}

@test "04 cp: links of the container can't lead out of it" {
    pair_for_cp
    echo secret >"$BATS_TEST_TMPDIR/host-secret"
    echo mine >"$O/mine"
    for name in on off; do
        # through /abs -> /etc and /up -> ../../.. of the container, not the host's
        run coracle cp $name:/abs/group "$O/group"
        exits 0
        cmp "$O/group" "$ROOTFS/etc/group"
        run coracle cp $name:"/up$BATS_TEST_TMPDIR/host-secret" "$O"
        exits 1
        says "Could not find the file"
        coracle cp "$O/mine" $name:/up/
        coracle cp $name:/mine - | tar -tf - | grep -qx mine
        [ ! -e /mine ]
        coracle cp "$O/mine" $name:/abs/new
        [ ! -e /etc/new ]
        coracle cp $name:/etc/new "$O/back"
    done
}

@test "04 cp with - is a tar archive on standard output or input" {
    pair_for_cp
    mkdir "$O/in" && echo two >"$O/in/file" && ln "$O/in/file" "$O/in/hard"
    for name in on off; do
        coracle cp $name:/src - >"$O/src.tar"
        [ "$(tar -tf "$O/src.tar" | sort | xargs)" = "src/ src/file src/link src/sub/" ]
        [ "$(tar -xOf "$O/src.tar" src/file)" = one ]
        coracle cp $name:/src/file - | tar -xOf - file >"$O/x"
        [ "$(cat "$O/x")" = one ]
        tar -cf - -C "$O" in | coracle cp - $name:/src
        coracle cp $name:/src/in/hard "$O/hard"
        [ "$(cat "$O/hard")" = two ]
        run bash -c 'tar -cPf - --transform s,in,../in, -C "$1" in | "$BUILD/coracle" --root "$ROOT" cp - "$2":/src' _ "$O" $name
        exits 1
        says "its name holds '..'"
        run bash -c 'tar -cf - -C "$1" in | "$BUILD/coracle" --root "$ROOT" cp - "$2":/src/file' _ "$O" $name
        exits 1
        says "must be a directory"
    done
}

@test "04 cp - does not replace a link by a directory, nor a directory by a file" {
    pair_for_cp
    mkdir "$O/abs" && touch "$O/abs/new" "$O/src"
    for name in on off; do
        run bash -c 'tar -cf - -C "$1" abs | "$BUILD/coracle" --root "$ROOT" cp - "$2":/' _ "$O" $name
        exits 1
        says 'cannot overwrite non-directory "abs" with directory'
        coracle cp $name:/abs "$O/$name"
        [ "$(readlink "$O/$name")" = /etc ]
        run bash -c 'tar -cf - -C "$1" --transform s,src,src/sub, src | "$BUILD/coracle" --root "$ROOT" cp - "$2":/' _ "$O" $name
        exits 1
        says 'cannot overwrite directory "src/sub" with non-directory'
    done
}

@test "04 cp - follows links on the way inside the container, and crosses its mounts" {
    mkdir -p "$BATS_TEST_TMPDIR/src" "$BATS_TEST_TMPDIR/in/abs/deep" "$BATS_TEST_TMPDIR/in/v/sub"
    touch "$BATS_TEST_TMPDIR/in/abs/new" "$BATS_TEST_TMPDIR/in/abs/deep/new" "$BATS_TEST_TMPDIR/in/v/sub/new"
    for name in on off; do
        coracle run -d --network none --name $name -v "$BATS_TEST_TMPDIR/src:/v/sub" "$IMAGE" sh -c 'ln -s /../../etc /abs; touch /ready; sleep 1000' >/dev/null
        await test -e "/proc/$(state $name .State.Pid)/root/ready"
        [ $name = on ] || coracle stop -t 0 off
        rm -rf "$BATS_TEST_TMPDIR"/src/*
        # without the directories, so that the link is on the way; then with those of the mount
        run bash -c 'tar -cf - -C "$1" abs/new abs/deep/new | "$BUILD/coracle" --root "$ROOT" cp - "$2":/' _ "$BATS_TEST_TMPDIR/in" $name
        exits 0
        run bash -c 'tar -cf - -C "$1" v | "$BUILD/coracle" --root "$ROOT" cp - "$2":/' _ "$BATS_TEST_TMPDIR/in" $name
        exits 0
        [ -e "$BATS_TEST_TMPDIR/src/new" ]
        [ ! -e /etc/deep ]
        coracle export $name | tar -t >"$BATS_TEST_TMPDIR/list"
        [ "$(grep -E '^(abs|etc/new|etc/deep)' "$BATS_TEST_TMPDIR/list" | sort | xargs)" = "abs etc/deep/ etc/deep/new etc/new" ]
    done
}

@test "04 cp keeps the holes of a large file" {
    truncate -s 3G "$BATS_TEST_TMPDIR/sparse"
    echo middle | dd of="$BATS_TEST_TMPDIR/sparse" bs=1M seek=2000 conv=notrunc status=none
    coracle run --network none --name off "$IMAGE" true
    coracle cp "$BATS_TEST_TMPDIR/sparse" off:/sparse
    coracle cp off:/sparse "$BATS_TEST_TMPDIR/back"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/back")" = $((3 << 30)) ]
    [ "$(stat -c %b "$BATS_TEST_TMPDIR/back")" -lt 2000 ]
    [ "$(dd if="$BATS_TEST_TMPDIR/back" bs=1M skip=2000 count=1 status=none | head -n1)" = middle ]
    # what has no size says all the same what it has
    coracle cp /proc/version off:/version
    coracle cp off:/version "$BATS_TEST_TMPDIR"
    cmp /proc/version "$BATS_TEST_TMPDIR/version"
}

@test "04 cp sees volumes, and leaves those that are read-only alone" {
    mkdir "$BATS_TEST_TMPDIR/src"; echo v >"$BATS_TEST_TMPDIR/src/file"
    coracle run --network none --name off -v "$BATS_TEST_TMPDIR/src:/v:ro" --read-only "$IMAGE" true
    coracle cp off:/v/file "$BATS_TEST_TMPDIR/copy"
    [ "$(cat "$BATS_TEST_TMPDIR/copy")" = v ]
    run coracle cp "$BATS_TEST_TMPDIR/copy" off:/v/new
    exits 1
    says "Read-only file system"
    run coracle cp "$BATS_TEST_TMPDIR/copy" off:/new
    exits 1
    says "container rootfs is marked read-only"
}

@test "04 cp says what it has copied on a terminal, or with -q=false" {
    pair_for_cp
    mkdir -p "$O/d/sub" && echo x >"$O/d/file" && head -c 100000 /dev/zero >"$O/d/big"
    for name in on off; do
        run coracle cp -q=false "$O/d/file" $name:/src
        [ "$output" = "Successfully copied 2.05kB to $name:/src" ]
        # four headers, two files in whole blocks, the end
        run coracle cp -q=false "$O/d" $name:/d
        [ "$output" = "Successfully copied 104kB to $name:/d" ]
        run bash -c 'cd "$1" && "$BUILD/coracle" --root "$ROOT" cp -q=false "$2":/d/file .' _ "$O" $name
        [ "$output" = "Successfully copied 2.05kB to $O/." ]
        run coracle cp -q=false $name:/d "$O/d/sub/"
        [ "$output" = "Successfully copied 104kB to $O/d/sub/" ]
        run bash -c 'tar -c -b 4 -C "$1" file | "$BUILD/coracle" --root "$ROOT" cp -q=false - "$2":/d' _ "$O" $name
        [ "$output" = "Successfully copied 2.05kB to $name:/d" ]
        rm -r "$O/d/sub/d"
    done
    run "$TOP/tests/lib/terminal" -- "$BUILD/coracle" --root "$ROOT" cp "$O/d/file" on:/src
    says "Successfully copied 2.05kB to on:/src"
    run "$TOP/tests/lib/terminal" -- "$BUILD/coracle" --root "$ROOT" cp -q "$O/d/file" on:/src
    says_not copied
}

@test "04 cp does not see what is only in memory, but the container's names" {
    for name in on off; do
        coracle run -d --network none --name $name --hostname boat --tmpfs /t -v named:/v "$IMAGE" sh -c 'touch /t/x /v/x /dev/shm/x /ready; sleep 1000'
        await test -e "/proc/$(state $name .State.Pid)/root/ready"
        [ $name = on ] || coracle stop -t 0 off
        coracle cp $name:/ - | tar -t >"$BATS_TEST_TMPDIR/list"
        [ "$(grep -E '^(./)?(proc|sys|dev|t|v)/' "$BATS_TEST_TMPDIR/list" | sed 's,^./,,' | sort | xargs)" = "dev/ proc/ sys/ t/ v/ v/x" ]
        coracle cp $name:/etc/hostname "$BATS_TEST_TMPDIR/$name"
        [ "$(cat "$BATS_TEST_TMPDIR/$name")" = boat ]
        run coracle cp $name:/proc/version "$BATS_TEST_TMPDIR"
        exits 1
        says "Could not find the file /proc/version in container $name"
    done
    # whoever made one that has never run has none of these yet
    coracle create --network none --name new "$IMAGE" true
    coracle cp new:/etc/passwd "$BATS_TEST_TMPDIR"
}

# --- commit ---------------------------------------------------------------------------------------

@test "04 commit makes an image of the changes, which runs as the container did" {
    coracle run --network none --name made -e MARK=set -u 5 -w /work -v named:/vol --user 0 "$IMAGE" sh -c '
        echo new >/new && rm /etc/passwd && rm -r /bin/../var/nothing 2>/dev/null; chmod 700 /etc/group; mkdir -p /d/e; ln /new /d/hard; ln -s /new /d/soft; touch /vol/not'
    run coracle commit -m "a message" -a "An Author" -c 'CMD ["cat", "/new"]' -c 'ENV OTHER=x' made committed:1
    exits 0
    [[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
    id=$output
    run box committed:1
    exits 0
    [ "$output" = new ]
    run box committed:1 sh -c 'pwd; echo $MARK $OTHER; ls /etc/passwd 2>&1; stat -c "%a" /etc/group; stat -c %h /new; readlink /d/soft; ls -a /vol; cat /etc/hosts | head -n1'
    says $'/work\nset x'
    says "/etc/passwd: No such file"
    says $'\n700\n2\n/new'
    says_not not
    # nothing of ours is in the layer
    layer=$(coracle inspect committed:1 | jq -r '.[0].GraphDriver.Data.UpperDir // .[0].RootFS.Layers[-1]')
    layer=$ROOT/layers/${layer#sha256:}
    echo "$layer: $(cd "$layer" && find . | sort | xargs)"
    [ "$(cd "$layer" && find . | sort | xargs)" = ". ./d ./d/e ./d/hard ./d/soft ./etc ./etc/group ./etc/passwd ./new ./vol ./work" ]
    [ "$(stat -c '%F %t:%T' "$layer/etc/passwd")" = "character special file 0:0" ]
    run coracle history committed:1
    says "a message"
    # and the image of that
    coracle run --network none --name again committed:1 sh -c 'rm -r /d && mkdir /d && touch /d/only'
    coracle commit again committed:2 >/dev/null
    run box committed:2 ls /d
    [ "$output" = only ]
    run coracle system check
    exits 0
    coracle rm made again
    coracle rmi committed:1 committed:2
    remove_volumes
}

@test "04 a committed image is one for other tools too" {
    coracle run --network none --name made "$IMAGE" sh -c 'echo new >/new; rm /etc/passwd'
    coracle commit made committed:1 >/dev/null
    coracle save -o "$BATS_TEST_TMPDIR/image.tar" committed:1
    skopeo copy -q "docker-archive:$BATS_TEST_TMPDIR/image.tar" "oci:$BATS_TEST_TMPDIR/oci:x"
    umoci unpack --image "$BATS_TEST_TMPDIR/oci:x" "$BATS_TEST_TMPDIR/bundle" >/dev/null
    [ "$(cat "$BATS_TEST_TMPDIR/bundle/rootfs/new")" = new ]
    [ ! -e "$BATS_TEST_TMPDIR/bundle/rootfs/etc/passwd" ]
    [ -e "$BATS_TEST_TMPDIR/bundle/rootfs/etc/group" ]
    coracle rm made
    coracle rmi committed:1
}

@test "04 commit of one that runs, without a name, and with a change that is none" {
    detached on sh -c 'echo x >/x; sleep 1000' >/dev/null
    await test -e "/proc/$(state on .State.Pid)/root/x"
    run coracle commit on
    exits 0
    id=$output
    [ "$(state on .State.Paused)" = false ]
    [ "$(state on .State.Running)" = true ]
    run box "${id#sha256:}" cat /x
    [ "$output" = x ]
    run coracle commit -c 'RUN true' on
    exits 1
    run coracle commit on 'Bad Name'
    exits 1
    coracle rmi "${id#sha256:}"
}

# --- room, and the end ----------------------------------------------------------------------------

@test "04 system df counts layers once, and what can be had back" {
    run coracle system df
    exits 0
    says "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE"
    [[ $output =~ Images\ +[0-9]+\ +0\ +([0-9.]+[kM]?B)\ +([0-9.]+[kM]?B)\ \(100%\) ]]
    [[ $output =~ "Containers      0         0         0B        0B" ]]
    coracle run --network none --name user -v data:/d "$IMAGE" sh -c 'head -c 2000 /dev/zero >/x; head -c 3000 /dev/zero >/d/x'
    run coracle system df
    [[ $output =~ Images\ +[0-9]+\ +1\  ]]
    says "Containers      1         0         2kB       2kB (100%)"
    says "Local Volumes   1         1         3kB       0B (0%)"
    run coracle ps -as
    [[ $output =~ SIZE ]]
    [[ $output =~ 2kB\ \(virtual\ [0-9.]+[kM]B\) ]]
    [ "$(coracle ps -aq --filter volume=data | wc -l)" = 1 ]
    [ "$(coracle ps -aq --filter volume=dat | wc -l)" = 0 ]
    coracle rm user
    run coracle system df
    says "Local Volumes   1         0         3kB       3kB (100%)"
    remove_volumes
}

@test "04 system df -v tells of each, and --format of what is asked for" {
    coracle run --network none --name user -v data:/d "$IMAGE" sh -c 'head -c 2000 /dev/zero >/x; head -c 3000 /dev/zero >/d/x; touch /one'
    coracle commit user committed:1 >/dev/null
    run coracle system df -v
    exits 0
    says "Images space usage:"
    says "REPOSITORY "
    # the layer of the image is shared with that of the commit, whose own has 2000 bytes
    [[ $output =~ committed\ +1\ +[0-9a-f]{12}\ .*\ ([0-9.]+MB)\ +([0-9.]+MB)\ +2kB\ +0 ]]
    [[ $output =~ 'CONTAINER ID' ]]
    [[ $output =~ \ 1\ +2kB\ .*\ user ]]
    [[ $output =~ data\ +1\ +3kB ]]
    says "Build cache usage: 0B"
    [ "$(coracle system df -v --format '{{len .Images}} {{range .Volumes}}{{.Name}}={{.Links}}{{end}}')" = "$(coracle images -q | wc -l) data=1" ]
    [ "$(coracle system df -v --format json | jq -r '.Containers[0].LocalVolumes, .Volumes[0].Size')" = $'1\n3kB' ]
    [ "$(coracle system df --format '{{.Type}} {{.TotalCount}}' | sed -n 2,3p)" = $'Containers 1\nLocal Volumes 1' ]
    [ "$(coracle system df --format json | jq -r 'select(.Type == "Local Volumes").Size')" = 3kB ]
    coracle rm user
    coracle rmi committed:1
    remove_volumes
}

@test "04 symptom 28: another mount namespace that copies all mounts holds nothing of a container" {
    detached held sleep 1000
    # what makes "device or resource busy" of an overlay that is mounted on the host
    background unshare --mount sleep 1000
    run coracle rm -f held
    exits 0
    [ -z "$(ls "$ROOT/containers")" ]
}

@test "04 a directory of the host that is bound is never removed, whoever is killed" {
    mkdir -p "$BATS_TEST_TMPDIR/precious/deep"
    touch "$BATS_TEST_TMPDIR/precious/deep/file"
    coracle run -d --network none --name bound -v "$BATS_TEST_TMPDIR/precious:/precious" -v data:/data "$IMAGE" sh -c 'echo kept >/data/x; touch /ready; sleep 1000'
    pid=$(state bound .State.Pid)
    await test -e "/proc/$pid/root/ready"
    kill -KILL "$(monitor_of bound)"
    coracle rm -f bound
    await ended "$pid"
    [ -e "$BATS_TEST_TMPDIR/precious/deep/file" ]
    [ "$(cat "$ROOT/volumes/data/_data/x")" = kept ]
    # the removal itself, killed at any moment
    for delay in 0 0.01 0.03 0.06; do
        coracle run -d --network none --name bound -v "$BATS_TEST_TMPDIR/precious:/precious" -v data:/data "$IMAGE" sleep 1000
        # with the process that it starts for each operand
        setsid "$BUILD/coracle" --root "$ROOT" rm -f bound 3>&- &
        sleep "$delay"
        kill -KILL -- -$! || true
        wait $! || true
        coracle rm -f bound
        [ -e "$BATS_TEST_TMPDIR/precious/deep/file" ]
        [ "$(cat "$ROOT/volumes/data/_data/x")" = kept ]
    done
    # a mount that somebody has put into the container's directory
    coracle run --network none --name left "$IMAGE" true
    run unshare --mount bash -c "mount --bind '$BATS_TEST_TMPDIR/precious' '$ROOT/containers/$(state left .Id)/rootfs' &&
        '$BUILD/coracle' --root '$ROOT' rm left"
    exits 1
    says "mounted"
    [ -e "$BATS_TEST_TMPDIR/precious/deep/file" ]
    rm -rf "$ROOT"/containers/.gone-*
    remove_volumes
}

# cpu_ms COMMAND…: the milliseconds of a processor that it took, which load does not change much
cpu_ms()
{
    python3 - "$@" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(int(1000 * (used.ru_utime + used.ru_stime)))
END
}

# make_files DIRECTORY COUNT
make_files()
{
    python3 - "$@" <<'END'
import os, sys
for directory in range(int(sys.argv[2]) // 1000):
    path = "%s/%d" % (sys.argv[1], directory)
    os.mkdir(path)
    for name in range(1000):
        os.close(os.open("%s/%d" % (path, name), os.O_CREAT, 0o644))
END
}

@test "04 a container with 100000 files is removed with no more work than rm -rf has, and nobody waits for it" {
    coracle run --network none --name many "$IMAGE" true
    make_files "$ROOT/containers/$(state many .Id)/upper" 100000
    mkdir "$ROOT/few" && make_files "$ROOT/few" 10000
    local few=$(cpu_ms rm -rf "$ROOT/few") many=$(cpu_ms "$BUILD/coracle" --root "$ROOT" rm many)
    echo "$few ms for 10000, $many ms for 100000"
    [ "$many" -le $((10 * few * 3 + 1000)) ]
    [ -z "$(ls -A "$ROOT/containers" | grep -v lock)" ]
    # what is being removed is on no list, and its name is free
    coracle run --network none --name many "$IMAGE" true
    local upper=$ROOT/containers/$(state many .Id)/upper
    make_files "$upper" 20000
    coracle rm many 3>&- &
    local pid=$!
    await test ! -e "$upper"
    [ -z "$(coracle ps -aq --filter name=many)" ]
    coracle run --network none --name many "$IMAGE" true
    wait "$pid"
}
