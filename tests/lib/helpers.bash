# helpers - what every .bats file loads: `load lib/helpers`
#
#   contain [OPTIONS] -- COMMAND…     run the program under test ($PROGRAM) on a busybox root
#   needs_program 03                  skip unless $PROGRAM is chapter 03's or later
#   says TEXT / says_not TEXT         assert on $output, and show it when it fails
#   exits N                           assert on $status
#   allowed_skip CONDITION            skip for a reason that tests/skips.allowed lists
#   in_private_network COMMAND…       run in a network namespace of its own, lo up
#   background COMMAND…               start one; ended at the end of the test
#   join PID                          wait for a background job, and set $status
#   await COMMAND…                    try it for up to 10 s, until it succeeds
#   runner_of PID                     the program under test itself, of a background job
#   sweep_after_kill $(made_for PID)  after a chapter's program was killed by SIGKILL
#
# Variables: $TOP, $BUILD, $PROGRAM (01-process … 06-network, coracle), $ROOTFS (a directory with
# busybox), $STORE and $IMAGE (a data root where an image of the same busybox is pulled).
# The same tests run against every program that has their chapter: each program is given the same
# shape here. A teardown compares the host with what it was before the test.

# a test may load this in a shell of its own, without bats
! declare -F bats_require_minimum_version >/dev/null || bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
PROGRAM=${PROGRAM:-coracle}
PREPARED=$TOP/build/test
ROOTFS=${ROOTFS:-$PREPARED/rootfs}
STORE=${STORE:-$PREPARED/store}
IMAGE=$(cat "$PREPARED/image" 2>/dev/null || true)
export TOP BUILD PROGRAM ROOTFS STORE IMAGE

# The program's number: coracle has all that chapter 06 has.
program_number() { case $PROGRAM in coracle) echo 07 ;; *) echo "${PROGRAM%%-*}" ;; esac; }

program_is_at_least() { [[ ! $(program_number) < $1 ]]; }

needs_program() { program_is_at_least "$1" || allowed_skip "an option that $PROGRAM does not have yet"; }

# Splits "OPTIONS -- COMMAND" and puts each where the program wants it.
contain()
{
    local options=() network=(--network none)
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        [[ $1 != --network* ]] || network=()
        options+=("$1")
        shift
    done
    [ "${1-}" != -- ] || shift
    case $PROGRAM in
    01-process) "$BUILD/$PROGRAM" "${options[@]}" -- "$@" ;;
    02-* | 03-*) "$BUILD/$PROGRAM" --rootfs "$ROOTFS" "${options[@]}" -- "$@" ;;
    04-*) "$BUILD/$PROGRAM" --layer "$ROOTFS" "${options[@]}" -- "$@" ;;
    05-*) "$BUILD/$PROGRAM" run --root "$STORE" "${options[@]}" "$IMAGE" "$@" ;;
    06-*) "$BUILD/$PROGRAM" run --root "$STORE" "${network[@]}" "${options[@]}" "$IMAGE" "$@" ;;
    coracle) "$BUILD/$PROGRAM" --root "$STORE" run --rm "${network[@]}" "${options[@]}" "$IMAGE" "$@" ;;
    esac
}

says() { [[ $output == *"$1"* ]] || { printf 'expected to read: %s\ngot: %s\n' "$1" "$output"; return 1; }; }
says_not() { [[ $output != *"$1"* ]] || { printf 'expected not to read: %s\ngot: %s\n' "$1" "$output"; return 1; }; }
exits() { [ "$status" -eq "$1" ] || { printf 'expected status %s, got %s: %s\n' "$1" "$status" "$output"; return 1; }; }

# Skips only for what tests/skips.allowed lists: "NAME OF THE CONDITION<tab>why that is fine".
allowed_skip()
{
    grep -q "^${1%% that*}" "$TOP/tests/skips.allowed" ||
        { echo "'$1' is not in tests/skips.allowed"; return 1; }
    skip "$1"
}

in_private_network() { unshare --net -- sh -c 'ip link set lo up && exec "$@"' sh "$@"; }

background()
{
    "$@" 3>&- &
    BACKGROUND+=("$!")
}

# bash knows the status of a child only in the shell that started it, so `run wait` would not do.
join() { status=0; wait "$1" || status=$?; }

