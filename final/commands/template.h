/*
 * Templates of Go's text/template, as far as --format needs them, over JSON documents:
 *
 *	{{.State.Status}}  {{json .Mounts}}  {{index .Config.Labels "a.b"}}  {{len .Args}}
 *	{{range $i, $v := .Config.Env}}{{$i}} {{println $v}}{{else}}none{{end}}
 *	{{if and .State.Running (eq .Name "/boat")}}…{{else if …}}…{{else}}…{{end}}
 *	{{with .Config}}{{.Image | upper}}{{end}}  {{- trimmed -}}
 *
 * There is no tree: the source is run as it is read; what must not run is read all the same.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "error.h"
#include "text.h"

/* The valueint of an object that is a map in Go: that it lacks a field is no mistake. */
#define TEMPLATE_MAP 1

/* Adds what the template makes of `document` to *out; what it made before a failure is there, too.
 * Errors: EINVAL "template parsing error: …", ENOSYS for a function and ENOENT for a field that there
 * is not; ERANGE if a function can't use its arguments. */
int template_run(const char *source, const cJSON *document, struct text *out, struct error *err);

/* --- for template_functions.c ---------------------------------------------------------------- */

#define TEMPLATE_ARGUMENTS_MAX 8

struct template_arguments {
	size_t count;
	const cJSON *items[TEMPLATE_ARGUMENTS_MAX];
};

/* Calls a function. The result is the caller's to free, in *made, or a part of an argument, in
 * *found. Errors: EINVAL; ENOSYS if there is no such function. */
int template_call(const char *name, const struct template_arguments *arguments, cJSON **made,
		  const cJSON **found, struct error *err);

/* How Go prints a field of Docker's that is empty, and that its JSON then says to be null or leaves
 * out: "[]", "map[]", "<nil>" or "". NULL if it is none of these. */
const char *template_empty(const char *name);

/* Whether a value counts as true: not 0, "", false, null, nor empty. */
bool template_truth(const cJSON *value);

/* Adds a value as print does: "[a b]", "map[k:v]". */
void template_add_value(const cJSON *value, struct text *out);

#endif
