/*
 * The limits of a container in its record.
 */
#ifndef RECORD_LIMITS_H
#define RECORD_LIMITS_H

#include "cgroup_limits.h"
#include "error.h"
#include "json.h"

/* Adds them to a record as the object "limits". */
void record_limits_add(cJSON *json, const struct cgroup_limits *limits);

/* Reads them back; what is missing is no limit. The caller releases *limits, also after a failure. */
int record_limits_read(const cJSON *json, struct cgroup_limits *limits, struct error *err);

#endif
