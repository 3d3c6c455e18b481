# cgroups - for tests of limits: `load lib/helpers`, then `load lib/cgroups`
#
#   on_v2                     whether this host has cgroup v2 alone
#   by_version V1 V2          the path of a limit's file inside the container
#   container_dir WORD        the cgroup of the container whose command is "sleep WORD"
#   without_files PATH COMMAND…   run it on a host where access(2) does not find that file ("": none)

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


without_files() { strace -f -qq -o /dev/null ${1:+-P "$1"} -e trace=access -e inject=access:error=ENOENT "${@:2}"; }
