/*
 * Credentials for a registry, as `docker login` keeps them in config.json.
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "cleanup.h"
#include "error.h"

/* Both NULL: none. */
struct credentials {
	char *user, *password;
};

/* Looks up `domain` (of a struct reference) in the "auths" of the file; NULL or a missing file has
 * none. Keys with a scheme and a path, as "https://index.docker.io/v1/", count by their host.
 * The caller releases *credentials. Errors: EINVAL for a damaged file; EACCES. */
int credentials_read(const char *config_file, const char *domain, struct credentials *credentials,
		     struct error *err);

void credentials_release(struct credentials *credentials);
#define AUTO_CREDENTIALS CLEANUP(credentials_release)

#endif
