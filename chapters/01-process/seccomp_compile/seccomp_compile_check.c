/*
 * The proof that the tables say what the profile says: libseccomp's own filter for the same profile
 * gives the same answer, whatever is asked.
 *
 * dockerd drops the rows whose heading does not apply, and hands the rest to runc; runc gives them
 * to libseccomp one by one, by name, and puts "numbers after the last: ENOSYS" before the result
 * (moby profiles/seccomp/seccomp_linux.go, runc libcontainer/seccomp and its patchbpf).
 */
#include "seccomp_compile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	NUMBERS_MAX = 4000,
	CAPABILITY_COUNT = 41,
	RANDOM_SETS = 40,
};

/* The filter that Docker would load, and what libseccomp knows nothing of. */
struct reference {
	struct seccomp_program program;
	/* By ABI: the last number named, and the numbers that only the profile knows. */
	uint32_t last[HOST_ABIS_MAX];
	unsigned int unknown_count[HOST_ABIS_MAX];
	uint32_t unknown[HOST_ABIS_MAX][32];
};

/* Runs a filter as the kernel does: the instructions that ours and libseccomp's consist of. */
static uint32_t run(const struct seccomp_program *program, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned int pc = 0; pc < program->length; pc++) {
		const struct sock_filter *i = &program->code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JA: pc += i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: pc += a == i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: pc += a >= i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGT | BPF_K: pc += a > i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JSET | BPF_K: pc += (a & i->k) ? i->jt : i->jf; break;
		case BPF_RET | BPF_K: return i->k;
		default: die("unknown instruction 0x%x at %u", i->code, pc);
		}
	}
	die("the filter ends without a return");
}

static bool applies(const struct profile_row *row, const struct host *host, uint64_t capabilities)
{
	return row_is_for(row, host) && (row->with & capabilities) == row->with &&
	       (row->without & capabilities) == 0;
}

/* A condition with several values is as many rules. */
static void add_to_reference(scmp_filter_ctx context, const struct profile_row *row)
{
	static const enum scmp_compare operators[] = {
		[TEST_EQUAL] = SCMP_CMP_EQ,
		[TEST_NOT_EQUAL] = SCMP_CMP_NE,
		[TEST_NO_BIT] = SCMP_CMP_MASKED_EQ,
	};
	uint32_t action =
		row->fails_with ? SCMP_ACT_ERRNO((uint32_t)row->fails_with) : SCMP_ACT_ALLOW;
	int number = seccomp_syscall_resolve_name(row->name), result = 0;

	if (number == __NR_SCMP_ERROR)
		return;
	if (row->test == TEST_NONE)
		result = seccomp_rule_add(context, action, number, 0);
	for (unsigned int i = 0; i < row->value_count && result == 0; i++) {
		struct scmp_arg_cmp compare = {row->argument, operators[row->test], row->values[i],
					       0};

		result = seccomp_rule_add_array(context, action, number, 1, &compare);
	}
	if (result < 0 && result != -EEXIST)
		die("seccomp_rule_add %s: %s", row->name, strerror(-result));
}

static void export(scmp_filter_ctx context, struct seccomp_program *program)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	if (fd < 0 || seccomp_export_bpf(context, fd) < 0)
		die("seccomp_export_bpf failed");
	size = pread(fd, program->code, sizeof(program->code), 0);
	close(fd);
	if (size <= 0 || size == sizeof(program->code))
		die("libseccomp's filter has no fitting size: %zd bytes", size);
	program->length = (unsigned int)size / sizeof(program->code[0]);
}

/* Notes a row's number in an ABI: the last one decides what is answered with ENOSYS. */
static void note_number(struct reference *reference, const struct profile_row *row,
			const struct host *host, unsigned int abi)
{
	int known = seccomp_syscall_resolve_name_arch(host->abis[abi].scmp_arch, row->name);
	int64_t number = row_number(row, host, abi);

	if (number < 0)
		return;
	if (number > reference->last[abi])
		reference->last[abi] = (uint32_t)number;
	if (known == __NR_SCMP_ERROR)
		reference->unknown[abi][reference->unknown_count[abi]++] = (uint32_t)number;
}

static void compile_reference(struct reference *reference, const struct profile *profile,
			      const struct host *host, uint64_t capabilities)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!context)
		die("seccomp_init failed");
	memset(reference, 0, sizeof(*reference));
	for (unsigned int i = 0; i < host->abi_count; i++)
		if (seccomp_arch_exist(context, host->abis[i].scmp_arch) == -EEXIST)
			seccomp_arch_add(context, host->abis[i].scmp_arch);
	if (host->abis[0].scmp_arch != seccomp_arch_native())
		seccomp_arch_remove(context, seccomp_arch_native());
	if (seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		die("libseccomp cannot make a binary tree: it is older than 2.5");
	for (unsigned int i = 0; i < profile->count; i++) {
		if (!applies(&profile->rows[i], host, capabilities))
			continue;
		add_to_reference(context, &profile->rows[i]);
		for (unsigned int j = 0; j < host->abi_count; j++)
			note_number(reference, &profile->rows[i], host, j);
	}
	export(context, &reference->program);
	seccomp_release(context);
}

