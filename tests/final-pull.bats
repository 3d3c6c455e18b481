#!/usr/bin/env bats
# What a pull takes of the machine, whatever the image. It makes nothing on the host but its store.

load lib/helpers

setup()
{
    T=$BATS_TEST_TMPDIR
    "$TOP/tests/lib/registry" start "$T/registry" >/dev/null
    REGISTRY=$(<"$T/registry/address")
}

teardown() { "$TOP/tests/lib/registry" stop "$T/registry"; }

# pull_is_small NAME PATHS: what the pull holds at its peak; it makes so many paths of layers
pull_is_small()
{
    mkdir "$T/store"
    # in memory, where 100,000 files are made sooner; it is the store's, and not the pull's
    run unshare --mount --propagation private -- sh -c 'mount -t tmpfs tmpfs "$1"
        "$2/tests/lib/peak-memory" "$3" "$3" pull --quiet --root="$1" "$4" && find "$1/layers" | wc -l' \
        - "$T/store" "$TOP" "$BUILD/libexec/coracle/coracle-image" "$REGISTRY/$1"
    exits 0
    [ "${lines[-1]}" -eq "$2" ]
    echo "# peak: ${lines[-2]} KiB" >&3
    [ "${lines[-2]}" -gt 2000 ]
    [ "${lines[-2]}" -lt 65536 ]
}

# zstd_image COUNT: in $T/plain, of so many layers of 50 MB
zstd_image()
{
    local number
    for number in $(seq "$1"); do
        yes "layer $number" | head -c 50M >"$T/file"
        tar -C "$T" -cf "$T/$number.tar" file
    done
    "$TOP/tests/lib/make-test-image" tars "$T/oci" image "$T"/?.tar
    skopeo --insecure-policy copy --quiet --dest-decompress "oci:$T/oci:image" "dir:$T/plain"
}

# push_zstd NAME OPTION...
push_zstd()
{
    local name=$1
    shift
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false --dest-compress-format zstd "$@" \
        "dir:$T/plain" "docker://$REGISTRY/$name"
}

@test "final a pull holds less than 64 MB, of a layer of 100,000 entries and of large files side by side" {
    "$TOP/tests/lib/craft-layer" "$T/many.tar" <<'LAYER'
for i in range(50000):
    directory('a-directory-with-a-name-of-some-length-%06d' % i)
    entry('a-directory-with-a-name-of-some-length-%06d/file' % i)
end()
LAYER
    for name in one two; do
        yes $name | head -c 100M >"$T/$name"
        tar -C "$T" -cf "$T/$name.tar" $name
    done
    "$TOP/tests/lib/make-test-image" tars "$T/oci" large "$T/many.tar" "$T/one.tar" "$T/two.tar"
    "$TOP/tests/lib/make-test-image" push "$T/oci" large "$REGISTRY/large"
    # three layers, their sizes, and what is in them
    pull_is_small large $((1 + 3 + 3 + 100000 + 2))
}

@test "final a pull holds less than 64 MB, of layers of zstd that each look back 32 MiB" {
    zstd_image 3
    # as BuildKit compresses at its highest level, too
    push_zstd far --dest-compress-level 20
    pull_is_small far $((1 + 3 + 3 + 3))
}

@test "final a layer of zstd that looks back further is refused by its name" {
    zstd_image 1
    zstd -q --long=27 <"$T/1.tar" >"$T/long"
    digest=$(sha256sum <"$T/long" | cut -d' ' -f1)
    mv "$T/long" "$T/plain/$digest"
    jq --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$T/plain/$digest")" '
        .layers = [{mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", $digest, $size}]' \
        "$T/plain/manifest.json" >"$T/manifest.json"
    mv "$T/manifest.json" "$T/plain"
    push_zstd long
    run "$BUILD/coracle" --root "$T/store" pull "$REGISTRY/long"
    exits 1
    says "pull layer 'sha256:${digest:0:12}': decompress zstd: it looks back further than 32 MiB"
    [ -z "$(ls -A "$T/store/staging")" ]
}
