#!/usr/bin/env bats
# What people struggle with in Docker, reproduced: the rows of final/SYMPTOMS.md that no chapter's file has.

load lib/helpers
load lib/final

# program NAME: a static program out of the C on standard input, in /tools of `try`
program()
{
    mkdir -p "$BATS_TEST_TMPDIR/tools"
    cc -x c -O1 -static -pthread -o "$BATS_TEST_TMPDIR/tools/$1" -
}

# try [OPTIONS] -- COMMAND…
try()
{
    local options=(--network none)
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    coracle run --rm "${options[@]}" -v "$BATS_TEST_TMPDIR/tools:/tools:ro" "$IMAGE" "$@"
}

@test "final symptom 4: a user is a number, on both sides of a bind mount" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    run coracle run --rm --network none -u 1000 -v "$BATS_TEST_TMPDIR/dir:/d" "$IMAGE" touch /d/x
    exits 1
    says "touch: /d/x: Permission denied"
    coracle run --rm --network none -v "$BATS_TEST_TMPDIR/dir:/d" "$IMAGE" touch /d/of-root
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/dir/of-root")" = 0 ]
    chown 1000 "$BATS_TEST_TMPDIR/dir"
    coracle run --rm --network none -u 1000 -v "$BATS_TEST_TMPDIR/dir:/d" "$IMAGE" touch /d/x
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/dir/x")" = 1000 ]
}

@test "final symptom 31: threads fail where a filter answers clone3 with EPERM, and not with ENOSYS" {
    program threads <<'END'
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static void *run(void *argument) { return argument; }
int main(void)
{
	pthread_t thread;
	int code = pthread_create(&thread, NULL, run, NULL);

	puts(code ? strerror(code) : "a thread");
	return code != 0;
}
END
    profile='{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": %d}]}'
    printf "$profile" 1 >"$BATS_TEST_TMPDIR/eperm"
    printf "$profile" 38 >"$BATS_TEST_TMPDIR/enosys"
    run try --security-opt "seccomp=$BATS_TEST_TMPDIR/eperm" -- /tools/threads
    exits 1
    says "Operation not permitted"
    run try --security-opt "seccomp=$BATS_TEST_TMPDIR/enosys" -- /tools/threads
    exits 0
    run try -- /tools/threads
    exits 0
    says "a thread"
}

@test "final symptom 32: root lacks what is not among the fourteen capabilities" {
    run try -- mount -t tmpfs tmpfs /tmp
    exits 1
    says "permission denied"
    run try --cap-add SYS_ADMIN -- mount -t tmpfs tmpfs /tmp
    exits 0
    run try --cap-drop CHOWN -- chown 1 /tmp
    exits 1
    says "Operation not permitted"
}

@test "final symptom 34: a nested container may mount no proc that shows more than the outer one" {
    run try --security-opt seccomp=unconfined -- unshare -U -r -m -p -f mount -t proc proc /proc
    exits 1
    says "permission denied"
    run try --security-opt seccomp=unconfined --security-opt systempaths=unconfined -- \
        unshare -U -r -m -p -f mount -t proc proc /proc
    exits 0
}

@test "final symptom 35: a user namespace is refused by the filter, by a sysctl, and to who is in a chroot" {
    run try -- unshare -U true
    exits 1
    says "Operation not permitted"
    run try --security-opt seccomp=unconfined -- unshare -U true
    exits 0
    run unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; unshare --user true'
    exits 1
    says "No space left on device"
    run chroot "$ROOTFS" unshare -U true
    exits 1
    says "Operation not permitted"
}

@test "final symptom 36: who closes every descriptor one by one has as many calls as the limit says" {
    program closer <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	long calls = 0;

	for (long fd = 3; fd < sysconf(_SC_OPEN_MAX); fd++, calls++)
		close((int)fd);
	printf("%ld calls\n", calls);
	return 0;
}
END
    run try --ulimit nofile=1024 -- /tools/closer
    [ "$output" = "1021 calls" ]
    run try --ulimit nofile=4000 -- /tools/closer
    [ "$output" = "3997 calls" ]
}

