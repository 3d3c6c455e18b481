#!/usr/bin/env bats
# The log: how much of it is kept, what its records carry, who reads on.

load lib/helpers
load lib/final

# The files of its log, by name.
log_files() { basename -a "$(state "$1" .LogPath)"* | sort | tr '\n' ' '; }

@test "final a log of --log-opt max-size is put aside when it is full, and max-file of them are kept" {
    run coracle run --network none --name full --log-opt max-size=2k --log-opt max-file=3 "$IMAGE" seq 300
    exits 0
    [ "$(log_files full)" = "log.json log.json.1 log.json.2 " ]
    for file in "$(state full .LogPath)"*; do
        [ "$(stat -c %s "$file")" -lt 2200 ]
        jq -e .log "$file" >/dev/null
    done
    run coracle logs full
    exits 0
    first=${lines[0]}
    [ "$first" -gt 1 ]
    [ "$output" = "$(seq "$first" 300)" ]
    [ "$(coracle logs -n 2 full)" = "$(seq 299 300)" ]
    [ "$(coracle inspect -f '{{json .HostConfig.LogConfig}}' full)" = '{"Type":"json-file","Config":{"max-size":"2k","max-file":"3"}}' ]
}

@test "final with max-size alone there is one file" {
    coracle run --network none --name one --log-opt max-size=1k "$IMAGE" seq 200 >/dev/null
    [ "$(log_files one)" = "log.json " ]
    [ "$(coracle logs one | tail -n 1)" = 200 ]
    [ "$(stat -c %s "$(state one .LogPath)")" -lt 1200 ]
}

@test "final logs -f goes on over every rotation" {
    coracle run -d -i --network none --name turns --log-opt max-size=1k --log-opt max-file=2 "$IMAGE" \
        sh -c 'n=0; while read line; do n=$((n + 10)); seq $((n - 9)) $n; done'
    "$BUILD/coracle" --root "$ROOT" logs -f turns >"$BATS_TEST_TMPDIR/seen" 3>&- &
    BACKGROUND+=($!)
    mkfifo "$BATS_TEST_TMPDIR/in"
    "$BUILD/coracle" --root "$ROOT" attach turns <"$BATS_TEST_TMPDIR/in" >/dev/null 3>&- &
    BACKGROUND+=($!)
    exec 7>"$BATS_TEST_TMPDIR/in"
    for i in 1 2 3 4 5 6; do
        echo >&7
        await grep -qx "${i}0" "$BATS_TEST_TMPDIR/seen"
    done
    exec 7>&-
    coracle rm -f turns
    [ "$(cat "$BATS_TEST_TMPDIR/seen")" = "$(seq 60)" ]
}

@test "final logs -f --until ends when the time has come" {
    detached ticks sh -c 'while :; do echo tick; sleep 0.2; done'
    await log_has ticks tick
    run timeout 20 "$BUILD/coracle" --root "$ROOT" logs -f --until "$(date -u -d '+1 second' +%FT%T)" ticks
    exits 0
    says tick
}

@test "final --log-opt labels and env are in each record, and logs --details shows them" {
    run coracle run --network none --name told --label a.b='c d' --label other=1 -e "X=y/ö" \
        --log-opt labels=a.b,missing --log-opt env=X "$IMAGE" sh -c 'echo "},\"time\":"; echo err >&2'
    exits 0
    [ "$(jq -c .attrs "$(state told .LogPath)" | sort -u)" = '{"X":"y/ö","a.b":"c d"}' ]
    [ "$(coracle logs --details told 2>/dev/null)" = 'X=y%2F%C3%B6,a.b=c+d },"time":' ]
    [ "$(coracle logs told 2>/dev/null)" = '},"time":' ]
    coracle run --network none --name bare "$IMAGE" echo out
    [ "$(coracle logs --details bare)" = " out" ]
}

@test "final --log-driver none keeps nothing, and logs says so" {
    run coracle run --network none --name gone --log-driver none "$IMAGE" echo out
    exits 0
    [ "$output" = out ]
    [ ! -e "$(state gone .LogPath)" ]
    run coracle logs gone
    exits 1
    says "configured logging driver does not support reading"
}

@test "final what is no way to keep a log is refused" {
    refuse()
    {
        local words=$1
        shift
        run coracle run --network none "$@" "$IMAGE" true
        exits 125
        says "$words"
    }
    refuse 'error looking up logging plugin syslog2: plugin "syslog2" not found' --log-driver syslog2
    refuse "unknown log opt 'max-sise' for json-file log driver" --log-opt max-sise=1k
    refuse "max-file cannot be less than 1" --log-opt max-file=0
    refuse "max-size must be a positive number" --log-opt max-size=0
    refuse "invalid size: 'large'" --log-opt max-size=large
    refuse "invalid logging opts format" --log-opt max-size
}
