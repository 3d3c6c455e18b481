/* The options of a tmpfs, as --tmpfs takes them. */
#ifndef VOLUME_TMPFS_H
#define VOLUME_TMPFS_H

#include "error.h"

/* Makes of "exec,size=64m" what is to be mounted with: Docker's noexec, nosuid and nodev, unless
 * the text says otherwise; what comes later counts. The caller frees *options.
 * Errors: EINVAL "invalid tmpfs option …". tmpfs(5) */
int volume_tmpfs_options(const char *text, char **options, struct error *err);

#endif
