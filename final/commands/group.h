/* Subcommands of two words: "volume ls". */
#ifndef GROUP_H
#define GROUP_H

#include "subcommand.h"

/* Runs the row whose name is that of the call, a space, and the first argument; the table ends in a
 * row without a name. Without an argument the table is printed. Returns the exit status. */
int group_call(const struct call *call, const struct subcommand *rows);

#endif
