/* The functions that a template can call; see template.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "template.h"

/* --- values -------------------------------------------------------------------------------- */

/* Whole numbers may be raw: json_add_number makes them so. */
static bool is_number(const cJSON *value)
{
	return cJSON_IsNumber(value) || cJSON_IsRaw(value);
}

static double number_of(const cJSON *value)
{
	return cJSON_IsRaw(value) ? strtod(value->valuestring, NULL) : value->valuedouble;
}

bool template_truth(const cJSON *value)
{
	if (!value || cJSON_IsNull(value) || cJSON_IsFalse(value))
		return false;
	if (cJSON_IsString(value))
		return *value->valuestring;
	if (is_number(value))
		return number_of(value) != 0;
	return cJSON_IsTrue(value) || value->child;
}

static int by_key(const void *left, const void *right)
{
	return strcmp((*(cJSON *const *)left)->string, (*(cJSON *const *)right)->string);
}

/* Go prints maps by their keys. */
static void add_map(const cJSON *value, struct text *out)
{
	size_t count = (size_t)cJSON_GetArraySize(value), used = 0;
	const cJSON **members = memory_zeroed(count + 1, sizeof(*members)), *child;

	cJSON_ArrayForEach(child, value)
		members[used++] = child;
	qsort(members, used, sizeof(*members), by_key);
	text_add_string(out, "map[");
	for (size_t i = 0; i < used; i++) {
		text_add_format(out, "%s%s:", i ? " " : "", members[i]->string);
		template_add_value(members[i], out);
	}
	text_add_string(out, "]");
	cleanup_memory(&members);
}

const char *template_empty(const char *name)
{
	static const char *const kinds[][2] = {
		{"[]", " Binds CapAdd CapDrop Cmd Devices Dns DnsOptions DnsSearch Entrypoint Env"
		       " ExtraHosts GroupAdd Links MaskedPaths Mounts OnBuild SecurityOpt Shell"
		       " Ulimits VolumesFrom "},
		{"map[]", " Annotations ExposedPorts Labels PortBindings Ports StorageOpt Sysctls"
			  " Tmpfs Volumes "},
		{"<nil>", " Health Healthcheck Init OomKillDisable PidsLimit StopTimeout "},
		{"", " Domainname StopSignal User WorkingDir "},
	};
	AUTO_FREE char *word = memory_format(" %s ", name);

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (strstr(kinds[i][1], word))
			return kinds[i][0];
	return NULL;
}

void template_add_value(const cJSON *value, struct text *out)
{
	const char *empty = value && value->string ? template_empty(value->string) : NULL;
	const cJSON *child;

	if (!value || cJSON_IsNull(value)) {
		text_add_string(out, empty ? empty : "<no value>");
	} else if (cJSON_IsString(value) || cJSON_IsRaw(value)) {
		text_add_string(out, value->valuestring);
	} else if (cJSON_IsNumber(value)) {
		text_add_format(out, "%.15g", value->valuedouble);
	} else if (cJSON_IsBool(value)) {
		text_add_string(out, cJSON_IsTrue(value) ? "true" : "false");
	} else if (cJSON_IsObject(value)) {
		add_map(value, out);
	} else {
		text_add_string(out, "[");
		cJSON_ArrayForEach(child, value) {
			template_add_value(child, out);
			text_add_string(out, child->next ? " " : "");
		}
		text_add_string(out, "]");
	}
}

static const char *string_of(const cJSON *value)
{
	return cJSON_IsString(value) ? value->valuestring : "";
}

/* Returns < 0, 0 or > 0; sets *comparable. */
static int compare(const cJSON *a, const cJSON *b, bool *comparable)
{
	*comparable = true;
	if (is_number(a) && is_number(b))
		return (number_of(a) > number_of(b)) - (number_of(a) < number_of(b));
	if (cJSON_IsString(a) && cJSON_IsString(b))
		return strcmp(a->valuestring, b->valuestring);
	if (cJSON_IsBool(a) && cJSON_IsBool(b))
		return cJSON_IsTrue(a) - cJSON_IsTrue(b);
	*comparable = (!a || cJSON_IsNull(a)) && (!b || cJSON_IsNull(b));
	return 0;
}

/* --- functions ----------------------------------------------------------------------------- */

struct function_call {
	const char *name;
	const struct template_arguments *arguments;
	cJSON *made;
	const cJSON *found;
};

static int call_json(struct function_call *call, struct error *err)
{
	AUTO_JSON cJSON *shown = cJSON_Duplicate(call->arguments->items[0], true);
	AUTO_FREE char *printed = NULL;

	(void)err;
	/* Of a list's row this is what {{.Label "key"}} looks into. */
	if (!call->arguments->items[0]->string)
		cJSON_DeleteItemFromObjectCaseSensitive(shown, "Label");
	printed = cJSON_PrintUnformatted(shown);
	call->made = cJSON_CreateString(printed ? printed : "null");
	return 0;
}

