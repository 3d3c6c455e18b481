/* JSON with Docker's indentation; see document.h. */
#include "document.h"

#include "cleanup.h"

#define INDENTATION 4

static void add_node(const cJSON *node, int depth, struct text *text);

static void add_line(int depth, struct text *text)
{
	text_add_format(text, "\n%*s", depth * INDENTATION, "");
}

/* Numbers, words and strings are printed by cJSON, which knows what to escape. */
static void add_leaf(const cJSON *node, struct text *text)
{
	AUTO_FREE char *printed = cJSON_PrintUnformatted(node);

	text_add_string(text, printed ? printed : "null");
}

static void add_key(const char *key, struct text *text)
{
	cJSON *node = cJSON_CreateString(key);

	add_leaf(node, text);
	text_add_string(text, ": ");
	cJSON_Delete(node);
}

static void add_members(const cJSON *node, int depth, struct text *text)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, node) {
		add_line(depth + 1, text);
		if (cJSON_IsObject(node))
			add_key(child->string, text);
		add_node(child, depth + 1, text);
		if (child->next)
			text_add_string(text, ",");
	}
	if (node->child)
		add_line(depth, text);
}

/* The depth is bounded: documents are ours, or were parsed by cJSON, which refuses over 1000. */
static void add_node(const cJSON *node, int depth, struct text *text)
{
	bool object = cJSON_IsObject(node);

	if (!object && !cJSON_IsArray(node)) {
		add_leaf(node, text);
		return;
	}
	text_add_string(text, object ? "{" : "[");
	add_members(node, depth, text);
	text_add_string(text, object ? "}" : "]");
}

void document_add(const cJSON *document, struct text *text)
{
	add_node(document, 0, text);
	text_add_string(text, "\n");
}
