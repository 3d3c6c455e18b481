/*
 * JSON as Docker's inspect prints it.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <cjson/cJSON.h>

#include "text.h"

/* Adds a document, indented by four spaces a level; "[]" and "{}" for what is empty. */
void document_add(const cJSON *document, struct text *text);

#endif