/* index LIST 0, index MAP "key", and on through more of them. A key that is not there gives "". */
static int call_index(struct function_call *call, struct error *err)
{
	const cJSON *at = call->arguments->items[0];

	for (size_t i = 1; i < call->arguments->count; i++) {
		const cJSON *key = call->arguments->items[i];

		if (cJSON_IsArray(at) && is_number(key)) {
			at = cJSON_GetArrayItem(at, (int)number_of(key));
			if (!at)
				return error_set(err, EINVAL,
						 "error calling index: index out of range: %d",
						 (int)number_of(key));
		} else if (cJSON_IsObject(at) && cJSON_IsString(key)) {
			at = cJSON_GetObjectItemCaseSensitive(at, key->valuestring);
		} else {
			return error_set(err, EINVAL,
					 "error calling index: cannot index this value");
		}
	}
	call->found = at;
	if (!at)
		call->made = cJSON_CreateString("");
	return 0;
}

static int call_len(struct function_call *call, struct error *err)
{
	const cJSON *value = call->arguments->items[0];

	if (cJSON_IsString(value))
		call->made = cJSON_CreateNumber((double)strlen(value->valuestring));
	else if (cJSON_IsArray(value) || cJSON_IsObject(value) || cJSON_IsNull(value))
		call->made = cJSON_CreateNumber(cJSON_GetArraySize(value));
	else
		return error_set(err, EINVAL, "error calling len: the value has no length");
	return 0;
}

static int call_join(struct function_call *call, struct error *err)
{
	AUTO_TEXT struct text text = {0};
	const cJSON *child;

	(void)err;
	cJSON_ArrayForEach(child, call->arguments->items[0]) {
		template_add_value(child, &text);
		text_add_string(&text, child->next ? string_of(call->arguments->items[1]) : "");
	}
	call->made = cJSON_CreateString(text_string(&text));
	return 0;
}

static int call_split(struct function_call *call, struct error *err)
{
	const char *at = string_of(call->arguments->items[0]);
	const char *by = string_of(call->arguments->items[1]), *next;

	if (!*by)
		return error_set(err, EINVAL, "error calling split: no separator");
	call->made = cJSON_CreateArray();
	for (; at; at = next ? next + strlen(by) : NULL) {
		AUTO_FREE char *part = NULL;

		next = strstr(at, by);
		part = memory_format("%.*s", (int)(next ? (size_t)(next - at) : strlen(at)), at);
		cJSON_AddItemToArray(call->made, cJSON_CreateString(part));
	}
	return 0;
}

/* print puts a space between two values when neither is a string; println always. */
static int call_print(struct function_call *call, struct error *err)
{
	const struct template_arguments *arguments = call->arguments;
	bool lines = strcmp(call->name, "println") == 0;
	AUTO_TEXT struct text text = {0};

	(void)err;
	for (size_t i = 0; i < arguments->count; i++) {
		bool words = i && !cJSON_IsString(arguments->items[i]) &&
			     !cJSON_IsString(arguments->items[i - 1]);

		if (i && (lines || words))
			text_add_string(&text, " ");
		template_add_value(arguments->items[i], &text);
	}
	if (lines)
		text_add_string(&text, "\n");
	call->made = cJSON_CreateString(text_string(&text));
	return 0;
}

static void add_directive(char letter, const cJSON *value, struct text *out)
{
	AUTO_FREE char *quoted = NULL;

	if (letter == 'q')
		quoted = cJSON_PrintUnformatted(value);
	if (quoted)
		text_add_string(out, quoted);
	else
		template_add_value(value, out);
}

/* %s, %v, %d, %q and %%; a width is passed over. */
static int call_printf(struct function_call *call, struct error *err)
{
	const struct template_arguments *arguments = call->arguments;
	AUTO_TEXT struct text text = {0};
	size_t next = 1;

	for (const char *at = string_of(arguments->items[0]); *at; at++) {
		if (*at != '%') {
			text_add(&text, at, 1);
			continue;
		}
		at += 1 + strspn(at + 1, "-+#0123456789.");
		if (*at == '%')
			text_add_string(&text, "%");
		else if (!*at || !strchr("svdq", *at) || next == arguments->count)
			return error_set(err, EINVAL, "error calling printf: directive %%%c", *at);
		else
			add_directive(*at, arguments->items[next++], &text);
	}
	call->made = cJSON_CreateString(text_string(&text));
	return 0;
}

