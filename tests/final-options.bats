#!/usr/bin/env bats
# Options of run and create that are about the container's life: labels, files, pull policies, restart.

load lib/helpers
load lib/final

@test "final --label, in inspect, in ps and as a filter" {
    coracle run -d --network none --name labelled -l one=1 --label two -l one=3 "$IMAGE" sleep 1000
    detached bare sleep 1000
    [ "$(state labelled '.Config.Labels | tojson')" = '{"one":"3","two":""}' ]
    [ "$(coracle ps -f label=one=3 --format '{{.Names}} {{.Label "one"}}')" = "labelled 3" ]
    [ "$(coracle ps -f label=two --format '{{.Names}}')" = labelled ]
    [ "$(coracle ps -f label=one=1 -q)" = "" ]
}

@test "final --env-file gives variables, under those of -e" {
    printf '# a comment\nA=from file\n  B=b=c\n\nHOME_OF\nC=no\n' >"$BATS_TEST_TMPDIR/env"
    HOME_OF=boats run coracle run --rm --network none --env-file "$BATS_TEST_TMPDIR/env" -e C=yes "$IMAGE" \
        sh -c 'echo "$A|$B|$HOME_OF|$C"'
    exits 0
    [ "$output" = "from file|b=c|boats|yes" ]
    echo 'A B=c' >"$BATS_TEST_TMPDIR/env"
    run coracle run --rm --network none --env-file "$BATS_TEST_TMPDIR/env" "$IMAGE" true
    exits 125
    says "variable 'A B' contains whitespaces"
}

@test "final --cidfile holds the id, and is not overwritten" {
    id=$(coracle create --network none --name filed --cidfile "$BATS_TEST_TMPDIR/id" "$IMAGE" true)
    [ "$(cat "$BATS_TEST_TMPDIR/id")" = "$id" ]
    run coracle run --network none --cidfile "$BATS_TEST_TMPDIR/id" "$IMAGE" true
    exits 125
    says "container ID file found, make sure the other container isn't running or delete"
    run coracle run --network none --name filed --cidfile "$BATS_TEST_TMPDIR/none" "$IMAGE" true
    exits 125
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
    [ "$(containers)" -eq 1 ]
}

@test "final --pull never runs what is here, and nothing else" {
    run coracle run --rm --network none --pull never "$IMAGE" true
    exits 0
    run coracle run --rm --network none --pull never not/here true
    exits 125
    says "No such image: not/here"
    says_not "Unable to find"
    run coracle run --rm --pull sometimes "$IMAGE" true
    exits 125
    says "must be one of 'always', 'missing' or 'never'"
}

@test "final inspect keeps entrypoint and command apart" {
    coracle create --network none --name plain "$IMAGE" echo a >/dev/null
    coracle create --network none --name entered --entrypoint echo "$IMAGE" a b >/dev/null
    [ "$(state plain '| [.Config.Entrypoint, .Config.Cmd, .Path, .Args] | tojson')" = '[null,["echo","a"],"echo",["a"]]' ]
    [ "$(state entered '| [.Config.Entrypoint, .Config.Cmd, .Path, .Args] | tojson')" = '[["echo"],["a","b"],"echo",["a","b"]]' ]
}
