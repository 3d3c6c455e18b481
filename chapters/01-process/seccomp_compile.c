/*
 * seccomp-compile PROFILE            writes seccomp_filters.h to standard output
 * seccomp-compile --check PROFILE    compares its filters with libseccomp's; a few seconds
 */
#include "seccomp_compile/seccomp_compile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	X32_BIT = 0x40000000,
	/* From here on a system call has the same number on all architectures (Linux 5.1). */
	FIRST_COMMON_NUMBER = 424,
	/* libseccomp's: above it, -1 (unknown) and parts of socketcall and ipc; below it, other
	 * architectures' system calls. */
	PSEUDO_NUMBERS_END = -1000,
};

/* A system call's number, and its place in the table's rules. */
struct call {
	uint32_t number, rule;
};

struct calls {
	unsigned int count;
	struct call items[PROFILE_ROWS_MAX];
};

void die(const char *format, ...)
{
	va_list args;

	fputs("seccomp-compile: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

const struct host *host_at(unsigned int index)
{
	static const struct host hosts[] = {
		{"x86_64",
		 "__x86_64__",
		 3,
		 {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, true},
		  {SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, false},
		  {SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, false}}},
		{"arm64",
		 "__aarch64__",
		 2,
		 {{SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, true},
		  {SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, false}}},
	};

	return index < sizeof(hosts) / sizeof(hosts[0]) ? &hosts[index] : NULL;
}

const struct host *host_find(const char *name)
{
	const struct host *host;

	for (unsigned int i = 0; (host = host_at(i)) != NULL; i++)
		if (!strcmp(host->name, name))
			return host;
	return NULL;
}

bool row_is_for(const struct profile_row *row, const struct host *host)
{
	return !row->host || row->host == host;
}

/* On i386, libseccomp gives the calls that came as part of socketcall(2) and ipc(2) pseudo numbers
 * below 0, also those that later got a number of their own (359 and on): that is to be found by
 * asking for the names of numbers. */
static int64_t direct_number(const char *name, uint32_t scmp_arch)
{
	for (int number = 0; number < 1000; number++) {
		char *found = seccomp_syscall_resolve_num_arch(scmp_arch, number);
		bool same = found && !strcmp(found, name);

		free(found);
		if (same)
			return number;
	}
	return -1;
}

int64_t row_number(const struct profile_row *row, const struct host *host, unsigned int abi)
{
	uint32_t base = host->abis[abi].base;
	int number = seccomp_syscall_resolve_name_arch(host->abis[abi].scmp_arch, row->name);

	if (number >= 0)
		return number;
	if (number < PSEUDO_NUMBERS_END)
		return -1;
	if (number != __NR_SCMP_ERROR)
		return direct_number(row->name, host->abis[abi].scmp_arch);
	if (row->number < 0)
		die("libseccomp does not know the system call '%s': write NAME=NUMBER", row->name);
	if (row->number < FIRST_COMMON_NUMBER && abi > 0)
		return -1;
	return base + (uint32_t)row->number;
}

static struct sock_filter jump(unsigned int test, uint32_t value, uint8_t if_true, uint8_t if_false)
{
	return (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test), value, if_true,
					    if_false);
}

static struct sock_filter load(unsigned int argument, unsigned int half)
{
	/* Both hosts are little endian: the lower half of an argument comes first. */
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)offsetof(struct seccomp_data, args) +
						    argument * 8 + half * 4);
}

