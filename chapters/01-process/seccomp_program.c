#include "seccomp_program.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

/* The first number of a range, and what its calls get. */
struct branch {
	uint32_t first;
	unsigned int length;
	const struct sock_filter *code;
};

/* Returns the index of the instruction. A program that is too long goes on counting: the caller
 * looks at the length once, at the end. */
static unsigned int emit(struct seccomp_program *program, struct sock_filter instruction)
{
	if (program->length < SECCOMP_PROGRAM_MAX)
		program->code[program->length] = instruction;
	return program->length++;
}

/* The numbers from branches[0].first on: half of them at each comparison. Returns -1 if a jump is
 * too far: conditional jumps are of 8 bits. */
static int emit_search(struct seccomp_program *program, const struct branch *branches,
		       unsigned int count)
{
	unsigned int half = count / 2, test, far;

	if (count == 1) {
		for (unsigned int i = 0; i < branches->length; i++)
			emit(program, branches->code[i]);
		return 0;
	}
	test = emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
							  branches[half].first, 0, 0));
	if (emit_search(program, branches, half) < 0)
		return -1;
	far = program->length - test - 1;
	if (far > UINT8_MAX || test >= SECCOMP_PROGRAM_MAX)
		return -1;
	program->code[test].jt = (uint8_t)far;
	return emit_search(program, branches + half, count - half);
}

static struct branch branch_of(const struct seccomp_rule *rule, uint64_t capabilities)
{
	static const struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

	if (rule->allowed_with & capabilities)
		return (struct branch){.length = 1, .code = allow};
	return (struct branch){.length = rule->otherwise_length, .code = rule->otherwise};
}

static bool same(const struct branch *a, const struct branch *b)
{
	return a->length == b->length && !memcmp(a->code, b->code, a->length * sizeof(*a->code));
}

/* Joins the ranges whose calls get the same. Returns how many are left, 0 if they are too many. */
static unsigned int join(struct branch *branches, const struct seccomp_table *table,
			 const struct seccomp_abi *abi, uint64_t capabilities)
{
	unsigned int count = 0;

	if (abi->range_count > SECCOMP_RANGES_MAX)
		return 0;
	for (unsigned int i = 0; i < abi->range_count; i++) {
		const struct seccomp_range *range = &abi->ranges[i];
		struct branch branch = branch_of(&table->rules[range->rule], capabilities);

		branch.first = range->first;
		if (count == 0 || !same(&branches[count - 1], &branch))
			branches[count++] = branch;
	}
	return count;
}

/* "If it is this architecture …". The accumulator holds the architecture, before and, if it is
 * another one, after. A conditional jump may not reach over the section, so it is over a jump. */
static int emit_abi(struct seccomp_program *program, const struct seccomp_table *table,
		    const struct seccomp_abi *abi, uint64_t capabilities)
{
	struct branch branches[SECCOMP_RANGES_MAX];
	unsigned int count = join(branches, table, abi, capabilities), over;

	if (count == 0)
		return -1;
	emit(program,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi->audit_arch, 1, 0));
	over = emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, nr)));
	if (emit_search(program, branches, count) < 0 || over >= SECCOMP_PROGRAM_MAX)
		return -1;
	program->code[over].k = program->length - over - 1;
	return 0;
}

int seccomp_assemble(struct seccomp_program *program, const struct seccomp_table *table,
		     uint64_t capabilities)
{
	program->length = 0;
	/* The architecture first: the same number is another call on another one. */
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, arch)));
	for (unsigned int i = 0; i < table->abi_count; i++)
		if (emit_abi(program, table, &table->abis[i], capabilities) < 0)
			return -1;
	/* None of them: what libseccomp does, and so Docker. */
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD));
	return program->length <= SECCOMP_PROGRAM_MAX ? 0 : -1;
}
