/* Owner, mode, extended attributes, time; see layer_attributes.h. */
#include "layer_attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "overlay.h"

/* Docker, too, goes on without an attribute that can't be had here. A file that lacks its
 * capabilities would be another program, though. */
static bool may_be_lacking(const char *name)
{
	return (errno == ENOTSUP || errno == EPERM) && strcmp(name, "security.capability") != 0;
}

static int set_xattrs(int fd, const struct archive_entry *entry, struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct archive_xattr *xattr = &entry->xattrs[i];

		/* A layer must not speak to overlayfs in our name. */
		if (overlay_owns_attribute(xattr->name))
			continue;
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0) < 0 &&
		    !may_be_lacking(xattr->name))
			return error_sys(err, "set the attribute '%s'", xattr->name);
	}
	return 0;
}

static bool has_owner(const struct stat *st, const struct archive_entry *entry)
{
	return st->st_uid == entry->uid && st->st_gid == entry->gid;
}

static int set_owner(int fd, const struct archive_entry *entry, struct stat *st, struct error *err)
{
	if (fstat(fd, st) < 0)
		return error_sys(err, "examine what was made");
	if (has_owner(st, entry))
		return 0;
	if (fchown(fd, entry->uid, entry->gid) < 0)
		return error_sys(err, "set the owner %u:%u", entry->uid, entry->gid);
	return 0;
}

int layer_attributes_set(int fd, const struct archive_entry *entry, struct error *err)
{
	const struct timespec times[] = {entry->mtime, entry->mtime};
	struct stat st;

	if (set_owner(fd, entry, &st, err) < 0)
		return -1;
	/* It was made with its low nine bits: those above, which chown takes away, are missing yet. */
	if ((st.st_mode & 07777) != entry->mode && fchmod(fd, entry->mode) < 0)
		return error_sys(err, "set the mode %04o", entry->mode);
	if (set_xattrs(fd, entry, err) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return error_sys(err, "set the time");
	return 0;
}

int layer_attributes_set_owner(int fd, const struct archive_entry *entry, struct error *err)
{
	struct stat st;

	if (set_owner(fd, entry, &st, err) < 0)
		return -1;
	return set_xattrs(fd, entry, err);
}

int layer_attributes_set_at(int parent, const char *name, const struct archive_entry *entry,
			    struct error *err)
{
	const struct timespec times[] = {entry->mtime, entry->mtime};
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "examine '%s'", name);
	if (!has_owner(&st, entry) &&
	    fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "set the owner %u:%u", entry->uid, entry->gid);
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "set the time");
	return 0;
}

int layer_attributes_make_opaque(int fd, struct error *err)
{
	if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	error_sys(err, "set the attribute 'user.overlay.opaque'");
	return error_hint(err, ENOTSUP, "the store's file system has no user attributes");
}
