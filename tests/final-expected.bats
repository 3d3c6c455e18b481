#!/usr/bin/env bats
# What scripts that were written for Docker expect of its commands, and rarely say.

load lib/helpers
load lib/final

at_terminal() { "$TOP/tests/lib/terminal" "$@"; }

# --- leaving a command ------------------------------------------------------------------------------

@test "final exec is left by the detach keys, and its command goes on" {
    detached boat sleep 1000
    run at_terminal wait:ready type:'\x10\x11' -- \
        "$BUILD/coracle" --root "$ROOT" exec -it boat sh -c 'echo ready; while [ ! -e /go ]; do sleep 0.1; done; echo after; echo done >/done'
    says "read escape sequence"
    says "status 1"
    says "modes same"
    coracle exec boat touch /go
    await coracle exec boat test -e /done
}

@test "final exec has detach keys of one's choice; what only begins like them is typed" {
    detached boat sleep 1000
    run at_terminal wait:ready type:'ax' wait:gotax type:'ab' -- \
        "$BUILD/coracle" --root "$ROOT" exec -it --detach-keys a,b boat sh -c 'stty raw -echo; echo ready; echo got$(head -c 2); exec sleep 999'
    says gotax
    says "read escape sequence"
    says "status 1"
}

@test "final exec without a terminal has no detach keys" {
    detached boat sleep 1000
    [ "$(printf 'a\x10\x11b' | coracle exec -i boat cat | od -An -tx1)" = " 61 10 11 62" ]
}

@test "final detach keys that are empty are the usual ones" {
    run at_terminal wait:ready type:'\x10\x11' -- \
        "$BUILD/coracle" --root "$ROOT" run -it --network none --name boat --detach-keys= "$IMAGE" sh -c 'echo ready; exec sleep 1000'
    says "status 0"
    [ "$(state boat .State.Running)" = true ]
}

# --- running and ending -----------------------------------------------------------------------------

@test "final run that attaches neither output nor error prints the id instead" {
    run coracle run --network none --name boat -a stdin "$IMAGE" echo hello </dev/null
    exits 0
    [ "$output" = "$(state boat .Id)" ]
}

@test "final a container's name may be given with the slash that inspect shows" {
    coracle create --network none --name /boat "$IMAGE"
    [ "$(coracle inspect -f '{{.Name}}' /boat)" = /boat ]
    [ "$(coracle ps -a --filter 'name=^/boat$' --format '{{.Names}}')" = boat ]
    [ "$(coracle ps -a --filter 'name=^boat$' --format '{{.Names}}')" = boat ]
    coracle rename boat /ship
    [ "$(coracle ps -a --format '{{.Names}}')" = ship ]
    run coracle create --network none --name ship/ "$IMAGE"
    exits 1
    says "Invalid container name (ship/)"
}

@test "final kill looks at the signal first, and an empty one is the usual one" {
    run coracle kill -s NOTHING nowhere
    exits 1
    says "cannot kill container: nowhere: Invalid signal: NOTHING"
    detached boat sleep 1000
    run coracle kill -s '' boat
    exits 0
    await not_running boat
    [ "$(state boat .State.ExitCode)" = 137 ]
}

@test "final stop and restart take --time for --timeout" {
    coracle run -d --network none --name boat --stop-timeout 100 "$IMAGE" sleep 1000
    run coracle restart --time 0 boat
    exits 0
    run coracle stop --time=0 boat
    exits 0
    [ "$(state boat .State.ExitCode)" = 137 ]
}

@test "final exec of what is not there leaves the container as it was, with and without -d" {
    detached boat sleep 1000
    run -127 coracle exec boat /no/such
    run -127 coracle exec -d boat nosuch
    run -126 coracle exec boat /etc
    [ "$(state boat .State.Running)" = true ]
}

# --- copying ----------------------------------------------------------------------------------------

