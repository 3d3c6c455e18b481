/*
 * Credentials for a registry: from Docker's config.json, or from the program that it names.
 *
 *	{"auths": {"HOST": {"auth": "base64 of USER:PASSWORD"}},
 *	 "credHelpers": {"HOST": "NAME"}, "credsStore": "NAME"}
 *
 * NAME means the program docker-credential-NAME (credential_helper.h).
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "cleanup.h"
#include "error.h"

/* All NULL: none. */
struct credentials {
	char *user, *password;
	char *identity_token; /* for the token server, in place of a password */
	char *complaint;      /* why a credential helper gave none */
};

/* What Docker files a registry's credentials under: its host, or "https://index.docker.io/v1/" for
 * docker.io. `server` is as a user writes it, "" for docker.io. The caller frees it. */
char *credentials_key(const char *server);

/* Looks `domain` (of a struct reference) up; in its credHelpers, then in the credsStore, then in
 * the auths. NULL or a missing file has none. Keys with a scheme and a path count by their host.
 * The caller releases *credentials. Errors: EINVAL for a damaged file; EACCES. */
int credentials_read(const char *config_file, const char *domain, struct credentials *credentials,
		     struct error *err);

/* Keeps user and password, or in its place the identity token if there is one, for `domain` where
 * the file says, or else in it; what else the file holds stays as it was. Returns 1 if they are now
 * in the file, which is not encrypted.
 * Errors: EINVAL for a damaged file; those of writing; EIO if the helper refuses. */
int credentials_write(const char *config_file, const char *domain,
		      const struct credentials *credentials, struct error *err);

/* Forgets what is kept for `domain`; none is fine. Errors: as credentials_write. */
int credentials_erase(const char *config_file, const char *domain, struct error *err);

void credentials_release(struct credentials *credentials);
#define AUTO_CREDENTIALS CLEANUP(credentials_release)

#endif
