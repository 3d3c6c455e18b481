#!/usr/bin/env bats
# Healthchecks, of the command line and of an image.

load lib/helpers
load lib/final

# The events of a test are those since it began.
setup() { common_setup; BEGAN=$(date +%s.%N); }

# A container "boat" whose healthcheck is run often.
checked()
{
    coracle run -d --network none --name boat --health-interval 200ms "$@"
}

# An image of $IMAGE's files whose config is what a filter of jq makes of it; sets $MADE.
add_image_with()
{
    local layout=$BATS_TEST_TMPDIR/layout manifest config address
    cp -r "$PREPARED/image.layout" "$layout"
    manifest=$(jq -r '.manifests[0].digest' "$layout/index.json")
    config=$(jq -r .config.digest "$layout/blobs/${manifest/:/\/}")
    config=$(keep "$layout" "$(jq -c "$1" "$layout/blobs/${config/:/\/}")")
    manifest=$(keep "$layout" "$(jq -c ".config += $config" "$layout/blobs/${manifest/:/\/}")")
    jq -c ".manifests[0] += $manifest" "$layout/index.json" >"$layout/index.json.new"
    mv "$layout/index.json.new" "$layout/index.json"
    address=$("$TOP/tests/lib/registry" start "$BATS_TEST_TMPDIR/registry")
    MADE=$address/changed:1
    "$TOP/tests/lib/make-test-image" push "$layout" busybox "$MADE"
    coracle pull -q "$MADE"
    "$TOP/tests/lib/registry" stop "$BATS_TEST_TMPDIR/registry"
}

# keep LAYOUT TEXT: puts a blob there, and prints what to call it
keep()
{
    local digest
    digest=$(printf %s "$2" | sha256sum | cut -d' ' -f1)
    printf %s "$2" >"$1/blobs/sha256/$digest"
    printf '{"digest":"sha256:%s","size":%s}' "$digest" "$(printf %s "$2" | wc -c)"
}

health() { state boat .State.Health.Status; }
is() { [ "$(health)" = "$1" ]; }
ran() { [ "$(state boat '.State.Health.Log | length')" -ge "$1" ]; }