@test "final cp puts nothing in the place of a device" {
    detached boat sh -c 'mknod /device c 1 3; echo text >/file; exec sleep 1000'
    await coracle exec boat test -e /file
    mknod "$BATS_TEST_TMPDIR/device" c 1 3
    run coracle cp boat:/file "$BATS_TEST_TMPDIR/device"
    exits 1
    says "invalid output path: \"$BATS_TEST_TMPDIR/device\" must be a directory or a regular file: got a device"
    [ -c "$BATS_TEST_TMPDIR/device" ]
    run coracle cp "$BATS_TEST_FILENAME" boat:/device
    exits 1
    says 'destination "boat:/device" must be a directory or a regular file: got a device'
    coracle exec boat test -c /device
}

@test "final cp follows a link that is the target, and makes no directory that is missing" {
    detached boat sh -c 'mkdir /one /two; ln -s /made /one/x; ln -s /never /two/x; exec sleep 1000'
    await coracle exec boat test -L /two/x
    echo text >"$BATS_TEST_TMPDIR/file"
    coracle cp "$BATS_TEST_TMPDIR/file" boat:/one/x
    [ "$(coracle exec boat cat /made)" = text ]
    run coracle cp "$BATS_TEST_TMPDIR/file" boat:/two/x/
    exits 1
    says "no such directory"
    run coracle exec boat test -e /never
    exits 1
}

@test "final cp takes a star and a dot at the end of a name as they are" {
    detached boat sh -c 'mkdir /dir. /dir; echo a >/dir./file; exec sleep 1000'
    await coracle exec boat test -e /dir./file
    run coracle cp 'boat:/dir*' "$BATS_TEST_TMPDIR"
    exits 1
    says 'Could not find the file /dir* in container boat'
    coracle cp boat:/dir. "$BATS_TEST_TMPDIR/made"
    [ "$(<"$BATS_TEST_TMPDIR/made/file")" = a ]
}

# --- asking -----------------------------------------------------------------------------------------

@test "final a template may ask for what Docker's JSON leaves out" {
    coracle create --network none --name boat "$IMAGE"
    ask() { coracle inspect -f "$1" boat; }
    [ "$(ask '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}')" = none ]
    [ "$(ask '{{.State.Health}} {{.HostConfig.Binds}} {{.Config.Entrypoint}} {{.Config.ExposedPorts}} "{{.Config.StopSignal}}"')" = \
        '<nil> [] [] map[] ""' ]
    [ "$(ask '{{range $port, $none := .Config.ExposedPorts}}{{$port}}{{end}}{{len .Config.Volumes}} {{json .HostConfig.Binds}}')" = '0 null' ]
    [ "$(coracle image inspect -f '{{.Config.Entrypoint}} {{.Config.Labels}}' "$IMAGE")" = '[] map[]' ]
    run coracle inspect -f '{{.Config.Nothing}}' boat
    exits 1
}

@test "final a template that can't be read ends with 64, one that can't be filled in with 1" {
    coracle create --network none --name boat "$IMAGE"
    for template in '{{' '{{nothing}}' '{{if .Id}}' '{{.Id | nothing}}'; do
        run -64 coracle inspect -f "$template" boat
        says "template parsing error"
    done
    for template in '{{index .Config.Env 99}}' '{{.Nothing}}' '{{len true}}' '{{range .Id}}{{end}}'; do
        run -1 coracle inspect -f "$template" boat
        says "template parsing error"
    done
}

@test "final json in a template has no more fields than --format json" {
    coracle volume create --label wood=oak hold >/dev/null
    detached boat sleep 1000
    [ "$(coracle ps --format '{{json .}}' | jq -c keys)" = "$(coracle ps --format json | jq -c keys)" ]
    [ "$(coracle volume ls --format '{{json .}}' | jq -c keys)" = "$(coracle volume ls --format json | jq -c keys)" ]
    run coracle volume ls --format '{{json .}}'
    says_not '"Label":'
    [ "$(coracle volume ls --format '{{.Label "wood"}}')" = oak ]
    [ "$(coracle inspect -f '{{json .Config}}' boat | jq -r .Image)" = "$IMAGE" ]
    coracle volume rm hold
}

