# Docker 28.2's default seccomp profile: which system calls a container may make.
#
# A list of what is allowed. Everything else fails with EPERM, and a call newer than the newest one
# named here with ENOSYS, which is what a C library needs to see to fall back to an older call.
# runc adds that second rule to every profile.
#
# A heading says when its rows apply; a call may stand under several. A row is one of
#     name name …                                   allowed
#     name when argN OP VALUE [or OP VALUE …]       allowed with such an argument; OP is == or !=
#     name when argN & MASK == 0                    allowed with none of these bits in an argument
#     name fails with ERRNO
# "name=NUMBER" tells the number of a call that Debian 12's libseccomp (2.5.4) does not know yet.
# From 424 on a call has the same number on every architecture; a smaller one is the host's own.
#
# Docker's rows for ppc64le, s390x and riscv64 are left out: coracle runs on x86-64 and arm64.
# Left out on purpose by Docker, so that nobody may call them, whatever the capabilities: the keyring
# (add_key, keyctl, request_key: not divided by namespaces), io_uring_* (too many escapes),
# kexec_*, swapon, swapoff, pivot_root, userfaultfd, create_module, nfsservctl, ustat, sysfs, uselib.

always:
	# Files and directories.
	access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3
	faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2=452
	fchown fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs
	fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 ioctl lchown
	lchown32 link linkat lseek _llseek lstat lstat64 mkdir mkdirat mknod mknodat
	name_to_handle_at newfstatat open openat openat2 read pread64 preadv preadv2 readahead
	readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice stat
	stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate
	truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write
	pwrite64 pwritev pwritev2 writev
	listmount=458 statmount=457

	# Extended attributes.
	fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat=464 lgetxattr listxattr
	listxattrat=465 llistxattr lremovexattr lsetxattr removexattr removexattrat=466 setxattr
	setxattrat=463

	# Memory.
	brk cachestat=451 madvise map_shadow_stack=453 membarrier
	memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap
	mseal=462 msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
	process_mrelease remap_file_pages

	# Processes and threads. clone is below: it could make namespaces.
	execve execveat exit exit_group fork futex futex_requeue=456 futex_time64 futex_wait=455
	futex_waitv futex_wake=454 getcpu getpgid getpgrp getpid getppid getpriority
	get_robust_list getrlimit getrusage getsid get_thread_area gettid ioprio_get ioprio_set
	kill pidfd_open pidfd_send_signal prctl prlimit64 rseq sched_getaffinity sched_getattr
	sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
	sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
	sched_setparam sched_setscheduler sched_yield setpgid setpriority setrlimit
	set_robust_list setsid set_thread_area set_tid_address tgkill times tkill ugetrlimit
	vfork wait4 waitid waitpid

	# Users, groups, capabilities; a process may always give up more.
	capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32
	getresgid getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule
	landlock_create_ruleset landlock_restrict_self seccomp setfsgid setfsgid32 setfsuid
	setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid
	setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32

	# Signals.
	alarm pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
	rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
	sigaltstack signalfd signalfd4 sigprocmask sigreturn

	# Waiting for descriptors.
	epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
	epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init
	inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
	io_pgetevents_time64 io_setup io_submit _newselect pipe pipe2 poll ppoll ppoll_time64
	pselect6 pselect6_time64 select

	# Sockets. On i386 socketcall does all of these; a filter cannot look behind its pointer.
	accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom
	recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown
	socketcall socketpair

	# System V and POSIX IPC; the IPC namespace divides them.
	ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
	mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
	semtimedop_time64 shmat shmctl shmdt shmget

	# Clocks. adjtimex and clock_adjtime also read; the kernel wants CAP_SYS_TIME to set.
	adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
	clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep
	setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
	timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
	timerfd_settime timerfd_settime64

	# The machine.
	getrandom sysinfo uname

	# AF_VSOCK (40) talks to the hypervisor, past every network namespace.
	socket when arg0 != 40

	# PER_LINUX, PER_LINUX32, each also with UNAME26; 0xffffffff asks. Others weaken the process,
	# for example by turning address randomisation off.
	personality when arg0 == 0 or == 0x8 or == 0x20000 or == 0x20008 or == 0xffffffff

# Before 4.8 a tracer could change a system call after the filter had seen it.
since Linux 4.8:
	process_vm_readv process_vm_writev ptrace

on x86_64:
	arch_prctl modify_ldt uretprobe=335

on arm64:
	arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2

# Reads any file by its inode number, past the container's own / (the "shocker" escape).
with CAP_DAC_READ_SEARCH:
	open_by_handle_at

with CAP_SYS_ADMIN:
	bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie
	lsm_get_self_attr=459 lsm_list_modules=461 lsm_set_self_attr=460
	mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
	setdomainname sethostname setns syslog umount umount2 unshare

without CAP_SYS_ADMIN:
	# No CLONE_NEW* bit: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. A new user
	# namespace would give a full set of capabilities inside it.
	clone when arg0 & 0x7e020000 == 0
	# Its flags are behind a pointer, where a filter cannot look. ENOSYS and not EPERM: only then
	# does the C library try clone.
	clone3 fails with ENOSYS

with CAP_SYS_BOOT:
	reboot
with CAP_SYS_CHROOT:
	chroot
with CAP_SYS_MODULE:
	delete_module finit_module init_module
with CAP_SYS_PACCT:
	acct
with CAP_SYS_PTRACE:
	kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace
with CAP_SYS_RAWIO:
	ioperm iopl
with CAP_SYS_TIME:
	clock_settime clock_settime64 settimeofday stime
with CAP_SYS_TTY_CONFIG:
	vhangup
with CAP_SYS_NICE:
	get_mempolicy mbind set_mempolicy set_mempolicy_home_node
with CAP_SYSLOG:
	syslog
with CAP_BPF:
	bpf
with CAP_PERFMON:
	perf_event_open
