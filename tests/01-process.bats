#!/usr/bin/env bats
# Chapter 01: a command is started with what it is given, and ends as it ends.

load lib/helpers

# share: makes the directory $HOST, which the command sees as $INSIDE, by the options in $SHARE.
share()
{
    HOST=$BATS_TEST_TMPDIR/share INSIDE=/share SHARE=()
    case $(program_number) in
    01) INSIDE=$HOST ;;
    02 | 03)
        cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/root"
        HOST=$BATS_TEST_TMPDIR/root/share
        SHARE=(--rootfs "$BATS_TEST_TMPDIR/root")
        ;;
    *) SHARE=(-v "$HOST:/share") ;;
    esac
    mkdir -p "$HOST"
}

# executable NAME CONTENT: an executable file in the shared directory.
executable() { printf '%b' "$2" >"$HOST/$1" && chmod 755 "$HOST/$1"; }

@test "01 the exit status is the command's own" {
    run contain -- sh -c 'exit 0'
    exits 0
    run contain -- sh -c 'exit 42'
    exits 42
}

@test "01 a command that is killed by signal n gives 128+n" {
    if [ "$(program_number)" = 01 ]; then
        run contain -- sh -c 'kill -KILL $$'
        exits 137
        run contain -- sh -c 'kill -TERM $$'
        exits 143
    else
        # PID 1 of a namespace ignores what it sends itself: its child shows it
        run contain -- sh -c 'sh -c "kill -TERM \$\$"; exit $?'
        exits 143
    fi
}

@test "01 a command that is not in PATH gives 127, in Docker's words" {
    run -127 contain -- no-such-command
    exits 127
    says 'exec: "no-such-command": executable file not found in $PATH'
}

@test "01 a path that is not there gives 127" {
    run -127 contain -- /no/such/file
    exits 127
    says 'exec: "/no/such/file": stat /no/such/file: no such file or directory'
}

@test "01 a file without execute permission gives 126, in Docker's words" {
    run contain -- /etc/passwd
    exits 126
    says 'exec: "/etc/passwd": permission denied'
}

@test "01 a directory gives 126" {
    run contain -- /etc
    exits 126
    says 'exec: "/etc": is a directory'
}

@test "01 a file that the user may not execute gives 126, though root may" {
    share
    executable tool '#!/bin/sh\nexit 5\n'
    chmod 700 "$HOST/tool"
    run contain "${SHARE[@]}" -- "$INSIDE/tool"
    exits 5
    run contain "${SHARE[@]}" -u 1000 -- "$INSIDE/tool"
    exits 126
    says "permission denied"
}

@test "01 what the kernel can't execute gives 255, and why" {
    share
    executable no-format 'echo hello\n'
    executable no-interpreter '#!/no/such/interpreter\n'
    run contain "${SHARE[@]}" -- "$INSIDE/no-format"
    exits 255
    says "exec $INSIDE/no-format: exec format error"
    run contain "${SHARE[@]}" -e "PATH=$INSIDE" -- no-interpreter
    exits 255
    says "exec $INSIDE/no-interpreter: no such file or directory"
    says "not the interpreter that it names"
}

@test "01 PATH never leads to the working directory" {
    share
    executable tool '#!/bin/sh\n'
    run contain "${SHARE[@]}" -w "$INSIDE" -e PATH=/nowhere: -- tool
    exits 125
    says 'exec: "tool": cannot run executable found relative to current directory'
}

@test "01 a command that is not given is said" {
    ! program_is_at_least 05 || return 0 # the image has one
    run contain -u 0 --
    exits 125
    says "command is missing"
}

@test "01 --help lists the options and gives 0" {
    run contain --help -- true
    exits 0
    says "--cap-drop"
    says "--workdir"
}

@test "01 an unknown option gives 125 and one line" {
    run contain --no-such-option -- true
    exits 125
    says 'unknown flag: --no-such-option'
    [ "${#lines[@]}" -eq 1 ]
}

@test "01 the environment is what was given, and nothing of the caller's" {
    SECRET=leaked GIVEN=passed run contain -e NAME=value -e GIVEN -e ABSENT -- env
    exits 0
    says NAME=value
    says GIVEN=passed
    says PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    says HOME=/root
    says_not SECRET
    says_not ABSENT
}

