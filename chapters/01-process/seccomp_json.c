/*
 * coracle-seccomp: reads a profile in Docker's JSON format from standard input and writes the filter,
 * a struct seccomp_filter, to standard output. Its argument is the bounding set, in hexadecimal.
 *
 * A program of its own, so that libseccomp, which takes longer to compile a profile than a container
 * to start, is not linked into what starts containers; seccomp_file.c calls it once for a profile.
 *
 * As in Docker, rows that do not apply (includes, excludes) are dropped here, and the rest is given
 * to libseccomp by name; as in runc, numbers after the last one named get ENOSYS, for whoever wrote
 * the profile had not heard of them, and libraries then fall back to an older call.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "seccomp_file.h"

#define X32_BIT 0x40000000U
#define ARCHES_MAX 16

struct compilation {
	scmp_filter_ctx filter;
	uint64_t capabilities;
	uint32_t default_action;
	uint32_t arches[ARCHES_MAX];
	size_t arch_count;
	uint32_t last[ARCHES_MAX]; /* by architecture: the highest number that is named */
};

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{NULL, 0},
};

static const struct word operators[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	{NULL, 0},
};

static const struct word arches[] = {
	{"SCMP_ARCH_X86", SCMP_ARCH_X86},	  {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32},	  {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64}, {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},	  {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},	  {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE}, {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390},	  {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64}, {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},	  {NULL, 0},
};

static const struct word flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC", 0}, /* there is one thread */
	{NULL, 0},
};

/* --- words --------------------------------------------------------------------------------- */

static int look_up(const struct word *words, const char *what, const char *name, uint32_t *value,
		   struct error *err)
{
	AUTO_TEXT struct text known = {0};

	for (; words->name; words++) {
		if (strcmp(words->name, name) == 0) {
			*value = words->value;
			return 0;
		}
		text_add_format(&known, "%s%s", known.length ? ", " : "", words->name);
	}
	return error_set(err, EINVAL, "unknown %s '%s': it is one of %s", what, name,
			 text_string(&known));
}

/* The action at `name`, with its errno at `errno_name`; EPERM if it has none. 1 if it is there. */
static int read_action(const cJSON *object, const char *name, const char *errno_name,
		       uint32_t *action, struct error *err)
{
	const char *word = NULL;
	uint64_t number = EPERM;

	if (json_get_string(object, name, &word, err) < 0 ||
	    json_get_number(object, errno_name, &number, err) < 0)
		return -1;
	if (!word)
		return 0;
	if (strcmp(word, "SCMP_ACT_NOTIFY") == 0)
		return error_set(err, ENOTSUP,
				 "SCMP_ACT_NOTIFY needs an agent, and there is none here");
	if (number > 4095)
		return error_set(err, EINVAL, "'%s' is above 4095", errno_name);
	if (look_up(actions, "action", word, action, err) < 0)
		return -1;
	if (*action == SCMP_ACT_ERRNO(0) || *action == SCMP_ACT_TRACE(0))
		*action |= (uint32_t)number;
	return 1;
}

/* --- does a row apply? --------------------------------------------------------------------- */

static bool is_held(const struct compilation *compilation, const char *name)
{
	cap_value_t number;

	return cap_from_name(name, &number) == 0 && (compilation->capabilities >> number & 1);
}

/* moby compares the first two numbers of uname's release. */
static int kernel_is_at_least(const char *wanted, bool *result, struct error *err)
{
	unsigned want[2], have[2] = {0};
	struct utsname host;
	char end;

	if (sscanf(wanted, "%u.%u%c", &want[0], &want[1], &end) != 2)
		return error_set(err, EINVAL, "minKernel '%s' is not like '4.8'", wanted);
	if (uname(&host) < 0)
		return error_sys(err, "ask for the kernel's version");
	if (sscanf(host.release, "%u.%u", &have[0], &have[1]) != 2)
		return error_set(err, EINVAL, "the kernel's version '%s' is not like '4.8'",
				 host.release);
	*result = have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
	return 0;
}

