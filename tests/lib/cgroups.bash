# cgroups - for tests of limits: `load lib/helpers`, then `load lib/cgroups`
#
#   on_v2                     whether this host has cgroup v2 alone
#   by_version V1 V2          the path of a limit's file inside the container
#   container_dir WORD        the cgroup of the container whose command is "sleep WORD"
#   without_files CALL COMMAND…   run it under a kernel whose system call finds no file

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

by_version() { if on_v2; then echo "/sys/fs/cgroup/$2"; else echo "/sys/fs/cgroup/$1"; fi; }

container_dir()
{
    local pid
    pid=$(pgrep -x -f "sleep $1") || return
    if on_v2; then
        sed -n 's,^0::,/sys/fs/cgroup,p' "/proc/$pid/cgroup"
    else
        sed -n 's,^[0-9]*:pids:,/sys/fs/cgroup/pids,p' "/proc/$pid/cgroup"
    fi
}


without_files() { strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:error=ENOENT" "${@:2}"; }
