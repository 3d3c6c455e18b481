#!/usr/bin/env bats
# events: what happens is told to whoever asks, afterwards and at once.

load lib/helpers
load lib/final

setup() { common_setup; BEGAN=$(date +%s.%N); }

# What has happened in this test, as "TYPE ACTION".
happened() { coracle events --since "$BEGAN" --until 0s --format '{{.Type}} {{.Action}}' "$@"; }

@test "final events tells the life of a container in order" {
    detached boat sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    coracle pause boat
    coracle unpause boat
    coracle rename boat ship
    coracle stop ship
    coracle start ship
    coracle kill ship
    coracle rm ship
    run happened
    exits 0
    [ "$output" = "container create
container start
container pause
container unpause
container rename
container kill
container die
container stop
container start
container kill
container die
container destroy" ]
    run coracle events --since "$BEGAN" --until 0s -f event=kill --format '{{.Actor.Attributes.name}} {{.Actor.Attributes.signal}}'
    [ "$output" = "ship 15
ship 9" ]
    run coracle events --since "$BEGAN" --until 0s -f event=die --format '{{.Actor.Attributes.exitCode}}'
    [ "$output" = "3
137" ]
    run coracle events --since "$BEGAN" --until 0s -f event=rename --format '{{.Actor.Attributes.oldName}} {{.Actor.Attributes.name}}'
    [ "$output" = "/boat ship" ]
}

@test "final a line of events is as Docker's, and json is what its API sends" {
    coracle create --network none --name boat --label b=2 --label a=1 "$IMAGE" true
    id=$(state boat .Id)
    run coracle events --since "$BEGAN" --until 0s
    [[ $output =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}(Z|[+-][0-9:]{5})\ (.*)$ ]]
    [ "${BASH_REMATCH[2]}" = "container create $id (a=1, b=2, image=$IMAGE, name=boat)" ]
    for format in json '{{json .}}'; do
        run coracle events --since "$BEGAN" --until 0s --format "$format"
        [ "$(jq -c 'del(.time, .timeNano)' <<<"$output")" = '{"status":"create","id":"'"$id"'","from":"'"$IMAGE"'","Type":"container","Action":"create","Actor":{"ID":"'"$id"'","Attributes":{"a":"1","b":"2","image":"'"$IMAGE"'","name":"boat"}},"scope":"local"}' ]
        [[ $output =~ \"time\":[0-9]{10},\"timeNano\":[0-9]{19}}$ ]]
    done
}

@test "final events are told as they happen, until --until" {
    "$BUILD/coracle" --root "$ROOT" events -f type=container -f container=boat >"$BATS_TEST_TMPDIR/live" 3>&- &
    BACKGROUND+=($!)
    sleep 0.3
    coracle run --rm --network none --name boat "$IMAGE" true
    coracle run --rm --network none --name other "$IMAGE" true
    await grep -q "container destroy" "$BATS_TEST_TMPDIR/live"
    [ "$(awk '{ print $3 }' "$BATS_TEST_TMPDIR/live" | tr '\n' ' ')" = "create attach start die destroy " ]
    run timeout 20 "$BUILD/coracle" --root "$ROOT" events --until "$(date -u -d '+1 second' +%FT%T)"
    exits 0
    [ "$output" = "" ]
}

@test "final events of exec, volumes and images" {
    coracle run -d --network none -v data:/d --name boat "$IMAGE" sleep 1000
    run coracle exec boat sh -c 'exit 5'
    coracle rm -f boat
    coracle volume rm data
    coracle tag "$IMAGE" other:1
    coracle rmi other:1
    run coracle events --since "$BEGAN" --until 0s -f container=boat -f event=exec_die --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
    [ "$output" = "exec_die 5" ]
    run happened -f event=exec_create -f event=exec_start
    [ "$output" = "container exec_create: sh -c exit 5
container exec_start: sh -c exit 5" ]
    run happened -f type=volume
    [ "$output" = "volume create
volume mount
volume unmount
volume destroy" ]
    run coracle events --since "$BEGAN" --until 0s -f event=mount --format '{{.Actor.ID}} {{.Actor.Attributes.destination}} {{index .Actor.Attributes "read/write"}}'
    [ "$output" = "data /d true" ]
    run happened -f type=image
    [ "$output" = "image tag
image untag" ]
    run happened -f volume=data
    [ "${#lines[@]}" -eq 4 ]
    run happened -f image=other:1
    [ "$output" = "image tag" ]
    run happened -f label=nothing
    [ "$output" = "" ]
    run coracle events -f nothing=1
    exits 1
    says "invalid filter 'nothing'"
}

@test "final events of networks, and of a container that comes and goes in them" {
    in_private_network sh -ec 'coracle() { "$BUILD/coracle" --root "$ROOT" "$@"; }
        coracle network create lake
        coracle run --rm --network lake --name boat "$IMAGE" true
        coracle network rm lake
        coracle network prune -f'
    run happened -f type=network
    [ "$output" = "network create
network connect
network disconnect
network destroy" ]
    run coracle events --since "$BEGAN" --until 0s -f event=connect --format '{{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{len .Actor.Attributes.container}} {{len .Actor.ID}}'
    [ "$output" = "lake bridge 64 64" ]
}

@test "final a life that ran out of memory tells oom, and one that could not start tells nothing of it" {
    run coracle run --network none --name hungry -m 16m "$IMAGE" sh -c 'head -c 200m /dev/zero | tail'
    run -127 coracle run --network none --name lost "$IMAGE" /no/such
    run happened -f container=hungry
    [ "$output" = "container create
container attach
container start
container oom
container die" ]
    run happened -f container=lost
    [ "$output" = "container create
container attach" ]
}

@test "final events that fill a file are put aside, and a line that somebody cut spoils no other" {
    printf '{"Type":"cont' >>"$ROOT/events.json"
    echo >>"$ROOT/events.json"
    head -c 1100000 /dev/zero | tr '\0' '\n' >>"$ROOT/events.json"
    coracle create --network none --name boat "$IMAGE" true
    coracle rename boat ship
    [ -e "$ROOT/events.json.1" ]
    [ "$(wc -l <"$ROOT/events.json")" -eq 2 ]
    run happened
    [ "$output" = "container create
container rename" ]
    rm "$ROOT/events.json.1"
}

@test "final many commands at once lose no event" {
    for i in 1 2 3 4 5 6; do
        coracle create --network none --name "boat$i" --label many=1 "$IMAGE" true &
    done >/dev/null
    wait
    run happened -f label=many
    [ "${#lines[@]}" -eq 6 ]
    jq -e .Type "$ROOT/events.json" >/dev/null
}
