/* deny_network DIRECTORY - no process of a version 2 cgroup can send a packet from now on
 *
 * The kernel runs a program for each packet that a process of the cgroup sends, and drops the packet
 * when the program answers 0. This one has two instructions: answer 0, end. It stays attached until
 * the cgroup is removed. bpf(2) */
#include <err.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_K | BPF_MOV, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr program = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SKB,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = 2,
		.license = (uint64_t)(uintptr_t) "MIT",
		.expected_attach_type = BPF_CGROUP_INET_EGRESS,
	};
	union bpf_attr attach = {.attach_type = BPF_CGROUP_INET_EGRESS};

	if (argc != 2)
		errx(125, "usage: deny_network DIRECTORY");
	attach.target_fd = (uint32_t)open(argv[1], O_RDONLY | O_DIRECTORY);
	if ((int)attach.target_fd < 0)
		err(125, "%s", argv[1]);
	attach.attach_bpf_fd = (uint32_t)syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof(program));
	if ((int)attach.attach_bpf_fd < 0)
		err(125, "load the program");
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
		err(125, "attach it to %s", argv[1]);
}
