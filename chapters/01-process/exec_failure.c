/* What a file that can't be executed says about itself; see exec_failure.h. */
#include "exec_failure.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"

/* What execve(2) itself looks at. */
#define HEAD_BYTES 256

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
static void explain_loader(int fd, const char *head, struct text *cause)
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
		    access(path, F_OK) < 0)
			text_add_format(
				cause,
				"it is there, but not the interpreter that it names: '%s'; is it made for another libc?",
				path);
	}
}

static void explain_script(char *line, struct text *cause)
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
	if (*name && access(name, F_OK) < 0)
		text_add_format(cause, "it is there, but not the interpreter that it names: '%s'",
				name);
}

void exec_failure_explain(const char *file, struct text *cause)
{
	AUTO_CLOSE int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_Alignas(Elf64_Ehdr) char head[HEAD_BYTES + 1] = "";
	ssize_t count = fd < 0 ? -1 : read(fd, head, HEAD_BYTES);

	if (count < 0)
		return;
	if (count == 0)
		text_add_string(cause, "it is empty");
	else if (strncmp(head, "#!", 2) == 0)
		explain_script(head + 2, cause);
	else if (memcmp(head, ELFMAG, SELFMAG) != 0)
		text_add_string(cause, "it is a script without a '#!' line, or no program at all");
	else {
		explain_machine(head, cause);
		if (!cause->length)
			explain_loader(fd, head, cause);
	}
}
