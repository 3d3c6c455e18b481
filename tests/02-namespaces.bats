#!/usr/bin/env bats
# Chapter 02: a command sees its own processes, hostname, mounts, network and /, and no others.

load lib/helpers

# on_directory ROOT [OPTIONS] -- COMMAND: run on a root file system of the test's own. Programs that
# take images only are stood in for by the last one that takes directories: the modules are the same.
on_directory()
{
    local root=$1
    shift
    case $PROGRAM in
    02-* | 03-*) "$BUILD/$PROGRAM" --rootfs "$root" "$@" ;;
    *) "$BUILD/04-overlayfs" --layer "$root" "$@" ;;
    esac
}

# mounted_at TARGET: the line of mount(8) in $output for it.
mounted_at() { grep -F " on $1 type " <<<"$output" || { echo "nothing is mounted on $1"; return 1; }; }

# init_of PID: process 1 of the container of that runner: the only docker-init below it.
init_of()
{
    local child
    for child in $(cat /proc/"$1"/task/*/children); do
        case $(cat "/proc/$child/cmdline" | tr '\0' ' ') in
        /sbin/docker-init*) echo "$child" ;;
        *) init_of "$child" ;;
        esac
    done
}

@test "02 the command is process 1, and sees no process of the host" {
    run contain -- sh -c 'echo $$; ls /proc | grep -c "^[0-9]"'
    exits 0
    [ "${lines[0]}" = 1 ]
    # itself, and ls and grep
    [ "${lines[1]}" -le 3 ]
}

@test "02 every namespace is its own, the user namespace excepted" {
    run contain --cgroupns private -- sh -c 'for ns in cgroup ipc mnt net pid user uts; do echo $ns $(readlink /proc/self/ns/$ns); done'
    exits 0
    for ns in cgroup ipc mnt net pid uts; do
        says "$ns $ns:["
        says_not "$ns $(readlink /proc/self/ns/$ns)"
    done
    says "user $(readlink /proc/self/ns/user)"
}

@test "02 --hostname sets the hostname in there, and not on the host" {
    before=$(uname -n)
    run contain --hostname boat -- sh -c 'hostname; cat /proc/sys/kernel/hostname'
    exits 0
    [ "$output" = $'boat\nboat' ]
    [ "$(uname -n)" = "$before" ]
    # also by whoever may call sethostname(2)
    run contain --hostname boat --cap-add SYS_ADMIN -- sh -c 'hostname other && hostname'
    exits 0
    [ "$output" = other ]
    [ "$(uname -n)" = "$before" ]
}

@test "02 a hostname that is too long is refused" {
    run contain --hostname "$(printf 'x%.0s' {1..65})" -- true
    exits 125
    says "at most 64 bytes"
}

@test "02 no mount of the host is visible, and none can be reached" {
    # a mount that nobody else has, in a namespace that only this test has
    run unshare --mount bash -c "mount -t tmpfs marker /mnt && touch /mnt/secret
        source '$TOP/tests/lib/helpers.bash'; contain -- sh -c 'cat /proc/self/mountinfo; ls /mnt /..'"
    says " / "
    says_not marker
    says_not secret
    # one / only: the old root is gone, not just covered
    [ "$(awk '$5 == "/"' <<<"$output" | wc -l)" -eq 1 ]
}

@test "02 what is mounted in there does not reach the host, though its mounts are shared" {
    run unshare --mount --propagation shared bash -c "
        mount --make-rshared /; cat /proc/self/mountinfo | cut -d' ' -f5 | sort >'$BATS_TEST_TMPDIR/before'
        source '$TOP/tests/lib/helpers.bash'
        contain --cap-add SYS_ADMIN -- sh -c 'mount -t tmpfs inner /tmp && mount | grep inner'
        echo status \$?; cut -d' ' -f5 /proc/self/mountinfo | sort | diff '$BATS_TEST_TMPDIR/before' -"
    exits 0
    says "inner on /tmp"
    says "status 0"
}

@test "02 what the host mounts later does not reach in there" {
    unshare --mount --propagation shared bash -c "
        mount --make-rshared /; source '$TOP/tests/lib/helpers.bash'
        contain -- sh -c 'sleep 1; cat /proc/self/mountinfo' & sleep 0.5
        mount -t tmpfs latecomer /mnt; wait" >"$BATS_TEST_TMPDIR/out"
    run cat "$BATS_TEST_TMPDIR/out"
    says " /proc "
    says_not latecomer
}

@test "02 the mounts have Docker's options" {
    run contain -- mount
    exits 0
    [[ $(mounted_at /proc) == "proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)" ]]
    [[ $(mounted_at /dev) == "tmpfs on /dev type tmpfs (rw,nosuid,size=65536k,mode=755"* ]]
    [[ $(mounted_at /dev/pts) == "devpts on /dev/pts type devpts (rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666)" ]]
    [[ $(mounted_at /sys) == "sysfs on /sys type sysfs (ro,nosuid,nodev,noexec,relatime)" ]]
    [[ $(mounted_at /dev/mqueue) == "mqueue on /dev/mqueue type mqueue (rw,nosuid,nodev,noexec,relatime)" ]]
    [[ $(mounted_at /dev/shm) == "shm on /dev/shm type tmpfs (rw,nosuid,nodev,noexec,relatime,size=65536k"* ]]
}

@test "02 /dev holds Docker's nodes and links, and nothing of the host's" {
    run contain -- sh -c 'cd /dev && for f in *; do echo "$f $(stat -c "%F %a %t:%T" $f) $(readlink $f)"; done'
    exits 0
    local core=''
    [ ! -e /proc/kcore ] || core=$'core symbolic link 777 0:0 /proc/kcore\n'
    [ "$output" = "${core}fd symbolic link 777 0:0 /proc/self/fd
full character special file 666 1:7 
mqueue directory 1777 0:0 
null character special file 666 1:3 
ptmx symbolic link 777 0:0 pts/ptmx
pts directory 755 0:0 
random character special file 666 1:8 
shm directory 1777 0:0 
stderr symbolic link 777 0:0 /proc/self/fd/2
stdin symbolic link 777 0:0 /proc/self/fd/0
stdout symbolic link 777 0:0 /proc/self/fd/1
tty character special file 666 5:0 
urandom character special file 666 1:9 
zero character special file 666 1:5 " ]
}

@test "02 the devices work" {
    run contain -- sh -c 'echo gone >/dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 8 /dev/urandom | wc -c; echo x >/dev/full'
    exits 1
    says "00 00 00 00"
    says 8
    says "No space left on device"
}

@test "02 the terminals are an instance of their own" {
    run contain -- ls /dev/pts
    exits 0
    [ "$output" = ptmx ]
}

@test "02 /dev/shm has 64 MiB" {
    run contain -- sh -c 'df -k /dev/shm | tail -n 1; dd if=/dev/zero of=/dev/shm/x bs=1M count=65'
    says " 65536 "
    says "No space left on device"
}

@test "02 what tells too much about the host is masked" {
    local path
    run contain -- sh -c 'cat /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug 2>/dev/null | wc -c
        ls -A /proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v -e : -e "^$"
        mount'
    exits 0
    [ "${lines[0]}" = 0 ]
    [[ ${lines[1]} == *" on / type "* ]]
    for path in /proc/{asound,acpi,interrupts,kcore,keys,latency_stats,timer_list,timer_stats,sched_debug,scsi} \
        /sys/firmware /sys/devices/virtual/powercap /sys/devices/system/cpu/cpu*/thermal_throttle; do
        [ ! -e "$path" ] || mounted_at "$path"
    done
}

@test "02 what would change the host is read-only, also for root" {
    run contain -- mount
    for path in /proc/{bus,fs,irq,sys,sysrq-trigger}; do
        [ ! -e "$path" ] || [[ $(mounted_at "$path") == *"(ro,nosuid,nodev,noexec,relatime)" ]]
    done
    run contain -- sh -c 'echo x >/proc/sys/kernel/hostname'
    exits 1
    says "Read-only file system"
    run contain -- mkdir /sys/fs/cgroup/x
    exits 1
    says "Read-only file system"
    run contain -- touch /sys/x
    exits 1
    says "Read-only file system"
}

@test "02 the cgroups are seen from the container's own, and read-only" {
    run contain --cgroupns private -- sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u; mount'
    exits 0
    [ "${lines[0]}" = / ]
    [[ ${lines[1]} == *" on / type "* ]]
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
        [[ $(mounted_at /sys/fs/cgroup) == "cgroup on /sys/fs/cgroup type cgroup2 (ro,nosuid,nodev,noexec,relatime"* ]]
    else
        [[ $(mounted_at /sys/fs/cgroup) == *"tmpfs (ro,nosuid,nodev,noexec,relatime,mode=755"* ]]
        [[ $(mounted_at /sys/fs/cgroup/memory) == *" type cgroup (ro,nosuid,nodev,noexec,relatime,memory)" ]]
    fi
}

@test "02 --cgroupns host shows the host's names of the cgroups, and is usual on version 1" {
    local own host
    own=$(readlink /proc/self/ns/cgroup)
    run contain --cgroupns host -- readlink /proc/self/ns/cgroup
    [ "$output" = "$own" ]
    run contain -- readlink /proc/self/ns/cgroup
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
        [ "$output" != "$own" ]
    else
        [ "$output" = "$own" ]
        # what is mounted is its own cgroup, not the host's whole tree
        run contain -- sh -c 'ls -d /sys/fs/cgroup/memory/*/ 2>/dev/null | wc -l; grep -c " /sys/fs/cgroup/memory " /proc/mounts; mkdir /sys/fs/cgroup/memory/x'
        [ "${lines[0]}" = 0 ]
        [ "${lines[1]}" = 1 ]
        says "Read-only file system"
    fi
    run contain --cgroupns mine -- true
    exits 125
    says "invalid CGROUP mode"
}

@test "02 --network none has the loopback interface, up, and no other" {
    run contain --network none -- sh -c 'ls /sys/class/net; ip addr show lo; ping -c 1 127.0.0.1'
    exits 0
    [ "${lines[0]}" = lo ]
    says "LOOPBACK,UP"
    says "inet 127.0.0.1/8"
    says "1 packets received"
}

@test "02 --network host keeps the host's network, and all else is its own" {
    run contain --network host -- sh -c 'for ns in net mnt uts; do readlink /proc/self/ns/$ns; done'
    exits 0
    [ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
    says_not "$(readlink /proc/self/ns/mnt)"
    says_not "$(readlink /proc/self/ns/uts)"
}

@test "02 anybody may use low ports and ping, in the container's network only" {
    before=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    run contain -- cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range
    exits 0
    [ "$output" = $'0\n0\t2147483647' ]
    [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = "$before" ]
}

@test "02 a network that is not known is refused" {
    run contain --network no-such-network -- true
    exits 125
    says "network no-such-network not found"
}

@test "02 --init is process 1, and the command's arguments and status pass through it" {
    run contain --init -- sh -c 'cat /proc/1/cmdline | tr "\0" " "; echo; echo $$; exit 42'
    exits 42
    [[ ${lines[0]} == "/sbin/docker-init -- sh -c "* ]]
    [ "${lines[1]}" != 1 ]
    run contain --init -- sh -c 'kill -KILL $$'
    exits 137
    run -127 contain --init -- no-such-command
    exits 127
    says "no-such-command: No such file or directory"
}

@test "02 the init can't be written to" {
    run contain --init -- sh -c 'echo x >/sbin/docker-init'
    exits 1
    [[ $output == *"Read-only file system"* || $output == *"Text file busy"* ]]
    run contain --init -- mount
    [[ $(mounted_at /sbin/docker-init) == *"(ro,"* ]]
}

# Makes five orphans, and counts the zombies among all processes a moment later.
ORPHANS='for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; sleep 0.5; grep -l "State:.Z" /proc/[0-9]*/status | wc -l'

@test "02 --init reaps orphans; without it they stay zombies" {
    run contain --init -- sh -c "$ORPHANS"
    exits 0
    [ "$output" = 0 ]
    # sleep, as process 1, waits for nobody
    run contain -- sh -c "(for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; sleep 0.5; grep -l 'State:.Z' /proc/[0-9]*/status | wc -l) & exec sleep 1"
    exits 0
    [ "$output" -ge 5 ]
}

@test "02 the init reaps all that have ended, however few signals tell it so" {
    local out=$BATS_TEST_TMPDIR/out pid init
    contain --init -- sh -c 'for i in 1 2 3 4 5; do (sleep 0.5 &) ; done; echo ready; sleep 2
        cat /proc/[0-9]*/status | grep -c "State:.Z"; true' >"$out" 3>&- &
    pid=$!
    await grep -q ready "$out"
    # while it is stopped, five ends become one SIGCHLD
    init=$(init_of "$pid")
    kill -STOP "$init"
    sleep 1
    kill -CONT "$init"
    wait "$pid"
    [ "$(cat "$out")" = $'ready\n0' ]
}

@test "02 signals reach the command through the init" {
    local out=$BATS_TEST_TMPDIR/out pid
    : >"$out"
    contain --init -- sh -c "trap 'echo caught; exit 9' TERM; echo ready; for i in \$(seq 100); do sleep 0.05; done" >"$out" 3>&- &
    pid=$!
    await grep -q ready "$out"
    kill -TERM "$(runner_of "$pid")"
    wait "$pid" && status=0 || status=$?
    exits 9
    grep -q caught "$out"
}

@test "02 process 1 has no default for a signal: sleep ignores TERM, and not with --init" {
    local out=$BATS_TEST_TMPDIR/out pid
    contain --init -- sh -c 'echo ready; exec sleep 5' >"$out" 3>&- &
    pid=$!
    await grep -q ready "$out"
    kill -TERM "$(runner_of "$pid")"
    wait "$pid" && status=0 || status=$?
    exits 143
    contain -- sh -c 'echo ready; exec sleep 1' >"$out" 3>&- &
    pid=$!
    await grep -q ready "$out"
    kill -TERM "$(runner_of "$pid")"
    wait "$pid" && status=0 || status=$?
    exits 0
}

@test "02 when process 1 ends, all in there end" {
    local seconds=$((100000 + BASHPID)) # nobody else's
    run contain -- sh -c '(trap "" HUP TERM; sleep '$seconds' </dev/null >/dev/null 2>&1 &) ; sleep 0.1'
    exits 0
    # the kernel kills them before the end of process 1 can be seen
    ! grep -lz "^$seconds$" /proc/[0-9]*/cmdline 2>/dev/null
}

# root_with NAME=TARGET…: a root file system with busybox and these symbolic links.
root_with()
{
    local root=$BATS_TEST_TMPDIR/root link
    mkdir -p "$root"
    cp -a "$ROOTFS/bin" "$ROOTFS/etc" "$root/"
    for link; do ln -s "${link#*=}" "$root/${link%%=*}"; done
    echo "$root"
}

@test "02 a root of busybox alone will do: what is missing is made" {
    run on_directory "$(root_with)" -- sh -c 'ls /dev/null /proc/self/exe && pwd'
    exits 0
    says /dev/null
    [ "${lines[-1]}" = / ]
}

@test "02 a link in the root is followed inside it: init's /sbin" {
    run on_directory "$(root_with sbin=/opt opt=../../../../mnt)" --init -- sh -c 'cat /proc/mounts | grep docker-init'
    exits 0
    says " /mnt/docker-init "
    [ ! -e /mnt/docker-init ]
}

@test "02 a root whose /proc or /sys is a link is refused" {
    for name in proc sys; do
        rm -rf "$BATS_TEST_TMPDIR/root"
        run on_directory "$(root_with $name=/tmp)" -- true
        exits 125
        says "mount on '/$name' in the root file system: it is a symbolic link"
    done
}

@test "02 a root that is missing, or a file, is refused with its name" {
    run on_directory /no/such/root -- true
    exits 125
    says "'/no/such/root': No such file or directory"
    run on_directory /etc/passwd -- true
    exits 125
    says "'/etc/passwd' is not a directory"
    local flag=--rootfs
    [[ $PROGRAM == 0[23]-* ]] || flag=--layer
    case $PROGRAM in
    02-* | 03-*) run "$BUILD/$PROGRAM" -- true ;;
    *) run "$BUILD/04-overlayfs" -- true ;;
    esac
    exits 125
    says "is missing: $flag DIR"
}

