/* Templates: text and actions; see template.h. Read run_block first. */
#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "template_expression.h"

/* --- actions ------------------------------------------------------------------------------- */

static int end_action(struct template_state *run, struct error *err)
{
	template_skip_space(run);
	if (text_starts_with(run->at, "-}}")) {
		run->at += 3;
		template_skip_space(run);
		return 0;
	}
	if (!text_starts_with(run->at, "}}"))
		return template_bad(*run->at ? "unexpected text in an action" : "unclosed action",
				    err);
	run->at += 2;
	return 0;
}

static int set_variable(struct template_state *run, const char *name, const cJSON *value,
			struct error *err)
{
	struct template_variable *variable = &run->variables[run->variable_count];

	if (run->variable_count == TEMPLATE_VARIABLES_MAX)
		return template_bad("too many variables", err);
	memcpy(variable->name, name, TEMPLATE_NAME_MAX_LENGTH);
	variable->value = value;
	run->variable_count++;
	return 0;
}

/* Reads "$a :=" or "$a, $b :=". Returns how many names there are; the source is not touched if
 * none. */
static int read_declaration(struct template_state *run, char names[2][TEMPLATE_NAME_MAX_LENGTH],
			    struct error *err)
{
	const char *before = run->at;
	int count = 0;

	do {
		template_skip_space(run);
		if (*run->at != '$' || count == 2)
			break;
		run->at++;
		if (template_read_name(run, names[count++], err) < 0)
			return -1;
	} while (template_take(run, ","));
	if (count && (template_take(run, ":=") || (count == 1 && template_take(run, "="))))
		return count;
	run->at = before;
	return 0;
}

enum ending { AT_END, AT_ELSE, AT_TEXT_END };

static int run_block(struct template_state *run, const struct template_place *place,
		     enum ending *ending, struct error *err);

/* {{else}} or {{else if …}}, up to the end of it all. */
static int run_if(struct template_state *run, const struct template_place *place, const char *word,
		  struct error *err);

static int run_else(struct template_state *run, const struct template_place *place,
		    struct error *err)
{
	enum ending ending;

	if (template_take_word(run, "if"))
		return run_if(run, place, "if", err);
	if (template_take_word(run, "with"))
		return run_if(run, place, "with", err);
	if (end_action(run, err) < 0 || run_block(run, place, &ending, err) < 0)
		return -1;
	return ending == AT_END ? 0 : template_bad("unexpected {{else}} or end", err);
}

/* After a block: what is left of the action. */
static int run_rest(struct template_state *run, const struct template_place *place,
		    enum ending ending, struct error *err)
{
	if (ending == AT_TEXT_END)
		return template_bad("unexpected EOF", err);
	return ending == AT_ELSE ? run_else(run, place, err) : 0;
}

static int run_if(struct template_state *run, const struct template_place *place, const char *word,
		  struct error *err)
{
	char names[2][TEMPLATE_NAME_MAX_LENGTH];
	int declared = read_declaration(run, names, err);
	const cJSON *value;
	enum ending ending;
	struct template_place then = *place, otherwise = *place;

	if (declared < 0 || template_read_pipeline(run, place, &value, err) < 0)
		return -1;
	if (declared && set_variable(run, names[0], value, err) < 0)
		return -1;
	then.active = place->active && template_truth(value);
	otherwise.active = place->active && !then.active;
	if (strcmp(word, "with") == 0)
		then.dot = value;
	if (end_action(run, err) < 0 || run_block(run, &then, &ending, err) < 0)
		return -1;
	return run_rest(run, &otherwise, ending, err);
}

/* The variables that a range declares, and which turn it is. */
struct range {
	char names[2][TEMPLATE_NAME_MAX_LENGTH];
	int declared, number;
};

/* One turn of a range, from its body's beginning on. */
static int run_turn(struct template_state *run, const struct template_place *place,
		    const struct range *range, enum ending *ending, struct error *err)
{
	const cJSON *item = place->dot;
	size_t variables = run->variable_count;
	int result = 0;

	if (range->declared == 2 && place->active)
		result = set_variable(
			run, range->names[0],
			template_keep(run, item->string ? cJSON_CreateString(item->string)
							: cJSON_CreateNumber(range->number)),
			err);
	else if (range->declared == 2)
		result = set_variable(run, range->names[0], NULL, err);
	if (result == 0 && range->declared)
		result = set_variable(run, range->names[range->declared - 1], item, err);
	if (result == 0)
		result = run_block(run, place, ending, err);
	run->variable_count = variables;
	return result;
}

