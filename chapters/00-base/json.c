/* Checked access to JSON documents; see json.h. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Looking for duplicates is quadratic in the members of one object: this is the most it may have. */
#define MEMBERS_MAX 4096

/* Compares the keys of one object, each with those before it. */
static int compare_keys(const cJSON *object, struct error *err)
{
	const cJSON *child, *other;
	size_t count = 0;

	cJSON_ArrayForEach(child, object) {
		if (++count > MEMBERS_MAX)
			return error_set(err, EINVAL, "an object has more than %d members",
					 MEMBERS_MAX);
		for (other = object->child; other != child; other = other->next)
			if (strcmp(other->string, child->string) == 0)
				return error_set(err, EINVAL, "key '%s' appears twice",
						 child->string);
	}
	return 0;
}

/* cJSON refuses nesting over 1000, so the recursion is bounded. */
static int refuse_duplicates(const cJSON *node, struct error *err)
{
	const cJSON *child;

	if (cJSON_IsObject(node) && compare_keys(node, err) < 0)
		return -1;
	cJSON_ArrayForEach(child, node)
		if (refuse_duplicates(child, err) < 0)
			return -1;
	return 0;
}

cJSON *json_parse(const char *what, const char *bytes, size_t length, struct error *err)
{
	const char *end = bytes;
	AUTO_JSON cJSON *document = cJSON_ParseWithLengthOpts(bytes, length, &end, false);

	if (!document) {
		error_set(err, EINVAL, "parse %s: not JSON near byte %td", what, end - bytes);
		return NULL;
	}
	while (end < bytes + length && (strchr(" \t\r\n", *end) && *end))
		end++;
	if (end != bytes + length) {
		error_set(err, EINVAL, "parse %s: more follows after its end", what);
		return NULL;
	}
	if (!cJSON_IsObject(document)) {
		error_set(err, EINVAL, "parse %s: not an object", what);
		return NULL;
	}
	if (refuse_duplicates(document, err) < 0) {
		error_wrap(err, "parse %s", what);
		return NULL;
	}
	return take_ptr(&document);
}

/* The member, or NULL if it is absent or null. */
static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

int json_get_string(const cJSON *object, const char *name, const char **value, struct error *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsString(item))
		return error_set(err, EINVAL, "'%s' is not a string", name);
	*value = item->valuestring;
	return 1;
}

int json_get_bool(const cJSON *object, const char *name, bool *value, struct error *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsBool(item))
		return error_set(err, EINVAL, "'%s' is not true or false", name);
	*value = cJSON_IsTrue(item);
	return 1;
}

int json_get_number(const cJSON *object, const char *name, uint64_t *value, struct error *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 0x1p53 ||
	    item->valuedouble != floor(item->valuedouble))
		return error_set(err, EINVAL, "'%s' is not a whole number from 0 to 2^53", name);
	*value = (uint64_t)item->valuedouble;
	return 1;
}

int64_t json_get_signed(const cJSON *object, const char *name)
{
	const cJSON *item = member(object, name);

	return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}

int json_get_object(const cJSON *object, const char *name, const cJSON **value, struct error *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsObject(item))
		return error_set(err, EINVAL, "'%s' is not an object", name);
	*value = item;
	return 1;
}

int json_get_array(const cJSON *object, const char *name, const cJSON **value, struct error *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsArray(item))
		return error_set(err, EINVAL, "'%s' is not an array", name);
	*value = item;
	return 1;
}

int json_get_strings(const cJSON *object, const char *name, struct strings *value,
		     struct error *err)
{
	const cJSON *item = member(object, name), *entry;

	if (!item)
		return 0;
	if (cJSON_IsString(item)) {
		strings_add(value, item->valuestring);
		return 1;
	}
	if (!cJSON_IsArray(item))
		return error_set(err, EINVAL, "'%s' is not an array of strings", name);
	cJSON_ArrayForEach(entry, item)
		if (!cJSON_IsString(entry))
			return error_set(err, EINVAL, "'%s' is not an array of strings", name);
	cJSON_ArrayForEach(entry, item)
		strings_add(value, entry->valuestring);
	return 1;
}

void json_add_strings(cJSON *object, const char *name, const struct strings *value)
{
	cJSON *array = cJSON_AddArrayToObject(object, name);

	for (size_t i = 0; i < value->count; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(value->items[i]));
}

void json_add_number(cJSON *object, const char *name, int64_t value)
{
	AUTO_FREE char *digits = memory_format("%" PRId64, value);

	cJSON_AddRawToObject(object, name, digits);
}

void json_print(const cJSON *document, bool pretty, struct text *text)
{
	AUTO_FREE char *printed = pretty ? cJSON_Print(document) : cJSON_PrintUnformatted(document);

	text_add_string(text, printed ? printed : "");
	text_add_string(text, "\n");
}

void cleanup_json(cJSON **document)
{
	int saved = errno;

	cJSON_Delete(*document);
	*document = NULL;
	errno = saved;
}
