#!/usr/bin/env bats
# Chapter 05: the layers of images/torture, each with what must happen. Whatever that is, nothing
# around the layer's directory changes, no parser is killed, and none takes long.

load lib/helpers

setup_file()
{
    make --no-print-directory -s -C "$TOP" SANITIZE=address,undefined \
        build/address-undefined/unit/layer_tool
}

setup()
{
    TOOL=$TOP/build/address-undefined/unit/layer_tool
}

# Nothing here makes anything on the host but processes.
teardown() { ! pgrep -f "$TOOL .*$BATS_TEST_TMPDIR"; }

# What is in the directory, as the table writes it.
listing() { (cd "$1" && find . -mindepth 1 \( -type f -printf '%P=f,%s\n' -o -printf '%P=%y\n' \) | sort | tr '\n' ' '); }

case_fails()
{
    printf '%s: %s\n%s\n' "$name" "$1" "$output"
    failures=$((failures + 1))
}

# Runs the case in $name, $expected and $program.
one_case()
{
    local T got want
    T=$(mktemp -d "$BATS_TEST_TMPDIR/case.XXXXXX")
    echo untouched >"$T/outside"
    mkdir "$T/root"
    { echo "OUTSIDE = '$T/outside'"; echo "$program"; } | "$TOP/tests/lib/craft-layer" "$T/layer"
    run timeout 120 "$TOOL" unpack "$T/layer" "$T/root" "$T/blob"
    [ "$(cat "$T/outside")" = untouched ] || case_fails "the file outside has changed"
    [ "$(ls "$T" | tr '\n' ' ')" = 'blob layer outside root ' ] || case_fails "something was made outside"
    case $expected in
    refused*)
        [ "$status" -eq 1 ] || case_fails "status $status"
        [[ $output == *"${expected#refused }"* ]] || case_fails "not refused with '${expected#refused }'"
        ;;
    makes-many*)
        [ "$status" -eq 0 ] || case_fails "status $status"
        [ "$(find "$T/root" -mindepth 1 -printf x | wc -c)" -eq "${expected#makes-many }" ] || case_fails "not as many"
        ;;
    makes*)
        [ "$status" -eq 0 ] || case_fails "status $status"
        want=$(tr ' ' '\n' <<<"${expected#makes}" | sed '/^$/d; /^\.\.=d$/d' | sort | tr '\n' ' ')
        [ "$(listing "$T/root")" = "$want" ] || case_fails "made '$(listing "$T/root")', not '$want'"
        ;;
    *) case_fails "the table wants '$expected'" ;;
    esac
    rm -rf "$T"
}

# Runs the cases of a section, and says how many there were.
section()
{
    local line name='' expected='' program='' within='' count=0 failures=0
    while IFS= read -r line; do
        case $line in
        '== '* | '-- '*)
            [ -z "$name" ] || { one_case; count=$((count + 1)); }
            name='' expected='' program=''
            ;;
        esac
        case $line in
        "== $1") within=1 ;;
        '== '*) within='' ;;
        '-- '*) [ -z "$within" ] || name=${line#-- } ;;
        *)
            if [ -z "$name" ]; then continue; fi
            if [ -z "$expected" ]; then expected=$line; else program+=$line$'\n'; fi
            ;;
        esac
    done < <(cat "$TOP/tests/images/torture"; echo '== end')
    echo "$count cases"
    [ "$failures" -eq 0 ]
    [ "$count" -ge "$2" ]
}

@test "05 torture: names that lead out" { section 'names that lead out' 17; }
@test "05 torture: symbolic links" { section 'symbolic links' 18; }
@test "05 torture: hard links" { section 'hard links' 10; }
@test "05 torture: devices and other types" { section 'devices and other types' 11; }
@test "05 torture: sizes and numbers" { section 'sizes and numbers' 14; }
@test "05 torture: long and strange names" { section 'long and strange names' 13; }
@test "05 torture: PAX records" { section 'PAX records' 11; }
@test "05 torture: conflicts" { section 'conflicts' 7; }
@test "05 torture: bombs" { section 'bombs' 10; }