@test "final symptom 39: what a program prints waits in its memory, unless it prints to a terminal" {
    program printer <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	puts("afloat");
	pause();
	return 0;
}
END
    coracle run -d --network none --name piped -v "$BATS_TEST_TMPDIR/tools:/tools:ro" "$IMAGE" /tools/printer
    coracle run -dt --network none --name tty -v "$BATS_TEST_TMPDIR/tools:/tools:ro" "$IMAGE" /tools/printer
    await log_has tty afloat
    [ -z "$(coracle logs piped)" ]
    coracle kill piped tty >/dev/null
    [ -z "$(coracle logs piped)" ]
}

@test "final symptom 44: the same tar compressed in another way is another download, and the same layer" {
    layout=$BATS_TEST_TMPDIR/layout registry=$BATS_TEST_TMPDIR/registry
    cp -r "$PREPARED/image.layout" "$layout"
    address=$("$TOP/tests/lib/registry" start "$registry")
    "$TOP/tests/lib/make-test-image" push "$layout" busybox "$address/one"
    manifest=$layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$layout/index.json")
    old=$(jq -r '.layers[0].digest[7:]' "$manifest")
    gunzip -c <"$layout/blobs/sha256/$old" | gzip -1 >"$BATS_TEST_TMPDIR/layer"
    new=$(sha256sum <"$BATS_TEST_TMPDIR/layer" | cut -c1-64)
    [ "$new" != "$old" ]
    jq -c ".layers[0].digest = \"sha256:$new\" | .layers[0].size = $(stat -c %s "$BATS_TEST_TMPDIR/layer")" \
        "$manifest" >"$BATS_TEST_TMPDIR/manifest"
    digest=$(sha256sum <"$BATS_TEST_TMPDIR/manifest" | cut -c1-64)
    mv "$BATS_TEST_TMPDIR/layer" "$layout/blobs/sha256/$new"
    cp "$BATS_TEST_TMPDIR/manifest" "$layout/blobs/sha256/$digest"
    jq -c ".manifests[0].digest = \"sha256:$digest\" | .manifests[0].size = $(stat -c %s "$BATS_TEST_TMPDIR/manifest")" \
        "$layout/index.json" >"$BATS_TEST_TMPDIR/index"
    mv "$BATS_TEST_TMPDIR/index" "$layout/index.json"
    "$TOP/tests/lib/make-test-image" push "$layout" busybox "$address/two"
    coracle --root "$BATS_TEST_TMPDIR/root" pull -q "$address/one"
    layers=$(ls "$BATS_TEST_TMPDIR/root/layers" | grep -vc '^l$')
    run coracle --root "$BATS_TEST_TMPDIR/root" pull "$address/two"
    exits 0
    says "${new:0:12}: Pull complete"
    [ "$(ls "$BATS_TEST_TMPDIR/root/layers" | grep -vc '^l$')" = "$layers" ]
}

@test "final symptom 45: the clock is the host's, and can't be set" {
    run try -- date -s 12:00
    says "can't set date: Operation not permitted"
    run try -- readlink /proc/self/ns/time
    [ "$output" = "$(readlink /proc/self/ns/time)" ]
}

@test "final symptom 46: exec begins anew: the image's user and directory, not what the first process has made of them" {
    add_image symptom --config.user 1000 --config.workingdir /tmp --config.env FROM=image
    coracle run -d --network none --name sloop -e GIVEN=run "$MADE" sh -c 'export LATER=shell; cd /usr; exec sleep 1000'
    run coracle exec sloop sh -c 'id -u; pwd; echo "$FROM $GIVEN $LATER"'
    exits 0
    [ "$output" = $'1000\n/tmp\nimage run ' ] || { echo "$output"; return 1; }
    run coracle exec -u 0 -w / -e LATER=exec sloop sh -c 'id -u; pwd; echo $LATER'
    [ "$output" = $'0\n/\nexec' ]
    coracle rm -f sloop >/dev/null
    coracle rmi "$MADE" >/dev/null
}
