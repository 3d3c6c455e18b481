/* What a fuzz target is: libFuzzer, or replay.c, calls it with bytes, and it must come back. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