/* Which of the host's ABIs a number belongs to. */
static unsigned int abi_of(const struct host *host, const struct seccomp_data *data)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < host->abi_count; i++)
		if (host->abis[i].audit_arch == data->arch &&
		    (host->abis[i].base & (uint32_t)data->nr) == host->abis[i].base)
			found = i;
	return found;
}

/* What Docker's filter answers: runc's ENOSYS first, then libseccomp's part. */
static uint32_t expected(const struct reference *reference, const struct host *host,
			 const struct seccomp_data *data)
{
	unsigned int abi = abi_of(host, data);
	uint32_t number = (uint32_t)data->nr;

	if (number > reference->last[abi])
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (unsigned int i = 0; i < reference->unknown_count[abi]; i++)
		if (reference->unknown[abi][i] == number)
			return SECCOMP_RET_ALLOW;
	return run(&reference->program, data);
}

/* Every number that means something in some ABI, with its neighbours, and the ends. */
static unsigned int interesting_numbers(uint32_t *numbers)
{
	static const uint32_t starts[] = {
		0,	     0x40000000 - 20, 0x80000000 - 20, 0xc0000000 - 20, 0xf0000 - 20,
		983041 - 20, (uint32_t)-40};
	unsigned int count = 0;

	for (unsigned int i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (uint32_t j = 0; j < (i < 2 ? 1100 : 40); j++)
			numbers[count++] = starts[i] + j;
	return count;
}

static void compare_number(const struct seccomp_program *ours, const struct reference *reference,
			   const struct host *host, struct seccomp_data *data)
{
	static const uint64_t values[] = {
		0,	     1,
		8,	     9,
		39,	     40,
		41,	     0x8000,
		0x20000,     0x20008,
		0x20009,     0x10000000,
		0x02000000,  0x04000000,
		0x08000000,  0x20000000,
		0x40000000,  0x7e020000,
		0x81fdffff,  0xfffffffe,
		0xffffffff,  0x100000000,
		0x100000008, 0x100000028,
		0x120008,    0x7e02000000000000,
		UINT64_MAX,
	};

	for (unsigned int i = 0; i < 2 * sizeof(values) / sizeof(values[0]); i++) {
		uint32_t theirs, result;

		memset(data->args, 0, sizeof(data->args));
		data->args[i % 2] = values[i / 2];
		theirs = expected(reference, host, data);
		result = run(ours, data);
		if (theirs != result)
			die("%s: arch 0x%x, number 0x%x, arg%u 0x%llx: 0x%x, libseccomp: 0x%x",
			    host->name, data->arch, data->nr, i % 2,
			    (unsigned long long)values[i / 2], result, theirs);
	}
}

static void check_capabilities(const struct profile *profile, const struct host *host,
			       const struct seccomp_table *table, uint64_t capabilities)
{
	static struct reference reference;
	static struct seccomp_program ours;
	static uint32_t numbers[NUMBERS_MAX];
	unsigned int count = interesting_numbers(numbers);
	struct seccomp_data data = {.arch = AUDIT_ARCH_PPC64LE};

	if (seccomp_assemble(&ours, table, capabilities) < 0)
		die("%s: no filter for capabilities 0x%llx", host->name,
		    (unsigned long long)capabilities);
	if (run(&ours, &data) != SECCOMP_RET_KILL_THREAD)
		die("%s: a foreign architecture is not killed", host->name);
	compile_reference(&reference, profile, host, capabilities);
	for (unsigned int i = 0; i < table->abi_count; i++)
		for (unsigned int j = 0; j < count; j++) {
			data.arch = table->abis[i].audit_arch;
			data.nr = (int)numbers[j];
			compare_number(&ours, &reference, host, &data);
		}
	if (capabilities == UINT64_C(0xa80425fb))
		printf("%s: Docker's default set: %u instructions, libseccomp: %u\n", host->name,
		       ours.length, reference.program.length);
}

void check_host(const struct profile *profile, const struct host *host,
		const struct seccomp_table *table)
{
	const uint64_t all = (UINT64_C(1) << CAPABILITY_COUNT) - 1;
	uint64_t random = 1;

	check_capabilities(profile, host, table, UINT64_C(0xa80425fb));
	check_capabilities(profile, host, table, 0);
	check_capabilities(profile, host, table, all);
	for (unsigned int i = 0; i < CAPABILITY_COUNT; i++) {
		check_capabilities(profile, host, table, UINT64_C(1) << i);
		check_capabilities(profile, host, table, all & ~(UINT64_C(1) << i));
	}
	for (unsigned int i = 0; i < RANDOM_SETS; i++) {
		/* Knuth's MMIX generator; its upper bits are the random ones. */
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		check_capabilities(profile, host, table, random >> (64 - CAPABILITY_COUNT));
	}
	printf("%s: the same as libseccomp's, for %u sets of capabilities\n", host->name,
	       3 + 2 * CAPABILITY_COUNT + RANDOM_SETS);
}
