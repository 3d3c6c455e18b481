/* Users and groups by the files of the current root; see user.h. */
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

/* Docker's limit. It also keeps out (uid_t)-1, which a passwd file can hold: to setresuid(2) it means
 * "unchanged", and the command would stay root. */
#define ID_MAX INT32_MAX

/* Opens a file of the image, which may be missing, or anything else. NULL if it is not readable. */
static FILE *open_database(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	file = fdopen(fd, "re");
	if (file)
		take_fd(&fd);
	return file;
}

static void add_group(struct user *user, gid_t gid)
{
	user->groups = memory_resized(user->groups, user->group_count + 1, sizeof(gid_t));
	user->groups[user->group_count++] = gid;
}

/* Finds by name, or by number if `name` is NULL. The result is valid until the next call. */
static const struct passwd *find_passwd(FILE *file, const char *name, uint64_t uid)
{
	const struct passwd *entry;

	while (file && (entry = fgetpwent(file)))
		if (name ? strcmp(entry->pw_name, name) == 0 : entry->pw_uid == uid)
			return entry;
	return NULL;
}

static bool is_member(const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

/* NGROUPS_MAX: the kernel takes no more, and what an image wrote could be endless. */
static int add_groups_of(struct user *user, const char *name, struct error *err)
{
	AUTO_CLOSE_FILE FILE *file = open_database("/etc/group");
	const struct group *group;

	while (file && (group = fgetgrent(file))) {
		if (group->gr_gid == user->gid || !is_member(group, name))
			continue;
		add_group(user, group->gr_gid);
		if (user->group_count > NGROUPS_MAX)
			return error_set(err, E2BIG, "user %s is in more than %d groups", name,
					 NGROUPS_MAX);
	}
	return 0;
}

/* The number that a name is; -1 if it is none; one that is too large is left to check_ids. */
static int64_t read_id(const char *name)
{
	struct error why;
	uint64_t id = 0;

	if (text_to_number(name, ID_MAX, &id, &why) == 0)
		return (int64_t)id;
	return why.code == ERANGE ? (int64_t)UINT32_MAX : -1;
}

/* Finds by name, or else by number: *uid is then set. */
static const struct passwd *find_user(FILE *file, const char *name, int64_t *uid)
{
	const struct passwd *entry = find_passwd(file, name, 0);

	if (entry)
		return entry;
	*uid = read_id(name);
	if (file)
		rewind(file);
	return *uid < 0 ? NULL : find_passwd(file, NULL, (uint64_t)*uid);
}

/* Fills uid, home, gid and the groups that list the user. */
static int look_up_name(const char *name, struct user *user, struct error *err)
{
	AUTO_CLOSE_FILE FILE *file = open_database("/etc/passwd");
	int64_t uid = -1;
	const struct passwd *entry = find_user(file, name, &uid);

	if (!entry && uid < 0)
		return error_set(err, ENOENT,
				 "unable to find user %s: no matching entries in passwd file",
				 name);
	user->uid = entry ? entry->pw_uid : (uid_t)uid;
	user->gid = entry ? entry->pw_gid : 0;
	user->home = memory_string(entry && *entry->pw_dir ? entry->pw_dir : "/");
	add_group(user, user->gid);
	return entry ? add_groups_of(user, entry->pw_name, err) : 0;
}

static int find_group(const char *name, gid_t *found, struct error *err)
{
	AUTO_CLOSE_FILE FILE *file = open_database("/etc/group");
	const struct group *entry = NULL;
	int64_t gid;

	while (file && (entry = fgetgrent(file)) && strcmp(entry->gr_name, name) != 0)
		;
	gid = entry ? entry->gr_gid : read_id(name);
	if (gid < 0)
		return error_set(err, ENOENT,
				 "unable to find group %s: no matching entries in group file",
				 name);
	*found = (gid_t)gid;
	return 0;
}

/* Replaces the gid and the groups: a group that is named is the only one. */
static int look_up_group(const char *name, struct user *user, struct error *err)
{
	if (find_group(name, &user->gid, err) < 0)
		return -1;
	user->group_count = 0;
	add_group(user, user->gid);
	return 0;
}

static int check_ids(const struct user *user, struct error *err)
{
	bool good = user->uid <= ID_MAX;

	for (size_t i = 0; i < user->group_count; i++)
		good = good && user->groups[i] <= ID_MAX;
	if (!good)
		return error_set(err, ERANGE, "uids and gids must be in range 0-%d", ID_MAX);
	return 0;
}

int user_look_up(const char *spec, struct user *user, struct error *err)
{
	AUTO_FREE char *name = memory_string(spec ? spec : "");
	AUTO_USER struct user found = {0};
	char *colon = strchr(name, ':');

	if (colon)
		*colon = '\0';
	if (look_up_name(*name ? name : "0", &found, err) < 0)
		return -1;
	if (colon && colon[1] && look_up_group(colon + 1, &found, err) < 0)
		return -1;
	if (check_ids(&found, err) < 0)
		return -1;
	*user = found;
	found = (struct user){0};
	return 0;
}

int user_add_groups(struct user *user, const struct strings *names, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		gid_t gid;

		if (find_group(names->items[i], &gid, err) < 0)
			return -1;
		add_group(user, gid);
	}
	return check_ids(user, err);
}

void user_release(struct user *user)
{
	cleanup_memory(&user->groups);
	cleanup_memory(&user->home);
	*user = (struct user){0};
}
