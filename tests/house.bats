#!/usr/bin/env bats
# The house: what sources and lessons may not do, whatever they do.

setup_file() {
    top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    copy=$BATS_FILE_TMPDIR/copy
    mkdir "$copy"
    tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$copy" -xf -
    export top copy
}

# build TARGET: make it in the copy.
build() { run make -C "$copy" --no-print-directory SUDO_UID= "build/$1"; }

# with LINE FILE TARGET: make TARGET while LINE is at the end of FILE, in the copy.
with() {
    cp -p "$copy/$2" "$BATS_TEST_TMPDIR/before"
    echo "$1" >>"$copy/$2"
    build "$3"
    cp -p "$BATS_TEST_TMPDIR/before" "$copy/$2"
    touch "$copy/$2"
}

says() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }; }

@test "house: the sources are within the reader's budget" {
    run "$top/tests/budget/budget"
    echo "$output"
    echo "$output" | sed 's/^/# /' >&3
    [ "$status" -eq 0 ]
}

@test "house: the budget check bites on every rule" {
    run "$top/tests/budget/selftest"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "house: the check of the lessons bites on every kind of untruth" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    run "$top/tests/lessons/selftest"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "house: the index of symptoms has its 46 rows" {
    for ((row = 1; row <= 46; row++)); do
        [ "$(grep -c "^| <a id=\"s$row\"></a>$row | " "$top/final/SYMPTOMS.md")" = 1 ] || { echo "no row $row"; return 1; }
    done
}

@test "house: a copy of the tree builds, so what follows fails for its own reason" {
    build 03-cgroups
    echo "$output"
    [ "$status" -eq 0 ]
    build 02-namespaces
    [ "$status" -eq 0 ]
}

@test "house: make step builds a step of a lesson, and shows what it adds" {
    run make -s -C "$copy" step STEP=1.2
    echo "$output"
    [ "$status" -eq 0 ]
    says "+	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)"
    says "built: build/step/1.2/01-process"
    # what the later steps add is not there, and what the earlier ones have added is
    run grep -c 'reset_signals(err)' "$copy/build/step/1.2/chapters/01-process/process.c"
    [ "$output" = 0 ]
    grep -q 'Step 1.1' "$copy/build/step/1.2/chapters/01-process/process.c"
    run make -s -C "$copy" step STEP=1.99
    [ "$status" -ne 0 ]
    says "no mark of the step 1.99 in chapters/01-process"
    run make -s -C "$copy" step
    [ "$status" -ne 0 ]
    says "make step STEP=2.3"
}

@test "house: make without shows what the lesson shows when a step is left out" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    run make -s -C "$copy" without STEP=1.1
    echo "$output"
    [ "$status" -eq 0 ]
    says "$ build/without/1.1/01-process -- no-such-command"
    says "01-process: the child ended with status 125 during set-up"
}

@test "house: an include forward, by name, fails and says which" {
    header=$(basename "$(ls "$copy"/chapters/04-overlayfs/*.h | head -n 1)")
    with "#include \"$header\"" chapters/02-namespaces/main.c 02-namespaces
    [ "$status" -ne 0 ]
    says "chapters/02-namespaces/main.c"
    says "$header: No such file"
}

@test "house: an include forward, by path, fails and says which" {
    header=$(basename "$(ls "$copy"/chapters/04-overlayfs/*.h | head -n 1)")
    with "#include \"../04-overlayfs/$header\"" chapters/02-namespaces/main.c 02-namespaces
    [ "$status" -ne 0 ]
    says "chapters/02-namespaces/main.c: includes a file of the later chapter 04-overlayfs"
}

@test "house: a call forward fails and says which function" {
    grep -q '^int reference_parse(' "$copy/chapters/05-images/reference.h"
    with 'int reference_parse(void); int go_forward(void); int go_forward(void) { return reference_parse(); }' \
        chapters/03-cgroups/cgroup.c 03-cgroups
    [ "$status" -ne 0 ]
    says "undefined reference to \`reference_parse'"
}

@test "house: the copy still builds after the lines are gone" {
    build 03-cgroups
    echo "$output"
    [ "$status" -eq 0 ]
    build 02-namespaces
    [ "$status" -eq 0 ]
}
