/* info: what there is, and what it stands on. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup_layout.h"
#include "cgroup_systemd.h"
#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "file.h"
#include "format.h"
#include "human.h"
#include "json.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"

#define OS_RELEASE_BYTES_MAX (64 << 10)

/* --- what is found out --------------------------------------------------------------------- */

static int count_containers(const struct engine *engine, cJSON *to, struct error *err)
{
	static const char *const names[] = {"Containers", "ContainersRunning", "ContainersPaused",
					    "ContainersStopped"};
	int64_t counts[ARRAY_LENGTH(names)] = {0};
	struct container *list;
	size_t count;

	if (container_list(engine, &list, &count, NULL, err) < 0)
		return -1;
	counts[0] = (int64_t)count;
	for (size_t i = 0; i < count; i++) {
		bool runs = list[i].state.status == CONTAINER_RUNNING ||
			    list[i].state.status == CONTAINER_RESTARTING;

		counts[!runs ? 3 : list[i].state.paused ? 2 : 1]++;
		container_release(&list[i]);
	}
	free(list);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		json_add_number(to, names[i], counts[i]);
	return 0;
}

/* An image counts once, however many names it has. */
static int count_images(const struct engine *engine, cJSON *to, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	AUTO_STRINGS struct strings ids = {0};

	if (store_references(engine->root, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].id && !strings_contain(&ids, list.items[i].id))
			strings_add(&ids, list.items[i].id);
	json_add_number(to, "Images", (int64_t)ids.count);
	return 0;
}

/* The file system below the data root, by the names that Docker gives them. */
static const char *file_system_of(const char *root)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} known[] = {{0xef53, "extfs"},	    {0x58465342, "xfs"},       {0x9123683e, "btrfs"},
		     {0x01021994, "tmpfs"}, {0x794c7630, "overlayfs"}, {0x2fc12fc1, "zfs"},
		     {0xf2f52010, "f2fs"}};
	struct statfs fs = {0};

	statfs(root, &fs);
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (known[i].magic == (unsigned long)fs.f_type)
			return known[i].name;
	return "<unknown>";
}

static void add_driver(const char *root, cJSON *to)
{
	const char *const rows[][2] = {
		{"Backing Filesystem", file_system_of(root)},
		{"userxattr", "true"},
	};
	cJSON *list;

	cJSON_AddStringToObject(to, "Driver", "overlay2");
	list = cJSON_AddArrayToObject(to, "DriverStatus");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		cJSON_AddItemToArray(list, cJSON_CreateStringArray(rows[i], 2));
}

/* The value of PRETTY_NAME="…"; os-release(5) */
static char *operating_system(void)
{
	AUTO_TEXT struct text text = {0};
	char *at, *rest;
	struct error none;

	if (file_read(AT_FDCWD, "/etc/os-release", OS_RELEASE_BYTES_MAX, &text, &none) < 0)
		return memory_string("<unknown>");
	for (rest = text.data; (at = strsep(&rest, "\n"));)
		if (text_starts_with(at, "PRETTY_NAME=")) {
			at += strlen("PRETTY_NAME=");
			at += strspn(at, "\"'");
			return memory_format("%.*s", (int)strcspn(at, "\"'"), at);
		}
	return memory_string("<unknown>");
}

static void add_cgroups(cJSON *to)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error none;
	bool known = cgroup_layout_read(&layout, &none) == 0;

	cJSON_AddBoolToObject(to, "SwapLimit", known && cgroup_layout_counts_swap(&layout));
	cJSON_AddStringToObject(to, "CgroupDriver",
				!known					  ? "none"
				: layout.unified && cgroup_systemd_runs() ? "systemd"
									  : "cgroupfs");
	cJSON_AddStringToObject(to, "CgroupVersion", !known ? "" : layout.unified ? "2" : "1");
}