@test "01 -e takes the caller's value, or takes the variable away, and refuses a name that is empty" {
    run contain -e PATH -- sh -c 'echo $PATH'
    exits 0
    [ "$output" = "$PATH" ]
    run env -u HOSTNAME -u ABSENT bash -c "source '$TOP/tests/lib/helpers.bash'; contain -e HOSTNAME -e ABSENT=1 -e ABSENT -- env"
    exits 0
    says_not HOSTNAME
    says_not ABSENT
    run contain -e =value -- true
    exits 125
    says "invalid environment variable: =value"
}

@test "01 HOME is the user's, unless it is given" {
    run contain -u 54321 -- sh -c 'echo $HOME'
    [ "$output" = / ]
    run contain -u 54321 -e HOME= -- sh -c 'echo $HOME'
    [ "$output" = / ]
    run contain -u 54321 -e HOME=/here -- sh -c 'echo $HOME'
    [ "$output" = /here ]
}

@test "01 a PATH that is given is searched for the command" {
    run -127 contain -e PATH=/nowhere -- sh
    exits 127
    says 'executable file not found in $PATH'
}

@test "01 a numeric user and group apply, with no groups of the caller's" {
    run contain -u 1234:4321 -- id
    exits 0
    says uid=1234
    says gid=4321
    says_not root
    run setpriv --groups=77 bash -c "source '$TOP/tests/lib/helpers.bash'; contain -u 1234:4321 -- id -G" 2>/dev/null
    [ "${lines[-1]}" = 4321 ]
}

@test "01 a user or group above 2^31-1 is refused" {
    local user
    for user in 2147483648 4294967295 18446744073709551616 0:4294967295; do
        run contain -u "$user" -- id
        exits 125
        says "uids and gids must be in range 0-2147483647"
    done
}

@test "01 a user without a group has group 0, and root's files are closed to it" {
    run contain -u 54321 -- sh -c 'id -u; id -g; cat /etc/shadow || echo closed'
    exits 0
    [ "${lines[0]}" = 54321 ]
    [ "${lines[1]}" = 0 ]
    says closed
}

@test "01 a user name is looked up, and one that is missing is said" {
    run contain -u root -- id -u
    exits 0
    [ "$output" = 0 ]
    run contain -u nobody-of-this-name -- true
    exits 125
    says 'unable to find user nobody-of-this-name: no matching entries in passwd file'
}

@test "01 the working directory is entered, also where it is closed to the user" {
    share
    mkdir -m 700 "$HOST/closed"
    run contain "${SHARE[@]}" -w "$INSIDE/closed" -- pwd
    exits 0
    [ "$output" = "$INSIDE/closed" ]
    run contain "${SHARE[@]}" -w "$INSIDE/closed" -u 1000 -- sh -c 'pwd; ls . 2>&1'
    says "$INSIDE/closed"
    says "ermission denied"
    run contain -w relative -- true
    exits 125
    says "the working directory 'relative' is invalid, it needs to be an absolute path"
}

