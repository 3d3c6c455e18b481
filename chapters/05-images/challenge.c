/* WWW-Authenticate headers; see challenge.h. */
#include "challenge.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text.h"

static bool is_token_character(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Cuts a word off the front of *at. */
static char *take_word(const char **at)
{
	const char *begin = *at;

	while (is_token_character(**at))
		(*at)++;
	return memory_format("%.*s", (int)(*at - begin), begin);
}

/* The same for a value: a word, or anything in quotes, commas included, where \ escapes. */
static char *take_value(const char **at)
{
	AUTO_TEXT struct text value = {0};

	if (**at != '"')
		return take_word(at);
	for ((*at)++; **at && **at != '"'; (*at)++) {
		if (**at == '\\' && (*at)[1])
			(*at)++;
		text_add(&value, *at, 1);
	}
	if (**at == '"')
		(*at)++;
	return memory_string(text_string(&value));
}

static void keep(struct challenge *challenge, const char *name, char **value)
{
	const struct {
		const char *name;
		char **field;
	} known[] = {
		{"realm", &challenge->realm},
		{"service", &challenge->service},
		{"scope", &challenge->scope},
		{"error", &challenge->error},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strcasecmp(known[i].name, name) == 0 && !*known[i].field)
			*known[i].field = take_ptr(value);
}

/* A word is a parameter's name if "=" follows, and else the scheme of the next challenge: the comma
 * that stands between two parameters also stands between two challenges. */
bool challenge_find(const char *headers, const char *scheme, struct challenge *challenge)
{
	const char *at = headers;
	bool found = false;

	*challenge = (struct challenge){0};
	for (;;) {
		AUTO_FREE char *word = NULL, *value = NULL;

		at += strspn(at, " \t,");
		word = take_word(&at);
		at += strspn(at, " \t");
		if (!*word)
			return found;
		if (*at != '=') {
			if (found)
				return true;
			found = strcasecmp(word, scheme) == 0;
			continue;
		}
		at += 1 + strspn(at + 1, " \t");
		value = take_value(&at);
		if (found)
			keep(challenge, word, &value);
	}
}

void challenge_release(struct challenge *challenge)
{
	cleanup_memory(&challenge->realm);
	cleanup_memory(&challenge->service);
	cleanup_memory(&challenge->scope);
	cleanup_memory(&challenge->error);
}
