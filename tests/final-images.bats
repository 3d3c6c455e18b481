#!/usr/bin/env bats
# coracle's images as archives: what is saved others can load, and the reverse; no archive can do harm.

load lib/helpers
load lib/final

setup() { common_setup; T=$BATS_TEST_TMPDIR; }

teardown()
{
    coracle ps -aq | xargs -r "$BUILD/coracle" --root "$ROOT" rm -f >/dev/null
    local name
    for name in kept copy old made other; do coracle rmi -f "$name" "$name:2" >/dev/null 2>&1 || true; done
    coracle image prune -f >/dev/null
    [ ! -e "$T/registry" ] || "$TOP/tests/lib/registry" stop "$T/registry"
    common_teardown
}

id_of() { coracle inspect --type image "$1" | jq -r '.[0].Id'; }
digest_of() { coracle images --digests "$1" | awk 'NR == 2 { print $3 }'; }
copy() { skopeo --insecure-policy copy --quiet "$@"; }

# Edits an archive that was saved: unpack DIR, change it, then `repack`.
saved()
{
    coracle tag "$IMAGE" kept
    coracle save -o "$T/saved.tar" kept
    mkdir "$T/saved"
    tar -C "$T/saved" -xf "$T/saved.tar"
    BLOBS=$T/saved/blobs/sha256
    MANIFEST=$(jq -r '.manifests[0].digest | sub("sha256:"; "")' "$T/saved/index.json")
    CONFIG=$(jq -r '.config.digest | sub("sha256:"; "")' "$BLOBS/$MANIFEST")
    LAYER=$(jq -r '.layers[0].digest | sub("sha256:"; "")' "$BLOBS/$MANIFEST")
    coracle rmi kept >/dev/null
}
repack() { tar -C "$T/saved" -cf "$T/repacked.tar" .; }

# A data root with nothing in it.
fresh() { OTHER=$(mktemp -d "$FINAL/other.XXXXXX"); }
in_fresh() { "$BUILD/coracle" --root "$OTHER" "$@"; }
forget() { rm -rf "$OTHER" "$(run_directory "$OTHER")"; }

@test "final tag gives an image one more name, and refuses what is none" {
    run coracle tag "$IMAGE" kept:2
    exits 0
    [ -z "$output" ]
    [ "$(id_of kept:2)" = "$(id_of "$IMAGE")" ]
    run coracle tag nothing kept
    exits 1
    says 'No such image: nothing'
    run coracle tag "$IMAGE" Kept
    exits 1
    says "must be lowercase"
    run coracle tag "$IMAGE"
    exits 1
    says "'coracle tag' requires 2 arguments"
}

@test "final save writes an OCI layout and Docker's manifest.json, with the bytes as they came" {
    saved
    [ "$(sha256sum <"$BLOBS/$MANIFEST")" = "$MANIFEST  -" ]
    [ "$(sha256sum <"$BLOBS/$LAYER")" = "$LAYER  -" ]
    [ "$(jq -r '.manifests[0].annotations["io.containerd.image.name"]' "$T/saved/index.json")" = docker.io/library/kept:latest ]
    [ "$(jq -c . "$T/saved/manifest.json")" = "[{\"Config\":\"blobs/sha256/$CONFIG\",\"RepoTags\":[\"kept:latest\"],\"Layers\":[\"blobs/sha256/$LAYER\"]}]" ]
    # two readers of others, for each of the two formats
    [ "$(skopeo inspect --raw "oci:$T/saved" | sha256sum)" = "$MANIFEST  -" ]
    copy "docker-archive:$T/saved.tar" "dir:$T/dir"
    [ "$(jq -r .config.digest "$T/dir/manifest.json")" = "sha256:$CONFIG" ]
    [ "$(jq -c . "$T/saved/repositories")" = "{\"kept\":{\"latest\":\"$LAYER\"}}" ]
    run coracle save nothing
    exits 1
    says 'No such image: nothing'
    coracle save --platform "linux/$(dpkg --print-architecture)" -o "$T/saved.tar" "$IMAGE"
    run coracle save --platform linux/s390x -o "$T/none.tar" "$IMAGE"
    exits 1
    says "image with reference $IMAGE:latest was found but does not provide the specified platform (linux/s390x)"
    [ ! -e "$T/none.tar" ]
}

