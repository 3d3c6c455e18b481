#!/usr/bin/env bats
# The further lives of a container: create, start, restart, wait, rename, --restart.

load lib/helpers
load lib/final

@test "final a created container runs when it is started, and again, with the files it had" {
    run coracle create --network none --name twice "$IMAGE" sh -c 'echo run >>/file; cat /file; exit 3'
    exits 0
    [ "${#output}" -eq 64 ]
    [ "$(state twice .State.Status)" = created ]
    [ "$(coracle ps -q)" = "" ]
    run coracle start twice
    exits 0
    [ "$output" = twice ]
    run coracle wait twice
    exits 0
    [ "$output" = 3 ]
    run coracle start -a twice
    exits 3
    [ "$output" = "run
run" ]
    [ "$(coracle logs twice | wc -l)" -eq 3 ]
}

@test "final start of a container that runs changes nothing" {
    detached runs sleep 1000
    pid=$(state runs .State.Pid)
    run coracle start runs
    exits 0
    [ "$output" = runs ]
    [ "$(state runs .State.Pid)" = "$pid" ]
    run coracle start nothing
    exits 1
    says "No such container: nothing"
    run coracle start -a runs nothing
    exits 1
    says "you cannot start and attach multiple containers at once"
}

@test "final of many starts at once, one starts it" {
    coracle create --network none --name race "$IMAGE" sh -c 'echo run >>/file; exec sleep 1000' >/dev/null
    for i in 1 2 3 4 5; do coracle start race & done
    wait
    [ "$(coracle exec race cat /file)" = run ]
}

@test "final start -i gives the command our standard input" {
    coracle create -i --network none --name reader "$IMAGE" cat >/dev/null
    run coracle start -ai reader <<<"a line"
    exits 0
    [ "$output" = "a line" ]
}

@test "final restart stops and starts, a container of --rm too" {
    coracle run -d --rm --network none --name again "$IMAGE" sleep 1000
    pid=$(state again .State.Pid)
    run coracle restart -t 0 again
    exits 0
    [ "$output" = again ]
    ended "$pid"
    [ "$(state again .State.Running)" = true ]
    coracle stop -t 0 again
    await no_containers
}

@test "final update --restart counts from the next end on" {
    detached boat sh -c 'echo run; while [ ! -e /go ]; do sleep 0.1; done; rm /go; exit 3'
    run coracle update --restart on-failure:1 boat
    exits 0
    [ "$output" = boat ]
    [ "$(coracle inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' boat)" = "on-failure 1" ]
    coracle exec boat touch /go
    again() { [ "$(coracle logs boat | wc -l)" -eq 2 ]; }
    await again
    await eval '[ "$(state boat .State.Running)" = true ]'
    coracle update --restart no boat
    coracle exec boat touch /go
    await not_running boat
    [ "$(state boat .State.Status)" = exited ]
    coracle run -d --rm --network none --name short "$IMAGE" sleep 1000
    run coracle update --restart always short
    exits 1
    says "Restart policy cannot be updated because AutoRemove is enabled for the container"
    run coracle update --restart sometimes boat
    exits 125
    says "unknown policy 'sometimes'"
}

@test "final wait says each exit code, after the end" {
    detached short sh -c 'sleep 0.3; exit 4'
    detached long sh -c 'sleep 0.6; exit 5'
    run coracle wait short long
    exits 0
    [ "$output" = "4
5" ]
    run coracle wait nothing
    exits 1
    says "No such container: nothing"
}

@test "final rename gives another name, at once and for good" {
    detached before sleep 1000
    detached other sleep 1000
    run coracle rename before after
    exits 0
    [ "$(state after .Name)" = /after ]
    run coracle inspect before
    exits 1
    run coracle rename after other
    exits 1
    says 'Conflict. The container name "/other" is already in use'
    run coracle rename after after
    exits 1
    says "Renaming a container with the same name"
    coracle rm -f after
    detached after true
}

@test "final changes of one container at once do not lose one another" {
    id=$(coracle create --network none --name change "$IMAGE" true)
    for number in 1 2 3; do
        coracle rename "$id" "change$number" 3>&- &
        first=$!
        coracle update --restart "on-failure:$number" "$id" 3>&- &
        second=$!
        coracle update --cpu-shares "10$number" "$id" 3>&- &
        wait $first
        wait $second
        wait $!
        [ "$(state "$id" .Name) $(state "$id" .HostConfig.RestartPolicy.MaximumRetryCount)" = "/change$number $number" ]
        [ "$(state "$id" .HostConfig.CpuShares)" = "10$number" ]
    done
}

@test "final cp of a container between two lives says so, and mounts nothing twice" {
    coracle run -d --network none --name again --restart always "$IMAGE" sh -c 'echo here >/file; exit 1'
    # each pause is twice as long as the one before
    restarted() { [ "$(state again .RestartCount)" -ge 5 ]; }
    await restarted
    run coracle cp again:/file -
    exits 1
    says "is restarting, wait until the container is running"
    coracle stop again
    run coracle cp again:/file -
    exits 0
}

@test "final container prune asks, and removes what does not run" {
    detached runs sleep 1000
    ended=$(detached ended true)
    await not_running ended
    labelled=$(coracle create --network none --name labelled -l keep "$IMAGE" true)
    run coracle container prune <<<n
    exits 1
    says "WARNING! This will remove all stopped containers."
    [ "$(containers)" -eq 3 ]
    run coracle container prune -f --filter until=1h
    exits 0
    [ "$output" = "Total reclaimed space: 0B" ]
    run coracle container prune -f --filter label=keep
    says "$labelled"
    run coracle container prune -f
    exits 0
    [ "${lines[0]}" = "Deleted Containers:" ]
    [ "${lines[1]}" = "$ended" ]
    [ "$(coracle container ls -a --format '{{.Names}}')" = runs ]
    [ "$(coracle container inspect -f '{{.Name}}' runs)" = /runs ]
}

@test "final a container whose record can't be read is named and passed over, and removed by force" {
    coracle create --network none --name fine "$IMAGE" true
    id=$(coracle create --network none --name damaged "$IMAGE" true)
    echo '{' >"$ROOT/containers/$id/config.json"
    run coracle ps -a --format '{{.Names}}'
    exits 1
    says fine
    says "read the record of container $id: "
    says "'rm -f' removes it"
    run coracle rm damaged
    exits 1
    says "'rm -f' removes it"
    run coracle container prune -f
    exits 1
    says "read the record of container $id: "
    says "Deleted Containers:"
    run coracle rm -f damaged
    exits 0
    [ "$output" = damaged ]
    [ "$(containers)" -eq 0 ]
    [ -z "$(ls "$ROOT/names")" ]
    coracle create --network none --name damaged "$IMAGE" true
}