await()
{
    local i
    for ((i = 0; i < 200; i++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    echo "waited in vain for: $*"
    return 1
}

# What a test could leave behind on the host, a line each. Every test asks twice, so it is done with
# few processes: in the virtual machine each costs as much as fifty lines of shell.
host_state()
{
    local line
    {
        while read -r _ _ _ _ line; do echo "mount $line"; done </proc/self/mountinfo
        while IFS=': ' read -r line _; do echo "interface $line"; done </proc/self/net/dev
        for line in /run/netns/*; do echo "netns $line"; done
        find /sys/fs/cgroup -mindepth 1 -maxdepth 4 -type d -name '*coracle*' -printf 'cgroup %p\n'
        find /proc -mindepth 2 -maxdepth 2 -name exe \( -lname "$BUILD/*coracle*" -o -lname "$BUILD/0[1-6]-*" \) \
            -printf 'process %p\n'
        ! program_is_at_least 06 || nft list tables
    } 2>/dev/null | sort
}

# The pid of the program under test itself, for that of a background job: bash runs a function in a subshell.
runner_of() # PID
{
    local child
    child=$(cat "/proc/$1/task/$1/children")
    case $(readlink "/proc/$1/exe") in
    "$BUILD"/*) echo "$1" ;;
    *) echo "${child%% *}" ;;
    esac
}

# What a chapter's program has made for a process: the name of its cgroup, and below it the path of its
# scratch directory, if it has one.
made_for() # PID
{
    sed -n 's,^[0-9]*:[^:]*:/\(coracle/[^/]*\)$,\1,p' "/proc/$1/cgroup" | head -n1
    sed -n 's#.*upperdir=\([^, ]*/coracle\.[^/, ]*\)/.*#\1#p' "/proc/$1/mountinfo" | head -n1
}

# Removes what a chapter's program has made for a run, as made_for tells, and can't give back when it is
# killed: the next run would take the cgroup, but other tests run beside this one.
sweep_after_kill() # CGROUP [DIRECTORY]
{
    [ -n "${1-}" ] || return 0
    await no_process_in "$1"
    find /sys/fs/cgroup -depth -type d -path "*/$1" -exec rmdir {} \; 2>/dev/null || true
    find /sys/fs/cgroup -maxdepth 2 -type d -name coracle -exec rmdir {} \; 2>/dev/null || true
    [ -z "${2-}" ] || rm -rf "$2"
}

no_process_in() { ! grep -q . $(find /sys/fs/cgroup -type f -path "*/$1/cgroup.procs") /dev/null; }

common_setup()
{
    BACKGROUND=()
    # tests/deletion asks for no more than one failure
    [ ! -e "${TESTS_STOP:-/nowhere}" ] || skip "one has failed"
    HOST_BEFORE=$(host_state)
}

# Whether something new is of a test that runs beside this one: a program with another store, or a
# cgroup whose processes have somebody to wait for them. Orphans are ours to find.
is_of_others() # LINE
{
    local path=${1#* } pids
    case $1 in
    'process '*) [ -r "${path%exe}environ" ] && ! grep -qzxF "STORE=$STORE" "${path%exe}environ" ;;
    'cgroup '*)
        pids=$(find "$path" -name cgroup.procs -exec cat {} + 2>/dev/null)
        if [ "$pids" ]; then
            ! grep -qsxF $'PPid:\t1' $(sed 's,.*,/proc/&/status,' <<<"$pids")
        else # those of another PID namespace are counted on version 1, but not listed
            grep -qsv '^0$' "/sys/fs/cgroup/pids/${path#/sys/fs/cgroup/*/}/pids.current"
        fi
        ;;
    *) return 1 ;;
    esac
}

# What is new on the host and stays is left behind. What is of others comes and goes, and can't be
# taken away.
left_behind()
{
    local line
    while read -r line; do
        [ -z "$line" ] || is_of_others "$line" || echo "$line"
    done < <(comm -13 <(echo "$HOST_BEFORE") <(host_state))
}

common_teardown()
{
    local pid now new until=$((SECONDS + ${TESTS_PATIENCE_S:-60}))
    [ "${HOST_BEFORE-}" ] || return 0
    for pid in "${BACKGROUND[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    now=$(host_state)
    [ "$now" != "$HOST_BEFORE" ] || return 0
    new=$(left_behind)
    while [ "$new" ] && [ $SECONDS -lt $until ]; do
        sleep 0.05
        new=$(comm -12 <(echo "$new") <(left_behind))
    done
    new+=$(comm -23 <(echo "$HOST_BEFORE") <(host_state) | grep -E '^(mount|interface|table)' | grep -vE '/bats-run|/build/') || true
    [ "$new" ] || return 0
    echo "the test left something behind, or took something away:"
    echo "$new"
    return 1
}

setup() { common_setup; }
teardown() { common_teardown; }
