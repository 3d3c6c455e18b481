/*
 * The expressions of templates: words, operands, pipelines. For template.c, which runs the actions.
 *
 * What is read moves state->at behind it. Errors: EINVAL "template parsing error: …".
 */
#ifndef TEMPLATE_EXPRESSION_H
#define TEMPLATE_EXPRESSION_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "text.h"

#define TEMPLATE_DEPTH_MAX 50
#define TEMPLATE_NAME_MAX_LENGTH 64
#define TEMPLATE_VARIABLES_MAX 32

struct template_variable {
	char name[TEMPLATE_NAME_MAX_LENGTH];
	const cJSON *value;
};

/* One run of a template. */
struct template_state {
	const char *at; /* what is read next */
	const cJSON *root;
	cJSON *made; /* an array of all values that functions have made */
	struct text *out;
	struct template_variable variables[TEMPLATE_VARIABLES_MAX];
	size_t variable_count;
	int depth;
};

/* Where a pipeline is evaluated: `active` is false for what is read only. */
struct template_place {
	const cJSON *dot;
	bool active;
};

/* Makes an error of what is wrong with the source. */
int template_bad(const char *what, struct error *err);

/* Passes over spaces; and over a token, or a word, that comes next, if it does. */
void template_skip_space(struct template_state *run);
bool template_take(struct template_state *run, const char *token);
bool template_take_word(struct template_state *run, const char *word);

/* Reads a name: letters, digits, "_". */
int template_read_name(struct template_state *run, char name[TEMPLATE_NAME_MAX_LENGTH],
		       struct error *err);

/* Keeps a value that was made until the run is over, and returns it. */
const cJSON *template_keep(struct template_state *run, cJSON *made);

/* Reads "A | B c | D", and evaluates it where it is active. *value belongs to the document, or is
 * kept. */
int template_read_pipeline(struct template_state *run, const struct template_place *place,
			   const cJSON **value, struct error *err);

#endif
