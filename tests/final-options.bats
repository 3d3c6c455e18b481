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
    says "No such image: not/here:latest"
    says_not "Unable to find"
    # nor what is here for another machine
    run coracle run --rm --network none --pull never --platform linux/s390x "$IMAGE" true
    exits 125
    says "No such image"
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

# --- restart policies -----------------------------------------------------------------------------

lives() { coracle logs "$1" | wc -l; }

has_lives() { [ "$(lives "$1")" -ge "$2" ]; }

@test "final --restart on-failure starts again what has failed, so many times and no more" {
    coracle run -d --restart on-failure:2 --network none --name fails "$IMAGE" sh -c 'echo life; exit 3'
    await not_running fails
    [ "$(lives fails)" -eq 3 ]
    [ "$(state fails '| [.RestartCount, .State.ExitCode, .State.Status] | tojson')" = '[2,3,"exited"]' ]
    [ "$(state fails '.HostConfig.RestartPolicy | tojson')" = '{"Name":"on-failure","MaximumRetryCount":2}' ]
    coracle run -d --restart on-failure --network none --name works "$IMAGE" sh -c 'echo life'
    await not_running works
    [ "$(lives works)" -eq 1 ]
}

@test "final --restart always waits longer each time, and stop ends it in between" {
    coracle run -d --restart always --network none --name again "$IMAGE" sh -c 'echo life; exit 1'
    await has_lives again 3
    run coracle ps --format '{{.Status}}'
    [[ $output =~ ^Restarting\ \(1\)|^Up ]]
    sleep 0.3 # in the middle of 0.4 s
    lives=$(lives again)
    [ "$lives" -le 4 ]
    run coracle rm again
    exits 1
    run coracle stop again
    exits 0
    [ "$(state again .State.Status)" = exited ]
    sleep 1
    [ "$(lives again)" -le $((lives + 1)) ]
    [ "$(state again .State.Status)" = exited ]
}

@test "final stop and kill end a container that would be restarted" {
    for policy in always unless-stopped; do
        coracle run -d --restart $policy --network none --name $policy "$IMAGE" sh -c 'echo life; exec sleep 1000'
        await has_lives $policy 1
        pid=$(state $policy .State.Pid)
        kill -9 "$pid" # by nobody who means it
        await has_lives $policy 2
    done
    coracle stop -t 0 always
    coracle kill unless-stopped
    sleep 0.5
    [ "$(state always .State.Status)" = exited ]
    [ "$(state unless-stopped .State.Status)" = exited ]
    coracle start always
    [ "$(state always .State.Running)" = true ]
    coracle rm -f always unless-stopped
    [ "$(containers)" -eq 0 ]
}

@test "final who is attached to a container sees one life of it" {
    run coracle run --restart always --network none --name seen "$IMAGE" sh -c 'echo life; exit 7'
    exits 7
    [ "$output" = life ]
    await has_lives seen 2
}

@test "final after kill -9 of the monitor between two lives, it has ended" {
    coracle run -d --restart always --network none --name broken "$IMAGE" \
        sh -c 'echo life; [ -e /later ] || { touch /later; sleep 1; }; exit 1'
    await has_lives broken 1
    monitor=$(monitor_of broken)
    [ "$(cat "/proc/$monitor/comm")" = coracle-monitor ]
    await has_lives broken 4
    kill -9 "$monitor"
    await not_running broken
    [ "$(state broken .State.ExitCode)" -eq 137 ]
}

@test "final --restart with --rm, or with a policy that there isn't, is refused" {
    run coracle run --rm --restart always --network none "$IMAGE" true
    exits 125
    says "cannot specify both --restart and --rm"
    run coracle run --restart sometimes --network none "$IMAGE" true
    exits 125
    says "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
    run coracle run --restart always:3 --network none "$IMAGE" true
    exits 125
}

@test "final logs --since and --until, by date, by seconds, and by how long ago" {
    coracle run --network none --name timed "$IMAGE" sh -c 'echo one; sleep 1.2; echo two; sleep 1.2; echo three' >/dev/null
    middle=$(coracle logs -t timed | sed -n 's/Z two$//p')
    [ "$(coracle logs --since "${middle}Z" timed)" = "two
three" ]
    [ "$(coracle logs --until "${middle}" timed)" = "one
two" ]
    [ "$(coracle logs --since "$middle+00:00" -n 1 timed)" = three ]
    [ "$(coracle logs --since "$(date -d "${middle}Z" +%s)" timed | tail -n 1)" = three ]
    [ "$(coracle logs --since 1h30m timed | wc -l)" -eq 3 ]
    [ "$(coracle logs --since 1ms timed)" = "" ]
    [ "$(coracle logs --until 1h timed)" = "" ]
    run coracle logs --since yesterday timed
    exits 125
}

@test "final options may come after operands, but those after a command are its own" {
    coracle create --network none --name one "$IMAGE" true
    coracle create --network none --name two "$IMAGE" true
    run coracle inspect one --format '{{.Name}}' two
    [ "$output" = $'/one\n/two' ]
    run coracle rm one -f two -v
    exits 0
    [ "$output" = $'one\ntwo' ]
    run coracle rm -f nobody -- -v
    says "No such container: nobody"
    says "No such container: -v"
    run -125 coracle rm one --bad
    says "unknown flag: --bad (see 'coracle rm --help')"
    run coracle rm one --help
    exits 0
    says "Usage:  coracle rm"
    run coracle run --rm --network none "$IMAGE" echo --rm -it
    [ "$output" = "--rm -it" ]
}
