#!/usr/bin/env bats
# Chapter 05: a pull from Docker Hub, or from a mock of it (lib/hub.bash).

load lib/helpers
load lib/hub

# --- both --------------------------------------------------------------------------------------------

@test "05 hub: an official image is pulled by its short name, and runs" {
    run pull busybox
    exits 0
    says "latest: Pulling from library/busybox"
    says "Status: Downloaded newer image for busybox:latest"
    [ "${lines[-1]}" = docker.io/library/busybox:latest ]
    run on_store run busybox echo works
    exits 0
    [ "$output" = works ]
}

@test "05 hub: an index gives this machine's image, and another by --platform" {
    run pull -q "$MULTI"
    exits 0
    run pull -q --platform linux/arm64 "$MULTI"
    exits 0
    run pull -q --platform linux/made-up "$MULTI"
    fails
    says "no matching manifest for linux/made-up in the manifest list entries"
}

@test "05 hub: what is not there is told in Docker's words" {
    run pull no-such-image-of-coracle
    fails
    says "pull access denied for no-such-image-of-coracle, repository does not exist or may require 'docker login'"
    run pull busybox:no-such-tag
    fails
    says "manifest for busybox:no-such-tag not found: manifest unknown"
}

# --- what only the mock can show ---------------------------------------------------------------------

@test "05 hub: one token is enough, the CDN sees none, and what is there is asked for with HEAD only" {
    mocked
    pull -q layers
    [ "$(asked | grep -c auth.docker.io)" -eq 1 ]
    run grep 'production.* auth' <(asked)
    exits 1
    run asked
    says "registry-1.docker.io GET /v2/library/layers/manifests/latest 200 auth"
    mark=$(wc -l <"$F/log")
    run pull layers
    exits 0
    says "Image is up to date for layers:latest"
    run asked
    says "HEAD /v2/library/layers/manifests/latest 200"
    says_not "manifests/latest 200 auth
registry-1.docker.io GET"
    says_not production
}

@test "05 hub: a connection that breaks goes on where it was, as long as something comes" {
    mocked
    run pull cut/layers
    exits 0
    [[ $output =~ [0-9a-f]{12}:\ Retrying\ in\ 1\ second$'\n' ]]
    asked | grep -q 'production.*/cut/.* 206 *bytes='
    run pull -q crumbs/busybox
    exits 0
    # many more tries than one that gets nothing has
    [ "$(asked | grep -c 'production.*/crumbs/.* 206 *bytes=')" -gt 8 ]
    rm -r "$S"
    run pull -q short/layers
    fails
    says "bytes remaining to read"
}

@test "05 hub: a server that ignores the range sends all again, and the layer is whole" {
    mocked
    run pull -q no-range/layers
    exits 0
    [ "$(asked | grep -c 'production.*/no-range/.* 200 *bytes=')" -ge 1 ]
    run on_store run no-range/layers cat /data/opaque/new
    exits 0
    [ "$output" = new ]
}

@test "05 hub: a token that runs out in the middle is renewed" {
    mocked
    run pull -q expiring/layers
    exits 0
    [ "$(asked | grep -c 'auth.docker.io')" -ge 2 ]
}

@test "05 hub: errors of a moment are waited out, others are told" {
    mocked
    run pull -q fail-once/busybox
    exits 0
    begin=$SECONDS
    run pull -q busy/busybox
    exits 0
    # a manifest and a config, each after a second
    [ $((SECONDS - begin)) -ge 2 ]
    run pull -q fail/busybox
    fails
    says "'registry-1.docker.io' answered 500 to 'fail/busybox/manifests/latest': unknown error"
}

@test "05 hub: the limit of pulls is told with its figures, and not tried again" {
    mocked
    run pull limited/busybox
    fails
    says "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit (ratelimit-limit: 100;w=21600, ratelimit-remaining: 0;w=21600)"
    [ "$(asked | grep -c 'manifests/latest 429')" -eq 1 ]
}

@test "05 hub: what differs from its digest is refused, and nothing is left" {
    mocked
    run pull wrong/busybox
    fails
    says "it is not what its digest promises"
    store_is_empty
    run pull gone/busybox
    fails
    says "is missing in the registry"
    store_is_empty
}

@test "05 hub: a terminal has a line for each layer, which is drawn anew" {
    mocked
    run nsenter --net --mount --target "$(<"$F/pid")" script -qec \
        "stty cols 120; $BUILD/libexec/coracle/coracle-image pull --root=$S slow/busybox" /dev/null
    exits 0
    [[ $output == *$'\e[1A\r\e[2K'*": Downloading ["*"=>"*"] "*"kB/"*"MB"$'\e[1B'* ]]
    [[ $output == *": Pull complete"$'\e[1B'* ]]
    # elsewhere it is plain lines
    rm -r "$S"
    run pull slow/busybox
    says_not Downloading
    says_not $'\e'
}

