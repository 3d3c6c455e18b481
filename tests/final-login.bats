#!/usr/bin/env bats
# coracle login and logout, at a registry with a token server and at one that asks for a password.

load lib/helpers
load lib/credentials

setup_file()
{
    export F=$BATS_FILE_TMPDIR
    local make=$TOP/tests/lib/make-test-image
    "$make" busybox "$F/oci" busybox
    "$TOP/tests/lib/registry" start "$F/basic" --basic 'ann:se:cret' >/dev/null
    "$TOP/tests/lib/registry" start "$F/token" --token ann:secret >/dev/null
    BASIC=$(<"$F/basic/address") TOKEN=$(<"$F/token/address")
    export BASIC TOKEN
    "$make" push "$F/oci" busybox "$TOKEN/private/busybox" --dest-creds ann:secret
}

teardown_file() { for name in basic token; do "$TOP/tests/lib/registry" stop "$F/$name"; done; }

setup()
{
    common_setup
    S=$BATS_TEST_TMPDIR/store
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
}

pull() { "$BUILD/coracle" --root "$S" pull "$@"; }

@test "final login asks the registry, and keeps what it accepts" {
    run "$BUILD/coracle" login -u ann --password-stdin "$TOKEN" <<<wrong
    exits 1
    says "unauthorized: the name or password is not accepted"
    [ ! -e "$DOCKER_CONFIG/config.json" ]
    run --separate-stderr "$BUILD/coracle" login -u ann --password-stdin "$TOKEN" <<<secret
    exits 0
    [ "$output" = "Login Succeeded" ]
    [[ $stderr == *"WARNING! Your credentials are stored unencrypted in '$DOCKER_CONFIG/config.json'."* ]]
    [ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
    # what the token server gave for the password is kept in its place
    [ "$(jq -r '.auths["'"$TOKEN"'"].auth' "$DOCKER_CONFIG/config.json" | base64 -d)" = ann: ]
    [ "$(jq -r '.auths["'"$TOKEN"'"].identitytoken' "$DOCKER_CONFIG/config.json")" = 'identity of ann' ]
    run pull -q "$TOKEN/private/busybox"
    exits 0
    run "$BUILD/coracle" login -u ann -p se:cret "$BASIC"
    exits 0
    says "WARNING! Using --password via the CLI is insecure. Use --password-stdin."
    [ "$(jq -r '.auths["'"$BASIC"'"].auth' "$DOCKER_CONFIG/config.json" | base64 -d)" = ann:se:cret ]
    [ "$(jq -r '.auths | length' "$DOCKER_CONFIG/config.json")" = 2 ]
    run "$BUILD/coracle" logout "$TOKEN"
    exits 0
    [ "$output" = "Removing login credentials for $TOKEN" ]
    [ "$(jq -c '.auths | keys' "$DOCKER_CONFIG/config.json")" = '["'"$BASIC"'"]' ]
    rm -r "$S"
    run pull -q "$TOKEN/private/busybox"
    exits 1
    says "pull access denied"
}

@test "final login gives a credential helper what it has, and leaves the rest of the file alone" {
    make_credential_helper "$TOKEN" ann secret
    echo '{"credsStore":"shelf","detachKeys":"ctrl-q"}' >"$DOCKER_CONFIG/config.json"
    run "$BUILD/coracle" login -u ann --password-stdin "$TOKEN" <<<secret
    exits 0
    says_not WARNING
    grep -qx 'store {"ServerURL":"'"$TOKEN"'","Username":"<token>","Secret":"identity of ann"}' "$BATS_TEST_TMPDIR/asked"
    [ "$(jq -c . "$DOCKER_CONFIG/config.json")" = '{"credsStore":"shelf","detachKeys":"ctrl-q","auths":{"'"$TOKEN"'":{}}}' ]
    run "$BUILD/coracle" logout "$TOKEN"
    exits 0
    grep -qx "erase $TOKEN" "$BATS_TEST_TMPDIR/asked"
}

@test "final login without a terminal needs both name and password" {
    run "$BUILD/coracle" login "$TOKEN" </dev/null
    exits 1
    says "Cannot perform an interactive login from a non TTY device"
    run "$BUILD/coracle" login --password-stdin "$TOKEN" </dev/null
    exits 1
    says "Must provide --username with --password-stdin"
}
