#!/usr/bin/env bats
# What is made of the option tables: completion, manual pages, the README's table.

load lib/helpers
load lib/final

# completed WORD… completes the last one; prints a line for each candidate
completed()
{
    declare -F _coracle >/dev/null || source <(coracle completion bash)
    COMP_WORDS=("$BUILD/coracle" "$@") COMP_CWORD=$#
    CORACLE_ROOT=$ROOT _coracle
    printf "%s\n" "${COMPREPLY[@]}"
}

is_completed() # EXPECTED WORD…
{
    local expected=$1 got
    shift
    got=$(completed "$@" | sort | paste -sd' ')
    [ "$got" = "$expected" ] || { echo "completing '$*': expected '$expected', got '$got'"; return 1; }
}

@test "final completion knows commands, the options of each, and their values" {
    is_completed unpause unp
    is_completed "history" image hist
    is_completed --cidfile run --cidf
    is_completed --digests image ls --dig
    is_completed --no-trunc --root "$ROOT" ps --no-t
    is_completed --no-trunc --explain ps -q --no-t
    is_completed "always no on-failure unless-stopped" run --restart ""
    is_completed "bash zsh" completion ""
    is_completed SIGWINCH kill -s SIGWI
    is_completed "host private" run --cgroupns ""
    is_completed "" run --hostname ""
    is_completed volume help volum
    # options may come after operands, but a command's own are nobody's business
    is_completed --force rm boat --forc
    is_completed "" rm -- boat --forc
    is_completed "" run -it "$IMAGE" --cidf
    run coracle completion fish
    exits 1
    says "not for 'fish'"
}

@test "final completion knows containers by their state, images, networks and volumes" {
    coracle create --network none --name sloop "$IMAGE" true >/dev/null
    detached ship sleep 100
    coracle volume create cargo >/dev/null
    is_completed sloop start ""
    is_completed ship stop ""
    is_completed "ship sloop" logs ""
    is_completed "ship sloop" container inspect sloop ""
    is_completed sloop rm ""
    is_completed "ship sloop" rm -f ""
    is_completed "ship sloop" rm boat -f ""
    is_completed sloop rm -- ""
    is_completed "" unpause ""
    coracle pause ship >/dev/null
    is_completed ship unpause s
    coracle unpause ship >/dev/null
    is_completed bridge network inspect br
    is_completed ship network connect bridge shi
    is_completed bridge run --network br
    is_completed cargo volume rm ca
    is_completed cargo: run -v ca
    is_completed "" volume create ca
    is_completed "cargo" inspect car
    is_completed "$IMAGE:latest" rmi "${IMAGE:0:4}"
    is_completed "$IMAGE:latest" run -d --name x -e A=b -m64m --rm "${IMAGE:0:4}"
    coracle volume rm cargo >/dev/null
}

@test "final completion in a real bash: Tab writes the rest, also of an image, whose name has colons" {
    run env PATH="$BUILD:$PATH" CORACLE_ROOT="$ROOT" HISTFILE= \
        "$TOP/tests/lib/terminal" 'wait:# ' 'type:source <(coracle completion bash); echo read\x79\n' \
        'wait:ready' "type:coracle unp\\t--help\\n" 'wait:coracle unpause' 'wait:Usage' \
        "type:echo got; coracle run --no-such ${IMAGE:0:-3}\\t\\b \\n" "wait:$IMAGE:lates" 'type:exit\n' -- \
        bash --norc --noprofile -i
    echo "$output"
    exits 0
    says "status"
}

@test "final completion in a real zsh: Tab writes the rest" {
    run env PATH="$BUILD:$PATH" CORACLE_ROOT="$ROOT" HISTFILE= \
        "$TOP/tests/lib/terminal" 'wait:# ' 'type:autoload -U compinit; compinit -D -u\n' 'wait:# ' \
        'type:source <(coracle completion zsh); echo read\x79\n' \
        'wait:ready' "type:coracle unp\\t--help\\n" 'wait:coracle unpause' 'wait:Usage' \
        "type:coracle run --no-such ${IMAGE:0:-3}\\t\\n" "wait:$IMAGE:latest" 'type:exit\n' -- \
        zsh -f -i
    echo "$output"
    exits 0
    says "status"
}

@test "final --help=rows tells the tables of every command, a row of eight fields for each option" {
    for command in $(coracle --help=rows | awk -F '\t' '$1 == "command" { print $2 }'); do
        coracle "$command" --help=rows
    done >"$BATS_TEST_TMPDIR/rows"
    run awk -F '\t' '$1 == "option" && NF != 8 || $1 == "usage" && NF != 3 || $1 == "command" && NF != 4 ||
        $1 !~ /^(option|usage|command)$/' "$BATS_TEST_TMPDIR/rows"
    [ -z "$output" ] || { echo "$output"; return 1; }
    grep -q $'^option\tmemory\tm\tBYTES\tMemory limit\tmemory.max\tcgroups(7)\t03-cgroups' "$BATS_TEST_TMPDIR/rows"
    # of a row that a later chapter replaces there is only the later one
    [ "$(coracle run --help=rows | grep -c $'^option\tnetwork\t')" = 1 ]
    run coracle run --help=maybe
    exits 125
    says 'invalid argument "maybe" for "--help" flag'
    run coracle run --help=false
    exits 1
}

@test "final manual pages: one for each command, and groff finds nothing wrong with any" {
    "$TOP/tools/manual" "$BUILD/coracle" "$BATS_TEST_TMPDIR/man"
    cd "$BATS_TEST_TMPDIR/man"
    for command in run "image ls" "network create" system help; do
        [ -s "coracle-${command/ /-}.1" ]
    done
    [ "$(ls | wc -l)" -gt 70 ]
    for page in *; do
        groff -Kutf8 -man -ww -Tutf8 -z "$page" >>../warnings 2>&1
    done
    [ ! -s ../warnings ] || { cat ../warnings; false; }
    groff -Kutf8 -man -Tascii -P-cbou coracle-run.1 >../text
    grep -q 'coracle-run - Create and run a new container from an image' ../text
    grep -qF -- '-m, --memory BYTES' ../text
    grep -q 'memory.max, see cgroups(7)' ../text
}

@test "final install puts programs, manual pages and completion in place, and uninstall takes them back" {
    make -s -C "$TOP" SUDO_UID= install DESTDIR="$BATS_TEST_TMPDIR/at" PREFIX=/usr >/dev/null
    cd "$BATS_TEST_TMPDIR/at/usr"
    [ "$(bin/coracle --version)" = "$(coracle --version)" ]
    grep -q "^ExecStart=/usr/bin/coracle system boot$" lib/systemd/system/coracle-boot.service
    [ -s share/man/man1/coracle.1 ] && [ -s share/man/man1/coracle-volume-prune.1 ]
    bash -n share/bash-completion/completions/coracle
    zsh -n share/zsh/site-functions/_coracle
    make -s -C "$TOP" uninstall DESTDIR="$BATS_TEST_TMPDIR/at" PREFIX=/usr >/dev/null
    run find . -type f
    [ -z "$output" ] || { echo "left: $output"; false; }
}