@test "01 a working directory that is missing is made, and is root's" {
    share
    (umask 077 && contain "${SHARE[@]}" -w "$INSIDE/new/../made/dir" -u 1000 -- true)
    [ "$(stat -c '%u:%g %a' "$HOST/made" "$HOST/made/dir")" = "0:0 755
0:0 755" ]
    [ ! -e "$HOST/new" ]
}

@test "01 a working directory may be behind a link, but not be a file" {
    share
    mkdir "$HOST/real"
    ln -s real "$HOST/link"
    echo >"$HOST/file"
    run contain "${SHARE[@]}" -w "$INSIDE/link" -- pwd
    exits 0
    [ "$output" = "$INSIDE/real" ]
    run contain "${SHARE[@]}" -w "$INSIDE/file" -- pwd
    exits 125
    says "$INSIDE/file"
    says "Not a directory"
}

# capability_sets OPTIONS: the sets of a process started with them.
capability_sets() { contain "$@" -- grep -E '^Cap' /proc/self/status; }

@test "01 root has Docker's 14 capabilities, and none to inherit" {
    run capability_sets
    exits 0
    [ "$output" = "CapInh:	0000000000000000
CapPrm:	00000000a80425fb
CapEff:	00000000a80425fb
CapBnd:	00000000a80425fb
CapAmb:	0000000000000000" ]
}

@test "01 a user other than root has none, and the 14 as ceiling" {
    run capability_sets -u 1000
    exits 0
    says "CapPrm:	0000000000000000"
    says "CapEff:	0000000000000000"
    says "CapBnd:	00000000a80425fb"
}

@test "01 --cap-drop and --cap-add change the sets" {
    run capability_sets --cap-drop ALL
    says "CapBnd:	0000000000000000"
    run capability_sets --cap-drop ALL --cap-add chown --cap-add CAP_KILL
    says "CapEff:	0000000000000021"
    run capability_sets --cap-add net_admin
    says "CapBnd:	00000000a80435fb"
    run capability_sets --cap-add SYS_NOTHING
    exits 125
    says 'invalid CapAdd: unknown capability: "CAP_SYS_NOTHING"'
}

@test "01 a capability that is dropped is really gone" {
    share
    touch "$HOST/file"
    run contain "${SHARE[@]}" -- chown 1:1 "$INSIDE/file"
    exits 0
    [ "$(stat -c %u "$HOST/file")" = 1 ]
    run contain "${SHARE[@]}" --cap-drop CHOWN -- chown 2:2 "$INSIDE/file"
    [ "$status" -ne 0 ]
    says "Operation not permitted"
    [ "$(stat -c %u "$HOST/file")" = 1 ]
}

@test "01 a capability that the caller lacks is named" {
    run setpriv --bounding-set=-sys_time --inh-caps=-sys_time -- \
        bash -c "source '$TOP/tests/lib/helpers.bash'; contain --cap-add SYS_TIME -- true"
    exits 125
    says "sys_time"
}

@test "01 the default seccomp profile is loaded, and bites" {
    run contain -- grep ^Seccomp: /proc/self/status
    exits 0
    [ "$output" = "Seccomp:	2" ]
    # unshare(2) is refused by the filter before anybody looks at capabilities
    run contain -- unshare -U true
    [ "$status" -ne 0 ]
    says "Operation not permitted"
}

@test "01 a capability that is added opens its system calls too" {
    run contain -- unshare -u true
    [ "$status" -ne 0 ]
    run contain --cap-add SYS_ADMIN -- unshare -u true
    exits 0
}

@test "01 no_new_privs is off unless asked for" {
    run contain -- grep ^NoNewPrivs /proc/self/status
    [ "$output" = "NoNewPrivs:	0" ]
}

@test "01 signals reach the command" {
    local out=$BATS_TEST_TMPDIR/out signal
    for signal in TERM HUP INT QUIT USR1 WINCH TSTP CONT; do
        : >"$out"
        contain -- sh -c "trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.05; done" >"$out" 3>&- &
        local pid=$!
        await grep -q ready "$out"
        BACKGROUND=("$(runner_of "$pid")")
        kill -"$signal" "${BACKGROUND[0]}"
        await grep -q "got $signal" "$out"
        wait "$pid" && status=0 || status=$?
        exits 7
    done
}

@test "01 nothing that was ignored or blocked by the caller stays so" {
    run bash -c "trap '' TERM HUP; source '$TOP/tests/lib/helpers.bash'; contain -- grep -E '^Sig(Blk|Ign)' /proc/self/status"
    exits 0
    says "SigBlk:	0000000000000000"
    says "SigIgn:	0000000000000000"
    # signals 32 and 33, which the C library keeps for itself
    run python3 -c '
import ctypes, os, sys
for number in 32, 33:
    ctypes.CDLL(None).syscall(13 if os.uname().machine == "x86_64" else 134, number,
                              (ctypes.c_ulong * 4)(1), None, 8)
os.execvp("bash", ["bash", "-c", sys.argv[1]])' "source '$TOP/tests/lib/helpers.bash'; contain -- grep ^SigIgn /proc/self/status"
    exits 0
    says "SigIgn:	0000000000000000"
}

@test "01 the umask is 022, whatever the caller's is" {
    (umask 077 && contain -- sh -c umask) >"$BATS_TEST_TMPDIR/out"
    grep -qx '0*022' "$BATS_TEST_TMPDIR/out"
}

@test "01 streams that the caller closed are /dev/null" {
    contain -- sh -c 'readlink /proc/self/fd/0; readlink /proc/self/fd/2 >&1' \
        <&- 2>&- >"$BATS_TEST_TMPDIR/out"
    run cat "$BATS_TEST_TMPDIR/out"
    [ "${lines[0]}" = /dev/null ]
    [ "$(program_number)" = 07 ] || [ "${lines[1]}" = /dev/null ]
}

@test "01 the command ends with its runner, also as another user" {
    [ "$PROGRAM" != coracle ] || return 0 # there it outlives it, by its monitor
    local out=$BATS_TEST_TMPDIR/out pid child made
    contain -u 1000 -- sh -c 'echo ready; exec sleep 33' >"$out" 3>&- &
    pid=$!
    await grep -q ready "$out"
    pid=$(runner_of "$pid")
    child=$(cat "/proc/$pid/task/$pid/children")
    made=$(made_for "${child% }")
    kill -KILL "$pid"
    await test ! -e "/proc/${child% }"
    sweep_after_kill $made
}

@test "01 no descriptor of the caller's reaches the command" {
    exec 9</etc/hostname
    run contain -- ls /proc/self/fd
    exec 9<&-
    exits 0
    # 0, 1, 2, and the directory that ls reads
    [ "$(wc -w <<<"$output")" -eq 4 ]
}

@test "01 --explain prints the steps with chapter, shell form and microseconds" {
    run contain --explain -u 1000 -- true
    exits 0
    [[ $output =~ 01\ +[0-9]+\ us\ \ setsid ]]
    [[ $output =~ 01\ +[0-9]+\ us\ \ setpriv\ --reuid=1000\ --regid=[0-9]+ ]]
    [[ $output =~ 01\ +[0-9]+\ us\ \ exec\ true ]]
}

@test "01 without --explain nothing is printed" {
    run contain -- true
    exits 0
    [ -z "$output" ]
}

@test "01 an ordinary user is told that root is needed" {
    # a checkout below /root is not open to everybody: a copy is
    local copy
    copy=$(mktemp -d /tmp/coracle-copy.XXXXXX)
    chmod 755 "$copy"
    mkdir -p "$copy/tests/lib"
    cp "$TOP/tests/lib/helpers.bash" "$copy/tests/lib/"
    cp -r "$BUILD/$PROGRAM" "$BUILD/libexec" "$copy/"
    cd /
    run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- \
        env BUILD="$copy" STORE="$copy/store" bash -c "source '$copy/tests/lib/helpers.bash'; contain -- true"
    rm -rf "$copy"
    exits 125
    says "needs root"
}

# --- streams and terminals ------------------------------------------------------------------------

# at_terminal STEPS… -- OPTIONS -- COMMAND: the program under test at a terminal of its own.
at_terminal()
{
    local steps=()
    while [ "$1" != -- ]; do steps+=("$1") && shift; done
    shift
    export -f contain program_number
    export BUILD PROGRAM ROOTFS STORE IMAGE
    "$TOP/tests/lib/terminal" "${steps[@]}" -- bash -c 'contain "$@"' bash "$@"
}

@test "01 standard input is empty, unless it is asked for" {
    run contain -- cat <<<typed
    exits 0
    [ -z "$output" ]
    run contain -i -- cat <<<typed
    exits 0
    [ "$output" = typed ]
}

@test "01 the end of the input is passed on, and output goes on after it" {
    run contain -i -- sh -c 'cat; sleep 0.2; echo after' <<<before
    exits 0
    [ "$output" = "$(printf 'before\nafter')" ]
}

@test "01 a hundred megabytes pass without the loss of a byte" {
    local bytes=100000000
    program_is_at_least 07 && bytes=30000000 # a log is written of all of it
    head -c "$bytes" /dev/zero | openssl enc -aes-128-ctr -K 0123456789abcdef0123456789abcdef -iv 0123456789abcdef0123456789abcdef >"$BATS_TEST_TMPDIR/much"
    contain -i -- cat <"$BATS_TEST_TMPDIR/much" | cmp - "$BATS_TEST_TMPDIR/much"
}

@test "01 -t gives a terminal that is the controlling one, and TERM" {
    run contain -t -- sh -c 'tty && echo seen >/dev/tty && test -t 0 && test -t 1 && test -t 2 && echo $TERM'
    exits 0
    says /dev/pts/
    says seen
    says xterm
    run contain -t -e TERM=vt100 -- sh -c 'echo $TERM'
    says vt100
    run contain -- sh -c 'tty; echo $TERM; : </dev/tty'
    says "not a tty"
    says_not xterm
    says "open /dev/tty: "
}

@test "01 -it at something that is no terminal gives 1, in Docker's words" {
    run contain -it -- true </dev/null
    exits 1
    says "the input device is not a TTY"
}

@test "01 the terminal has our size, also when that changes" {
    run at_terminal wait:'24 80' size:30,100 wait:'30 100' -- \
        -it -- sh -c 'trap "stty size; exit" WINCH; stty size; while :; do sleep 0.1; done'
    exits 0
    says "status 0"
}

@test "01 what is typed reaches the command, and Ctrl-C is a signal to it" {
    run at_terminal wait:ready type:'hello\r' wait:got-hello type:'\x03' -- \
        -it -- sh -c 'trap "echo interrupted; exit 3" INT; echo ready; read a; echo got-$a; while :; do sleep 0.1; done'
    exits 0
    says interrupted
    says "status 3"
}

# made_for_command WORD: for the container whose program was called with this word.
made_for_command()
{
    local file pid name
    for file in $(grep -lFe "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
        for pid in $(cat "${file%cmdline}"task/*/children 2>/dev/null); do
            name=$(made_for "$pid" 2>/dev/null) && [ -n "$name" ] && echo "$name" && return 0
        done
    done
    return 1
}

@test "01 our terminal is as before after an end, a signal, and a kill" {
    run at_terminal wait:ready -- -it -- sh -c 'echo ready; exit 4'
    says "status 4"
    says "modes same"
    run at_terminal wait:ready signal:TERM -- -it -- sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
    says "modes same"
    run at_terminal wait:ready -- -it -- no-such-command-ready
    says "status 127"
    says "modes same"
    # nobody can catch this one
    local made=$BATS_TEST_TMPDIR/made token=/token-$BASHPID
    : >"$made"
    (for i in {1..100}; do made_for_command "$token" >"$made" && break; sleep 0.05; done) 3>&- &
    run at_terminal wait:ready signal:KILL -- -it -e TOKEN="$token" -- sh -c 'sleep 0.5; echo ready; sleep 1'
    wait
    says "status 137"
    says "modes same"
    sweep_after_kill $(cat "$made")
}

@test "01 while it runs our terminal is raw: each key passes at once" {
    run at_terminal wait:ready type:x wait:got-x -- \
        -it -- sh -c 'stty -icanon; echo ready; echo got-$(dd bs=1 count=1 2>/dev/null)'
    exits 0
    says got-x
}

@test "01 the terminal is the user's own, to be opened again" {
    program_is_at_least 02 || return 0
    run contain -t -u 1000 -- sh -c 'echo by-name >$(tty); stat -c %u /proc/self/fd/0/. "$(tty)"'
    says by-name
    says 1000
}

# --- limits, groups, security options -------------------------------------------------------------

@test "01 --group-add adds groups, by name or number" {
    run contain --group-add 4242 --group-add 0004243 -- id -G
    exits 0
    [ "$output" = "0 4242 4243" ]
    run contain --group-add no-such-group -- true
    exits 125
    says "unable to find group no-such-group: no matching entries in group file"
}

@test "01 --ulimit sets a limit, and none is raised unasked" {
    run contain --ulimit fsize=0 -- sh -c 'ulimit -f' # before it is executed, nothing may be written
    exits 0
    [ "$output" = 0 ]
    run contain --ulimit nofile=100:200 --ulimit core=0 -- sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
    exits 0
    [ "$output" = "$(printf '100\n200\n0')" ]
    run contain -- sh -c 'ulimit -Hn; ulimit -n'
    [ "$output" = "$(ulimit -Hn; ulimit -Sn)" ]
}

@test "01 --oom-score-adj is the process's" {
    run contain --oom-score-adj 321 -- cat /proc/self/oom_score_adj
    exits 0
    [ "$output" = 321 ]
}

@test "01 --security-opt changes no_new_privs and the filter of system calls" {
    run contain --security-opt no-new-privileges -- grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
    [ "$output" = "$(printf 'NoNewPrivs:\t1\nSeccomp:\t2')" ]
    run contain --security-opt seccomp=unconfined -- grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
    [ "$output" = "$(printf 'NoNewPrivs:\t0\nSeccomp:\t0')" ]
    [ -e /proc/self/attr/apparmor/exec ] || {
        run contain --security-opt apparmor=some -- true
        exits 125
        says "this kernel has no AppArmor"
    }
    [ -e /sys/fs/selinux/enforce ] || {
        run contain --security-opt label=type:container_t -- true
        exits 125
        says "this kernel has no SELinux"
    }
    run contain --security-opt label=disable --security-opt apparmor=unconfined -- true
    exits 0
}

@test "01 a seccomp profile of one's own says which system calls may be made, and to whom" {
    profile=$BATS_TEST_TMPDIR/profile.json
    cat >"$profile" <<'EOF'
{"defaultAction": "SCMP_ACT_ALLOW",
 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
             {"architecture": "SCMP_ARCH_LOONGARCH64", "subArchitectures": ["SCMP_ARCH_NEW"]}],
 "syscalls": [
   {"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
   {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
   {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 15, "op": "SCMP_CMP_EQ"}]},
   {"names": ["link", "linkat"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}},
   {"names": ["close_range"], "action": "SCMP_ACT_ERRNO"}]}
EOF
    script='d=$(mktemp); rm $d; mkdir $d; ln -s a $d; rm -f $d; kill -15 $$; kill -0 $$ && echo signalled; touch $d; ln $d $d.2 && echo linked; rm -f $d $d.2'
    # the second time with what was kept of the first
    for i in 1 2; do
        run contain --security-opt "seccomp=$profile" -- sh -c "$script"
        exits 0
        says "assign requested address"
        [ "$(grep -c 'Operation not permitted' <<<"$output")" -eq 2 ] || { echo "$output"; return 1; }
        says signalled
        says linked
    done
    run contain --security-opt "seccomp=$profile" --cap-add SYS_ADMIN -- sh -c "$script"
    [ "$(grep -c 'Operation not permitted' <<<"$output")" -eq 1 ] || { echo "$output"; return 1; }
    run contain --security-opt "seccomp=$profile" --privileged -- sh -c "$script"
    says "assign requested address"
    run contain --security-opt "seccomp=$profile" --security-opt no-new-privileges -- grep -cE 'NoNewPrivs:.1|Seccomp:.2' /proc/self/status
    [ "$output" = 2 ] || { echo "$output"; return 1; }
}

@test "01 a seccomp profile is compiled also for a caller that ignores SIGCHLD" {
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["'"new_$BATS_ROOT_PID.$BATS_SUITE_TEST_NUMBER.$RANDOM"'"], "action": "SCMP_ACT_ERRNO"}]}' >"$BATS_TEST_TMPDIR/new.json"
    run bash -c "trap '' CHLD; source '$TOP/tests/lib/helpers.bash'; contain --security-opt seccomp=$BATS_TEST_TMPDIR/new.json -- echo done"
    exits 0
    [ "$output" = "done" ]
}

@test "01 what is wrong with a seccomp profile is told in one line" {
    while IFS='|' read -r profile text; do
        echo "$profile" >"$BATS_TEST_TMPDIR/profile.json"
        run contain --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" -- true
        exits 125
        says "$text"
        [ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
    done <<'EOF'
{|not JSON near byte
[]|not an object
{}|'defaultAction' is missing
{"defaultAction":"SCMP_ACT_MAYBE"}|unknown action 'SCMP_ACT_MAYBE': it is one of SCMP_ACT_ALLOW,
{"defaultAction":"SCMP_ACT_NOTIFY"}|SCMP_ACT_NOTIFY needs an agent
{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":5000}|'defaultErrnoRet' is above 4095
{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[7]}|syscalls[0] is not an object
{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"]}]}|syscalls[0]: 'action' is missing
{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":[1],"action":"SCMP_ACT_ALLOW"}]}|syscalls[0]
{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]}|'index' of an argument is from 0 to 5
{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"EQ"}]}]}|unknown operator 'EQ'
{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_VAX"]}|unknown architecture 'SCMP_ARCH_VAX'
{"defaultAction":"SCMP_ACT_ERRNO","flags":["FLAG"]}|unknown flag 'FLAG'
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","excludes":{"minKernel":"new"}}]}|minKernel 'new' is not like '4.8'
EOF
}

@test "01 --privileged gives all that we have" {
    run contain --privileged -- grep -E 'CapEff|CapBnd|Seccomp:' /proc/self/status
    exits 0
    [ "$(awk '/CapBnd/ { print $2 }' <<<"$output")" = "$(awk '/CapBnd/ { print $2 }' /proc/self/status)" ]
    says $'Seccomp:\t0'
}

@test "01 what can't be executed says its cause" {
    share
    executable crlf '#!/bin/sh\r\n'
    executable gone '#!/no/such/shell -e\n'
    executable bare 'echo hello\n'
    { head -c 18 "$BUILD/01-process" && printf '\363\0' && tail -c +21 "$BUILD/01-process"; } >"$HOST/riscv"
    chmod 755 "$HOST/riscv"
    run contain "${SHARE[@]}" -- "$INSIDE/crlf"
    exits 255
    says "its '#!' line ends in a carriage return"
    run contain "${SHARE[@]}" -- "$INSIDE/gone"
    says "not the interpreter that it names: '/no/such/shell'"
    run contain "${SHARE[@]}" -- "$INSIDE/bare"
    says "a script without a '#!' line"
    run contain "${SHARE[@]}" -- "$INSIDE/riscv"
    exits 255
    says "it is made for riscv64, and this machine is $(uname -m)"
}

@test "01 keys of our session are not the command's" {
    # a key that only its possessor may see
    run python3 - "$TOP" <<'EOF'
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(250, 1, None)  # a session keyring of our own
key = libc.syscall(248, b"user", b"coracle-secret", b"x", 1, -3)
libc.syscall(250, 5, key, 0x3F000000)  # for its possessor alone
own = open("/proc/keys").read()
print("ours", "coracle-secret" in own)
command = ["bash", "-c", 'bats_require_minimum_version() { :; }; load() { :; }; . tests/lib/helpers.bash; contain --privileged --security-opt seccomp=unconfined -- sh -c "cat /proc/keys"']
seen = subprocess.run(command, cwd=sys.argv[1], capture_output=True, text=True).stdout
print("theirs", "coracle-secret" in seen, len(seen) > 0)
libc.syscall(250, 21, key)  # invalidate it
EOF
    exits 0
    says "ours True"
    says "theirs False True"
}

@test "01 bad values are refused with 125 and one line that names option and value" {
    while IFS='|' read -r option value text; do
        run contain "$option=$value" -- true
        exits 125
        says "$text"
        says "$option"
        [ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
    done <<'E2'
--ulimit|nofile|invalid ulimit argument: nofile
--ulimit|files=1|invalid ulimit type: files
--ulimit|nofile=x|a limit is a number, or -1
--ulimit|nofile=5:3|ulimit soft limit must be less than or equal to hard limit: 5 > 3
--oom-score-adj|1001|the range is from -1000 to 1000
--oom-score-adj|x|the range is from -1000 to 1000
--security-opt|unknown|it is no-new-privileges, seccomp=
--security-opt|seccomp=/x|opening seccomp profile (/x) failed
--security-opt|seccomp=/etc/passwd|compacting json for seccomp profile (/etc/passwd) failed
--security-opt|no-new-privileges=maybe|it is true or false
--security-opt|label=some|label is disable, or user:USER
--interactive|maybe|it is either true or false
--tty|maybe|it is either true or false
--privileged|maybe|it is either true or false
--workdir|relative|needs to be an absolute path
E2
}

@test "01 a command whose output nobody reads any more ends, with a terminal too" {
    ! program_is_at_least 07 || return 0 # a container of coracle outlives its client
    export -f contain program_number
    run timeout 10 bash -c 'contain -t -- yes | head -n 1'
    exits 0
    says y
}
