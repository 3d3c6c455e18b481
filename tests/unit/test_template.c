/* Templates: what Go's text/template makes of the same source and data. */
#include <errno.h>

#include "filter.h"
#include "format.h"
#include "json.h"
#include "tap.h"
#include "template.h"

static const char document_text[] =
	"{\"Name\":\"/boat\",\"Args\":[\"a\",\"b\"],\"Pid\":7,\"Up\":true,\"None\":null,\"Empty\":[],"
	"\"Map\":{\"z\":\"1\",\"a\":\"2\",\"com.x\":\"dotted\"},\"In\":{\"Deep\":{\"er\":\"here\"}},"
	"\"List\":[{\"K\":\"x\"},{\"K\":\"y\"}]}";

static const struct {
	const char *source, *result;
} good[] = {
	{"plain", "plain"},
	{"", ""},
	{"{{.Name}}", "/boat"},
	{"<{{ .In.Deep.er }}>", "<here>"},
	{"{{.Pid}} {{.Up}} {{.None}}", "7 true <no value>"},
	{"{{.Args}} {{.Map}} {{.Empty}}", "[a b] map[a:2 com.x:dotted z:1] []"},
	{"{{json .Args}}{{json .Name}}{{.Map.z | json}}", "[\"a\",\"b\"]\"/boat\"\"1\""},
	{"{{json .None}}", "null"},
	{"{{index .Map \"com.x\"}}{{index .Map \"no\"}}{{index .Args 1}}", "dottedb"},
	{"{{(index .List 1).K}}", "y"},
	{"{{.Map \"com.x\"}}", "dotted"},
	{"{{len .Args}}{{len .Name}}{{len .Map}}{{len .Empty}}", "2530"},
	{"{{join .Args \", \"}}", "a, b"},
	{"{{range .Args}}<{{.}}>{{end}}", "<a><b>"},
	{"{{range $i, $v := .Args}}{{$i}}={{$v}};{{end}}", "0=a;1=b;"},
	{"{{range $k, $v := .In}}{{$k}}{{end}}", "Deep"},
	{"{{range .Empty}}x{{else}}none{{end}}", "none"},
	{"{{range .None}}x{{else}}none{{end}}", "none"},
	{"{{range .List}}{{.K}}{{$.Pid}}{{end}}", "x7y7"},
	{"{{range .List}}{{range $.Args}}{{.}}{{end}}{{end}}", "abab"},
	{"{{if .Up}}yes{{else}}no{{end}}", "yes"},
	{"{{if .Empty}}yes{{else}}no{{end}}", "no"},
	{"{{if .None}}1{{else if .Up}}2{{else}}3{{end}}", "2"},
	{"{{if .None}}{{.Nope}}{{if .Up}}x{{end}}{{end}}ok", "ok"},
	{"{{if and .Up (eq .Name \"/boat\")}}both{{end}}", "both"},
	{"{{if or .None .Up}}one{{end}}{{if not .Up}}x{{end}}", "one"},
	{"{{eq .Pid 7}}{{ne .Pid 7}}{{lt .Pid 8}}{{ge .Pid 8}}", "truefalsetruefalse"},
	{"{{eq .Name \"a\" \"/boat\"}}", "true"},
	{"{{with .In.Deep}}{{.er}}{{end}}{{with .None}}x{{else}}y{{end}}", "herey"},
	{"{{$x := .Pid}}{{$x}}{{$x}}", "77"},
	{"{{.Name | upper}}{{upper \"a\" | lower}}{{title \"ab cd\"}}", "/BOATaAb Cd"},
	{"{{truncate .Name 3}}|{{pad \"x\" 1 2}}|", "/bo| x  |"},
	{"{{split \"a:b\" \":\" | json}}", "[\"a\",\"b\"]"},
	{"{{println .Pid .Up}}{{print 1 2 \"x\"}}", "7 true\n1 2x"},
	{"{{printf \"%s-%d %q %%\" .Name .Pid .Name}}", "/boat-7 \"/boat\" %"},
	{"a {{- .Pid -}} b", "a7b"},
	{"a{{/* nothing */}}b", "ab"},
	{"{{\"a\\n\\\"\"}}{{`\\n`}}", "a\n\"\\n"},
	{"{{true}}{{false}}{{3}}{{-2}}", "truefalse3-2"},
};