@test "final save takes all tags of a repository, and an image by its id without any" {
    coracle tag "$IMAGE" kept
    coracle tag "$IMAGE" kept:2
    [ "$(coracle save kept | tar -xO manifest.json | jq -c '.[0].RepoTags | sort')" = '["kept:2","kept:latest"]' ]
    [ "$(coracle save kept:2 | tar -xO manifest.json | jq -c '.[].RepoTags')" = '["kept:2"]' ]
    [ "$(coracle save "$(id_of kept)" | tar -xO manifest.json | jq -c '.[].RepoTags')" = '[]' ]
    run bash -c "'$BUILD/coracle' --root '$ROOT' save kept >/dev/full"
    exits 1
    says "No space left on device"
}

@test "final load gives back what save took, with the same digests" {
    coracle tag "$IMAGE" kept
    coracle save -o "$T/saved.tar" kept
    fresh
    run in_fresh load -i "$T/saved.tar"
    exits 0
    [ "$output" = 'Loaded image: kept:latest' ]
    [ "$(in_fresh images --digests --no-trunc | awk 'NR == 2 { print $3, $4 }')" = "$(coracle images --digests --no-trunc kept | awk 'NR == 2 { print $3, $4 }')" ]
    run in_fresh system check
    exits 0
    says 'images: 1 names, 3 blobs and 1 layers are sound'
    run in_fresh run --rm --network none kept cat /etc/image
    exits 0
    [ "$output" = busybox ]
    forget
}

@test "final load takes the archives of older dockers, compressed in any way" {
    coracle tag "$IMAGE" kept
    coracle save -o "$T/saved.tar" kept
    copy "docker-archive:$T/saved.tar" "docker-archive:$T/old.tar:old:2"
    [ ! -e "$T/old.tar.gz" ] && gzip -k "$T/old.tar" && zstd -q "$T/old.tar"
    for archive in old.tar old.tar.gz old.tar.zst; do
        fresh
        run in_fresh load <"$T/$archive"
        exits 0
        [ "$output" = 'Loaded image: old:2' ]
        [ "$(in_fresh images -q --no-trunc)" = "$(id_of kept)" ]
        run in_fresh system check
        exits 0
        forget
    done
}

@test "final load takes an OCI archive, whose image has a name or none" {
    coracle tag "$IMAGE" kept
    coracle save -o "$T/saved.tar" kept
    copy "docker-archive:$T/saved.tar" "oci-archive:$T/oci.tar:other:2"
    run coracle load -i "$T/oci.tar"
    exits 0
    [ "$output" = 'Loaded image: other:2' ]
    copy "docker-archive:$T/saved.tar" "oci-archive:$T/none.tar"
    fresh
    run in_fresh load -i "$T/none.tar"
    exits 0
    id=$(skopeo inspect --raw "oci-archive:$T/none.tar" | jq -r .config.digest)
    [ "$output" = "Loaded image ID: $id" ]
    run in_fresh images
    says '<none>       <none>'
    run in_fresh image prune -f
    exits 0
    says "deleted: $id"
    says_not localhost
    [ "$(in_fresh images -q)" = '' ]
    forget
}

