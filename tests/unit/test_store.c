/* The image store: found, listed, tagged anew, removed; and what a killed writer leaves. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "digest.h"
#include "file.h"
#include "path.h"
#include "store.h"
#include "store_write.h"
#include "tap.h"

static struct error err;
static const char *root;

static void put_blob(const char *bytes, char digest[DIGEST_SIZE])
{
	digest_of(bytes, strlen(bytes), digest);
	store_put_blob(root, digest, bytes, strlen(bytes), &err);
}

/* A layer that holds a file of its own name. */
static void put_layer(const char *name, char diff_id[DIGEST_SIZE])
{
	AUTO_FREE char *staged = NULL, *file = NULL;

	digest_of(name, strlen(name), diff_id);
	store_stage_layer(root, &staged, &err);
	file = path_join(staged, name);
	close(open(file, O_WRONLY | O_CREAT, 0644));
	store_commit_layer(root, diff_id, 1000, staged, &err);
}

/* An image of two layers, the lower of which all share. Fills *id and *manifest_digest. */
static void put_image(const char *name, const char *created, char id[DIGEST_SIZE],
		      char manifest_digest[DIGEST_SIZE])
{
	char base[DIGEST_SIZE], top[DIGEST_SIZE], blobs[2][DIGEST_SIZE];
	AUTO_FREE char *config = NULL, *manifest = NULL;

	put_layer("base", base);
	put_layer(name, top);
	put_blob("base compressed", blobs[0]);
	put_blob(name, blobs[1]);
	config = memory_format("{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"%s\","
			       "\"config\":{\"Cmd\":[\"%s\"]},\"rootfs\":{\"type\":\"layers\","
			       "\"diff_ids\":[\"%s\",\"%s\"]}}",
			       created, name, base, top);
	put_blob(config, id);
	manifest = memory_format(
		"{\"schemaVersion\":2,"
		"\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
		"{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\","
		"\"size\":%zu},\"layers\":["
		"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"%s\","
		"\"size\":15},"
		"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"%s\","
		"\"size\":%zu}]}",
		id, strlen(config), blobs[0], blobs[1], strlen(name));
	put_blob(manifest, manifest_digest);
}

static int set_name(const char *name, const char *digest, const char *manifest_digest)
{
	AUTO_REFERENCE struct reference reference = {0};

	if (reference_parse(name, &reference, &err) < 0)
		return -1;
	return store_set_reference(root, &reference, digest, manifest_digest, &err);
}

static void is_found(const char *name, const char *id)
{
	AUTO_IMAGE struct image image = {0};
	AUTO_FREE char *test = memory_format("%s is found", name);

	if (store_find(root, name, &image, &err) < 0)
		image.id = memory_string(err.text);
	is(image.id, id, test);
}

static void is_not_found(const char *name, int code)
{
	AUTO_IMAGE struct image image = {0};
	AUTO_FREE char *test = memory_format("%s is not found", name);

	is_number(store_find(root, name, &image, &err), -1, test);
	is_number(err.code, code, err.text);
}

static void is_removed(const char *name, const char *in_use, const char *want)
{
	AUTO_STRINGS struct strings ids = {0}, removed = {0};
	AUTO_TEXT struct text lines = {0};
	AUTO_FREE char *test = memory_format("removing %s", name);

	if (in_use)
		strings_add(&ids, in_use);
	if (store_remove(root, name, &ids, &removed, &err) < 0)
		text_add_string(&lines, err.text);
	for (size_t i = 0; i < removed.count; i++)
		text_add_format(&lines, "%s\n", removed.items[i]);
	is(text_string(&lines), want, test);
}

static size_t count_files(const char *directory)
{
	AUTO_FREE char *command = memory_format("ls -A %s/%s | wc -l", root, directory);
	FILE *pipe = popen(command, "r");
	size_t count = 0;

	if (!pipe || fscanf(pipe, "%zu", &count) != 1)
		count = 9999;
	if (pipe)
		pclose(pipe);
	return count;
}

/* Docker's id of the upper layer of put_image(name). */
static void chain_id_of(const char *name, char chain[DIGEST_SIZE])
{
	char base[DIGEST_SIZE], top[DIGEST_SIZE];
	AUTO_FREE char *both = NULL;

	digest_of("base", 4, base);
	digest_of(name, strlen(name), top);
	both = memory_format("%s %s", base, top);
	digest_of(both, strlen(both), chain);
}

