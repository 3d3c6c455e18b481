/* A container's health and its log, as options; see run_life.h. */
#include "run_life.h"

#include <errno.h>

#include "clock.h"

#define FIELD(name) offsetof(struct run_life_options, name)

static int option_duration(void *field, const char *value, struct error *err)
{
	return clock_read_duration(value, field, err);
}

static int option_retries(void *field, const char *value, struct error *err)
{
	return text_to_number(value, 1000000, field, err);
}

const struct option_row run_life_rows[] = {
	{"health-cmd", 0, "COMMAND", option_string, FIELD(health_command),
	 "Command, for the container's shell, that fails when it is not well", NULL, NULL},
	{"health-interval", 0, "DURATION", option_duration, FIELD(healthcheck.interval_ns),
	 "Time between two runs of it (30s)", NULL, NULL},
	{"health-retries", 0, "NUMBER", option_retries, FIELD(healthcheck.retries),
	 "Failures in a row until it is unhealthy (3)", NULL, NULL},
	{"health-start-interval", 0, "DURATION", option_duration,
	 FIELD(healthcheck.start_interval_ns), "Time between two runs in the start period (5s)",
	 NULL, NULL},
	{"health-start-period", 0, "DURATION", option_duration, FIELD(healthcheck.start_period_ns),
	 "Time in which it may fail until it has succeeded once (0s)", NULL, NULL},
	{"health-timeout", 0, "DURATION", option_duration, FIELD(healthcheck.timeout_ns),
	 "Time after which a run of it has failed (30s)", NULL, NULL},
	{"log-driver", 0, "DRIVER", option_string, FIELD(log.driver),
	 "What becomes of its output: json-file, none", NULL, NULL},
	{"log-opt", 0, "NAME=VALUE", option_strings, FIELD(log.options),
	 "How the log is kept: max-size, max-file; labels, env: what each record carries", NULL,
	 NULL},
	{"no-healthcheck", 0, NULL, option_flag, FIELD(no_healthcheck),
	 "Run no healthcheck, not the image's either", NULL, NULL},
	{0},
};

int run_life_check(const struct run_life_options *options, struct error *err)
{
	const struct healthcheck *check = &options->healthcheck;

	if (options->no_healthcheck &&
	    (options->health_command || check->interval_ns || check->timeout_ns ||
	     check->start_period_ns || check->start_interval_ns || check->retries))
		return error_set(err, EINVAL, "--no-healthcheck conflicts with --health-* options");
	return healthcheck_check(check, err);
}

void run_life_apply(const struct run_life_options *options, const struct healthcheck *image,
		    struct container_config *config)
{
	struct healthcheck *check = &config->healthcheck;

	*check = options->healthcheck;
	if (options->no_healthcheck)
		strings_add(&check->test, "NONE");
	if (options->health_command && *options->health_command) {
		strings_add(&check->test, "CMD-SHELL");
		strings_add(&check->test, options->health_command);
	}
	if (!options->no_healthcheck)
		healthcheck_complete(check, image);
	if (options->log.driver)
		config->log.driver = memory_string(options->log.driver);
	strings_add_all(&config->log.options, &options->log.options);
}

void run_life_release(struct run_life_options *options)
{
	cleanup_memory(&options->health_command);
	log_settings_release(&options->log);
}