static struct sock_filter ret(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* Skips some instructions if the upper half of an argument isn't 0: the accumulator has 32 bits, so
 * the halves are compared one by one. */
static struct sock_filter *upper_half(struct sock_filter *code, unsigned int argument, uint8_t skip)
{
	*code++ = load(argument, 1);
	*code++ = jump(BPF_JEQ, 0, 0, skip);
	return code;
}

/* Ends in two returns, EPERM and "allowed"; the comparisons jump to them. */
static struct sock_filter *compile_test(struct sock_filter *code, const struct profile_row *row,
					bool wide)
{
	uint8_t count = (uint8_t)row->value_count;

	if (wide && row->test != TEST_NO_BIT)
		code = upper_half(code, row->argument, row->test == TEST_EQUAL ? count + 1 : 3);
	*code++ = load(row->argument, 0);
	if (row->test == TEST_NO_BIT)
		*code++ = jump(BPF_JSET, row->values[0], 0, 1);
	else if (row->test == TEST_NOT_EQUAL)
		*code++ = jump(BPF_JEQ, row->values[0], 0, 1);
	else
		for (uint8_t i = 0; i < count; i++)
			*code++ = jump(BPF_JEQ, row->values[i], (uint8_t)(count - i), 0);
	*code++ = ret(SECCOMP_RET_ERRNO | EPERM);
	*code++ = ret(SECCOMP_RET_ALLOW);
	return code;
}

/* A rule that returns the same for everyone. */
static struct seccomp_rule plain_rule(uint32_t action)
{
	return (struct seccomp_rule){.otherwise_length = 1, .otherwise = {ret(action)}};
}

static bool is_plain(const struct seccomp_rule *rule, uint32_t action)
{
	return rule->otherwise_length == 1 && rule->otherwise[0].k == action;
}

static struct seccomp_rule rule_of(const struct profile_row *row, bool wide)
{
	struct seccomp_rule rule = {.allowed_with = 0};

	if (row->fails_with)
		return plain_rule(SECCOMP_RET_ERRNO | (uint32_t)row->fails_with);
	if (row->test == TEST_NONE)
		return plain_rule(SECCOMP_RET_ALLOW);
	rule.otherwise_length =
		(unsigned int)(compile_test(rule.otherwise, row, wide) - rule.otherwise);
	return rule;
}

/* Adds what a row says about a call to what was said about it before. */
static void combine(struct seccomp_rule *rule, const struct profile_row *row, bool wide)
{
	struct seccomp_rule said = rule_of(row, wide);

	rule->allowed_with |= row->with;
	/* To be allowed without a condition includes all conditions. */
	if (row->with || is_plain(rule, SECCOMP_RET_ALLOW))
		return;
	if (!is_plain(rule, SECCOMP_RET_ERRNO | EPERM) && !is_plain(&said, SECCOMP_RET_ALLOW))
		die("'%s': two conditions for one system call", row->name);
	said.allowed_with = rule->allowed_with;
	*rule = said;
}

/* What all the rows for this number say; numbers[i] is that of row i. */
static struct seccomp_rule rule_for(const struct profile *profile, const int64_t *numbers,
				    int64_t number, bool wide)
{
	struct seccomp_rule rule = plain_rule(SECCOMP_RET_ERRNO | EPERM);
	uint64_t without = 0;

	for (unsigned int i = 0; i < profile->count; i++) {
		if (numbers[i] != number)
			continue;
		combine(&rule, &profile->rows[i], wide);
		without |= profile->rows[i].without;
	}
	/* The rules have no other way to say "without". */
	if (without & ~rule.allowed_with)
		die("number %lld: a 'without' needs the call under the same 'with'",
		    (long long)number);
	return rule;
}

static uint32_t add_rule(struct host_table *table, const struct seccomp_rule *rule)
{
	uint32_t i;

	for (i = 0; i < table->rule_count; i++) {
		const struct seccomp_rule *old = &table->rules[i];

		if (old->allowed_with == rule->allowed_with &&
		    old->otherwise_length == rule->otherwise_length &&
		    !memcmp(old->otherwise, rule->otherwise, sizeof(rule->otherwise)))
			return i;
	}
	if (i == TABLE_RULES_MAX)
		die("more than %d different rules", TABLE_RULES_MAX);
	table->rules[table->rule_count++] = *rule;
	return i;
}

static int compare_calls(const void *left, const void *right)
{
	uint32_t a = ((const struct call *)left)->number, b = ((const struct call *)right)->number;

	return (a > b) - (a < b);
}

/* The calls of one ABI that the profile names, sorted. */
static void find_calls(struct calls *calls, struct host_table *table, const struct profile *profile,
		       const struct host *host, unsigned int abi)
{
	int64_t numbers[PROFILE_ROWS_MAX];

	for (unsigned int i = 0; i < profile->count; i++)
		numbers[i] = row_is_for(&profile->rows[i], host)
				     ? row_number(&profile->rows[i], host, abi)
				     : -1;
	calls->count = 0;
	for (unsigned int i = 0; i < profile->count; i++) {
		struct seccomp_rule rule;

		if (numbers[i] < 0)
			continue;
		rule = rule_for(profile, numbers, numbers[i], host->abis[abi].wide);
		calls->items[calls->count++] =
			(struct call){(uint32_t)numbers[i], add_rule(table, &rule)};
	}
	qsort(calls->items, calls->count, sizeof(calls->items[0]), compare_calls);
}

static void add_range(struct seccomp_range *ranges, unsigned int *count, uint32_t first,
		      uint32_t rule)
{
	if (*count > 0 && ranges[*count - 1].rule == rule)
		return;
	if (*count == SECCOMP_RANGES_MAX)
		die("more than %d ranges", SECCOMP_RANGES_MAX);
	ranges[(*count)++] = (struct seccomp_range){first, rule};
}

/* The ranges of one ABI: EPERM between the calls, ENOSYS after the last. */
static void add_ranges(struct host_table *table, unsigned int arch, const struct calls *calls,
		       uint32_t base)
{
	const struct seccomp_rule eperm = plain_rule(SECCOMP_RET_ERRNO | EPERM);
	const struct seccomp_rule enosys = plain_rule(SECCOMP_RET_ERRNO | ENOSYS);
	struct seccomp_range *ranges = table->ranges[arch];
	unsigned int *count = &table->abis[arch].range_count;
	uint32_t next = base;

	for (unsigned int i = 0; i < calls->count; i++) {
		const struct call *call = &calls->items[i];

		if (call->number > next)
			add_range(ranges, count, next, add_rule(table, &eperm));
		add_range(ranges, count, call->number, call->rule);
		next = call->number + 1;
	}
	add_range(ranges, count, next, add_rule(table, &enosys));
}

static void compile_host(struct host_table *table, const struct profile *profile,
			 const struct host *host)
{
	unsigned int arch = 0;
	struct calls calls;

	memset(table, 0, sizeof(*table));
	for (unsigned int i = 0; i < host->abi_count; i++) {
		if (i > 0 && host->abis[i].audit_arch != host->abis[i - 1].audit_arch)
			arch++;
		table->abis[arch].audit_arch = host->abis[i].audit_arch;
		table->abis[arch].ranges = table->ranges[arch];
		find_calls(&calls, table, profile, host, i);
		add_ranges(table, arch, &calls, host->abis[i].base);
	}
	table->table = (struct seccomp_table){table->rules, table->abis, arch + 1};
}

static void print_rules(const struct host_table *table)
{
	printf("static const struct seccomp_rule default_rules[] = {\n");
	for (unsigned int i = 0; i < table->rule_count; i++) {
		const struct seccomp_rule *rule = &table->rules[i];

		printf("\t/* %u */\n\t{ 0x%llx, %u, {", i, (unsigned long long)rule->allowed_with,
		       rule->otherwise_length);
		for (unsigned int j = 0; j < rule->otherwise_length; j++)
			printf(" { 0x%02x, %u, %u, 0x%x },", rule->otherwise[j].code,
			       rule->otherwise[j].jt, rule->otherwise[j].jf, rule->otherwise[j].k);
		printf(" } },\n");
	}
	printf("};\n");
}

static void print_host(const struct host_table *table)
{
	print_rules(table);
	for (unsigned int i = 0; i < table->table.abi_count; i++) {
		printf("static const struct seccomp_range default_ranges_%u[] = {\n", i);
		for (unsigned int j = 0; j < table->abis[i].range_count; j++)
			printf("\t{ %u, %u },\n", table->ranges[i][j].first,
			       table->ranges[i][j].rule);
		printf("};\n");
	}
	printf("static const struct seccomp_abi default_abis[] = {\n");
	for (unsigned int i = 0; i < table->table.abi_count; i++)
		printf("\t{ 0x%x, %u, default_ranges_%u },\n", table->abis[i].audit_arch,
		       table->abis[i].range_count, i);
	printf("};\n");
	printf("static const struct seccomp_table default_profile = {\n"
	       "\tdefault_rules, default_abis, %u\n};\n",
	       table->table.abi_count);
}

/* The other parts of this program, which is compiled as one file: those beside it are coracle's. */
#include "seccomp_compile/seccomp_compile_check.c"
#include "seccomp_compile/seccomp_compile_profile.c"
#include "seccomp_program.c"

int main(int argc, char **argv)
{
	static struct host_table table;
	static struct profile profile;
	bool check = argc == 3 && !strcmp(argv[1], "--check");
	const struct host *host;

	if (argc != 2 && !check)
		die("usage: seccomp-compile [--check] PROFILE");
	profile_read(&profile, argv[argc - 1]);
	if (!check)
		puts("/* Made of seccomp.profile by seccomp-compile. */\n"
		     "#include \"seccomp_program.h\"");
	for (unsigned int i = 0; (host = host_at(i)) != NULL; i++) {
		compile_host(&table, &profile, host);
		if (check) {
			check_host(&profile, host, &table.table);
			continue;
		}
		printf("\n#%s defined(%s)\n", i ? "elif" : "if", host->macro);
		print_host(&table);
	}
	if (!check)
		puts("#else\n#error \"seccomp.profile is not for this architecture\"\n#endif");
	return fflush(stdout) == 0 ? 0 : 1;
}
