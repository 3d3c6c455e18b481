#!/usr/bin/env bats
# --format and --filter of ps, images and inspect. What templates are, tests/unit/test_template.c tells.

load lib/helpers
load lib/final

@test "final ps --format makes lines, tables and JSON" {
    id=$(detached shown sleep 1000)
    [ "$(coracle ps --format '{{.ID}} {{.Names}} {{upper .State}}')" = "${id:0:12} shown RUNNING" ]
    [ "$(coracle ps --no-trunc --format '{{.ID}}')" = "$id" ]
    run coracle ps --format 'table {{.Names}}\t{{.Image}}'
    exits 0
    [[ ${lines[0]} =~ ^NAMES\ +IMAGE$ ]]
    [[ ${lines[1]} =~ ^shown\ +$IMAGE$ ]]
    [ "$(coracle ps --format json | jq -r .Names)" = shown ]
    [ "$(coracle ps --format '{{json .}}' | jq -r .Networks)" = none ]
    run coracle ps --format '{{.Nope}}'
    exits 1
    says Nope
}

@test "final ps --filter chooses by name, id, state, exit code, ancestor, time and network" {
    first=$(detached first sleep 1000)
    second=$(detached second sh -c 'exit 3')
    await not_running second
    names() { coracle ps -a --format '{{.Names}}' "$@" | sort | tr '\n' ' '; }
    [ "$(names -f name=fir)" = "first " ]
    [ "$(names -f name='^ir')" = "" ]
    [ "$(names -f name=first -f name=second)" = "first second " ]
    [ "$(names -f id="${second:0:8}")" = "second " ]
    [ "$(coracle ps -q -f status=exited)" = "${second:0:12}" ]
    [ "$(names -f status=running -f name=second)" = "" ]
    [ "$(names -f exited=3)" = "second " ]
    [ "$(names -f exited=0)" = "" ]
    [ "$(names -f ancestor="$IMAGE")" = "first second " ]
    [ "$(names -f ancestor=other)" = "" ]
    [ "$(names -f before=second)" = "first " ]
    [ "$(names -f since=first)" = "second " ]
    [ "$(names -f network=none)" = "first second " ]
    [ "$(names -f network=bridge)" = "" ]
    run coracle ps -f nonsense=1
    exits 1
    says "invalid filter 'nonsense'"
    run coracle ps -f nonsense
    exits 125
    says "bad format of filter (expected name=value)"
}

@test "final ps shows ports and networks, and --filter finds them; a word that can't be is refused" {
    in_private_network sh -ec 'coracle() { "$BUILD/coracle" --root "$ROOT" "$@"; }
        coracle network create lake
        coracle run -d --name one -p 8080:80 -p 443:443 -p 444:444 -p 500:500/udp --expose 90-92 "$IMAGE" sleep 1000
        coracle run -d --name two --network lake --expose 90 "$IMAGE" sleep 1000
        coracle network connect bridge two
        coracle run -d --name three --network none --expose 90 "$IMAGE" sleep 1000
        coracle ps --no-trunc --format "{{.Names}}: {{.Ports}}: {{.Networks}}"
        ask() { echo "$1": $(coracle ps --format "{{.Names}}" $1); }
        ask "-f publish=8080"
        ask "-f publish=440-450/tcp"
        ask "-f publish=500"
        ask "-f publish=500/udp -f expose=1"
        ask "-f expose=90"
        ask "-f expose=80"
        ask "-f network=bridge"
        ask "-f network=lake -f name=one"
        ask "-f is-task=true"
        coracle rm -f one two three
        coracle network rm lake
        coracle network prune -f' >"$BATS_TEST_TMPDIR/out"
    run grep : "$BATS_TEST_TMPDIR/out"
    echo "$output"
    [ "$output" = "three: : none
two: 90/tcp: lake,bridge
one: 90-92/tcp, 0.0.0.0:443-444->443-444/tcp, 0.0.0.0:500->500/udp, 0.0.0.0:8080->80/tcp: bridge
-f publish=8080: one
-f publish=440-450/tcp: one
-f publish=500:
-f publish=500/udp -f expose=1: one
-f expose=90: two one
-f expose=80: one
-f network=bridge: two one
-f network=lake -f name=one:
-f is-task=true:" ]
    for filter in status=there health=well is-task=maybe; do
        run coracle ps -f "$filter"
        exits 1
        says "invalid filter '$filter'"
    done
}

@test "final images --format and --filter" {
    [ "$(coracle images --format '{{.Repository}}:{{.Tag}}')" = "$IMAGE:latest" ]
    [ "$(coracle images -f reference='*/busybox' -q | wc -l)" -eq 1 ]
    [ "$(coracle images -f reference='*/other' -q)" = "" ]
    [ "$(coracle images -f dangling=true -q)" = "" ]
    [ "$(coracle images -f since="$IMAGE" -q)" = "" ]
    coracle images --format json | jq -e '.Tag == "latest"'
}

@test "final inspect --format looks into a container, and says what it can't" {
    detached looked sleep 1000
    [ "$(coracle inspect -f '{{.Name}} {{.State.Running}} {{index .Args 0}}' looked)" = "/looked true 1000" ]
    [ "$(coracle inspect -f '{{json .Args}}' looked)" = '["1000"]' ]
    run --separate-stderr coracle inspect -f '{{.Name}}' looked nothing
    exits 1
    [ "$output" = /looked ]
    [[ $stderr == *"No such object: nothing"* ]]
    run coracle inspect -f '{{.Name' looked
    exits 64
    says "template parsing error: template: :1: unclosed action"
    run coracle inspect -f '{{.Nope}}' looked
    exits 1
    says 'map has no entry for key "Nope"'
}

@test "final version --format" {
    [ "$("$BUILD/coracle" version -f '{{.Server.Version}}')" = "$(coracle --version | awk '{ print $3 }')" ]
    coracle version --format json | jq -e '.Client.Os == "linux"'
}
