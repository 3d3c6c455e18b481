/* What a file that can't be executed says about itself; see exec_failure.h. */
#include "exec_failure.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"

/* What execve(2) itself looks at. */
#define HEAD_BYTES 256

static bool is_missing(int root, const char *path)
{
	struct error err = {0};
	AUTO_CLOSE int fd = path_open_in_root(root, path, O_PATH, 0, &err);

	return fd < 0 && err.code == ENOENT;
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} known[] = {
		{EM_X86_64, "x86_64"}, {EM_386, "i386"},      {EM_AARCH64, "aarch64"},
		{EM_ARM, "arm"},       {EM_RISCV, "riscv64"}, {EM_PPC64, "ppc64le"},
		{EM_S390, "s390x"},    {EM_MIPS, "mips"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (known[i].machine == machine)
			return known[i].name;
	return "another machine";
}

/* Both classes have the machine at the same place. */
static void explain_machine(const char *head, struct text *cause)
{
	const Elf64_Ehdr *elf = (const void *)head;
	bool big = elf->e_ident[EI_DATA] == ELFDATA2MSB;
	unsigned machine = big ? be16toh(elf->e_machine) : le16toh(elf->e_machine);
	struct utsname host;

	if (uname(&host) == 0 && strcmp(machine_name(machine), host.machine) != 0)
		text_add_format(cause, "it is made for %s, and this machine is %s",
				machine_name(machine), host.machine);
}

/* The loader that a program of our own machine names. */
static void explain_loader(int root, int fd, const char *head, struct text *cause)
{
	const Elf64_Ehdr *elf = (const void *)head;
	char path[256] = "";
	Elf64_Phdr part;

	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_phentsize != sizeof(part))
		return;
	for (int i = 0; i < elf->e_phnum; i++) {
		off_t at = (off_t)(elf->e_phoff + (size_t)i * sizeof(part));

		if (pread(fd, &part, sizeof(part), at) != sizeof(part))
			return;
		if (part.p_type == PT_INTERP &&
		    pread(fd, path, sizeof(path) - 1, (off_t)part.p_offset) > 0 &&
		    is_missing(root, path))
			text_add_format(
				cause,
				"it is there, but not the interpreter that it names: '%s'; is it made for another libc?",
				path);
	}
}

static void explain_script(int root, char *line, struct text *cause)
{
	size_t length = strcspn(line, "\n");
	char *name = line + strspn(line, " \t");

	if (length > 0 && line[length - 1] == '\r') {
		text_add_string(cause,
				"its '#!' line ends in a carriage return, as Windows writes it");
		return;
	}
	line[length] = '\0';
	name[strcspn(name, " \t")] = '\0';
	if (*name && is_missing(root, name))
		text_add_format(cause, "it is there, but not the interpreter that it names: '%s'",
				name);
}

/* An image's file may be anything: only an ordinary one is read. */
static ssize_t read_head(int fd, char head[HEAD_BYTES])
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return read(fd, head, HEAD_BYTES);
}

void exec_failure_explain(pid_t pid, const char *file, struct text *cause)
{
	AUTO_FREE char *root_path = memory_format("/proc/%d/root", pid);
	AUTO_FREE char *cwd_path = memory_format("/proc/%d/cwd", pid);
	AUTO_CLOSE int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int cwd = open(cwd_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_Alignas(Elf64_Ehdr) char head[HEAD_BYTES + 1] = "";
	struct error ignored;
	AUTO_CLOSE int fd = path_open_in_root(*file == '/' ? root : cwd, file,
					      O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &ignored);
	ssize_t count = read_head(fd, head);

	if (count < 0)
		return;
	if (count == 0)
		text_add_string(cause, "it is empty");
	else if (strncmp(head, "#!", 2) == 0)
		explain_script(root, head + 2, cause);
	else if (memcmp(head, ELFMAG, SELFMAG) != 0)
		text_add_string(cause, "it is a script without a '#!' line, or no program at all");
	else {
		explain_machine(head, cause);
		if (!cause->length)
			explain_loader(root, fd, head, cause);
	}
}