static void add_host(cJSON *to)
{
	AUTO_FREE char *system = operating_system();
	char name[HOST_NAME_MAX + 1] = "";
	struct utsname host = {0};
	struct sysinfo memory = {0};

	uname(&host);
	sysinfo(&memory);
	gethostname(name, sizeof(name) - 1);
	cJSON_AddStringToObject(to, "KernelVersion", host.release);
	cJSON_AddStringToObject(to, "OperatingSystem", system);
	cJSON_AddStringToObject(to, "OSType", "linux");
	cJSON_AddStringToObject(to, "Architecture", host.machine);
	json_add_number(to, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	json_add_number(to, "MemTotal", (int64_t)memory.totalram * memory.mem_unit);
	cJSON_AddStringToObject(to, "Name", name);
}

static int fill(const struct engine *engine, cJSON *to, struct error *err)
{
	static const char *const security[] = {"name=seccomp,profile=builtin"};
	char now[CLOCK_TEXT_SIZE];

	if (count_containers(engine, to, err) < 0 || count_images(engine, to, err) < 0)
		return -1;
	clock_now(now);
	add_driver(engine->root, to);
	cJSON_AddStringToObject(to, "LoggingDriver", "json-file");
	add_cgroups(to);
	cJSON_AddStringToObject(to, "SystemTime", now);
	add_host(to);
	cJSON_AddItemToObject(to, "SecurityOptions", cJSON_CreateStringArray(security, 1));
	cJSON_AddStringToObject(to, "DockerRootDir", engine->root);
	cJSON_AddStringToObject(to, "InitBinary", "coracle-init");
	cJSON_AddStringToObject(to, "DefaultRuntime", "coracle");
	cJSON_AddStringToObject(to, "ServerVersion", VERSION);
	cJSON_AddBoolToObject(to, "LiveRestoreEnabled", true);
	cJSON_AddBoolToObject(to, "ExperimentalBuild", false);
	return 0;
}

/* --- what is shown ------------------------------------------------------------------------- */

static void add_line(const cJSON *info, const char *title, const char *name, struct text *text)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(info, name);
	AUTO_FREE char *printed = cJSON_IsString(item) ? memory_string(item->valuestring)
						       : cJSON_PrintUnformatted(item);

	text_add_format(text, " %s: %s\n", title, printed ? printed : "");
}

/* The words and the order of Docker's. */
static void add_text(const cJSON *info, struct text *text)
{
	static const char *const lines[][2] = {
		{"Containers", "Containers"},
		{" Running", "ContainersRunning"},
		{" Paused", "ContainersPaused"},
		{" Stopped", "ContainersStopped"},
		{"Images", "Images"},
		{"Server Version", "ServerVersion"},
		{"Storage Driver", "Driver"},
		{NULL, NULL}, /* the driver's own */
		{"Logging Driver", "LoggingDriver"},
		{"Cgroup Driver", "CgroupDriver"},
		{"Cgroup Version", "CgroupVersion"},
		{"Default Runtime", "DefaultRuntime"},
		{"Init Binary", "InitBinary"},
		{"Kernel Version", "KernelVersion"},
		{"Operating System", "OperatingSystem"},
		{"OSType", "OSType"},
		{"Architecture", "Architecture"},
		{"CPUs", "NCPU"},
	};
	const cJSON *row, *bytes = cJSON_GetObjectItemCaseSensitive(info, "MemTotal");
	char memory[HUMAN_SIZE];

	text_add_format(text, "Client:\n Version: %s\n\nServer:\n", VERSION);
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		if (lines[i][0]) {
			add_line(info, lines[i][0], lines[i][1], text);
			continue;
		}
		cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(info, "DriverStatus"))
			text_add_format(text, "  %s: %s\n", row->child->valuestring,
					row->child->next->valuestring);
	}
	human_binary_bytes(strtoull(cJSON_IsRaw(bytes) ? bytes->valuestring : "0", NULL, 10),
			   memory);
	text_add_format(text, " Total Memory: %s\n", memory);
	add_line(info, "Name", "Name", text);
	add_line(info, "Docker Root Dir", "DockerRootDir", text);
	add_line(info, "Live Restore Enabled", "LiveRestoreEnabled", text);
}

struct info_options {
	struct program_options program;
	char *format;
};

static const struct option_row info_rows[] = {
	{"format", 'f', "FORMAT", option_string, offsetof(struct info_options, format),
	 "\"json\", or a Go template", NULL, NULL},
	{0},
};

static int info(const struct call *call, const char *format, struct text *text, struct error *err)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 || fill(&engine, document, err) < 0)
		return -1;
	if (format)
		return format_document(format, document, text, err);
	add_text(document, text);
	return 0;
}

int command_info(const struct call *call)
{
	struct info_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", info_rows, &options},
		{0},
	};
	AUTO_TEXT struct text text = {0};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (info(call, options.format, &text, &err) < 0)
		status = subcommand_fail(&err);
	fputs(text_string(&text), stdout);
	cleanup_memory(&options.format);
	return status;
}
