/* The text of --mount: a line of CSV whose fields are KEY=VALUE. */
#ifndef VOLUME_MOUNT_H
#define VOLUME_MOUNT_H

#include "error.h"
#include "text.h"
#include "volume.h"

/* Reads the fields; what they mean together is not checked yet. The caller releases *volume; its
 * propagation is valid as long as the program runs. Errors: EINVAL with Docker's words. */
int volume_parse_mount(const char *text, struct volume *volume, struct error *err);

/* Writes such a text. */
void volume_write_mount(const struct volume *volume, struct text *text);

#endif