# --- what the machine's owner says -------------------------------------------------------------------

@test "05 hub: mirrors are asked first, each in its turn, and never with what is kept for the hub" {
    mocked
    mkdir -p "$DOCKER_CONFIG"
    printf '{"auths":{"https://index.docker.io/v1/":{"auth":"%s"}}}' "$(printf ann:secret | base64)" >"$DOCKER_CONFIG/config.json"
    echo '{"registry-mirrors":["https://down.test","https://mirror.test/"]}' >"$CORACLE_CONFIG/config.json"
    run pull -q busybox
    exits 0
    run asked
    says "down.test GET /v2/library/busybox/manifests/latest 503"
    says "mirror.test GET /v2/library/busybox/manifests/latest 200"
    says_not auth
    says_not registry-1.docker.io
    # what no mirror has is in the registry
    mark=$(wc -l <"$F/log")
    echo '{"registry-mirrors":["https://down.test","https://no-such-host.test"]}' >"$CORACLE_CONFIG/config.json"
    run pull -q layers
    exits 0
    run asked
    says "registry-1.docker.io GET /v2/library/layers/manifests/latest 200 auth"
    # they are Docker Hub's only
    mark=$(wc -l <"$F/log")
    run pull -q mirror.test/library/busybox
    exits 0
    run asked
    says_not down.test
}

@test "05 hub: a registry's certificate is believed where certs.d vouches for it" {
    mocked
    rm -r "$CORACLE_CONFIG/certs.d/mirror.test"
    run pull mirror.test/library/busybox
    fails
    says "SSL certificate problem"
    says "does this machine know who signed it"
    cp -r "$F/hub/certs.d/docker.io" "$CORACLE_CONFIG/certs.d/mirror.test"
    run pull -q mirror.test/library/busybox
    exits 0
}

@test "05 hub: a client certificate is shown to the registry that it is for" {
    mocked
    run pull -q strict.test/library/busybox
    exits 0
    rm "$CORACLE_CONFIG/certs.d/strict.test/client.key"
    run pull strict.test/library/busybox
    fails
    says "certs.d/strict.test/client.key': No such file or directory (a client certificate needs its key"
    rm "$CORACLE_CONFIG/certs.d/strict.test/client.cert"
    run pull strict.test/library/busybox
    fails
    says "get 'https://strict.test/v2/library/busybox/manifests/latest'"
}

@test "05 hub: http is spoken where the owner says so, and nowhere else" {
    mocked
    run pull plain.test:5000/library/busybox
    fails
    says "get 'https://plain.test:5000/"
    run asked
    says_not "plain.test GET"
    echo '{"insecure-registries":["plain.test:5000"]}' >"$CORACLE_CONFIG/config.json"
    run pull -q plain.test:5000/library/busybox
    exits 0
    echo '{"insecure-registries":["10.88.0.0/29"]}' >"$CORACLE_CONFIG/config.json"
    run pull -q 10.88.0.7:5000/library/busybox
    exits 0
    echo '{"insecure-registries":["10.88.0.8/29"]}' >"$CORACLE_CONFIG/config.json"
    run pull -q 10.88.0.7:5000/library/layers
    fails
    says "get 'https://10.88.0.7:5000/"
}

@test "05 hub: a proxy is used for whom it is meant" {
    mocked
    HTTPS_PROXY=http://10.88.0.9:3128 run pull -q busybox
    exits 0
    run asked
    says "proxy CONNECT registry-1.docker.io:443 HTTP/1.1"
    says "proxy CONNECT auth.docker.io:443 HTTP/1.1"
    mark=$(wc -l <"$F/log")
    HTTPS_PROXY=http://10.88.0.9:3128 NO_PROXY=docker.io,docker.com run pull -q layers
    exits 0
    run asked
    says_not proxy
    # unlike curl, Docker also takes the upper case for http
    echo '{"insecure-registries":["plain.test:5000"]}' >"$CORACLE_CONFIG/config.json"
    mark=$(wc -l <"$F/log")
    HTTP_PROXY=http://10.88.0.9:3128 run pull -q plain.test:5000/library/busybox
    run asked
    says "proxy GET http://plain.test:5000/v2/library/busybox/manifests/latest"
}

@test "05 hub: a config that is damaged is told" {
    mocked
    echo '{"registry-mirrors":["mirror.test"]}' >"$CORACLE_CONFIG/config.json"
    run pull busybox
    fails
    says "read '$CORACLE_CONFIG/config.json': the mirror 'mirror.test' is not https://HOST[:PORT]"
    echo '{' >"$CORACLE_CONFIG/config.json"
    run pull busybox
    fails
    says "$CORACLE_CONFIG/config.json: not JSON"
}
