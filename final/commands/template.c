/* Templates: text, actions, pipelines; see template.h. Read run_block first. */
#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"

#define DEPTH_MAX 50
#define NAME_MAX_LENGTH 64
#define VARIABLES_MAX 32

struct variable {
	char name[NAME_MAX_LENGTH];
	const cJSON *value;
};

/* One run of a template. */
struct run {
	const char *at; /* what is read next */
	const cJSON *root;
	cJSON *made; /* an array of all values that functions have made */
	struct text *out;
	struct variable variables[VARIABLES_MAX];
	size_t variable_count;
	int depth;
};

/* Where a pipeline is evaluated: `active` is false for what is read only. */
struct place {
	const cJSON *dot;
	bool active;
};

static int bad(const char *what, struct error *err)
{
	return error_set(err, EINVAL, "template parsing error: template: :1: %s", what);
}

/* --- words --------------------------------------------------------------------------------- */

static void skip_space(struct run *run)
{
	run->at += strspn(run->at, " \t\r\n");
}

static bool take(struct run *run, const char *token)
{
	skip_space(run);
	if (!text_starts_with(run->at, token))
		return false;
	run->at += strlen(token);
	return true;
}

static bool name_goes_on(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Takes a word if it is this one, whole. */
static bool take_word(struct run *run, const char *word)
{
	size_t length = strlen(word);

	skip_space(run);
	if (!text_starts_with(run->at, word) || name_goes_on(run->at[length]))
		return false;
	run->at += length;
	return true;
}

static int read_name(struct run *run, char name[NAME_MAX_LENGTH], struct error *err)
{
	size_t length = 0;

	while (name_goes_on(run->at[length]))
		length++;
	if (length >= NAME_MAX_LENGTH)
		return bad("a name is too long", err);
	memcpy(name, run->at, length);
	name[length] = '\0';
	run->at += length;
	return 0;
}

/* The result belongs to the run. */
static const cJSON *keep(struct run *run, cJSON *made)
{
	cJSON_AddItemToArray(run->made, made);
	return made;
}

/* "…" with escapes, or `…` as it is. */
static int read_string(struct run *run, const cJSON **value, struct error *err)
{
	AUTO_TEXT struct text text = {0};
	char quote = *run->at++;

	for (; *run->at && *run->at != quote; run->at++) {
		const char *escaped = "\\\"nt", *means = "\\\"\n\t", *found;

		if (*run->at != '\\' || quote == '`') {
			text_add(&text, run->at, 1);
			continue;
		}
		found = *++run->at ? strchr(escaped, *run->at) : NULL;
		if (!found)
			return bad("unknown escape in a string", err);
		text_add(&text, &means[found - escaped], 1);
	}
	if (!*run->at)
		return bad("unterminated quoted string", err);
	run->at++;
	*value = keep(run, cJSON_CreateString(text_string(&text)));
	return 0;
}

/* --- operands ------------------------------------------------------------------------------ */

/* Follows ".A.B" from *value. */
static int read_path(struct run *run, bool active, const cJSON **value, struct error *err)
{
	while (*run->at == '.' && name_goes_on(run->at[1])) {
		char name[NAME_MAX_LENGTH];
		const cJSON *found;

		run->at++;
		if (read_name(run, name, err) < 0)
			return -1;
		if (!active)
			continue;
		found = cJSON_GetObjectItemCaseSensitive(*value, name);
		if (!found && cJSON_IsObject(*value) && (*value)->valueint == TEMPLATE_MAP)
			found = keep(run, cJSON_CreateNull());
		if (!found)
			return error_set(
				err, ENOENT,
				"template parsing error: template: :1: executing at <.%s>: %s \"%s\"",
				name,
				cJSON_IsObject(*value) ? "map has no entry for key"
						       : "can't evaluate field",
				name);
		*value = found;
	}
	return 0;
}

static int read_variable(struct run *run, bool active, const cJSON **value, struct error *err)
{
	char name[NAME_MAX_LENGTH];
	size_t i = run->variable_count;

	run->at++;
	if (read_name(run, name, err) < 0)
		return -1;
	*value = run->root;
	while (*name && i-- > 0)
		if (strcmp(run->variables[i].name, name) == 0) {
			*value = run->variables[i].value;
			return read_path(run, active, value, err);
		}
	if (*name)
		return bad("undefined variable", err);
	return read_path(run, active, value, err);
}

static int read_number(struct run *run, const cJSON **value)
{
	char *end;

	*value = keep(run, cJSON_CreateNumber(strtod(run->at, &end)));
	run->at = end;
	return 0;
}

static int read_pipeline(struct run *run, const struct place *place, const cJSON **value,
			 struct error *err);

static int read_parentheses(struct run *run, const struct place *place, const cJSON **value,
			    struct error *err)
{
	run->at++;
	if (read_pipeline(run, place, value, err) < 0)
		return -1;
	if (!take(run, ")"))
		return bad("unclosed left paren", err);
	return read_path(run, place->active, value, err);
}

/* Reads an operand that is no function's name. Returns 1; 0 if there is none. */
static int read_operand(struct run *run, const struct place *place, const cJSON **value,
			struct error *err)
{
	char c;

	skip_space(run);
	c = *run->at;
	if (c == '"' || c == '`')
		return read_string(run, value, err) < 0 ? -1 : 1;
	if (c == '(')
		return read_parentheses(run, place, value, err) < 0 ? -1 : 1;
	if (c == '$')
		return read_variable(run, place->active, value, err) < 0 ? -1 : 1;
	if (isdigit((unsigned char)c) || (c == '-' && isdigit((unsigned char)run->at[1])))
		return read_number(run, value) < 0 ? -1 : 1;
	if (c == '.') {
		*value = place->dot;
		if (!name_goes_on(run->at[1]))
			run->at++;
		return read_path(run, place->active, value, err) < 0 ? -1 : 1;
	}
	if (take_word(run, "true") || take_word(run, "false"))
		*value = keep(run, cJSON_CreateBool(c == 't'));
	else if (take_word(run, "nil"))
		*value = NULL;
	else
		return 0;
	return 1;
}

/* --- pipelines ----------------------------------------------------------------------------- */

static int read_arguments(struct run *run, const struct place *place,
			  struct template_arguments *arguments, struct error *err)
{
	const cJSON *value = NULL;
	int got;

	while ((got = read_operand(run, place, &value, err)) > 0) {
		if (arguments->count == TEMPLATE_ARGUMENTS_MAX)
			return bad("too many arguments", err);
		arguments->items[arguments->count++] = value;
	}
	return got;
}

static int call(struct run *run, const char *name, const struct template_arguments *arguments,
		const cJSON **value, struct error *err)
{
	cJSON *made = NULL;

	if (template_call(name, arguments, &made, value, err) < 0)
		return error_wrap(err, "template parsing error: template: :1");
	if (made)
		keep(run, made);
	return 0;
}

/* A function with its arguments, of which a piped value is the last; or a value. A value that has
 * an argument is a method of Docker's, as {{.Label "key"}}: the argument is looked up in it. */
static int read_command(struct run *run, const struct place *place, const cJSON **piped,
			bool is_piped, struct error *err)
{
	struct template_arguments arguments = {0};
	char name[NAME_MAX_LENGTH] = "";

	skip_space(run);
	if (isalpha((unsigned char)*run->at) && strncmp(run->at, "true", 4) != 0 &&
	    strncmp(run->at, "false", 5) != 0 && strncmp(run->at, "nil", 3) != 0 &&
	    read_name(run, name, err) < 0)
		return -1;
	if (read_arguments(run, place, &arguments, err) < 0)
		return -1;
	if (is_piped && arguments.count < TEMPLATE_ARGUMENTS_MAX)
		arguments.items[arguments.count++] = *piped;
	if (!*name && arguments.count == 0)
		return bad("missing value for command", err);
	if (!place->active)
		return 0;
	if (*name || arguments.count > 1)
		return call(run, *name ? name : "index", &arguments, piped, err);
	*piped = arguments.items[0];
	return 0;
}

static int read_pipeline(struct run *run, const struct place *place, const cJSON **value,
			 struct error *err)
{
	bool piped = false;
	int result = 0;

	*value = NULL;
	if (++run->depth > DEPTH_MAX)
		return bad("nested too deep", err);
	do {
		result = read_command(run, place, value, piped, err);
		piped = true;
	} while (result == 0 && take(run, "|"));
	run->depth--;
	return result;
}

/* --- actions ------------------------------------------------------------------------------- */

static int end_action(struct run *run, struct error *err)
{
	skip_space(run);
	if (text_starts_with(run->at, "-}}")) {
		run->at += 3;
		skip_space(run);
		return 0;
	}
	if (!text_starts_with(run->at, "}}"))
		return bad(*run->at ? "unexpected text in an action" : "unclosed action", err);
	run->at += 2;
	return 0;
}

static int set_variable(struct run *run, const char *name, const cJSON *value, struct error *err)
{
	struct variable *variable = &run->variables[run->variable_count];

	if (run->variable_count == VARIABLES_MAX)
		return bad("too many variables", err);
	memcpy(variable->name, name, NAME_MAX_LENGTH);
	variable->value = value;
	run->variable_count++;
	return 0;
}

/* Reads "$a :=" or "$a, $b :=". Returns how many names there are; the source is not touched if
 * none. */
static int read_declaration(struct run *run, char names[2][NAME_MAX_LENGTH], struct error *err)
{
	const char *before = run->at;
	int count = 0;

	do {
		skip_space(run);
		if (*run->at != '$' || count == 2)
			break;
		run->at++;
		if (read_name(run, names[count++], err) < 0)
			return -1;
	} while (take(run, ","));
	if (count && (take(run, ":=") || (count == 1 && take(run, "="))))
		return count;
	run->at = before;
	return 0;
}

enum ending { AT_END, AT_ELSE, AT_TEXT_END };

static int run_block(struct run *run, const struct place *place, enum ending *ending,
		     struct error *err);

/* {{else}} or {{else if …}}, up to the end of it all. */
static int run_if(struct run *run, const struct place *place, const char *word, struct error *err);

static int run_else(struct run *run, const struct place *place, struct error *err)
{
	enum ending ending;

	if (take_word(run, "if"))
		return run_if(run, place, "if", err);
	if (take_word(run, "with"))
		return run_if(run, place, "with", err);
	if (end_action(run, err) < 0 || run_block(run, place, &ending, err) < 0)
		return -1;
	return ending == AT_END ? 0 : bad("unexpected {{else}} or end", err);
}

/* After a block: what is left of the action. */
static int run_rest(struct run *run, const struct place *place, enum ending ending,
		    struct error *err)
{
	if (ending == AT_TEXT_END)
		return bad("unexpected EOF", err);
	return ending == AT_ELSE ? run_else(run, place, err) : 0;
}

static int run_if(struct run *run, const struct place *place, const char *word, struct error *err)
{
	char names[2][NAME_MAX_LENGTH];
	int declared = read_declaration(run, names, err);
	const cJSON *value;
	enum ending ending;
	struct place then = *place, otherwise = *place;

	if (declared < 0 || read_pipeline(run, place, &value, err) < 0)
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
	char names[2][NAME_MAX_LENGTH];
	int declared, number;
};

/* One turn of a range, from its body's beginning on. */
static int run_turn(struct run *run, const struct place *place, const struct range *range,
		    enum ending *ending, struct error *err)
{
	const cJSON *item = place->dot;
	size_t variables = run->variable_count;
	int result = 0;

	if (range->declared == 2 && place->active)
		result = set_variable(run, range->names[0],
				      keep(run, item->string ? cJSON_CreateString(item->string)
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

static int run_range(struct run *run, const struct place *place, struct error *err)
{
	struct range range = {.declared = 0};
	const cJSON *list, *item = NULL;
	struct place turn = *place, otherwise = *place;
	enum ending ending = AT_END;
	const char *body;

	range.declared = read_declaration(run, range.names, err);
	if (range.declared < 0 || read_pipeline(run, place, &list, err) < 0 ||
	    end_action(run, err) < 0)
		return -1;
	body = run->at;
	if (place->active && (cJSON_IsArray(list) || cJSON_IsObject(list)))
		item = list->child;
	else if (place->active && list && !cJSON_IsNull(list))
		return bad("range can't iterate over this value", err);
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
static int run_value(struct run *run, const struct place *place, struct error *err)
{
	char names[2][NAME_MAX_LENGTH];
	int declared = read_declaration(run, names, err);
	const cJSON *value;

	if (declared < 0 || read_pipeline(run, place, &value, err) < 0)
		return -1;
	if (declared && set_variable(run, names[0], value, err) < 0)
		return -1;
	if (!declared && place->active)
		template_add_value(value, run->out);
	return end_action(run, err);
}

static int skip_comment(struct run *run, struct error *err)
{
	const char *end = strstr(run->at, "*/");

	if (!end)
		return bad("unclosed comment", err);
	run->at = end + 2;
	return end_action(run, err);
}

/* Runs the action behind "{{". *ending is set for those that end the block. */
static int run_action(struct run *run, const struct place *place, enum ending *ending,
		      struct error *err)
{
	if (text_starts_with(run->at, "- "))
		run->at++;
	skip_space(run);
	if (take(run, "/*"))
		return skip_comment(run, err);
	if (take_word(run, "end")) {
		*ending = AT_END;
		return end_action(run, err);
	}
	if (take_word(run, "else")) {
		*ending = AT_ELSE;
		return 0;
	}
	if (take_word(run, "if"))
		return run_if(run, place, "if", err);
	if (take_word(run, "with"))
		return run_if(run, place, "with", err);
	if (take_word(run, "range"))
		return run_range(run, place, err);
	return run_value(run, place, err);
}

static void add_literal(struct run *run, const struct place *place, const char *action)
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
static int run_block(struct run *run, const struct place *place, enum ending *ending,
		     struct error *err)
{
	size_t variables = run->variable_count;

	if (++run->depth > DEPTH_MAX)
		return bad("nested too deep", err);
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
	struct run run = {.at = source, .root = document, .made = made, .out = out};
	const struct place place = {document, true};
	enum ending ending;

	if (run_block(&run, &place, &ending, err) < 0)
		return -1;
	return ending == AT_TEXT_END ? 0 : bad("unexpected {{end}} or {{else}}", err);
}
