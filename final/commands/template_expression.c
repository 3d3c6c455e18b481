/* Words, operands and pipelines of templates; see template_expression.h. */
#include "template_expression.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "template.h"

int template_bad(const char *what, struct error *err)
{
	return error_set(err, EINVAL, "template parsing error: template: :1: %s", what);
}

/* --- words --------------------------------------------------------------------------------- */

void template_skip_space(struct template_state *run)
{
	run->at += strspn(run->at, " \t\r\n");
}

bool template_take(struct template_state *run, const char *token)
{
	template_skip_space(run);
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
bool template_take_word(struct template_state *run, const char *word)
{
	size_t length = strlen(word);

	template_skip_space(run);
	if (!text_starts_with(run->at, word) || name_goes_on(run->at[length]))
		return false;
	run->at += length;
	return true;
}

int template_read_name(struct template_state *run, char name[TEMPLATE_NAME_MAX_LENGTH],
		       struct error *err)
{
	size_t length = 0;

	while (name_goes_on(run->at[length]))
		length++;
	if (length >= TEMPLATE_NAME_MAX_LENGTH)
		return template_bad("a name is too long", err);
	memcpy(name, run->at, length);
	name[length] = '\0';
	run->at += length;
	return 0;
}

/* The result belongs to the run. */
const cJSON *template_keep(struct template_state *run, cJSON *made)
{
	cJSON_AddItemToArray(run->made, made);
	return made;
}

/* "…" with escapes, or `…` as it is. */
static int read_string(struct template_state *run, const cJSON **value, struct error *err)
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
			return template_bad("unknown escape in a string", err);
		text_add(&text, &means[found - escaped], 1);
	}
	if (!*run->at)
		return template_bad("unterminated quoted string", err);
	run->at++;
	*value = template_keep(run, cJSON_CreateString(text_string(&text)));
	return 0;
}

/* --- operands ------------------------------------------------------------------------------ */

/* With its name, by which it is printed. */
static const cJSON *keep_null(struct template_state *run, const char *name)
{
	cJSON *object = cJSON_CreateObject();

	template_keep(run, object);
	return cJSON_AddNullToObject(object, name);
}

/* Follows ".A.B" from *value. */
static int read_path(struct template_state *run, bool active, const cJSON **value,
		     struct error *err)
{
	while (*run->at == '.' && name_goes_on(run->at[1])) {
		char name[TEMPLATE_NAME_MAX_LENGTH];
		const cJSON *found;

		run->at++;
		if (template_read_name(run, name, err) < 0)
			return -1;
		if (!active)
			continue;
		found = cJSON_GetObjectItemCaseSensitive(*value, name);
		if (!found && cJSON_IsObject(*value) && (*value)->valueint == TEMPLATE_MAP)
			found = template_keep(run, cJSON_CreateNull());
		if (!found && (*value)->string && template_empty(name))
			found = keep_null(run, name);
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

static int read_variable(struct template_state *run, bool active, const cJSON **value,
			 struct error *err)
{
	char name[TEMPLATE_NAME_MAX_LENGTH];
	size_t i = run->variable_count;

	run->at++;
	if (template_read_name(run, name, err) < 0)
		return -1;
	*value = run->root;
	while (*name && i-- > 0)
		if (strcmp(run->variables[i].name, name) == 0) {
			*value = run->variables[i].value;
			return read_path(run, active, value, err);
		}
	if (*name)
		return template_bad("undefined variable", err);
	return read_path(run, active, value, err);
}

static int read_number(struct template_state *run, const cJSON **value)
{
	char *end;

	*value = template_keep(run, cJSON_CreateNumber(strtod(run->at, &end)));
	run->at = end;
	return 0;
}

static int read_parentheses(struct template_state *run, const struct template_place *place,
			    const cJSON **value, struct error *err)
{
	run->at++;
	if (template_read_pipeline(run, place, value, err) < 0)
		return -1;
	if (!template_take(run, ")"))
		return template_bad("unclosed left paren", err);
	return read_path(run, place->active, value, err);
}

/* Reads an operand that is no function's name. Returns 1; 0 if there is none. */
static int read_operand(struct template_state *run, const struct template_place *place,
			const cJSON **value, struct error *err)
{
	char c;

	template_skip_space(run);
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
	if (template_take_word(run, "true") || template_take_word(run, "false"))
		*value = template_keep(run, cJSON_CreateBool(c == 't'));
	else if (template_take_word(run, "nil"))
		*value = NULL;
	else
		return 0;
	return 1;
}

/* --- pipelines ----------------------------------------------------------------------------- */

static int read_arguments(struct template_state *run, const struct template_place *place,
			  struct template_arguments *arguments, struct error *err)
{
	const cJSON *value = NULL;
	int got;

	while ((got = read_operand(run, place, &value, err)) > 0) {
		if (arguments->count == TEMPLATE_ARGUMENTS_MAX)
			return template_bad("too many arguments", err);
		arguments->items[arguments->count++] = value;
	}
	return got;
}

static int call(struct template_state *run, const char *name,
		const struct template_arguments *arguments, const cJSON **value, struct error *err)
{
	cJSON *made = NULL;

	if (template_call(name, arguments, &made, value, err) < 0) {
		/* The template can be read; its values are wrong. */
		if (err->code == EINVAL)
			err->code = ERANGE;
		return error_wrap(err, "template parsing error: template: :1");
	}
	if (made)
		template_keep(run, made);
	return 0;
}

/* A function with its arguments, of which a piped value is the last; or a value. A value that has
 * an argument is a method of Docker's, as {{.Label "key"}}: the argument is looked up in it. */
static int read_command(struct template_state *run, const struct template_place *place,
			const cJSON **piped, bool is_piped, struct error *err)
{
	struct template_arguments arguments = {0};
	char name[TEMPLATE_NAME_MAX_LENGTH] = "";

	template_skip_space(run);
	if (isalpha((unsigned char)*run->at) && strncmp(run->at, "true", 4) != 0 &&
	    strncmp(run->at, "false", 5) != 0 && strncmp(run->at, "nil", 3) != 0 &&
	    template_read_name(run, name, err) < 0)
		return -1;
	if (read_arguments(run, place, &arguments, err) < 0)
		return -1;
	if (is_piped && arguments.count < TEMPLATE_ARGUMENTS_MAX)
		arguments.items[arguments.count++] = *piped;
	if (!*name && arguments.count == 0)
		return template_bad("missing value for command", err);
	if (!place->active)
		return 0;
	if (*name || arguments.count > 1)
		return call(run, *name ? name : "index", &arguments, piped, err);
	*piped = arguments.items[0];
	return 0;
}

int template_read_pipeline(struct template_state *run, const struct template_place *place,
			   const cJSON **value, struct error *err)
{
	bool piped = false;
	int result = 0;

	*value = NULL;
	if (++run->depth > TEMPLATE_DEPTH_MAX)
		return template_bad("nested too deep", err);
	do {
		result = read_command(run, place, value, piped, err);
		piped = true;
	} while (result == 0 && template_take(run, "|"));
	run->depth--;
	return result;
}