@test "final load refuses an archive whose parts are not what they claim" {
    saved
    fresh
    cp "$BLOBS/$CONFIG" "$T/config"
    printf ' ' >>"$BLOBS/$CONFIG"
    repack
    run in_fresh load -i "$T/repacked.tar"
    exits 1
    says "'sha256:$CONFIG' differs"
    cp "$T/config" "$BLOBS/$CONFIG"
    tar -C "$T" -czf "$BLOBS/$LAYER" config
    repack
    run in_fresh load -i "$T/repacked.tar"
    exits 1
    says "differs: its digest is"
    rm "$BLOBS/$LAYER"
    repack
    run in_fresh load -i "$T/repacked.tar"
    exits 1
    says "No such file or directory"
    [ "$(in_fresh images -q)" = '' ]
    [ -z "$(ls "$OTHER/layers" "$OTHER/staging")" ] || ls "$OTHER"/*
    seq 1000 >"$T/text"
    run in_fresh load -i "$T/text"
    exits 1
    says "no tar archive"
    tar -cf "$T/nothing.tar" -C "$T" text
    run in_fresh load -i "$T/nothing.tar"
    exits 1
    says "neither index.json nor manifest.json"
    run in_fresh load -i "$T/missing.tar"
    exits 1
    says "open $T/missing.tar: No such file or directory"
    forget
}

@test "final load reads no file outside the archive, no device and no fifo" {
    saved
    fresh
    cp "$T/saved/index.json" "$T/index.json"
    rm "$T"/saved/{index,manifest}.json
    ln -s "$T/index.json" "$T/saved/index.json"
    repack
    run in_fresh load -i "$T/repacked.tar"
    exits 1
    says_not "Loaded"
    for node in 'c 1 9' p; do
        rm "$T/saved/index.json"
        mknod "$T/saved/index.json" $node
        repack
        run timeout 10 "$BUILD/coracle" --root "$OTHER" load -i "$T/repacked.tar"
        exits 1
        says "is not a regular file"
    done
    forget
}

@test "final import makes an image of an archive, with the changes of a Dockerfile" {
    run coracle run --name exported --network none "$IMAGE" sh -c 'echo new >/new'
    exits 0
    coracle export exported >"$T/export.tar"
    run coracle import -c 'CMD ["cat", "/new"]' -c 'ENV A=1 B="2 3"' -c 'WORKDIR /etc' -c 'USER user' \
        -c 'EXPOSE 80 53/udp' -c 'LABEL a=b "c d"=e' -c 'VOLUME /v' -c 'ENTRYPOINT env' -c 'entrypoint []' \
        -m 'a message' "$T/export.tar" made:2
    exits 0
    [[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
    [ "$(coracle inspect made:2 | jq -c '.[0].Config | [.Cmd, .Env, .WorkingDir, .User, .ExposedPorts, .Labels, .Volumes, .Entrypoint]')" = \
        '[["cat","/new"],["A=1","B=2 3"],"/etc","user",{"80/tcp":{},"53/udp":{}},{"a":"b","c d":"e"},{"/v":{}},[]]' ]
    run coracle history made:2
    says 'a message'
    run coracle import - made <"$T/export.tar"
    exits 0
    run coracle run --rm --network none made cat /new
    exits 0
    [ "$output" = new ]
    run coracle import https://example.test/x.tar
    exits 1
    says "curl -fL ADDRESS | coracle"
    run coracle import -c 'RUN rm -rf /' "$T/export.tar" made
    exits 1
    says 'RUN is not a valid change command'
    gzip "$T/export.tar"
    run coracle import "$T/export.tar.gz"
    exits 0
    # the same image again, or one that is a second younger
    coracle image prune -f >/dev/null
}

@test "final export holds what the container has written, and nothing that is mounted in it" {
    mkdir "$T/volume" "$T/out"
    echo secret >"$T/volume/secret"
    coracle run -d --network none --name exported -v "$T/volume:/mnt" "$IMAGE" sh -c 'mkdir /d; echo x >/d/f; ln /d/f /d/g; ln -s /outside /d/s
        chown 5:6 /d/f; chmod 4755 /d/f; rm /etc/group; echo 1 >/tmp/ready; sleep 100'
    await sh -c "'$BUILD/coracle' --root '$ROOT' export exported | tar -t | grep -qx tmp/ready"
    for state in running stopped; do
        rm -rf "$T/out" && mkdir "$T/out"
        coracle export -o "$T/export.tar" exported
        tar -C "$T/out" -xf "$T/export.tar"
        [ "$(stat -c '%a %u:%g %h' "$T/out/d/f")" = '4755 5:6 2' ]
        [ "$(readlink "$T/out/d/s")" = /outside ]
        [ ! -e "$T/out/etc/group" ]
        [ -e "$T/out/etc/passwd" ]
        [ -z "$(ls -A "$T/out/proc")$(ls -A "$T/out/mnt")" ]
        [ ! -s "$T/out/etc/hosts" ]
        [ $state = stopped ] || coracle kill exported >/dev/null
    done
    run coracle export nothing
    exits 1
    says 'No such container: nothing'
}

@test "final history and image inspect tell what an image is made of" {
    run coracle history "$IMAGE"
    exits 0
    [ "${lines[0]}" = 'IMAGE          CREATED       CREATED BY        SIZE      COMMENT' ]
    says 'add busybox.tar'
    [ "$(coracle history -q --no-trunc "$IMAGE")" = "$(id_of "$IMAGE")" ]
    [ "$(coracle history --format '{{.ID}} {{.Comment}}|' "$IMAGE")" = "$(id_of "$IMAGE" | cut -c8-19) |" ]
    coracle history --format json -H=false "$IMAGE" |
        jq -e '(.CreatedAt | startswith("20")) and (.Size | tonumber) > 1900000'
    [ "$(coracle image inspect "$IMAGE" | jq -r '.[0].Id')" = "$(id_of "$IMAGE")" ]
    detached inspected sleep 1
    run coracle image inspect inspected
    exits 1
    says 'No such image: inspected'
    run coracle image frobnicate
    exits 1
    says "unknown command: coracle image frobnicate"
    run coracle image
    says 'Commands:'
}

@test "final image prune asks, and spares what has a name or a container" {
    coracle export "$(coracle run -d --network none --name pruned "$IMAGE" true)" >"$T/export.tar"
    unnamed=$(coracle import "$T/export.tar")
    run coracle image prune <<<n
    exits 1
    says 'WARNING! This will remove all dangling images.'
    says 'cancelled'
    [ "$(coracle images -q --no-trunc | grep -c "$unnamed")" = 1 ]
    run coracle image prune <<<y
    exits 0
    says "deleted: $unnamed"
    [[ $output =~ Total\ reclaimed\ space:\ 1\.98[0-9]?MB ]]
    run coracle image prune -af
    exits 0
    [ "$output" = 'Total reclaimed space: 0B' ]
    id_of "$IMAGE"
}

@test "final image prune takes only what its filters name" {
    fresh
    cp -a "$STORE"/{blobs,refs,layers} "$OTHER/"
    in_fresh export "$(in_fresh create "$IMAGE")" >"$T/export.tar"
    in_fresh import -c 'LABEL keep=yes' "$T/export.tar" kept:1
    in_fresh import -c 'LABEL keep=no' "$T/export.tar" gone:1
    run in_fresh image prune -af --filter label=keep=maybe
    exits 0
    [ "$output" = 'Total reclaimed space: 0B' ]
    run in_fresh image prune -af --filter until=2000-01-01
    exits 0
    [ "$output" = 'Total reclaimed space: 0B' ]
    run in_fresh image prune -af --filter label=keep --filter label!=keep=yes
    exits 0
    says 'untagged: gone:1'
    [ "$(in_fresh images -q | wc -l)" = 2 ]
    run in_fresh image prune -af --filter size=1
    exits 1
    says "invalid filter 'size'"
    forget
}

@test "final what is said of images goes on beside a damaged one, and names it" {
    fresh
    cp -a "$STORE"/{blobs,refs,layers} "$OTHER/"
    in_fresh tag "$IMAGE" good:1
    in_fresh tag "$IMAGE" good:2
    reference=$(find "$OTHER/refs" -path '*/good/:2')
    echo junk >"$reference"
    for damage in reference manifest; do
        for command in images 'image prune -f'; do
            run in_fresh $command
            exits 1
            says "coracle: image 'good:2': the image store is damaged: "
        done
        says 'Total reclaimed space: 0B'
        run in_fresh save -o "$BATS_TEST_TMPDIR/archive" good:2
        exits 1
        says 'the image store is damaged: '
        [ "$(in_fresh images -q good 2>/dev/null | wc -l)" = 1 ]
        [ "$(in_fresh image inspect good:1 | jq -c '.[0].RepoTags | sort')" = '["'"$IMAGE"':latest","good:1"]' ]
        in_fresh system df
        run in_fresh system check
        exits 1
        says 'good:2: '
        printf 'sha256:%064d\n%.0s' 1 1 2 2 >"$reference"
    done
    run in_fresh rmi good:2
    exits 0
    run in_fresh images
    exits 0
    forget
}