@test "final a healthcheck says when a container is well, and when it is not any more" {
    checked --health-retries 2 --health-cmd 'cat /well; echo err >&2' "$IMAGE" sh -c 'echo fine >/well; exec sleep 1000'
    is starting
    [[ $(coracle ps --format '{{.Status}}') == "Up "*" (health: starting)" ]]
    await is healthy
    [[ $(coracle ps --format '{{.Status}}') == "Up "*" (healthy)" ]]
    [ "$(state boat '.State.Health.Log[0] | .ExitCode, .Output')" = "0
fine
err" ]
    [ "$(coracle ps -q -f health=healthy | wc -l)" -eq 1 ]
    [ -z "$(coracle ps -q -f health=starting -f health=none)" ]
}

@test "final so many failures in a row make it unhealthy, and one success healthy again" {
    checked --health-retries 3 --health-cmd '[ -e /well ] || exit 7' "$IMAGE" sleep 1000
    await is unhealthy
    [ "$(state boat .State.Health.FailingStreak)" -ge 3 ]
    [ "$(state boat '.State.Health.Log[-1].ExitCode')" = 7 ]
    [[ $(coracle ps --format '{{.Status}}') == "Up "*" (unhealthy)" ]]
    coracle exec boat touch /well
    await is healthy
    [ "$(state boat .State.Health.FailingStreak)" = 0 ]
    run coracle events --since "$BEGAN" --until 0s -f container=boat -f event=health_status --format '{{.Action}}'
    [ "$output" = "health_status: unhealthy
health_status: healthy" ]
    run coracle events --since "$BEGAN" --until 0s -f container=boat -f event=exec_die --format '{{.Actor.Attributes.exitCode}}'
    [ "${lines[0]}" = 7 ]
}

@test "final the last five results are kept" {
    checked --health-interval 50ms --health-cmd 'echo x >>/n; wc -l </n' "$IMAGE" sleep 1000
    sixth() { [ "$(state boat '.State.Health.Log[-1].Output')" -ge 6 ]; }
    await sixth
    [ "$(state boat '.State.Health.Log | length')" = 5 ]
    [ "$(state boat '.State.Health.Log | [.[].Start] == ([.[].Start] | sort)')" = true ]
}

@test "final in the start period failures do not count, and it is looked at more often" {
    checked --health-interval 100s --health-start-period 100s --health-start-interval 100ms --health-retries 1 \
        --health-cmd '[ -e /well ]' "$IMAGE" sleep 1000
    await ran 3
    is starting
    [ "$(state boat .State.Health.FailingStreak)" = 0 ]
    coracle exec boat touch /well
    await is healthy
}

@test "final a healthcheck that takes too long has failed, and is ended" {
    checked --health-timeout 300ms --health-retries 1 --health-cmd 'echo begun; sleep 4321' "$IMAGE" sleep 1000
    await is unhealthy
    [ "$(state boat '.State.Health.Log[0] | .ExitCode, .Output')" = "-1
Health check exceeded timeout (300ms): begun" ]
    many() { [ "$(state boat .State.Health.FailingStreak)" -ge 6 ]; }
    await many
    [ "$(coracle exec boat ps | grep -c 'sleep 4321')" -le 4 ]
    coracle stop -t 0 boat
}

@test "final a healthcheck that is ended leaves nobody behind whom an init that waits for nobody would keep" {
    unshare --pid --mount --fork --kill-child --mount-proc sleep 1000 3>&- &
    BACKGROUND+=($!)
    await pgrep -P "${BACKGROUND[-1]}"
    init=$(pgrep -P "${BACKGROUND[-1]}")
    inside() { timeout 20 nsenter -t "$init" --pid --mount --wdns="$PWD" "$BUILD/coracle" --root "$ROOT" "$@"; }
    inside run -d --network none --name boat --health-interval 100ms --health-timeout 200ms --health-retries 1 \
        --health-cmd 'sleep 1000' "$IMAGE" sleep 1000
    failed() { [ "$(inside inspect -f '{{.State.Health.FailingStreak}}' boat)" -ge 2 ]; }
    await failed
    run inside rm -f boat
    exits 0
}

@test "final of a healthcheck's output 4096 bytes are kept" {
    checked --health-cmd 'yes | head -c 100000' "$IMAGE" sleep 1000
    await is healthy
    [ "$(state boat '.State.Health.Log[0].Output | length')" = 4099 ]
    [[ $(state boat '.State.Health.Log[0].Output') == y*... ]]
}

@test "final a healthcheck that can't be executed says why" {
    checked --health-retries 1 --health-cmd true --entrypoint sleep "$IMAGE" 1000
    await is healthy
    coracle exec boat rm /bin/sh
    await is unhealthy
    [ "$(state boat '.State.Health.Log[-1].ExitCode')" = -1 ]
    [[ $(state boat '.State.Health.Log[-1].Output') == *"/bin/sh"*"no such file or directory"* ]]
}

@test "final the healthcheck ends with the container, and a container that is paused is not looked at" {
    checked --health-cmd 'echo x >>/n' "$IMAGE" sleep 1000
    await is healthy
    coracle pause boat
    last() { state boat '.State.Health.Log[-1].Start'; }
    quiet() { local before; before=$(last); sleep 0.6; [ "$(last)" = "$before" ]; }
    await quiet
    is healthy
    coracle unpause boat
    coracle stop -t 0 boat
    is unhealthy
    [[ $(coracle ps -a --format '{{.Status}}') == "Exited "*ago ]]
    coracle start boat
    is starting
}

@test "final an image brings its healthcheck; options change parts of it; --no-healthcheck takes it away" {
    add_image_with '.config.Healthcheck = {"Test": ["CMD", "test", "-e", "/well"], "Interval": 200000000, "Retries": 2}'
    inspect() { coracle inspect "$1" | jq -c '.[0].Config.Healthcheck'; }
    coracle run -d --network none --name boat "$MADE" sleep 1000
    [ "$(inspect boat)" = '{"Test":["CMD","test","-e","/well"],"Interval":200000000,"Retries":2}' ]
    await is unhealthy
    coracle create --network none --name mine --health-cmd 'test -e x' --health-interval 1m30s "$MADE" true
    [ "$(inspect mine)" = '{"Test":["CMD-SHELL","test -e x"],"Interval":90000000000,"Retries":2}' ]
    coracle create --network none --name plain "$IMAGE" true
    [ "$(inspect plain)" = null ]
    coracle create --network none --name off --no-healthcheck "$MADE" true
    [ "$(inspect off)" = '{"Test":["NONE"]}' ]
    run coracle create --network none --no-healthcheck --health-cmd true "$MADE" true
    exits 125
    says "--no-healthcheck conflicts with --health-* options"
    run coracle create --network none --health-interval 5 "$MADE" true
    exits 125
    says 'invalid argument "5" for "--health-interval" flag: time: missing unit in duration "5"'
}

@test "final the monitor of a container with a healthcheck stays small, and leaves no process behind" {
    checked --health-interval 20ms --health-cmd 'seq 500' "$IMAGE" sleep 1000
    await ran 5
    monitor=$(monitor_of boat)
    dirty=$(awk '/^Private_Dirty/ { print $2 }' "/proc/$monitor/smaps_rollup")
    echo "private: $dirty KiB"
    [ "$dirty" -le 512 ]
    [ "$(awk '/^State/ { print $2 }' "/proc/$monitor/status")" != Z ]
    kill -KILL "$monitor"
    ended "$monitor" || sleep 0.1
    children() { ! grep -qs "^PPid:.$monitor$" /proc/[0-9]*/status; }
    await children
    [ "$(state boat .State.ExitCode)" = 137 ]
}

@test "final a time of a healthcheck that the record can't keep, or Docker refuses, is refused" {
    for time in Interval=--health-interval Timeout=--health-timeout StartPeriod=--health-start-period StartInterval=--health-start-interval; do
        run coracle create "${time#*=}" 999us "$IMAGE" true
        exits 125
        says "${time%%=*} in Healthcheck cannot be less than 1ms"
        run coracle create "${time#*=}" 2502h "$IMAGE" true
        exits 125
        says "${time%%=*} in Healthcheck cannot be more than 2501h"
    done
    run coracle create --shm-size 9p "$IMAGE" true
    exits 125
    says "invalid size: '9p' is too large"
    coracle create --network none --shm-size 8p --health-timeout 2501h --health-interval 1ms "$IMAGE" true
    [ "$(coracle ps -aq | wc -l)" -eq 1 ]
}

@test "final a setuid program of a healthcheck is ended as well when it takes too long" {
    checked -u 1000 --health-timeout 300ms --health-retries 1 --health-cmd '[ ! -e /suid/sleep ] || exec /suid/sleep 4321' \
        "$IMAGE" sleep 1000
    await is healthy
    coracle exec -u 0 boat sh -c 'mkdir /suid && cp /bin/busybox /suid/new && chmod 4755 /suid/new && mv /suid/new /suid/sleep'
    await is unhealthy
    many() { [ "$(state boat .State.Health.FailingStreak)" -ge 3 ]; }
    await many
    [ "$(coracle exec boat ps | grep -c 'suid/sleep 4321')" -le 2 ]
}
