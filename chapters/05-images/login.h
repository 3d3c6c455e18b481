/*
 * Logging in: finding out whether a registry accepts a name and a password, and keeping them.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "credentials.h"
#include "registry_endpoint.h"
#include "error.h"

struct login_request {
	const char *server;	 /* as the user wrote it; "" for docker.io */
	const char *config_file; /* of Docker's; it takes them */
	const struct registry_config *registries;
};

/* Asks the registry, and keeps the credentials if it accepts them. Returns 1 if they are kept in the
 * file as they are, 0 if a credential helper has them.
 * Errors: EACCES if the registry refuses them; those of a request, and of credentials_write. */
int login(const struct login_request *request, const struct credentials *credentials,
	  struct error *err);

/* Forgets what is kept for the server. Errors: those of credentials_erase. */
int logout(const struct login_request *request, struct error *err);

#endif