/* Go's names of machines, as Docker has them here. */
static const char *machine(void)
{
	uint32_t native = seccomp_arch_native();

	return native == SCMP_ARCH_X86_64 ? "amd64" : native == SCMP_ARCH_AARCH64 ? "arm64" : "";
}

/* A filter of a row: "includes" wants all capabilities that it names, "excludes" none of them. */
static int filter_applies(const struct compilation *compilation, const cJSON *row, bool includes,
			  bool *applies, struct error *err)
{
	AUTO_STRINGS struct strings caps = {0}, machines = {0};
	const char *kernel = NULL;
	const cJSON *filter = NULL;
	bool newer = includes;

	if (json_get_object(row, includes ? "includes" : "excludes", &filter, err) < 0)
		return -1;
	if (!filter)
		return 0;
	if (json_get_strings(filter, "caps", &caps, err) < 0 ||
	    json_get_strings(filter, "arches", &machines, err) < 0 ||
	    json_get_string(filter, "minKernel", &kernel, err) < 0 ||
	    (kernel && kernel_is_at_least(kernel, &newer, err) < 0))
		return -1;
	for (size_t i = 0; i < caps.count; i++)
		*applies &= is_held(compilation, caps.items[i]) == includes;
	if (machines.count)
		*applies &= strings_contain(&machines, machine()) == includes;
	*applies &= newer == includes;
	return 0;
}

/* --- the architectures --------------------------------------------------------------------- */

static int add_arch(struct compilation *compilation, const char *name, struct error *err)
{
	uint32_t arch;
	int result;

	if (look_up(arches, "architecture", name, &arch, err) < 0)
		return -1;
	result = seccomp_arch_add(compilation->filter, arch);
	if (result == -EEXIST)
		return 0;
	if (result < 0 || compilation->arch_count == ARCHES_MAX)
		return error_set(err, EINVAL, "the architecture '%s' can't be added", name);
	compilation->arches[compilation->arch_count++] = arch;
	return 0;
}

/* Other names may be of machines that are newer than we are. */
static bool is_native(const char *name)
{
	const struct word *word = arches;

	while (word->name && strcmp(word->name, name) != 0)
		word++;
	return word->name && word->value == seccomp_arch_native();
}

