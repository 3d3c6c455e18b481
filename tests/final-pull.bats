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
    mkdir "$T/store"
    # in memory, where 100,000 files are made sooner; it is the store's, and not the pull's
    run unshare --mount --propagation private -- sh -c 'mount -t tmpfs tmpfs "$1"
        "$2/tests/lib/peak-memory" "$3" "$3" pull --quiet --root="$1" "$4" && find "$1/layers" | wc -l' \
        - "$T/store" "$TOP" "$BUILD/libexec/coracle/coracle-image" "$REGISTRY/large"
    exits 0
    # three layers, their sizes, and what is in them
    [ "${lines[-1]}" -eq $((1 + 3 + 3 + 100000 + 2)) ]
    echo "# peak: ${lines[-2]} KiB" >&3
    [ "${lines[-2]}" -gt 2000 ]
    [ "${lines[-2]}" -lt 65536 ]
}
