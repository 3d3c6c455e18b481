/* Devices that a container may open; see devices.h. */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"
#include "trace.h"

static const struct device_rule devices_default[] = {
	/* Any node may be made: what can be done with it is another question. */
	{'c', -1, -1, "m"},    {'b', -1, -1, "m"}, {'c', 1, 3, "rwm"}, /* /dev/null */
	{'c', 1, 5, "rwm"},					       /* /dev/zero */
	{'c', 1, 7, "rwm"},					       /* /dev/full */
	{'c', 1, 8, "rwm"},					       /* /dev/random */
	{'c', 1, 9, "rwm"},					       /* /dev/urandom */
	{'c', 5, 0, "rwm"},					       /* /dev/tty */
	{'c', 5, 1, "rwm"},					       /* /dev/console */
	{'c', 5, 2, "rwm"},					       /* /dev/ptmx */
	{'c', 136, -1, "rwm"},					       /* /dev/pts/N */
	{'c', 10, 200, "rwm"}, /* /dev/net/tun, for VPNs that make the node themselves */
};

static bool allow_all(const struct device_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].type == 'a')
			return true;
	return false;
}

/* --- rules as text --------------------------------------------------------------------------- */

void device_rules_add(struct device_rules *rules, struct device_rule rule)
{
	rules->items = memory_resized(rules->items, rules->count + 1, sizeof(*rules->items));
	rules->items[rules->count++] = rule;
}

/* Reads "200" or "*" up to `end`, and moves *at behind it. */
static bool parse_part(const char **at, char end, int *number)
{
	size_t digits = strspn(*at, "0123456789");

	*number = digits ? atoi(*at) : -1;
	if (!digits && **at == '*')
		digits = 1;
	*at += digits;
	return digits > 0 && digits < 9 && *(*at)++ == end;
}

int device_rules_parse(struct device_rules *rules, const char *text, struct error *err)
{
	struct device_rule rule = {.type = text[0]};
	const char *at = text + 2;
	size_t length;

	if (!text[0] || !strchr("abc", text[0]) || text[1] != ' ' ||
	    !parse_part(&at, ':', &rule.major) || !parse_part(&at, ' ', &rule.minor))
		return error_set(err, EINVAL, "invalid device cgroup format '%s'", text);
	length = strspn(at, "rwm");
	if (length < 1 || length > 3 || at[length])
		return error_set(err, EINVAL, "invalid device cgroup format '%s'", text);
	memcpy(rule.access, at, length);
	device_rules_add(rules, rule);
	return 0;
}

void device_rule_format(const struct device_rule *rule, char *text, size_t size)
{
	char major[16] = "*", minor[16] = "*";

	if (rule->major >= 0)
		snprintf(major, sizeof(major), "%d", rule->major);
	if (rule->minor >= 0)
		snprintf(minor, sizeof(minor), "%d", rule->minor);
	snprintf(text, size, "%c %s:%s %s", rule->type, major, minor, rule->access);
}

void device_rules_release(struct device_rules *rules)
{
	cleanup_memory(&rules->items);
	rules->count = 0;
}

/* --- version 1: text ------------------------------------------------------------------------- */

/* One rule for each write(2) is all that the kernel takes. */
static int write_rules(int fd, const char *path, const struct device_rule *rules, size_t count,
		       struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		char line[64];

		device_rule_format(&rules[i], line, sizeof(line));
		trace("echo %q > %q", line, path);
		if (write(fd, line, strlen(line)) < 0)
			return error_sys(err, "write '%s' to '%s'", line, path);
	}
	return 0;
}

int devices_write(const struct device_rules *added, const char *dir, struct error *err)
{
	AUTO_FREE char *deny_path = path_join(dir, "devices.deny");
	AUTO_FREE char *allow_path = path_join(dir, "devices.allow");
	AUTO_CLOSE int deny = -1, allow = -1;

	if (allow_all(added))
		return 0;
	deny = open(deny_path, O_WRONLY | O_CLOEXEC);
	allow = open(allow_path, O_WRONLY | O_CLOEXEC);
	if (deny < 0 || allow < 0)
		return error_sys(err, "open '%s'", deny < 0 ? deny_path : allow_path);
	trace("echo a > %q", deny_path);
	if (write(deny, "a", 1) < 0)
		return error_sys(err, "write 'a' to '%s'", deny_path);
	if (write_rules(allow, allow_path, devices_default, ARRAY_LENGTH(devices_default), err) < 0)
		return -1;
	return write_rules(allow, allow_path, added->items, added->count, err);
}

