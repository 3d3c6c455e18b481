#!/usr/bin/env bats
# The data root as a whole: info, system prune, system boot, system reset.

load lib/helpers
load lib/final

# What a power cut does to the containers that run: monitors and processes are gone, /run is empty.
power_cut()
{
    local name pid
    for name; do
        pid=$(state "$name" .State.Pid)
        kill -KILL "$(monitor_of "$name")" "$pid"
        await ended "$pid"
    done
    rm -r "$RUN"
}

@test "final info counts what there is, and tells what it stands on" {
    detached boat sleep 1000
    detached paused sleep 1000
    coracle pause paused
    coracle create --network none "$IMAGE" true
    run coracle info
    exits 0
    says " Containers: 3
  Running: 1
  Paused: 1
  Stopped: 1
 Images: 1
"
    says " Storage Driver: overlay2
  Backing Filesystem: "
    says " Docker Root Dir: $ROOT"
    run coracle info --format '{{.Containers}} {{.ContainersRunning}} {{.NCPU}} {{.OSType}} {{.KernelVersion}} {{index .DriverStatus 1 0}}'
    [ "$output" = "3 1 $(nproc --all) linux $(uname -r) userxattr" ]
    [ "$(coracle system info -f json | jq -r '.MemTotal / 1024')" = "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" ]
    [ "$(coracle version -f '{{.Server.Os}}/{{.Server.Arch}}')" = "linux/$(dpkg --print-architecture)" ]
}

@test "final system prune asks, and removes what is not used, but for volumes with a name" {
    detached boat sleep 1000
    coracle run --network none --name done -v named:/n -v /anonymous "$IMAGE" sh -c 'head -c 2000 /dev/zero >/f'
    coracle rm -f nothing 2>/dev/null || true
    id=$(state done .Id)
    run coracle system prune <<<n
    exits 1
    says "WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all dangling images
"
    says "system prune has been cancelled"
    [ "$(containers)" -eq 2 ]
    for kind in container image network volume; do
        run coracle $kind prune <<<n
        exits 1
        says "$kind prune has been cancelled"
    done
    run coracle system prune -f --volumes
    exits 0
    says "Deleted Containers:
$id

Deleted Volumes:
"
    says "Total reclaimed space: 2"
    [ "$(coracle ps -aq --no-trunc)" = "$(state boat .Id)" ]
    [ "$(coracle volume ls -q)" = named ]
    [ "$(coracle images -q | wc -l)" -eq 1 ]
    run coracle system prune -f
    [ "$output" = "Total reclaimed space: 0B" ]
    coracle volume rm named
}

@test "final system boot starts what the policy says, once, after the machine went down" {
    run_with() { coracle run -d --network none --name "$1" --restart "$2" "$IMAGE" sleep 1000; }
    run_with always1 always
    run_with stopped1 always
    run_with unless1 unless-stopped
    run_with stopped2 unless-stopped
    run_with failing on-failure
    run_with never no
    coracle run --network none --name ended --restart on-failure "$IMAGE" true
    coracle create --network none --name made --restart always "$IMAGE" sleep 1000
    coracle stop -t 0 stopped1 stopped2
    run coracle system boot
    [ "$output" = stopped1 ]
    coracle stop -t 0 stopped1
    run coracle system boot
    exits 0
    [ "$output" = "" ]
    [ "$(state stopped1 .State.Status)" = exited ]
    power_cut always1 unless1 failing never
    run coracle system boot
    exits 0
    [ "$output" = "always1
stopped1
unless1
failing" ]
    [ "$(coracle ps --format '{{.Names}}' | sort | tr '\n' ' ')" = "always1 failing stopped1 unless1 " ]
    [ "$(state never .State.ExitCode)" = 137 ]
    [ "$(state stopped2 .State.Status)" = exited ]
    [ "$(state made .State.Status)" = created ]
}

@test "final system boot says what could not be started, and starts the others" {
    coracle run -d --network none --name first --restart always "$IMAGE" sleep 1000
    coracle run -d --network none --name lost --restart always -v "$BATS_TEST_TMPDIR:/d" "$IMAGE" sleep 1000
    coracle run -d --network none --name last --restart always "$IMAGE" sleep 1000
    power_cut first lost last
    rm -r "$(state lost .GraphDriver.Data.UpperDir)"
    run coracle system boot
    exits 1
    says "start 'lost': "
    [ "$(state first .State.Running)" = true ]
    [ "$(state last .State.Running)" = true ]
}

@test "final system reset asks, and leaves nothing but what is not its own" {
    mkdir -m 700 "$FINAL/other"
    cp -a "$STORE"/{blobs,refs,layers} "$FINAL/other/"
    touch "$FINAL/other/mine"
    mkdir "$FINAL/other/ids"
    other() { "$BUILD/coracle" --root "$FINAL/other" "$@"; }
    other run -d --network none -v data:/d --name boat "$IMAGE" sleep 1000
    pid=$(other inspect -f '{{.State.Pid}}' boat)
    run other system reset <<<n
    exits 1
    says "system reset has been cancelled"
    [ "$(other ps -q | wc -l)" -eq 1 ]
    run other system reset -f
    exits 0
    ended "$pid"
    [ "$(ls -A "$FINAL/other")" = mine ]
    [ ! -e "$(run_directory "$FINAL/other")" ]
    other ps
    rm -r "$FINAL/other" "$(run_directory "$FINAL/other")" 2>/dev/null || true
}