static int add_arches(struct compilation *compilation, const cJSON *profile, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	const cJSON *map = NULL, *entry;

	compilation->arches[compilation->arch_count++] = seccomp_arch_native();
	if (json_get_strings(profile, "architectures", &names, err) < 0 ||
	    json_get_array(profile, "archMap", &map, err) < 0)
		return -1;
	if (names.count && map && cJSON_GetArraySize(map))
		return error_set(err, EINVAL, "both 'architectures' and 'archMap' are given");
	cJSON_ArrayForEach(entry, map) {
		const char *name = "";

		if (json_get_string(entry, "architecture", &name, err) < 0)
			return -1;
		if (is_native(name) && json_get_strings(entry, "subArchitectures", &names, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < names.count; i++)
		if (add_arch(compilation, names.items[i], err) < 0)
			return -1;
	return 0;
}

/* --- the rows ------------------------------------------------------------------------------ */

static int read_comparison(const cJSON *arg, struct scmp_arg_cmp *comparison, struct error *err)
{
	uint64_t index = 6, a = 0, b = 0;
	const char *word = "";
	uint32_t op;

	if (json_get_number(arg, "index", &index, err) < 0 ||
	    json_get_number(arg, "value", &a, err) < 0 ||
	    json_get_number(arg, "valueTwo", &b, err) < 0 ||
	    json_get_string(arg, "op", &word, err) < 0 ||
	    look_up(operators, "operator", word, &op, err) < 0)
		return -1;
	if (index > 5)
		return error_set(err, EINVAL, "'index' of an argument is from 0 to 5");
	*comparison = (struct scmp_arg_cmp){(unsigned)index, (enum scmp_compare)op, a, b};
	return 0;
}

/* Calls with these arguments get this. */
struct rule {
	uint32_t action;
	struct scmp_arg_cmp comparisons[6];
	unsigned count;
};

/* With all comparisons at once; runc makes a rule of each if one argument has several. */
static int add_rules(struct compilation *compilation, const struct rule *rule, int number)
{
	const struct scmp_arg_cmp *comparisons = rule->comparisons;
	unsigned seen[6] = {0}, most = 0;
	int result = 0;

	for (unsigned i = 0; i < rule->count; i++)
		if (++seen[comparisons[i].arg] > most)
			most = seen[comparisons[i].arg];
	if (most <= 1)
		return seccomp_rule_add_array(compilation->filter, rule->action, number,
					      rule->count, comparisons);
	for (unsigned i = 0; i < rule->count && result == 0; i++)
		result = seccomp_rule_add_array(compilation->filter, rule->action, number, 1,
						&comparisons[i]);
	return result;
}

static void note_last(struct compilation *compilation, const char *name)
{
	for (size_t i = 0; i < compilation->arch_count; i++) {
		int number = seccomp_syscall_resolve_name_arch(compilation->arches[i], name);

		if (number >= 0 && ((uint32_t)number & ~X32_BIT) > compilation->last[i])
			compilation->last[i] = (uint32_t)number & ~X32_BIT;
	}
}

/* A name that nobody has heard of is left out, as in runc: profiles are for many kernels. */
static int add_call(struct compilation *compilation, const struct rule *rule, const char *name,
		    struct error *err)
{
	int number = seccomp_syscall_resolve_name(name), result;

	note_last(compilation, name);
	if (number == __NR_SCMP_ERROR || rule->action == compilation->default_action)
		return 0;
	result = add_rules(compilation, rule, number);
	if (result < 0 && result != -EEXIST)
		return error_set(err, -result, "add a rule for '%s': %s", name, strerror(-result));
	return 0;
}

static int add_row(struct compilation *compilation, const cJSON *row, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	const cJSON *args = NULL, *arg;
	struct rule rule = {0};
	bool applies = true;
	int there = read_action(row, "action", "errnoRet", &rule.action, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, EINVAL, "'action' is missing");
	if (json_get_strings(row, "names", &names, err) < 0 ||
	    json_get_strings(row, "name", &names, err) < 0 ||
	    json_get_array(row, "args", &args, err) < 0 ||
	    filter_applies(compilation, row, true, &applies, err) < 0 ||
	    filter_applies(compilation, row, false, &applies, err) < 0)
		return -1;
	if (cJSON_GetArraySize(args) > 6)
		return error_set(err, EINVAL, "a call has at most 6 arguments to compare");
	cJSON_ArrayForEach(arg, args)
		if (read_comparison(arg, &rule.comparisons[rule.count++], err) < 0)
			return -1;
	for (size_t i = 0; i < names.count && applies; i++)
		if (add_call(compilation, &rule, names.items[i], err) < 0)
			return -1;
	return 0;
}

static int add_rows(struct compilation *compilation, const cJSON *profile, struct error *err)
{
	const cJSON *rows = NULL, *row;
	int index = 0;

	if (json_get_array(profile, "syscalls", &rows, err) < 0)
		return -1;
	cJSON_ArrayForEach(row, rows) {
		if (!cJSON_IsObject(row))
			return error_set(err, EINVAL, "syscalls[%d] is not an object", index);
		if (add_row(compilation, row, err) < 0)
			return error_wrap(err, "syscalls[%d]", index);
		index++;
	}
	return 0;
}

/* --- the filter ---------------------------------------------------------------------------- */

static void emit(struct seccomp_filter *filter, struct sock_filter instruction)
{
	filter->code[filter->length++] = instruction;
}

/* "Of this architecture, and after its last number: ENOSYS." x32 has the architecture of x86-64. */
static void emit_unheard(struct seccomp_filter *filter, uint32_t arch, uint32_t last)
{
	bool x32 = arch == SCMP_ARCH_X32;
	uint32_t audit = x32 ? SCMP_ARCH_X86_64 : arch;

	emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						  offsetof(struct seccomp_data, arch)));
	emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, 4));
	emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						  offsetof(struct seccomp_data, nr)));
	/* Those with bit 30 are x32's. */
	emit(filter,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, !x32 * 2, x32 * 2));
	emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K,
						  x32 ? last | X32_BIT : last, 0, 1));
	emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

