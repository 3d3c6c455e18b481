#!/usr/bin/env bats
# Chapter 05: an image is pulled from a real registry, whole and verified, or not at all.
#
# The registries are docker-registry with images made by umoci and skopeo, and one that lies
# (lib/hostile-registry), in which the repository's name says how.

load lib/helpers
load lib/credentials

setup_file()
{
    export F=$BATS_FILE_TMPDIR
    local make=$TOP/tests/lib/make-test-image name
    for name in busybox layers platforms; do "$make" $name "$F/oci" $name; done
    "$TOP/tests/lib/registry" start "$F/plain" >/dev/null
    "$TOP/tests/lib/registry" start "$F/tls" --tls >/dev/null
    "$TOP/tests/lib/registry" start "$F/basic" --basic 'ann:se:cret' >/dev/null
    "$TOP/tests/lib/registry" start "$F/token" --token ann:secret >/dev/null
    PLAIN=$(<"$F/plain/address") TLS=$(<"$F/tls/address")
    BASIC=$(<"$F/basic/address") TOKEN=$(<"$F/token/address")
    for name in busybox layers platforms; do "$make" push "$F/oci" $name "$PLAIN/team/$name"; done
    "$make" push "$F/oci" busybox "$PLAIN/docker:v2s2" --format v2s2
    "$make" push "$F/oci" busybox "$TLS/busybox"
    "$make" push "$F/oci" busybox "$BASIC/busybox" --dest-creds 'ann:se:cret'
    "$make" push "$F/oci" busybox "$TOKEN/busybox" --dest-creds ann:secret
    "$make" push "$F/oci" busybox "$TOKEN/private/busybox" --dest-creds ann:secret
    "$TOP/tests/lib/hostile-registry" "$F/oci" busybox >"$F/hostile.log" 2>&1 3>&- &
    echo $! >"$F/hostile.pid"
    await grep -q listening "$F/hostile.log"
    HOSTILE=$(sed -n 's/listening on //p' "$F/hostile.log")
    export PLAIN TLS BASIC TOKEN HOSTILE
}

teardown_file()
{
    local name
    for name in plain tls basic token; do "$TOP/tests/lib/registry" stop "$F/$name"; done
    kill "$(<"$F/hostile.pid")"
}

setup()
{
    common_setup
    S=$BATS_TEST_TMPDIR/store
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
}

# on_store COMMAND [ARGUMENT...]: pull, images, run
on_store()
{
    local command=$1
    shift
    [ "$command" != run ] || set -- --network none "$@"
    [ "$command $PROGRAM" != "run coracle" ] || set -- --rm "$@"
    case $PROGRAM in
    coracle) "$BUILD/coracle" --root "$S" "$command" "$@" ;;
    *) "$BUILD/$PROGRAM" "$command" --root "$S" "$@" ;;
    esac
}
pull() { on_store pull "$@"; }

# Starts a pull whose process is $pid, and not a shell around it.
pull_in_background() # NAME
{
    (
        case $PROGRAM in
        coracle) exec "$BUILD/coracle" --root "$S" pull "$1" ;;
        *) exec "$BUILD/$PROGRAM" pull --root "$S" "$1" ;;
        esac
    ) >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    BACKGROUND+=("$pid")
}

staging_is_used() { [ -n "$(ls -A "$S/staging")" ]; }

fails() { case $PROGRAM in coracle) exits 1 ;; *) exits 125 ;; esac; }

# The store holds no name, nothing half done, and nothing in staging.
store_is_empty()
{
    [ -z "$(find "$S/refs" -type f)" ] || { find "$S/refs" -type f; return 1; }
    [ -z "$(ls -A "$S/staging")" ] || { find "$S/staging" | head; return 1; }
}

# Each blob is what its name says.
store_is_correct()
{
    local file
    for file in "$S"/blobs/sha256/*; do
        [ -e "$file" ] || continue
        [ "$(sha256sum <"$file" | cut -d' ' -f1)" = "${file##*/}" ] || { echo "$file"; return 1; }
    done
}

# refuses REPOSITORY WORDS...: the pull fails with these words, and nothing is left of it.
refuses()
{
    local repository=$1 words
    shift
    run pull "$HOSTILE/$repository"
    fails
    for words in "$@"; do says "$words"; done
    [ "$(grep -c -e '^0' -e '^coracle: ' <<<"$output")" -eq 1 ]
    store_is_empty
    store_is_correct
}

