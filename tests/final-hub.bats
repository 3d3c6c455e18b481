#!/usr/bin/env bats
# coracle and Docker Hub, or a mock of it (lib/hub.bash): what the chapters' programs don't have.

load lib/helpers
load lib/hub

@test "final hub: a wrong password is told" {
    run on_store login -u coracle-nobody --password-stdin <<<wrong
    exits 1
    says "unauthorized"
}

@test "final hub: logging in gives what is private" {
    mocked
    run pull private/busybox
    exits 1
    says "pull access denied for private/busybox"
    run on_store login -u ann --password-stdin <<<secret
    exits 0
    [ "$(jq -c '.auths | keys' "$DOCKER_CONFIG/config.json")" = '["https://index.docker.io/v1/"]' ]
    run pull -q private/busybox
    exits 0
    run pull locked/busybox
    exits 1
    says "pull access denied for locked/busybox"
    says_not secret
}

@test "final hub: as many layers as wanted come side by side" {
    mocked
    run pull --max-concurrent-downloads 0 layers
    exits 125
    says "at least one is needed"
    # g: a layer is asked for; v: one is there
    order() { grep -oE 'curl .*blobs|[0-9a-f]{64} layer ' <<<"$output" | sed 's/^curl.*/g/; s/^[0-9a-f].*/v/' | tr -d '\n'; }
    run pull -q --max-concurrent-downloads 1 --explain layers
    exits 0
    # the first is the config's
    [[ $(order) =~ ^g(gv)+$ ]]
    rm -r "$S"
    echo '{"max-concurrent-downloads":2}' >"$CORACLE_CONFIG/config.json"
    run pull -q --explain layers
    exits 0
    [[ $(order) =~ ^gggv ]]
}