/* Adds libseccomp's program. It can only be had by a descriptor. */
static int add_exported(struct compilation *compilation, struct seccomp_filter *filter,
			struct error *err)
{
	AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	size_t room = sizeof(filter->code) - filter->length * sizeof(filter->code[0]);
	ssize_t count;

	if (fd < 0 || seccomp_export_bpf(compilation->filter, fd) < 0)
		return error_set(err, EINVAL, "libseccomp can't make a filter of it");
	if (lseek(fd, 0, SEEK_END) > (off_t)room)
		return error_set(err, E2BIG, "its filter has more than %d instructions",
				 SECCOMP_FILTER_MAX);
	count = pread(fd, filter->code + filter->length, room, 0);
	if (count < 0)
		return error_sys(err, "read the filter");
	filter->length += (uint32_t)((size_t)count / sizeof(filter->code[0]));
	return 0;
}

static int read_flags(const cJSON *profile, struct seccomp_filter *filter, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};

	filter->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (json_get_strings(profile, "flags", &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		uint32_t flag;

		if (look_up(flags, "flag", names.items[i], &flag, err) < 0)
			return -1;
		filter->flags |= flag;
	}
	return 0;
}

static int compile(const cJSON *profile, uint64_t capabilities, struct seccomp_filter *filter,
		   struct error *err)
{
	struct compilation compilation = {.capabilities = capabilities};
	uint32_t action;
	int there = read_action(profile, "defaultAction", "defaultErrnoRet", &action, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, EINVAL, "'defaultAction' is missing");
	compilation.default_action = action;
	compilation.filter = seccomp_init(action);
	if (!compilation.filter || read_flags(profile, filter, err) < 0)
		return compilation.filter ? -1 : error_set(err, ENOMEM, "libseccomp fails");
	/* A binary tree of the numbers: as our own filter. */
	seccomp_attr_set(compilation.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (add_arches(&compilation, profile, err) < 0 || add_rows(&compilation, profile, err) < 0)
		return -1;
	for (size_t i = 0; i < compilation.arch_count; i++)
		if (action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG && compilation.last[i])
			emit_unheard(filter, compilation.arches[i], compilation.last[i]);
	return add_exported(&compilation, filter, err);
}

static int run(const char *capabilities, struct error *err)
{
	static struct seccomp_filter filter;
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *profile = NULL;

	if (file_read_fd(STDIN_FILENO, "the profile", SECCOMP_PROFILE_MAX, &text, err) < 0)
		return -1;
	profile = json_parse("the profile", text_string(&text), text.length, err);
	if (!profile || compile(profile, strtoull(capabilities, NULL, 16), &filter, err) < 0)
		return -1;
	return file_write_all(STDOUT_FILENO, &filter, seccomp_filter_bytes(&filter), "the filter",
			      err);
}

int main(int argc, char *argv[])
{
	struct error err;

	if (argc != 2) {
		fputs("usage: coracle-seccomp CAPABILITIES <PROFILE >FILTER\n", stderr);
		return 2;
	}
	if (run(argv[1], &err) == 0)
		return 0;
	fputs(err.text, stderr);
	return 1;
}