static void test_find_and_list(const char *one, const char *two, const char *manifest_one)
{
	AUTO_FREE char *by_digest = memory_format("alpine@%s", manifest_one);
	AUTO_FREE char *prefix = memory_format("%.12s", one + strlen("sha256:"));
	struct image *images = NULL;
	size_t count = 0;

	is_found("alpine", one);
	is_found("docker.io/library/alpine:latest", one);
	is_found("host:5000/some/thing:v1", two);
	is_found(one, one);
	is_found(one + strlen("sha256:"), one);
	is_found(prefix, one);
	is_found(by_digest, one);
	is_not_found("alpine:3", ENOENT);
	is_not_found("some/thing:v1", ENOENT);
	is_not_found("UPPER", EINVAL);
	is_not_found("../../etc/passwd", EINVAL);
	is_not_found("sha256:0000", ENOENT);
	is_number(store_list(root, &images, &count, NULL, &err), 0, "images are listed");
	is_number((long long)count, 2, "all of them");
	is(images[0].name, "host:5000/some/thing:v1", "the newest first");
	is(images[1].name, "alpine:latest", "by their familiar names");
	is_number((long long)images[1].size_bytes, 2000, "with the size of their layers");
	is_number((long long)images[1].layers.count, 2, "and their layers");
	while (count)
		image_release(&images[--count]);
	free(images);
}

static void test_new_image_of_a_name(const char *old, const char *old_manifest)
{
	char id[DIGEST_SIZE], manifest[DIGEST_SIZE];
	AUTO_FREE char *kept = memory_format("alpine@%s", old_manifest), *lines = NULL;
	char chain[DIGEST_SIZE];

	chain_id_of("newer", chain);
	put_image("newer", "2026-03-01T00:00:00Z", id, manifest);
	set_name("alpine", manifest, manifest);
	is_found("alpine", id);
	is_found(kept, old);
	is_found(old, old);
	/* And back: the name that was kept stays as another one. */
	set_name("alpine", old_manifest, old_manifest);
	is_found("alpine", old);
	is_found(id, id);
	lines = memory_format("Untagged: alpine@%s\nDeleted: %s\nDeleted: %s\n", manifest, id,
			      chain);
	is_removed(id, NULL, lines);
	is_not_found(id, ENOENT);
}

static void test_remove(const char *one, const char *two, const char *manifest_one)
{
	AUTO_FREE char *deleted = NULL, *all = NULL, *conflict = NULL;
	AUTO_FREE char *empty = path_join(root, "refs/docker.io");
	char chain[DIGEST_SIZE];

	chain_id_of("one", chain);
	deleted = memory_format("Untagged: alpine@%s\nDeleted: %s\nDeleted: %s\n", manifest_one,
				one, chain);
	is_removed("nothing", NULL, "No such image: nothing");
	conflict = memory_format("conflict: unable to remove repository reference \"alpine\" (must "
				 "force) - a container is using its referenced image %.12s",
				 one + strlen("sha256:"));
	is_removed("alpine", one, conflict);
	set_name("other:1", manifest_one, manifest_one);
	is_removed("other:1", one, "Untagged: other:1\n");
	set_name("other:1", manifest_one, manifest_one);
	cleanup_memory(&conflict);
	conflict = memory_format("conflict: unable to delete %s (must be forced) - image is "
				 "referenced in multiple repositories",
				 one);
	is_removed(one, NULL, conflict);
	is_removed("other:1", NULL, "Untagged: other:1\n");
	all = memory_format("Untagged: alpine:latest\n%s", deleted);
	is_removed("alpine", two, all);
	is_not_found("alpine", ENOENT);
	is_not_found(one, ENOENT);
	is_found("host:5000/some/thing:v1", two);
	is_number((long long)count_files("layers"), 4, "the other image's layers stay");
	is_number((long long)count_files("blobs/sha256"), 4, "and its blobs");
	ok(access(empty, F_OK) < 0, "a directory without names goes");
}

static void test_damage(const char *two)
{
	AUTO_FREE char *blob = store_blob_path(root, two);
	AUTO_STRINGS struct strings removed = {0};
	char three[DIGEST_SIZE], manifest_three[DIGEST_SIZE];

	put_image("three", "2026-03-01T00:00:00Z", three, manifest_three);
	set_name("three:1", manifest_three, manifest_three);
	unlink(blob);
	is_not_found("host:5000/some/thing:v1", EIO);
	is_number(store_remove(root, "three:1", &(struct strings){0}, &removed, &err), 0,
		  "beside a damaged image another can be removed");
	is_not_found("three:1", ENOENT);
	ok(count_files("layers") > 0, "what the damaged one may need stays");
	is_number(
		store_remove(root, "host:5000/some/thing:v1", &(struct strings){0}, &removed, &err),
		0, "a damaged image can be removed");
	is_number((long long)count_files("layers"), 0, "with all that it had");
	is_number((long long)count_files("blobs/sha256"), 0, "and its blobs");
	is_number((long long)count_files("refs"), 0, "and its name");
}