# --- what a pull does -------------------------------------------------------------------------------

@test "05 pull prints Docker's lines, and images lists what came" {
    run --separate-stderr pull "$PLAIN/team/busybox"
    exits 0
    layer=$(sed -n 's/: Pulling fs layer$//p' <<<"$output")
    digest=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/team/busybox" | sha256sum | cut -d' ' -f1)
    default=
    [ "$PROGRAM" != coracle ] || default=$'Using default tag: latest\n'
    [ "$output" = "${default}latest: Pulling from team/busybox
$layer: Pulling fs layer
$layer: Verifying Checksum
$layer: Download complete
$layer: Pull complete
Digest: sha256:$digest
Status: Downloaded newer image for $PLAIN/team/busybox:latest
$PLAIN/team/busybox:latest" ]
    [ ${#layer} -eq 12 ]
    [ -z "$stderr" ]
    id=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/team/busybox" | jq -r .config.digest)
    run on_store images
    exits 0
    [[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
    id=${id#sha256:}
    [[ ${lines[1]} =~ ^$PLAIN/team/busybox\ +latest\ +${id:0:12}\ +[0-9]+\ years\ ago\ +[0-9.]+MB$ ]]
    [ ${#lines[@]} -eq 2 ]
    store_is_correct
}

@test "05 each layer has Docker's lines, and the fourth waits for the first three" {
    run pull "$PLAIN/team/layers"
    exits 0
    [ "$(grep -c ': Pulling fs layer$' <<<"$output")" -eq 4 ]
    for layer in $(sed -n 's/: Pulling fs layer$//p' <<<"$output"); do
        steps=$(sed -n "s/^$layer: //p" <<<"$output" | grep -v Retrying)
        [ "${steps/Waiting$'\n'}" = $'Pulling fs layer\nVerifying Checksum\nDownload complete\nPull complete' ]
    done
    [ "$(grep ': Waiting$' <<<"$output")" = "$layer: Waiting" ]
}

@test "05 a second pull of the same image says so, and asks for no manifest and no layer" {
    pull -q "$PLAIN/team/busybox"
    before=$(grep -c 'GET /v2/team/busybox' "$F/plain/log")
    run pull "$PLAIN/team/busybox"
    exits 0
    says "Status: Image is up to date for $PLAIN/team/busybox:latest"
    [ "$(grep -c 'GET /v2/team/busybox' "$F/plain/log")" -eq "$before" ]
}

@test "05 layers that the store has are not downloaded again" {
    pull -q "$PLAIN/team/busybox"
    layer=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/docker:v2s2" | jq -r '.layers[0].digest')
    run pull "$PLAIN/docker:v2s2"
    exits 0
    says "${layer:7:12}: Already exists"
    run grep -c "GET /v2/docker/blobs/$layer" "$F/plain/log"
    [ "$output" = 0 ]
}

@test "05 quiet prints the name alone" {
    run pull -q "$PLAIN/team/busybox"
    exits 0
    [ "$output" = "$PLAIN/team/busybox:latest" ]
}

@test "05 a layer that appears twice is downloaded once" {
    run pull "$HOSTILE/twice"
    exits 0
    [ "$(grep -c 'Pull complete' <<<"$output")" -eq 1 ]
    run on_store run "$HOSTILE/twice" cat /etc/image
    exits 0
    says busybox
}

@test "05 an image of several layers runs as its author meant" {
    run on_store run "$PLAIN/team/layers" cat /data/opaque/new /data/file-to-dir/file /etc/image
    exits 0
    says "Unable to find image '$PLAIN/team/layers:latest' locally"
    says "Status: Downloaded newer image for $PLAIN/team/layers:latest"
    [ "$(tail -n3 <<<"$output")" = "new
new
layers" ]
    # now it is there
    run on_store run "$PLAIN/team/layers" ls /data
    exits 0
    says_not removed
    says_not Unable
}

@test "05 an index gives the manifest of this machine, and not an attestation" {
    run on_store run "$PLAIN/team/platforms" cat /etc/platform
    exits 0
    [ "$(tail -n1 <<<"$output")" = "$(dpkg --print-architecture)" ]
    # nested once, as tools that merge indexes write it
    run pull -q "$HOSTILE/nested-once"
    exits 0
}

@test "05 --platform chooses another one" {
    run pull -q --platform linux/arm64 "$PLAIN/team/platforms"
    exits 0
    run on_store run "$PLAIN/team/platforms" cat /etc/platform
    exits 0
    [ "$output" = arm64 ]
    # the tag has not changed, but the platform has
    pull -q --platform linux/amd64 "$PLAIN/team/platforms"
    run on_store run "$PLAIN/team/platforms" cat /etc/platform
    [ "$output" = amd64 ]
}

@test "05 --platform that the image does not have is refused" {
    run pull --platform linux/s390x "$PLAIN/team/platforms"
    fails
    says "no matching manifest for linux/s390x in the manifest list entries"
    run pull --platform linux/s390x "$PLAIN/team/busybox"
    fails
    says "was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)"
    store_is_empty
    run pull --platform 'linux' "$PLAIN/team/busybox"
    [ "$status" -ne 0 ]
    says "the platform 'linux' is not OS/ARCHITECTURE[/VARIANT]"
}

@test "05 an image is pulled by its digest" {
    digest=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/team/busybox" | sha256sum | cut -d' ' -f1)
    run pull "$PLAIN/team/busybox@sha256:$digest"
    exits 0
    says "Digest: sha256:$digest"
    says "$PLAIN/team/busybox@sha256:$digest"
    run on_store run "$PLAIN/team/busybox@sha256:$digest" echo runs
    says runs
}

@test "05 the image's Cmd, Env, WorkingDir and User apply, and options replace them" {
    "$TOP/tests/lib/make-test-image" busybox "$F/oci" told
    "$TOP/tests/lib/make-test-image" config "$F/oci" told --config.entrypoint sh --config.entrypoint -c \
        --config.cmd 'echo $GREETING $(pwd) $(id -u)' --config.env GREETING=hello \
        --config.workingdir /made/here --config.user 1000
    "$TOP/tests/lib/make-test-image" push "$F/oci" told "$PLAIN/told"
    pull -q "$PLAIN/told"
    run on_store run "$PLAIN/told"
    exits 0
    [ "$output" = "hello /made/here 1000" ]
    run on_store run -e GREETING=bye -w /tmp -u 0 "$PLAIN/told"
    [ "$output" = "bye /tmp 0" ]
    run on_store run "$PLAIN/told" 'echo $GREETING only'
    [ "$output" = "hello only" ]
    # an entrypoint from the user takes the image's command away as well
    run on_store run --entrypoint pwd "$PLAIN/told"
    [ "$output" = "/made/here" ]
    run on_store run --entrypoint '' "$PLAIN/told"
    exits 125
    says "no command specified"
}

# --- who asks -----------------------------------------------------------------------------------------

@test "05 a registry on this machine may have a certificate of its own" {
    run pull -q "$TLS/busybox"
    exits 0
    grep -q 'GET /v2/busybox/manifests/latest.* 200' "$F/tls/log"
}

@test "05 a registry elsewhere must speak https, with a certificate that somebody vouches for" {
    run in_private_network bash -c '
        ip address add 10.9.9.9/32 dev lo
        openssl s_server -quiet -accept 10.9.9.9:5000 -cert "$F/tls/cert.pem" -key "$F/tls/key.pem" -www </dev/null 3>&- &
        python3 -m http.server --bind 10.9.9.9 5001 3>&- >"$3" 2>&1 &
        trap "kill %1 %2" EXIT
        for port in 5000 5001; do
            for try in {1..100}; do
                ! { : >/dev/tcp/10.9.9.9/$port; } 2>/dev/null || break
                sleep 0.05
            done
            "$1" pull --root="$2" 10.9.9.9:$port/x
        done' - "$BUILD/libexec/coracle/coracle-image" "$S" "$BATS_TEST_TMPDIR/http.log"
    exits 125
    says "get 'https://10.9.9.9:5000/v2/x/manifests/latest': SSL certificate problem"
    says "get 'https://10.9.9.9:5001/v2/x/manifests/latest'"
    says_not "http://"
    run grep /v2/ "$BATS_TEST_TMPDIR/http.log"
    exits 1
}

@test "05 basic authentication takes what docker login wrote" {
    run pull "$BASIC/busybox"
    fails
    says "pull from '$BASIC': no basic auth credentials"
    log_in "$BASIC" ann:wrong
    run pull "$BASIC/busybox"
    fails
    says "unauthorized: authentication required"
    log_in "https://$BASIC/v1/" ann:se:cret
    run pull -q "$BASIC/busybox"
    exits 0
}

@test "05 a token is got for who gives no name, as on Docker Hub" {
    run pull -q --explain "$TOKEN/busybox"
    exits 0
    says "/token?service=coracle-test&scope=repository:busybox:pull"
    # one token is enough for all
    [ "$(grep -c '/token?' <<<"$output")" -eq 1 ]
    grep -q '^- .*"name": "busybox", "actions": \["pull"\]' "$F/token/token.log"
}

@test "05 a private repository wants a name, and takes it" {
    run pull "$TOKEN/private/busybox"
    fails
    says "pull access denied for $TOKEN/private/busybox, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
    log_in "$TOKEN" ann:wrong
    run pull "$TOKEN/private/busybox"
    fails
    says "unauthorized: the name or password is not accepted"
    log_in "$TOKEN" ann:secret
    run pull -q --explain "$TOKEN/private/busybox"
    exits 0
    says_not secret
}

@test "05 a password does not follow a redirect to another host" {
    log_in "$HOSTILE" ann:secret
    run pull -q "$HOSTILE/redirect"
    exits 0
    grep "/v2/redirect/blobs" "$F/hostile.log" | grep -v signature | grep -q ' auth'
    grep -q 'signature=1 200' "$F/hostile.log"
    run grep 'signature=1 200 auth' "$F/hostile.log"
    exits 1
}

@test "05 a damaged config.json is told, and a helper's empty entry is fine" {
    mkdir -p "$DOCKER_CONFIG"
    echo '{"auths":{"'"$PLAIN"'":{}},"credsStore":"x"}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$PLAIN/team/busybox"
    exits 0
    echo '{"auths":' >"$DOCKER_CONFIG/config.json"
    run pull "$PLAIN/team/busybox"
    fails
    says "parse $DOCKER_CONFIG/config.json: not JSON"
}

@test "05 credential helpers are asked: the host's own, then the store, then the file" {
    make_credential_helper "$TOKEN" ann secret
    echo '{"credsStore":"shelf"}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$TOKEN/private/busybox"
    exits 0
    [ "$(<"$BATS_TEST_TMPDIR/asked")" = "get $TOKEN" ]
    rm -r "$S"
    echo '{"credHelpers":{"'"$TOKEN"'":"shelf"},"credsStore":"none"}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$TOKEN/private/busybox"
    exits 0
    rm -r "$S"
    # it knows nothing: the file may
    make_credential_helper elsewhere x y
    echo '{"credsStore":"shelf","auths":{"'"$TOKEN"'":{"auth":"'"$(printf ann:secret | base64)"'"}}}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$TOKEN/private/busybox"
    exits 0
}

@test "05 a credential helper that is missing is no failure, but told to who is refused" {
    mkdir -p "$DOCKER_CONFIG"
    echo '{"credsStore":"no-such"}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$TOKEN/busybox"
    exits 0
    run pull -q "$TOKEN/private/busybox"
    fails
    says "pull access denied"
    says "run 'docker-credential-no-such': there is no such program in \$PATH"
    echo '{"credsStore":"../../bin/x"}' >"$DOCKER_CONFIG/config.json"
    run pull -q "$TOKEN/private/busybox"
    fails
    says "the credential helper '../../bin/x' is not a name"
}

@test "05 an identity token is given to the token server, and to nobody else" {
    mkdir -p "$DOCKER_CONFIG"
    echo '{"auths":{"'"$TOKEN"'":{"identitytoken":"identity of ann"}}}' >"$DOCKER_CONFIG/config.json"
    run pull -q --explain "$TOKEN/private/busybox"
    exits 0
    says_not "identity"
    grep -q '^ann by identity token .*"name": "private/busybox"' "$F/token/token.log"
    run grep -r identity "$F/token/log"
    exits 1
}

@test "05 a token that grants nothing is not asked for again" {
    before=$(grep -c bearer-forever/token "$F/hostile.log") || true
    refuses bearer-forever "unauthorized: authentication required"
    [ "$(grep -c bearer-forever/token "$F/hostile.log")" -eq $((before + 1)) ]
    grep -q 'service=a%20b%26c&scope=repository:bearer-forever:pull' "$F/hostile.log"
    refuses bearer-newline "it answered without a token"
}

# --- what is not there ----------------------------------------------------------------------------------

@test "05 no such repository or tag is told in Docker's words" {
    run pull "$PLAIN/team/nope"
    fails
    says "manifest for $PLAIN/team/nope:latest not found: manifest unknown: manifest unknown"
    run pull "$PLAIN/team/busybox:1.2"
    fails
    says "manifest for $PLAIN/team/busybox:1.2 not found: manifest unknown: manifest unknown"
    store_is_empty
}

@test "05 a registry that does not listen, and a host without an address, are told" {
    run pull 127.0.0.1:1/x
    fails
    says "get 'http://127.0.0.1:1/v2/x/manifests/latest': "
    says "(nothing listens there)"
    run in_private_network "$BUILD/libexec/coracle/coracle-image" pull --root="$S" no-such-host.test/x
    exits 125
    says "get 'https://no-such-host.test/v2/x/manifests/latest': Could not resolve host"
    store_is_empty
}

@test "05 a name that is none is refused before anything is asked" {
    run pull 'team/Busybox'
    fails
    says "invalid reference format: repository name (team/Busybox) must be lowercase"
    run pull 'busybox:'
    fails
    says "invalid reference format"
    run pull 'a/../../b'
    fails
    says "invalid reference format"
}

# --- what is not true -------------------------------------------------------------------------------------

@test "05 a manifest, config or layer that differs from its digest is refused" {
    refuses wrong-manifest "manifest 'sha256:0000" "differs: its digest is 'sha256:"
    refuses wrong-config "config 'sha256:" "differs: its digest is 'sha256:"
    refuses wrong-layer "layer 'sha256:1111" "differs: its digest is 'sha256:"
    refuses wrong-diff-id "unpacks to 'sha256:" "and not to 'sha256:2222"
}

@test "05 a layer that is damaged, longer or shorter than promised is refused" {
    refuses damaged-layer "pull layer 'sha256:" "it is not what its digest promises"
    refuses long-layer "it is larger than"
    refuses short-layer "pull layer 'sha256:" "it is not what its digest promises"
    refuses missing-layer "blob unknown"
    [[ $output != *complete* ]]
}

@test "05 a manifest that contradicts itself is refused" {
    refuses count "the manifest has 1 layers, and the config has 2"
    refuses both "it claims to be both an index and a manifest"
    refuses type-differs "is not that of an image manifest"
    refuses duplicate-key "key 'layers' appears twice"
    refuses path "the digest 'sha256:../../../../etc/passwd' is not sha256 in 64 digits"
}

@test "05 a manifest of another kind is refused by name" {
    refuses schema1 "schema 1 is no longer supported"
    refuses artifact "it is not an image, but an artifact of type 'application/vnd.cncf.helm.config.v1+json'"
    refuses windows "the image is for the operating system 'windows'"
    refuses html "answered 404"
}

@test "05 no registry makes a pull endless, or its memory" {
    refuses nested-twice "indexes are nested too deep"
    refuses many-layers "at most 128 are possible"
    refuses deep "not JSON"
    refuses endless-headers "the headers are above 64 KiB"
    refuses endless-manifest "it is larger than 4194304 bytes"
    refuses giant-manifest "it is larger than 4194304 bytes"
    refuses loop "redirects"
    refuses file "file"
}

@test "05 the limit of pulls is told with its figures, and control characters are not passed on" {
    refuses limit "toomanyrequests: You have reached your pull rate limit." \
        "ratelimit-limit: 100;w=21600, ratelimit-remaining: 0;w=21600"
    refuses denied 'denied: not for \x1b[31myou'
}

# --- what breaks ------------------------------------------------------------------------------------------

@test "05 an answer of 503 is tried again, but not for ever" {
    run pull -q "$HOSTILE/flaky"
    exits 0
    rm -r "$S"
    refuses down "answered 503 to 'down/manifests/latest': never"
    [ "$(grep -c 'GET /v2/down/manifests/latest 503' "$F/hostile.log")" -eq 5 ]
}

@test "05 a download that breaks off goes on where it was" {
    run pull -q "$HOSTILE/broken"
    exits 0
    grep -q 'GET /v2/broken/blobs/.* 206 *bytes=[1-9]' "$F/hostile.log"
    store_is_correct
}

@test "05 a pull that is killed leaves a correct store, and the next one cleans up" {
    pull_in_background "$HOSTILE/slow"
    await grep -q 'Pulling fs layer' "$BATS_TEST_TMPDIR/out"
    await staging_is_used
    kill -KILL $pid
    wait $pid || true
    [ -z "$(find "$S/refs" -type f)" ]
    run pull -q "$PLAIN/team/busybox"
    exits 0
    [ -z "$(ls -A "$S/staging")" ]
    store_is_correct
}

@test "05 nothing gets its place before it is on the disk" {
    run pull -q --explain "$PLAIN/docker:v2s2"
    exits 0
    steps=$(grep -oE 'sync --file-system|mv .*/(layers|blobs/sha256|refs)/' <<<"$output" | sed 's/^mv .*\/\([a-z]*\)\(\/sha256\)*\/$/\1/' | uniq)
    # layers and their blobs by turns; between two syncs
    [ "$(head -n1 <<<"$steps")" = "sync --file-system" ]
    [ "$(tail -n2 <<<"$steps" | tr '\n' ' ')" = "sync --file-system refs " ]
    [ "$(grep -c sync <<<"$steps")" -eq 2 ]
}

@test "05 what was verified before a failure is not downloaded again" {
    run pull "$HOSTILE/second-missing"
    fails
    says "Pull complete"
    store_is_empty
    store_is_correct
    run pull "$HOSTILE/second-missing"
    fails
    says "Already exists"
}

@test "05 two pulls at once are safe against each other" {
    before=$(grep -c 'GET /v2/team/layers/blobs/' "$F/plain/log") || true
    for i in 1 2 3; do
        pull "$PLAIN/team/layers" >"$BATS_TEST_TMPDIR/out.$i" 2>&1 3>&- &
        pids[i]=$!
    done
    for i in 1 2 3; do
        wait "${pids[i]}" || { cat "$BATS_TEST_TMPDIR/out.$i"; return 1; }
    done
    store_is_correct
    [ -z "$(ls -A "$S/staging")" ]
    # and do the work once; only the config is small enough to be got by each
    layers=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/team/layers" | jq '.layers | length')
    [ $(($(grep -c 'GET /v2/team/layers/blobs/' "$F/plain/log") - before)) -eq $((layers + 3)) ]
    run on_store run "$PLAIN/team/layers" cat /data/kept
    exits 0
}

@test "05 a full disk is told, and leaves nothing half done" {
    mkdir "$S"
    run unshare --mount --propagation private -- bash -c '
        mount -t tmpfs -o size=1m tmpfs "$1" &&
        "$2" pull --root="$1" "$3"
        status=$?
        find "$1/staging" "$1/refs" -mindepth 1 | sed "s/^/left: /"
        exit $status' - "$S" "$BUILD/libexec/coracle/coracle-image" "$PLAIN/team/busybox"
    exits 125
    says "No space left on device"
    says_not "left: "
}

@test "05 what talks to the registry has no privileges, and holds neither lock nor answer" {
    pull_in_background "$HOSTILE/slow"
    await grep -q 'Pulling fs layer' "$BATS_TEST_TMPDIR/out"
    await pgrep -u 65534 -f "coracle-image pull --root=$S "
    # the first of them; the others take digests
    fetcher=$(pgrep -o -u 65534 -f "coracle-image pull --root=$S ")
    run cat "/proc/$fetcher/status"
    says $'CapEff:\t0000000000000000'
    says $'CapBnd:\t0000000000000000'
    says $'NoNewPrivs:\t1'
    says $'Seccomp:\t2'
    says $'Groups:\t '
    run readlink "/proc/$fetcher/fd/0" "/proc/$fetcher/fd/1" "/proc/$fetcher/fd/2"
    [ "$output" = "/dev/null
/dev/null
/dev/null" ]
    run bash -c "readlink /proc/$fetcher/fd/*"
    says_not "$S"
    kill -KILL $pid
    wait $pid || true
}
