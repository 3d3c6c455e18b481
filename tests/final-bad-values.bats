#!/usr/bin/env bats
# Every option of every command, from the option tables themselves, is given a value that it can't have.
# It is refused in one line that names the option, the value, and what is allowed; or it is in one of
# the two lists below, with the reason.

load lib/helpers
load lib/final

BAD='@bad value@'

# Any text is a value: COMMAND OPTION, where * is all commands.
any_text()
{
    cat <<'E2'
* env            a name of a variable may have any letters
* format         a template prints what is not in braces as it is
* hostname       the kernel takes any bytes, up to 64
* entrypoint     a file of the image: it is looked for when the container starts, status 127
* label          a key without a value
* cidfile        a file to be made
* cgroup-parent  a cgroup to be made
* health-cmd     a command for the container's shell
* dns-search     goes to resolv.conf as it is
* dns-option     goes to resolv.conf as it is
* network-alias  a name, and only on networks that were made
* username       the registry's to judge
* password       the registry's to judge
* message        a comment
* author         a comment
* output         a file to be made
* alias          a name, and only on networks that were made
* driver         the store of volumes judges it
* opt            the driver judges it
* tail           what is no number is all, as Docker has it
E2
}

# What can be judged only with the image, the container or the kernel in sight: COMMAND OPTION, and what is said then.
judged_later()
{
    cat <<'E2'
run cap-add       invalid CapAdd: unknown capability
run cap-drop      invalid CapDrop: unknown capability
run user          unable to find user
run group-add     unable to find group
run cpuset-cpus   for cpuset cpus: invalid format
run cpuset-mems   for cpuset mems: invalid format
run network       not found
run net           not found
run env-file      No such file or directory
run volumes-from  No such container
run name          only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
run log-driver    error looking up logging plugin
run log-opt       invalid logging opts format
exec user         unable to find user
exec env-file     No such file or directory
kill signal       Invalid signal
stop signal       Invalid signal
restart signal    Invalid signal
update cpuset-cpus for cpuset cpus: invalid format
update cpuset-mems for cpuset mems: invalid format
E2
}

# Both, as LISTED[COMMAND OPTION].
read_lists()
{
    declare -gA LISTED
    while read -r command name _; do LISTED["$command $name"]=1; done < <(any_text; judged_later)
}

is_listed() { [ "${LISTED["* $2"]-}${LISTED["${1/create/run} $2"]-}" ]; } # COMMAND OPTION

# Commands of images, which have tests of their own.
is_of_images() { [[ $1 =~ ^image || ${1##* } =~ ^(pull|load|import|commit|save)$ ]]; }

commands()
{
    local name
    coracle ${1+"$1"} --help=rows | awk -F'\t' '$1 == "command" { print $2 }' | while read -r name; do
        echo "$name"
        [ $# -gt 0 ] || [[ ! $name =~ ^(container|network|volume|system)$ ]] || commands "$name"
    done
}

@test "final every option refuses what it can't have, in one line that names option, value and what is allowed" {
    read_lists
    commands >"$BATS_TEST_TMPDIR/commands"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 50 ]
    tried=0
    while read -r command; do
        ! is_of_images "$command" || continue
        while IFS=$'\037' read -r _ name letter value _; do
            given=$BAD
            [ -n "$value" ] || given=maybe
            # "container run" has the table of "run", which comes first
            [ -z "${LISTED["tried ${command#container } $name"]-}" ] || continue
            LISTED["tried $command $name"]=1
            ! is_listed "${command##* }" "$name" || continue
            output=$(coracle $command "--$name=$given" nothing nothing 2>&1) && status=0 || status=$?
            case $status in 1 | 125) ;; *) echo "$command --$name: status $status: $output" >>"$BATS_TEST_TMPDIR/wrong" ;; esac
            says "invalid argument \"$given\" for \"${letter:+-$letter, }--$name\" flag: " >>"$BATS_TEST_TMPDIR/wrong" || true
            [[ $output != *$'\n'* ]] || echo "$command --$name: $output" >>"$BATS_TEST_TMPDIR/wrong"
            tried=$((tried + 1))
        done < <(coracle $command --help=rows | grep '^option' | tr '\t' '\037')
    done <"$BATS_TEST_TMPDIR/commands"
    [ ! -s "$BATS_TEST_TMPDIR/wrong" ] || { cat "$BATS_TEST_TMPDIR/wrong"; return 1; }
    [ "$tried" -gt 150 ] || { echo "only $tried options"; return 1; }
}

@test "final what is judged later is refused as well, by its value" {
    detached boat sleep 1000
    while read -r command name text; do
        network=(--network none)
        [[ $name != net* ]] || network=()
        case $command in
        run) run coracle run --rm "${network[@]}" "--$name=$BAD" "$IMAGE" true ;;
        exec) run coracle exec "--$name=$BAD" boat true ;;
        *) run coracle "$command" "--$name=$BAD" boat ;;
        esac
        case $status in 1 | 125) ;; *) echo "$command --$name: status $status: $output"; return 1 ;; esac
        says "$text"
        [ "$name" = log-opt ] || grep -qi "$BAD" <<<"$output" || { echo "$command --$name: $output"; return 1; }
        [ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
    done < <(judged_later)
}

@test "final each option that is listed there is in a table" {
    commands | grep -vE '^image' | while read -r command; do coracle $command --help=rows; done | awk -F'\t' '$1 == "option" { print $2 }' | sort -u >"$BATS_TEST_TMPDIR/options"
    { any_text; judged_later; } | while read -r _ name _; do
        grep -qx -- "$name" "$BATS_TEST_TMPDIR/options" || { echo "no option --$name"; return 1; }
    done
}
