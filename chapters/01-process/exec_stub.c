/*
 * The program that executes a container's command, for us; see execute.h for why we don't.
 *
 *	exec_stub CHANNEL FILE ARG0 [ARG...]
 *
 * It is as small as a program can be: no C library, whose start-up would cost more than the rest of
 * it, and which may need system calls that a user's own seccomp profile forbids. CHANNEL is the
 * descriptor on which the parent hears that it did not work.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "channel.h"

/* syscall(2), "Architecture calling conventions" */
static long call(long number, long a, long b, long c)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x8 __asm__("x8") = number;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory");
	return x0;
#else
#error "exec_stub.c knows x86-64 and arm64"
#endif
}

/* Where a program begins: the stack holds argc, argv, NULL, envp, NULL. */
#ifdef __x86_64__
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall start\n");
#else
__asm__(".globl _start\n_start: mov x0, sp\nbl start\n");
#endif

static long number_of(const char *text)
{
	long number = 0;

	while (*text)
		number = number * 10 + (*text++ - '0');
	return number;
}

_Noreturn void start(long *stack);

_Noreturn void start(long *stack)
{
	static struct message message = {.type = MESSAGE_NOT_EXECUTED};
	char **argv = (char **)(stack + 1);
	char **env = argv + *stack + 1;
	long channel;

	/* As a command of its own, by /proc/self/exe, it does nothing. */
	if (*stack < 3)
		call(SYS_exit_group, 125, 0, 0);
	channel = number_of(argv[0]);
	call(SYS_fcntl, channel, F_SETFD, FD_CLOEXEC);
	message.err.code = (int)-call(SYS_execve, (long)argv[1], (long)(argv + 2), (long)env);
	/* The parent ends us, when it has looked at why; if a filter lets us tell it. */
	if (call(SYS_write, channel, (long)&message, sizeof(message)) > 0)
		call(SYS_read, channel, (long)&message, sizeof(message));
	call(SYS_exit_group, 125, 0, 0);
	__builtin_trap();
}
