# hub - for tests of a pull from Docker Hub: `load lib/helpers`, `load lib/hub`
#
# From a mock of it (lib/mock-hub), with its token server, its CDN, its limits, and faults on demand; or,
# by `make test-hub`, from Docker Hub itself, where the faults are not to be had.
#
#   on_store COMMAND [ARGUMENT…]   pull, images, run or login, on the test's own store, the hub in reach
#   pull / fails / mocked          pull; the status of a failure; skip unless there is the mock
#   asked                          what the mock was asked since the test began, or since `mark`

setup_file()
{
    export F=$BATS_FILE_TMPDIR S=$BATS_FILE_TMPDIR/store MULTI=alpine
    [ "${CORACLE_TEST_HUB-}" != live ] || return 0
    local name
    for name in busybox layers platforms; do "$TOP/tests/lib/make-test-image" $name "$F/oci" $name; done
    MULTI=platforms
    unshare --net --mount "$TOP/tests/lib/mock-hub" "$F/hub" "$F/oci" busybox layers platforms >"$F/log" 2>&1 3>&- &
    echo $! >"$F/pid"
    await grep -qx ready "$F/log"
}

teardown_file() { [ ! -e "$F/pid" ] || kill "$(<"$F/pid")"; }

setup()
{
    common_setup
    S=$BATS_TEST_TMPDIR/store
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker CORACLE_CONFIG=$BATS_TEST_TMPDIR/config
    [ ! -e "$F/pid" ] || cp -r "$F/hub" "$CORACLE_CONFIG"
    mark=$(wc -l <"$F/log" 2>/dev/null) || true
}

# on_store COMMAND [ARGUMENT...], with the hub in reach
on_store()
{
    local command=$1 enter=()
    shift
    [ "$command" != run ] || set -- --network none "$@"
    [ "$command $PROGRAM" != "run coracle" ] || set -- --rm "$@"
    [ ! -e "$F/pid" ] || enter=(nsenter --net --mount --target "$(<"$F/pid")")
    case $PROGRAM in
    coracle) "${enter[@]}" "$BUILD/coracle" --root "$S" "$command" "$@" ;;
    *) "${enter[@]}" "$BUILD/$PROGRAM" "$command" --root "$S" "$@" ;;
    esac
}
pull() { on_store pull "$@"; }
fails() { case $PROGRAM in coracle) exits 1 ;; *) exits 125 ;; esac; }
mocked() { [ -e "$F/pid" ] || allowed_skip "a fault that Docker Hub itself does not have"; }
asked() { tail -n "+$((mark + 1))" "$F/log"; } # since the test began

store_is_empty() { [ -z "$(find "$S/refs" -type f)" ] && [ -z "$(ls -A "$S/staging")" ]; }