@test "final images shows when it was made as the clock does, history as the configuration" {
    [[ $(coracle images --format '{{.CreatedAt}}') =~ ^[0-9-]{10}\ [0-9:]{8}\ [+-][0-9]{4}\ [A-Z]+$ ]]
    [[ $(TZ=UTC coracle history --format '{{.CreatedAt}}' "$IMAGE") =~ ^[0-9-]{10}T[0-9:]{8}Z$ ]]
}

@test "final a container whose output is not kept has no path of a log" {
    coracle create --network none --name quiet --log-driver none "$IMAGE"
    coracle create --network none --name loud "$IMAGE"
    [ "$(state quiet .LogPath)" = "" ]
    [ "$(state loud .LogPath)" != "" ]
}

@test "final lists take range, if, index, join, split, println and table" {
    coracle volume create --label wood=oak hold >/dev/null
    detached boat sleep 1000
    [ "$(coracle ps --format '{{range $i, $name := split .Names ","}}{{$i}}{{println $name}}{{end}}')" = 0boat ]
    [ "$(coracle ps --format '{{if eq .State "running"}}{{join (split "a,b" ",") "-"}} {{len .Names}}{{end}}')" = "a-b 4" ]
    [ "$(coracle network ls --format '{{if eq .Driver "null"}}{{.Name}}{{end}}' | grep .)" = none ]
    [ "$(coracle volume inspect -f '{{index .Labels "wood"}}{{range $key, $value := .Labels}} {{$key}}={{$value}}{{end}}' hold)" = "oak wood=oak" ]
    [ "$(coracle stats --no-stream --format 'table {{.Name}}\t{{.PIDs}}' | tail -n 1 | tr -s ' ')" = "boat 1" ]
    [ "$(coracle info --format '{{.Driver}} {{.ContainersRunning}}')" = "overlay2 1" ]
    [ "$(coracle version --format '{{with .Client}}{{.Os}}{{end}} {{println .Server.Os}}')" = "linux linux" ]
    [ "$(coracle history --format '{{len .ID}}' "$IMAGE")" = 12 ]
    coracle volume rm hold
}

# --- files of variables and labels ------------------------------------------------------------------

@test "final exec reads variables from files, and -e counts over them" {
    detached boat sleep 1000
    printf 'A=file\n# comment\n\nB="two words"\nC\n' >"$BATS_TEST_TMPDIR/one"
    printf 'we.ird*na#me!=odd\nA=second\n' >"$BATS_TEST_TMPDIR/two,comma"
    C=ours run coracle exec -e D=option -e B=given --env-file "$BATS_TEST_TMPDIR/one" --env-file "$BATS_TEST_TMPDIR/two,comma" boat env
    exits 0
    for line in A=second B=given C=ours D=option 'we.ird*na#me!=odd'; do
        grep -qxF "$line" <<<"$output"
    done
    run coracle exec --env-file "$BATS_TEST_TMPDIR/none" boat env
    exits 1
    says "No such file or directory"
}

@test "final run reads labels from files, and --label counts over them" {
    printf 'wood=oak\n# comment\nquoted="yes"\ncrew=two\nbare\n' >"$BATS_TEST_TMPDIR/labels"
    coracle create --network none --name boat --label crew=three --label-file "$BATS_TEST_TMPDIR/labels" "$IMAGE"
    [ "$(coracle inspect -f '{{json .Config.Labels}}' boat | jq -cS .)" = '{"crew":"three","quoted":"\"yes\"","wood":"oak"}' ]
    run coracle create --network none --label-file "$BATS_TEST_TMPDIR/none" "$IMAGE"
    exits 125
    says "No such file or directory"
}

@test "final ports that a container on the host's network publishes are discarded, with a warning" {
    run --separate-stderr coracle create --network host -p 80:80 --name boat "$IMAGE"
    exits 0
    [ "$output" = "$(state boat .Id)" ]
    [ "$stderr" = "WARNING: Published ports are discarded when using host network mode" ]
}