/* Of a reference nobody can read, nobody knows what it needs. */
static void test_damaged_references(void)
{
	AUTO_STRINGS struct strings removed = {0}, damaged = {0};
	char four[DIGEST_SIZE], manifest_four[DIGEST_SIZE];
	AUTO_FREE char *first = path_join(root, "refs/docker.io/library/bad/:1");
	AUTO_FREE char *second = path_join(root, "refs/docker.io/library/bad/:2");
	AUTO_FREE struct image *images = NULL;
	size_t count = 0;

	put_image("four", "2026-03-01T00:00:00Z", four, manifest_four);
	set_name("four:1", manifest_four, manifest_four);
	set_name("bad:1", manifest_four, manifest_four);
	set_name("bad:2", manifest_four, manifest_four);
	ok(truncate(first, 10) == 0 && truncate(second, 0) == 0, "two references are damaged");
	is_number(store_list(root, &images, &count, &damaged, &err), 0, "the others are listed");
	is_number((long long)count, 1, "the one of them");
	is_number((long long)damaged.count, 2, "and what is wrong with those two");
	while (count)
		image_release(&images[--count]);
	is_number(store_remove(root, "four:1", &(struct strings){0}, &removed, &err), 0,
		  "four:1 is removed");
	ok(count_files("layers") > 0, "what they may need stays");
	is_number(store_remove(root, "bad:1", &(struct strings){0}, &removed, &err), 0,
		  "bad:1 is removed");
	is_not_found("bad:2", EIO);
	is_number(store_remove(root, "bad:2", &(struct strings){0}, &removed, &err), 0,
		  "bad:2 is removed");
	is_number((long long)count_files("layers"), 0, "until the last has gone");
}

/* The lock of one who is alone clears the staging area; a second holder leaves it alone. */
static void test_lock(void)
{
	AUTO_CLOSE int first = -1, second = -1, third = -1;
	AUTO_FREE char *staged = NULL, *blob = NULL, *path = path_join(root, "lock");
	AUTO_CLOSE int blob_fd = -1;

	first = store_lock(root, false, &err);
	store_stage_layer(root, &staged, &err);
	store_stage_blob(root, &blob_fd, &blob, &err);
	second = store_lock(root, false, &err);
	ok(second >= 0, "two pulls share the lock");
	is_number((long long)count_files("staging"), 2, "the second leaves the first's files");
	third = open(path, O_RDWR | O_CLOEXEC);
	is_number(flock(third, LOCK_EX | LOCK_NB), -1, "a removal has to wait");
	cleanup_fd(&first);
	cleanup_fd(&second);
	first = store_lock(root, false, &err);
	is_number((long long)count_files("staging"), 0, "what a killed pull has left is removed");
	is_number(flock(third, LOCK_EX | LOCK_NB), -1, "and the lock is held");
	is_number(store_lock(root, true, &err), -1, "an exclusive one is not waited for");
	is_number(err.code, EBUSY, "but refused");
	cleanup_fd(&first);
	first = store_lock(root, true, &err);
	is_number(flock(third, LOCK_SH | LOCK_NB), -1, "an exclusive one lets nobody in");
}

static void test_second_commit(void)
{
	AUTO_FREE char *path = NULL, *size_path = NULL;
	char diff_id[DIGEST_SIZE];

	put_layer("same", diff_id);
	put_layer("same", diff_id);
	ok(store_has_layer(root, diff_id), "a layer that another pull has committed is there");
	is_number((long long)count_files("staging"), 0, "and the second copy is gone");
	path = store_layer_path(root, diff_id);
	size_path = memory_format("%s.size", path);
	is_number(truncate(size_path, 0), 0, "a power cut empties its size");
	ok(!store_has_layer(root, diff_id), "then it is not there");
	put_layer("same", diff_id);
	ok(store_has_layer(root, diff_id), "until the next pull");
}

int main(void)
{
	char template[] = "/tmp/test_store.XXXXXX";
	char one[DIGEST_SIZE], two[DIGEST_SIZE], manifest_one[DIGEST_SIZE],
		manifest_two[DIGEST_SIZE];

	root = mkdtemp(template);
	is_number(store_prepare(root, &err), 0, "a store is prepared");
	put_image("one", "2026-01-01T00:00:00Z", one, manifest_one);
	put_image("two", "2026-02-01T00:00:00Z", two, manifest_two);
	is_number(set_name("alpine", manifest_one, manifest_one), 0, "a name is set");
	is_number(set_name("host:5000/some/thing:v1", manifest_two, manifest_two), 0, "another");
	test_find_and_list(one, two, manifest_one);
	test_new_image_of_a_name(one, manifest_one);
	test_remove(one, two, manifest_one);
	test_damage(two);
	test_damaged_references();
	test_lock();
	test_second_commit();
	path_remove_tree(root, &err);
	return tap_done();
}