static int run_range(struct template_state *run, const struct template_place *place,
		     struct error *err)
{
	struct range range = {.declared = 0};
	const cJSON *list, *item = NULL;
	struct template_place turn = *place, otherwise = *place;
	enum ending ending = AT_END;
	const char *body;

	range.declared = read_declaration(run, range.names, err);
	if (range.declared < 0 || template_read_pipeline(run, place, &list, err) < 0 ||
	    end_action(run, err) < 0)
		return -1;
	body = run->at;
	if (place->active && (cJSON_IsArray(list) || cJSON_IsObject(list)))
		item = list->child;
	else if (place->active && list && !cJSON_IsNull(list))
		return error_set(
			err, ERANGE,
			"template parsing error: template: :1: range can't iterate over this value");
	otherwise.active = place->active && !item;
	turn.active = item != NULL;
	do {
		run->at = body;
		turn.dot = item;
		if (run_turn(run, &turn, &range, &ending, err) < 0)
			return -1;
		range.number++;
		item = item ? item->next : NULL;
	} while (item);
	return run_rest(run, &otherwise, ending, err);
}

/* A pipeline that is printed, or "$x := pipeline". */
static int run_value(struct template_state *run, const struct template_place *place,
		     struct error *err)
{
	char names[2][TEMPLATE_NAME_MAX_LENGTH];
	int declared = read_declaration(run, names, err);
	const cJSON *value;

	if (declared < 0 || template_read_pipeline(run, place, &value, err) < 0)
		return -1;
	if (declared && set_variable(run, names[0], value, err) < 0)
		return -1;
	if (!declared && place->active)
		template_add_value(value, run->out);
	return end_action(run, err);
}

static int skip_comment(struct template_state *run, struct error *err)
{
	const char *end = strstr(run->at, "*/");

	if (!end)
		return template_bad("unclosed comment", err);
	run->at = end + 2;
	return end_action(run, err);
}

/* Runs the action behind "{{". *ending is set for those that end the block. */
static int run_action(struct template_state *run, const struct template_place *place,
		      enum ending *ending, struct error *err)
{
	if (text_starts_with(run->at, "- "))
		run->at++;
	template_skip_space(run);
	if (template_take(run, "/*"))
		return skip_comment(run, err);
	if (template_take_word(run, "end")) {
		*ending = AT_END;
		return end_action(run, err);
	}
	if (template_take_word(run, "else")) {
		*ending = AT_ELSE;
		return 0;
	}
	if (template_take_word(run, "if"))
		return run_if(run, place, "if", err);
	if (template_take_word(run, "with"))
		return run_if(run, place, "with", err);
	if (template_take_word(run, "range"))
		return run_range(run, place, err);
	return run_value(run, place, err);
}

static void add_literal(struct template_state *run, const struct template_place *place,
			const char *action)
{
	size_t length = action ? (size_t)(action - run->at) : strlen(run->at);

	/* "{{- " takes the space before it away. */
	if (action && text_starts_with(action, "{{- "))
		while (length && isspace((unsigned char)run->at[length - 1]))
			length--;
	if (place->active)
		text_add(run->out, run->at, length);
}

/* Runs up to {{end}}, {{else or the end of the source, which *ending tells. */
static int run_block(struct template_state *run, const struct template_place *place,
		     enum ending *ending, struct error *err)
{
	size_t variables = run->variable_count;

	if (++run->depth > TEMPLATE_DEPTH_MAX)
		return template_bad("nested too deep", err);
	*ending = AT_TEXT_END;
	while (*run->at && *ending == AT_TEXT_END) {
		const char *action = strstr(run->at, "{{");

		add_literal(run, place, action);
		run->at = action ? action + 2 : run->at + strlen(run->at);
		if (action && run_action(run, place, ending, err) < 0)
			return -1;
	}
	run->variable_count = variables;
	run->depth--;
	return 0;
}

int template_run(const char *source, const cJSON *document, struct text *out, struct error *err)
{
	AUTO_JSON cJSON *made = cJSON_CreateArray();
	struct template_state run = {.at = source, .root = document, .made = made, .out = out};
	const struct template_place place = {document, true};
	enum ending ending;

	if (run_block(&run, &place, &ending, err) < 0)
		return -1;
	return ending == AT_TEXT_END ? 0 : template_bad("unexpected {{end}} or {{else}}", err);
}