@test "02 the host's own root can't be the root" {
    case $PROGRAM in
    02-* | 03-*) run "$BUILD/$PROGRAM" --rootfs / -- true ;;
    *) run "$BUILD/03-cgroups" --rootfs / -- true ;;
    esac
    exits 125
    says "make '/' the root: Device or resource busy (is it the root of this host?)"
}

@test "02 --explain shows the steps as shell commands, with their chapter" {
    run contain --hostname boat --explain -- true
    exits 0
    [[ $output =~ 01\ +[0-9]+\ us\ \ unshare\ --fork\ --pid\ --mount\ --uts\ --ipc ]]
    [[ $output =~ 02\ +[0-9]+\ us\ \ hostname\ boat ]]
    [[ $output =~ 02\ +[0-9]+\ us\ \ mount\ -t\ proc\ -o\ nosuid,noexec,nodev\ proc\  ]]
    [[ $output =~ 02\ +[0-9]+\ us\ \ pivot_root ]]
}

@test "02 first.c compiles, runs, and has the faults that the lesson names" {
    local first=$BATS_TEST_TMPDIR/first root
    root=$(root_with)
    mkdir "$root/proc" "$root/sys"
    cc -Wall -Wextra -o "$first" "$TOP/chapters/02-namespaces/first.c"
    # in a namespace of its own, for its /proc stays mounted where mounts are shared
    run unshare --mount "$first" "$root" sh -c 'echo $$; hostname; grep -c . /proc/self/mountinfo; exit 3'
    exits 3
    [ "${lines[0]}" = 1 ]
    [ "${lines[1]}" = first ]
    [ "$(uname -n)" != first ]
    # the host's network, all capabilities, and a mount that stays behind where mounts are shared
    run unshare --mount --propagation shared sh -c 'mount --make-rshared /; first=$1; shift
        "$first" "$@"; grep -c "$1/proc" /proc/self/mountinfo' sh "$first" "$root" \
        sh -c 'readlink /proc/self/ns/net; grep CapBnd /proc/self/status'
    exits 0
    [ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
    [ "${lines[1]}" = "$(grep CapBnd /proc/self/status)" ]
    [ "${lines[2]}" = 1 ]
}

# --- devices, parameters, /dev/shm -----------------------------------------------------------------

@test "02 --device gives a node of the host, under a name of its own" {
    run contain --device /dev/full:/dev/mine/all -- stat -c '%F %t:%T' /dev/mine/all
    exits 0
    says "character special file 1:7"
    run contain --device /no/device -- true
    exits 125
    says "error gathering device information for '/no/device'"
    run contain --device /etc/passwd -- true
    exits 125
    says "is not a device node"
}

@test "02 --shm-size is the size of /dev/shm" {
    run contain --shm-size 5m -- df -k /dev/shm
    exits 0
    says 5120
    run contain -- df -k /dev/shm
    says 65536
}

@test "02 --sysctl sets a parameter of its own namespaces, and no other" {
    run contain --sysctl kernel.shmmni=55 --sysctl net.core.somaxconn=77 -- cat /proc/sys/kernel/shmmni /proc/sys/net/core/somaxconn
    exits 0
    [ "$output" = "$(printf '55\n77')" ]
    [ "$(cat /proc/sys/kernel/shmmni)" != 55 ]
    run contain --network host --sysctl net.core.somaxconn=77 -- true
    exits 125
    says 'sysctl "net.core.somaxconn" not allowed in host network namespace'
}

@test "02 --privileged shows /proc and /sys as they are, and the host's devices" {
    run contain --privileged -- sh -c 'grep -cE " /proc/(kcore|sys|keys)" /proc/self/mountinfo; grep " /sys " /proc/self/mountinfo; ls /dev | wc -l'
    [ "${lines[0]}" = 0 ]
    [[ ${lines[1]} == *" rw,"* ]]
    usual=$(contain -- sh -c 'ls /dev | wc -l')
    [ "${lines[2]}" -gt "$usual" ]
    run contain --security-opt systempaths=unconfined -- grep -cE ' /proc/(kcore|sys|keys)' /proc/self/mountinfo
    [ "$output" = 0 ]
    run contain -- grep -cE ' /proc/(kcore|sys|keys)' /proc/self/mountinfo
    [ "$output" -gt 1 ]
}

@test "02 /dev/console is the terminal, and is not there without one" {
    run contain -t -- sh -c 'echo written >/dev/console; stat -c %t:%T /dev/console "$(tty)"; grep " /dev/console " /proc/self/mountinfo'
    exits 0
    says written
    says " - devpts "
    run contain -- test -e /dev/console
    exits 1
}

# A process whose namespaces are its own, for others to join: its pid.
donor()
{
    background unshare --pid --uts --ipc --net --mount --fork --kill-child --propagation private sh -c \
        'mount -t tmpfs shm /dev/shm; echo shared >/dev/shm/file; hostname donor; exec sleep 60'
    DONOR=""
    await donor_is_ready $!
}
donor_is_ready()
{
    DONOR=$(cat "/proc/$1/task/$1/children") && DONOR=${DONOR%% *} && [ -n "$DONOR" ] && [ -e "/proc/$DONOR/root/dev/shm/file" ] &&
        [ "$(nsenter --uts="/proc/$DONOR/ns/uts" hostname)" = donor ] || return 1
    echo "$DONOR" >"$BATS_TEST_TMPDIR/donor"
}

@test "02 --pid, --uts and --ipc host: it sees processes, name and shared memory of the host" {
    run contain --pid host -- sh -c 'readlink /proc/self/ns/pid; cat /proc/$PPID/comm /proc/'$$'/comm'
    exits 0
    says "$(readlink /proc/self/ns/pid)"
    says "$(cat /proc/$$/comm)"
    run contain --uts host -- sh -c 'readlink /proc/self/ns/uts; hostname'
    [ "$output" = "$(readlink /proc/self/ns/uts; hostname)" ] || { echo "$output"; return 1; }
    run contain --uts host --hostname boat -- true
    exits 125
    says "conflicting options: hostname and the UTS mode"
    mkdir "/dev/shm/$BATS_SUITE_TEST_NUMBER.$$"
    run contain --ipc host -- sh -c 'readlink /proc/self/ns/ipc; ls -d /dev/shm/'"$BATS_SUITE_TEST_NUMBER.$$"
    rmdir "/dev/shm/$BATS_SUITE_TEST_NUMBER.$$"
    exits 0
    says "$(readlink /proc/self/ns/ipc)"
    run contain --ipc host --sysctl kernel.shmmni=9 -- true
    exits 125
    says "not allowed in the hosts ipc namespace"
}

@test "02 namespaces of another process are joined by their files" {
    donor
    DONOR=$(cat "$BATS_TEST_TMPDIR/donor")
    run contain --pid "ns:/proc/$DONOR/ns/pid" -- sh -c 'cat /proc/1/comm; [ $$ -gt 1 ] && echo second'
    exits 0
    [ "$output" = $'sleep\nsecond' ]
    run contain --uts "ns:/proc/$DONOR/ns/uts" -- hostname
    [ "$output" = donor ]
    run contain --ipc "ns:/proc/$DONOR/ns/ipc" -- sh -c 'cat /dev/shm/file; readlink /proc/self/ns/ipc'
    [ "$output" = "shared"$'\n'"$(readlink "/proc/$DONOR/ns/ipc")" ] || { echo "$output"; return 1; }
    # a parameter of one that is not the host's may be set; from chapter 06 on networks have names
    program_is_at_least 06 || {
        run contain --network "ns:/proc/$DONOR/ns/net" --sysctl net.core.somaxconn=77 -- cat /proc/sys/net/core/somaxconn
        exits 0
        [ "$output" = 77 ]
        run contain --network "ns:/proc/$$/ns/net" --sysctl net.core.somaxconn=77 -- true
        exits 125
        says "not allowed in host network namespace"
    }
    # what is asked for is another kind, or is not there
    run contain --uts "ns:/proc/$DONOR/ns/pid" -- true
    exits 125
    says "it is of another kind"
    run contain --pid ns:/proc/self/ns/none -- true
    exits 125
    says "'/proc/self/ns/none'"
}

@test "02 --ipc none has no /dev/shm, and private and shareable have their own" {
    run contain --ipc none -- ls -d /dev/shm /dev/mqueue
    says "/dev/shm: No such file"
    for mode in private shareable; do
        run contain --ipc "$mode" -- sh -c 'ls -A /dev/shm; df /dev/shm | tail -n 1; readlink /proc/self/ns/ipc'
        exits 0
        says "65536"
        says_not "$(readlink /proc/self/ns/ipc)"
    done
}

@test "02 --boottime shifts the clocks of the time since boot" {
    run contain --boottime 1000000000 -- cat /proc/uptime
    exits 0
    [ "${output%%.*}" -gt 1000000000 ]
    run contain --boottime 3000000000 -- true
    exits 125
    says "it is a number of seconds"
}

# contain, where /etc/subuid and /etc/subgid have a line for containers and others can reach the tree.
with_ids()
{
    mkdir -p "$BATS_TEST_TMPDIR/etc"
    echo containers:200000:131072 | tee "$BATS_TEST_TMPDIR/etc/subuid" >"$BATS_TEST_TMPDIR/etc/subgid"
    export -f contain program_number
    IDS=$BATS_TEST_TMPDIR/etc unshare --mount bash -c '
        mount -t overlay -o "lowerdir=$IDS:/etc" etc /etc && mount --bind "$TOP" /mnt || exit
        BUILD=${BUILD/#$TOP//mnt} ROOTFS=${ROOTFS/#$TOP//mnt} STORE=${STORE/#$TOP//mnt}
        contain "$@"' bash "$@"
}

@test "02 --userns auto: root in there is nobody out here, and owns its files" {
    run with_ids --userns auto -- sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map; stat -c "%u %n" /bin /dev /proc/1; echo x >/dev/null'
    exits 0
    [ "$(tr -s ' ' <<<"$output")" = $'0\n 0 200000 65536\n 0 200000 65536\n0 /bin\n0 /dev\n0 /proc/1' ] || { echo "$output"; return 1; }
    # what it makes is its own
    run with_ids --userns auto -- sh -c 'f=/ids.$$; : >$f; stat -c %u $f; rm $f; grep CapEff /proc/self/status'
    exits 0
    [ "${lines[0]}" = 0 ]
    says "CapEff:	00000000a80425fb"
    # its own network is its own, and nothing of the host's is
    run with_ids --userns auto --cap-add NET_ADMIN --cap-add SYS_ADMIN -- sh -c 'ip link set lo down && ip link show lo; mknod /dev/sd b 8 0'
    says "<LOOPBACK>"
    says "Operation not permitted"
}

@test "02 --userns auto --device takes what a link leads to" {
    # where others can reach it
    links=$(mktemp -d /dev/shm/links.XXXXXX)
    chmod 755 "$links"
    ln -s /dev/full "$links/link"
    run with_ids --userns auto --device "$links/link:/dev/mine" -- stat -c '%F %t:%T' /dev/mine
    rm -r "$links"
    exits 0
    [ "$output" = "character special file 1:7" ]
}

@test "02 --userns keep-id has the same ids, and no power over the host's" {
    run with_ids --userns keep-id -- sh -c 'id -u; cat /proc/self/uid_map; stat -c %u /bin; readlink /proc/self/ns/user'
    exits 0
    [ "$(head -n3 <<<"$output" | tr -s ' ')" = $'0\n 0 0 4294967295\n0' ] || { echo "$output"; return 1; }
    says_not "$(readlink /proc/self/ns/user)"
    run contain --userns host -- readlink /proc/self/ns/user
    [ "$output" = "$(readlink /proc/self/ns/user)" ]
}

@test "02 --userns with what is not its to share is refused, and without ids" {
    while IFS='|' read -r option text; do
        run with_ids --userns auto $option -- true
        exits 125
        says "$text"
    done <<'E2'
--privileged|privileged mode is incompatible with user namespaces
--pid host|cannot share the host's PID namespace when user namespaces are enabled
--ipc host|cannot share the host's IPC namespace when user namespaces are enabled
--network host|cannot share the host's network namespace when user namespaces are enabled
--cgroupns host|cannot share the host's cgroup namespace when user namespaces are enabled
E2
    grep -q ^containers: /etc/subuid || {
        run contain --userns auto -- true
        exits 125
        says "need the same line 'containers:FIRST:COUNT'"
    }
}

@test "02 bad devices, parameters and sizes are refused with 125 and one line" {
    while IFS='|' read -r option value text; do
        run contain "$option=$value" -- true
        exits 125
        says "$text"
        says "$option"
        [ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
    done <<'E2'
--sysctl|kernel.core_pattern=x|is not allowed: it is not in a separate kernel namespace
--sysctl|net.core.somaxconn|is not allowed
--sysctl|net.../../kernel/core_pattern=x|is not allowed
--device|relative|bad format for a device
--device|/dev/null:relative|bad format for a device
--device|/dev/null:/dev/x:z|bad format for a device
--shm-size|x|invalid size
--pid|some|it is host or
--uts|some|it is host or
--ipc|some|it is private, shareable, none, host or
--userns|some|it is host, keep-id or auto
--boottime|x|it is a number of seconds
E2
}
