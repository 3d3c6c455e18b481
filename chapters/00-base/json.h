/*
 * JSON from strangers, by cJSON: exact names, checked types, nothing after the end.
 *
 * Each getter says in its error what the document is and which field is wrong. A field that is
 * absent or null is not an error: `*value` is then left as it was, and 0 is returned; 1 is returned
 * when it was there.
 */
#ifndef JSON_H
#define JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

/* Parses exactly `length` bytes as one object. `what` names the document in errors. Duplicate keys
 * anywhere are refused: readers differ on which one counts. The caller frees the result with
 * cJSON_Delete, or by AUTO_JSON. Returns NULL on failure. Errors: EINVAL. */
cJSON *json_parse(const char *what, const char *bytes, size_t length, struct error *err);

/* Text as the document holds it, cut at a NUL (\u0000). It is the document's own. */
int json_get_string(const cJSON *object, const char *name, const char **value, struct error *err);
/* true or false; 0 and 1 are neither. */
int json_get_bool(const cJSON *object, const char *name, bool *value, struct error *err);
/* A whole number from 0 to 2^53, where a double is exact. */
int json_get_number(const cJSON *object, const char *name, uint64_t *value, struct error *err);
/* A number that may be negative, of a document of our own; 0 if it is not there. */
int64_t json_get_signed(const cJSON *object, const char *name);
/* An object or an array. It is the document's own. */
int json_get_object(const cJSON *object, const char *name, const cJSON **value, struct error *err);
int json_get_array(const cJSON *object, const char *name, const cJSON **value, struct error *err);
/* An array of strings; a bare string counts as an array of one. `*value` is added to. */
int json_get_strings(const cJSON *object, const char *name, struct strings *value,
		     struct error *err);

/* Adds an array of strings, and a whole number of any size (cJSON itself prints large numbers with
 * an exponent, which readers in other languages refuse). */
void json_add_strings(cJSON *object, const char *name, const struct strings *value);
void json_add_number(cJSON *object, const char *name, int64_t value);

/* Prints a document, with indentation if `pretty`, and a newline at the end. */
void json_print(const cJSON *document, bool pretty, struct text *text);

void cleanup_json(cJSON **document);
#define AUTO_JSON CLEANUP(cleanup_json)

#endif