@test "final system check finds each fault of the image store" {
    fresh
    cp -a "$STORE"/{blobs,refs,layers} "$OTHER/"
    run in_fresh system check
    exits 0
    manifest=$(sed -n 2p "$(find "$OTHER/refs" -type f)")
    manifest=${manifest#sha256:}
    layer=$(jq -r '.layers[0].digest | sub("sha256:"; "")' "$OTHER/blobs/sha256/$manifest")
    config=$(jq -r '.config.digest | sub("sha256:"; "")' "$OTHER/blobs/sha256/$manifest")
    diff_id=$(jq -r '.rootfs.diff_ids[0] | sub("sha256:"; "")' "$OTHER/blobs/sha256/$config")
    reference=$(find "$OTHER/refs" -type f)
    faults=(
        "printf x >>blobs/sha256/$layer@blobs/sha256/$layer: it holds"
        "printf x | dd of=blobs/sha256/$config conv=notrunc status=none@of another digest"
        "rm blobs/sha256/$layer@its layer is missing: sha256:$layer"
        "rm blobs/sha256/$config@$config"
        "rm blobs/sha256/$manifest@$manifest"
        "rm -r layers/$diff_id@$diff_id"
        "rm layers/$diff_id.size@its size is missing"
        ": >layers/$diff_id.size@its size is missing"
        "touch blobs/sha256/junk@its name is not a digest"
        "mkdir layers/junk@its name is not a digest"
        "echo junk >'${reference#"$OTHER/"}'@does not hold two digests"
    )
    for fault in "${faults[@]}"; do
        rm -rf "$OTHER"/{blobs,refs,layers}
        cp -a "$STORE"/{blobs,refs,layers} "$OTHER/"
        (cd "$OTHER" && eval "${fault%%@*}")
        run in_fresh system check
        exits 1
        says "${fault#*@}"
        says 'the image store has'
    done
    forget
}

@test "final rmi goes on beside a damaged image, and does not wait for a pull" {
    fresh
    cp -a "$STORE"/{blobs,refs,layers} "$OTHER/"
    in_fresh tag "$IMAGE" good:1
    in_fresh tag "$IMAGE" good:2
    exec 7<>"$OTHER/lock"
    flock --shared 7
    run in_fresh rmi good:1
    exits 1
    says "the image store is in use by another command: try again when it has ended"
    exec 7>&-
    rm -r "$OTHER"/layers/*[0-9a-f]
    run in_fresh rmi good:1
    exits 0
    says "Untagged: good:1"
    run in_fresh rmi good:2
    exits 0
    run in_fresh rmi "$IMAGE"
    exits 0
    [ -z "$(ls -A "$OTHER/blobs/sha256")" ]
    forget
}

# Ends whoever makes a system call for the Nth time, as he enters it; fails if nobody did so often.
killed_at() # CALL N ARGUMENT…
{
    strace -f -qq -o "$T/calls" -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
        "$BUILD/coracle" --root "$OTHER" "${@:3}" >/dev/null 2>&1 || true
    grep -q "$1(.* = ?\$" "$T/calls"
}

# Kills a command at each of its steps, with the store as it was before each.
killed_anywhere() # CALL LEAST ARGUMENT…
{
    local call=$1 least=$2 step=1
    shift 2
    cp -a "$OTHER" "$T/before"
    while [ $step -lt 40 ] && killed_at "$call" "$step" "$@"; do
        run in_fresh system check
        exits 0
        rm -rf "$OTHER"
        cp -a "$T/before" "$OTHER"
        step=$((step + 1))
    done
    rm -rf "$T/before"
    echo "$* $call: $((step - 1)) steps"
    [ "$step" -gt "$least" ]
}

@test "final a pull, a load or a removal that is killed at any step leaves a sound store" {
    fresh
    in_fresh images
    coracle save -o "$T/saved.tar" "$IMAGE"
    "$TOP/tests/lib/registry" start "$T/registry" >/dev/null
    REMOTE=$(<"$T/registry/address")/busybox
    copy --dest-tls-verify=false "docker-archive:$T/saved.tar" "docker://$REMOTE"
    # size, layer and blob of the layer; config, manifest, reference
    killed_anywhere rename 6 pull -q "$REMOTE"
    killed_anywhere unlink 1 rmi "$REMOTE"
    in_fresh pull -q "$REMOTE"
    killed_anywhere rename 4 rmi "$REMOTE"
    [ -z "$(ls -A "$OTHER/blobs/sha256")" ]
    killed_anywhere rename 4 load -i "$T/saved.tar"
    [ "$(in_fresh images -q | wc -l)" = 1 ]
    forget
}
