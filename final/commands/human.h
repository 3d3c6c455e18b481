/*
 * Times, sizes and commands as Docker shows them to people.
 */
#ifndef HUMAN_H
#define HUMAN_H

#include <stdint.h>

#include "text.h"

#define HUMAN_SIZE 40

/* "Less than a second", "5 seconds", "About a minute", "3 weeks". */
void human_duration(int64_t seconds, char text[HUMAN_SIZE]);

/* How long ago a time of clock.h was: "2 hours ago"; "N/A" if it is none. */
void human_ago(const char *time_text, char text[HUMAN_SIZE]);

/* Three digits and a power of 1000: "4.43MB", "0B". */
void human_bytes(uint64_t bytes, char text[HUMAN_SIZE]);

/* The same with four digits, as Docker shows totals. */
void human_total_bytes(uint64_t bytes, char text[HUMAN_SIZE]);

/* Four digits and a power of 1024: "1.25MiB", "0B". */
void human_binary_bytes(uint64_t bytes, char text[HUMAN_SIZE]);

/* Adds a command in quotes, with control characters escaped, cut after `most` characters by an
 * ellipsis; 0: whole. */
void human_add_command(const struct strings *argv, size_t most, struct text *text);

#endif