static int call_case(struct function_call *call, struct error *err)
{
	AUTO_FREE char *text = memory_string(string_of(call->arguments->items[0]));
	bool word = true;

	(void)err;
	for (char *at = text; *at; at++) {
		if (*call->name == 'u' || (*call->name == 't' && word))
			*at = (char)toupper((unsigned char)*at);
		else if (*call->name == 'l')
			*at = (char)tolower((unsigned char)*at);
		word = isspace((unsigned char)*at);
	}
	call->made = cJSON_CreateString(text);
	return 0;
}

/* truncate TEXT 12; pad TEXT 1 1. */
static int call_shape(struct function_call *call, struct error *err)
{
	const struct template_arguments *arguments = call->arguments;
	const char *text = string_of(arguments->items[0]);
	int first = is_number(arguments->items[1]) ? (int)number_of(arguments->items[1]) : -1;
	bool truncates = *call->name == 't';
	int second = truncates ? 0 : (int)number_of(arguments->items[2]);
	AUTO_FREE char *shaped = NULL;

	if (first < 0 || first > 10000 || second < 0 || second > 10000)
		return error_set(err, EINVAL, "error calling %s: bad number", call->name);
	shaped = truncates ? memory_format("%.*s", first, text)
			   : memory_format("%*s%s%*s", first, "", text, second, "");
	call->made = cJSON_CreateString(shaped);
	return 0;
}

static int call_compare(struct function_call *call, struct error *err)
{
	const struct template_arguments *arguments = call->arguments;
	const char *name = call->name;
	bool comparable, result = false;
	int order = compare(arguments->items[0], arguments->items[1], &comparable);

	if (!comparable)
		return error_set(err, EINVAL, "error calling %s: incompatible types for comparison",
				 name);
	if (strcmp(name, "eq") == 0)
		for (size_t i = 1; i < arguments->count && !result; i++)
			result = compare(arguments->items[0], arguments->items[i], &comparable) ==
					 0 &&
				 comparable;
	else if (strcmp(name, "ne") == 0)
		result = order != 0;
	else
		result = (*name == 'l' && order < 0) || (*name == 'g' && order > 0) ||
			 (name[1] == 'e' && order == 0);
	call->made = cJSON_CreateBool(result);
	return 0;
}

/* and: the first that is false, or the last; or: the first that is true, or the last. */
static int call_logic(struct function_call *call, struct error *err)
{
	const struct template_arguments *arguments = call->arguments;
	bool until = strcmp(call->name, "or") == 0;
	size_t i = 0;

	(void)err;
	if (strcmp(call->name, "not") == 0) {
		call->made = cJSON_CreateBool(!template_truth(arguments->items[0]));
		return 0;
	}
	while (i + 1 < arguments->count && template_truth(arguments->items[i]) != until)
		i++;
	call->found = arguments->items[i];
	return 0;
}

static const struct function {
	const char *name;
	size_t least, most;
	int (*call)(struct function_call *call, struct error *err);
} functions[] = {
	{"json", 1, 1, call_json},   {"index", 1, TEMPLATE_ARGUMENTS_MAX, call_index},
	{"len", 1, 1, call_len},     {"join", 2, 2, call_join},
	{"split", 2, 2, call_split}, {"print", 0, TEMPLATE_ARGUMENTS_MAX, call_print},
	{"upper", 1, 1, call_case},  {"println", 0, TEMPLATE_ARGUMENTS_MAX, call_print},
	{"lower", 1, 1, call_case},  {"printf", 1, TEMPLATE_ARGUMENTS_MAX, call_printf},
	{"title", 1, 1, call_case},  {"truncate", 2, 2, call_shape},
	{"pad", 3, 3, call_shape},   {"eq", 2, TEMPLATE_ARGUMENTS_MAX, call_compare},
	{"ne", 2, 2, call_compare},  {"lt", 2, 2, call_compare},
	{"le", 2, 2, call_compare},  {"gt", 2, 2, call_compare},
	{"ge", 2, 2, call_compare},  {"and", 1, TEMPLATE_ARGUMENTS_MAX, call_logic},
	{"not", 1, 1, call_logic},   {"or", 1, TEMPLATE_ARGUMENTS_MAX, call_logic},
};

int template_call(const char *name, const struct template_arguments *arguments, cJSON **made,
		  const cJSON **found, struct error *err)
{
	struct function_call call = {name, arguments, NULL, NULL};

	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
		const struct function *function = &functions[i];

		if (strcmp(function->name, name) != 0)
			continue;
		if (arguments->count < function->least || arguments->count > function->most)
			return error_set(err, EINVAL, "wrong number of args for %s: got %zu", name,
					 arguments->count);
		if (function->call(&call, err) < 0)
			return -1;
		*made = call.made;
		*found = call.made ? call.made : call.found;
		return 0;
	}
	return error_set(err, ENOSYS, "function \"%s\" not defined", name);
}
