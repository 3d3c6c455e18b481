"""peers - runners made by others, for comparisons: what tests/bench/run and tests/parity/run share

They run in mount, network and pid namespaces of their own, so that nobody outside sees their
daemons, bridges and rules, and nothing but cgroups and a scratch directory outlives them.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CORACLE = os.path.join(os.environ.get("BUILD", os.path.join(TOP, "build")), "coracle")


class Skip(Exception):
    """Why a runner is not there."""


def call(*argv, **options):
    """Runs a set-up step; its output is shown only when it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        raise Skip("%s: status %d: %s" % (" ".join(argv[:4]), done.returncode,
                                          done.stdout.strip()[-300:]))
    return done.stdout


def need(program):
    path = shutil.which(program)
    if not path:
        raise Skip("%s is not installed" % program)
    return path


def make_image(layout):
    call(os.path.join(TOP, "tests/lib/make-test-image"), "busybox", layout, "busybox")


def load_into_coracle(scratch, layout):
    """Pulls the layout's busybox from a registry; returns the start of a command, and the image."""
    if not os.access(CORACLE, os.X_OK):
        raise Skip("no %s (make builds it)" % CORACLE)
    registry, directory = os.path.join(TOP, "tests/lib/registry"), os.path.join(scratch, "registry")
    image = call(registry, "start", directory).strip() + "/busybox"
    call(os.path.join(TOP, "tests/lib/make-test-image"), "push", layout, "busybox", image)
    # a copy, so that nobody can build another one meanwhile
    shutil.copytree(os.path.join(os.path.dirname(CORACLE), "libexec"), scratch + "/bin/libexec")
    shutil.copy(CORACLE, scratch + "/bin/coracle")
    command = [scratch + "/bin/coracle", "--root", os.path.join(scratch, "coracle")]
    call(*command, "pull", image)
    call(registry, "stop", directory)
    return command, image


def start_dockerd(scratch, layout, image, cgroup_parent):
    """Starts a dockerd that has the layout's busybox; returns it, and the start of a command."""
    def path(name):
        return os.path.join(scratch, name)
    daemon, client = need("dockerd"), need("docker")
    sock = "unix://" + path("docker.sock")
    with open(path("dockerd.log"), "w", encoding="utf-8") as log:
        process = subprocess.Popen([
            daemon, "--host", sock, "--data-root", path("docker"), "--exec-root", path("docker-exec"),
            "--pidfile", path("docker.pid"), "--cgroup-parent", cgroup_parent],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    command = [client, "--config", path("docker-config"), "--host", sock]
    try:
        for _ in range(300):
            if process.poll() is not None or subprocess.run(
                    command + ["version"], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        call("skopeo", "--insecure-policy", "copy", "oci:%s:busybox" % layout,
             "docker-archive:%s:%s" % (path("image.tar"), image))
        call(*command, "load", "-i", path("image.tar"))
    except Skip:
        end(process)
        raise
    return process, command


def prepare_podman(scratch):
    """Writes podman's settings; returns the start of a command, and the environment that it needs."""
    def path(name):
        return os.path.join(scratch, name)
    # as usual it asks for more files and processes than root may have here
    with open(path("containers.conf"), "w", encoding="utf-8") as file:
        file.write("""[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "%s"
""" % path("podman-networks"))
    return ([need("podman"), "--root", path("podman"), "--runroot", path("podman-run"),
             "--tmpdir", path("podman-tmp"), "--storage-driver", "overlay"],
            {"CONTAINERS_CONF": path("containers.conf")})


def end(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def in_namespaces(program, argv, cgroups):
    """Runs `program --inside SCRATCH argv…` in namespaces, then removes what outlives them: the
    scratch directory, and the cgroups below /sys/fs/cgroup that match `cgroups`, names with stars."""
    scratch = tempfile.mkdtemp(prefix="coracle-peers.", dir=os.environ.get("TMPDIR", "/var/tmp"))
    before = set(find_cgroups(cgroups))
    # the first process of a pid namespace takes all others with it
    child = subprocess.Popen([
        "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
        "--propagation", "private", program, "--inside", scratch, *argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        child.kill()
        child.wait()
        if os.path.isdir(scratch + "/coracle"):
            # any command notices what was killed, and removes its cgroup
            subprocess.run(["unshare", "--mount", "--net", "sh", "-c", "mount -t tmpfs run /run && exec "
                            '"$@"', "sh", CORACLE, "--root", scratch + "/coracle", "ps", "-a"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for cgroup in set(find_cgroups(cgroups)) - before:
            remove_cgroup(cgroup)
        shutil.rmtree(scratch)


def find_cgroups(patterns):
    for names in patterns:
        yield from glob.glob("/sys/fs/cgroup" + names) + glob.glob("/sys/fs/cgroup/*" + names)


def remove_cgroup(top):
    for directory, _, _ in os.walk(top, topdown=False):
        for _ in range(100):    # the last processes may not be quite dead
            try:
                os.rmdir(directory)
                break
            except OSError:
                time.sleep(0.05)