/* --- version 2: a program --------------------------------------------------------------------
 *
 * The kernel runs it whenever a process of the cgroup opens or makes a device node. It gets a
 * struct bpf_cgroup_dev_ctx { u32 access_type, major, minor; } in register 1, and what it leaves in
 * register 0 is the answer: 1 allows. For each rule:
 *
 *	if (type != rule.type) goto next;
 *	if (access & ~rule.access) goto next;
 *	if (major != rule.major) goto next;	left out if the rule says any
 *	if (minor != rule.minor) goto next;	left out if the rule says any
 *	return 1;
 * next:
 *
 * and after the last rule: return 0.
 */

enum { ANSWER = BPF_REG_0, CONTEXT = BPF_REG_1, TYPE, ACCESS, MAJOR, MINOR, SCRATCH };

/* A rule takes at most eight instructions; sixteen is room enough. */
#define PROGRAM_MOST 1024
#define RULE_MOST 16

struct program {
	struct bpf_insn code[PROGRAM_MOST];
	size_t count;
};

static void add_load(struct program *program, uint8_t to, size_t offset)
{
	program->code[program->count++] = (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = to,
		.src_reg = CONTEXT,
		.off = (int16_t)offset,
	};
}

/* `operation` is BPF_AND, BPF_RSH or BPF_MOV, with a number. */
static void add_number(struct program *program, uint8_t operation, uint8_t to, int32_t number)
{
	program->code[program->count++] = (struct bpf_insn){
		.code = BPF_ALU64 | BPF_K | operation,
		.dst_reg = to,
		.imm = number,
	};
}

static void add_copy(struct program *program, uint8_t to, uint8_t from)
{
	program->code[program->count++] = (struct bpf_insn){
		.code = BPF_ALU64 | BPF_X | BPF_MOV,
		.dst_reg = to,
		.src_reg = from,
	};
}

/* Where it leads is known when the rule's code is complete. */
static void add_jump_unless(struct program *program, uint8_t value, int32_t number)
{
	program->code[program->count++] = (struct bpf_insn){
		.code = BPF_JMP | BPF_K | BPF_JNE,
		.dst_reg = value,
		.imm = number,
	};
}

static void add_return(struct program *program, int32_t answer)
{
	add_number(program, BPF_MOV, ANSWER, answer);
	program->code[program->count++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
}

static int32_t access_bits(const char *access)
{
	return (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0);
}

static void add_rule(struct program *program, const struct device_rule *rule)
{
	size_t start = program->count, end;

	add_jump_unless(program, TYPE,
			rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	add_copy(program, SCRATCH, ACCESS);
	add_number(program, BPF_AND, SCRATCH, ~access_bits(rule->access));
	add_jump_unless(program, SCRATCH, 0);
	if (rule->major >= 0)
		add_jump_unless(program, MAJOR, rule->major);
	if (rule->minor >= 0)
		add_jump_unless(program, MINOR, rule->minor);
	add_return(program, 1);
	/* A jump's offset counts from the instruction after it. */
	end = program->count;
	for (size_t i = start; i < end; i++)
		if (program->code[i].code == (BPF_JMP | BPF_K | BPF_JNE))
			program->code[i].off = (int16_t)(end - i - 1);
}

static int add_rules(struct program *program, const struct device_rule *rules, size_t count,
		     struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (program->count + 2 * RULE_MOST > PROGRAM_MOST)
			return error_set(err, E2BIG, "there are too many device rules");
		add_rule(program, &rules[i]);
	}
	return 0;
}

static int assemble(struct program *program, const struct device_rules *added, struct error *err)
{
	/* The type is in the lower half of access_type, the access in the upper. */
	add_load(program, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add_copy(program, ACCESS, TYPE);
	add_number(program, BPF_AND, TYPE, 0xffff);
	add_number(program, BPF_RSH, ACCESS, 16);
	add_load(program, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	add_load(program, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	if (add_rules(program, devices_default, ARRAY_LENGTH(devices_default), err) < 0 ||
	    add_rules(program, added->items, added->count, err) < 0)
		return -1;
	add_return(program, 0);
	return 0;
}

static int load(const struct program *program, struct error *err)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program->code,
		.insn_cnt = (uint32_t)program->count,
		.license = (uint64_t)(uintptr_t) "MIT",
		.prog_name = "coracle_devices",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return error_sys(err, "load the eBPF program of the device rules");
	return fd;
}

int devices_attach(const struct device_rules *added, int cgroup_fd, const char *dir,
		   struct error *err)
{
	struct program program = {0};
	AUTO_CLOSE int fd = -1;
	union bpf_attr attr;

	if (allow_all(added))
		return 0;
	if (assemble(&program, added, err) < 0)
		return -1;
	trace("# bpf: load %zu instructions that allow or deny a device", program.count);
	fd = load(&program, err);
	if (fd < 0)
		return -1;
	attr = (union bpf_attr){
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		/* A program that the host has put above it is asked too, and both must agree. */
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	trace("bpftool cgroup attach %q cgroup_device id … multi", dir);
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return error_sys(err, "attach the device rules to '%s'", dir);
	return 0;
}