static const struct {
	const char *source;
	int code;
} refused[] = {
	{"{{.Nope}}", ENOENT},	    {"{{.Name.Nope}}", ENOENT},
	{"{{.Name", EINVAL},	    {"{{", EINVAL},
	{"{{}}", EINVAL},	    {"{{if .Up}}", EINVAL},
	{"{{end}}", EINVAL},	    {"{{else}}", EINVAL},
	{"{{nosuch .Up}}", ENOSYS}, {"{{index .Args 9}}", ERANGE},
	{"{{len 3}}", ERANGE},	    {"{{$x}}", EINVAL},
	{"{{\"open}}", EINVAL},	    {"{{range .Name}}{{end}}", ERANGE},
	{"{{json}}", ERANGE},	    {"{{printf \"%d\"}}", ERANGE},
	{"{{eq .Up 1}}", ERANGE},   {"{{(.Up}}", EINVAL},
	{"{{/* x", EINVAL},	    {"{{.Up extra}}", EINVAL},
};

static void test_templates(const cJSON *document)
{
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		AUTO_TEXT struct text out = {0};

		is_number(template_run(good[i].source, document, &out, &err), 0, good[i].source);
		is(text_string(&out), good[i].result, good[i].source);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
		AUTO_TEXT struct text out = {0};

		is_number(template_run(refused[i].source, document, &out, &err), -1,
			  refused[i].source);
		is_number(err.code, refused[i].code, refused[i].source);
	}
}

static void test_depth(const cJSON *document)
{
	AUTO_TEXT struct text source = {0}, out = {0};
	struct error err;

	text_add_string(&source, "{{");
	for (int i = 0; i < 100000; i++)
		text_add_string(&source, "(");
	is_number(template_run(text_string(&source), document, &out, &err), -1,
		  "a template may not be nested without end");
}

static void test_rows(void)
{
	struct error err;
	AUTO_JSON cJSON *rows =
		cJSON_Parse("[{\"A\":\"long long cell\",\"B\":\"x\",\"Label\":{\"k\":\"v\"}}]");
	AUTO_JSON cJSON *titles = cJSON_Parse("{\"A\":\"FIRST\",\"B\":\"SECOND\"}");
	AUTO_TEXT struct text usual = {0}, own = {0}, json = {0}, line = {0};

	format_rows(&(struct format_view){NULL, "{{.A}}\t{{.B}}", titles}, rows, &usual, &err);
	is(text_string(&usual), "FIRST            SECOND\nlong long cell   x\n", "a table");
	format_rows(&(struct format_view){"table {{.B}}\\t{{.A}}", "", titles}, rows, &own, &err);
	is(text_string(&own), "SECOND    FIRST\nx         long long cell\n",
	   "a table of one's own");
	format_rows(&(struct format_view){"json", "", titles}, rows, &json, &err);
	is(text_string(&json), "{\"A\":\"long long cell\",\"B\":\"x\"}\n", "an object a line");
	format_rows(&(struct format_view){"{{.Label \"k\"}}\\t.", "", titles}, rows, &line, &err);
	is(text_string(&line), "v\t.\n", "a line for each row, a label by its key");
}

static void test_filters(void)
{
	AUTO_STRINGS struct strings filters = {0}, labels = {0};
	struct error err;

	is_number(filter_option(&filters, "name", &err), -1, "a filter has a value");
	filter_option(&filters, "name=^bo", &err);
	filter_option(&filters, "name=zz", &err);
	filter_option(&filters, "label=a", &err);
	strings_add(&labels, "a=1");
	ok(filter_found(&filters, "name", "boat"), "one of several names is enough");
	ok(!filter_found(&filters, "name", "a boat"), "a name is a regular expression");
	ok(filter_equal(&filters, "status", "running"), "a filter that is absent lets all through");
	ok(filter_labels(&filters, &labels), "a label by its key");
	filter_option(&filters, "label=a=2", &err);
	ok(!filter_labels(&filters, &labels), "all labels must fit");
	is_number(filter_check(&filters, (const char *const[]){"name", NULL}, &err), -1,
		  "unknown filters are refused");
	is(err.text, "invalid filter 'label'", "with Docker's words");
}

int main(void)
{
	AUTO_JSON cJSON *document = cJSON_Parse(document_text);

	test_templates(document);
	test_depth(document);
	test_rows();
	test_filters();
	return tap_done();
}
