#!/usr/bin/env bats
# Chapter 05: a layer of any make is unpacked as it was meant, and none can do harm.
#
# The layers are made byte by byte (lib/craft-layer), and unpacked by the modules of this chapter
# under AddressSanitizer (unit/layer_tool). They are the same whatever program is under test.

load lib/helpers

setup_file()
{
    make --no-print-directory -s -C "$TOP" SANITIZE=address,undefined \
        build/address-undefined/unit/layer_tool
}

setup()
{
    TOOL=$TOP/build/address-undefined/unit/layer_tool
    T=$BATS_TEST_TMPDIR/t
    mkdir -p "$T"
    echo untouched >"$T/outside"
}

# Nothing here makes anything on the host but processes.
teardown() { ! pgrep -f "$TOOL .*$BATS_TEST_TMPDIR"; }

layer() { "$TOP/tests/lib/craft-layer" "$T/layer"; }

unpack()
{
    rm -rf "$T/root"
    mkdir "$T/root"
    run "$TOOL" "${MODE:-unpack}" "$T/layer" "$T/root" "$T/blob"
}

unpacks() { unpack && exits 0; }

# Refused with these words, the tree around the layer untouched.
refuses()
{
    local words
    unpack
    exits 1
    for words in "$@"; do says "$words"; done
    [ "$(cat "$T/outside")" = untouched ]
    [ "$(ls "$T" | tr '\n' ' ')" = 'blob layer outside root ' ]
}

# has PATH FORMAT-OF-STAT VALUE
has()
{
    local got
    got=$(stat -c "$2" "$T/root/$1")
    [ "$got" = "$3" ] || { echo "$1: $2 is '$got', not '$3'"; return 1; }
}
reads() { [ "$(cat "$T/root/$1")" = "$2" ] || { echo "$1 holds '$(cat "$T/root/$1")'"; return 1; }; }
lacks() { [ ! -e "$T/root/$1" ] && [ ! -L "$T/root/$1" ] || { echo "$1 is there"; return 1; }; }
xattr_of() { python3 -c 'import os, sys; sys.stdout.buffer.write(os.getxattr(*sys.argv[1:], follow_symlinks=False))' "$T/root/$1" "$2"; }
is_whiteout() { has "$1" '%F %t:%T' 'character special file 0:0'; }
is_opaque() { [ "$(xattr_of "$1" user.overlay.opaque)" = y ]; }
is_not_opaque() { ! xattr_of "$1" user.overlay.opaque 2>/dev/null; }

# --- what archives look like ----------------------------------------------------------------------

@test "05 files, directories, links, devices and fifos get owner, mode and time" {
    layer <<'END'
directory('d/', 0o1750, uid=7, gid=8, mtime=1500000000)
entry('d/f', data='text', mode=0o4751, uid=1000, gid=1001)
symlink('d/s', '/absolute/../f', uid=5, gid=6)
link('d/h', 'd/f')
entry('c', '3', mode=0o620, major=1, minor=300)
entry('b', '4', mode=0o660, major=8, minor=1, gid=6)
entry('p', '6', mode=0o600)
end()
END
    unpacks
    has d '%F %a %u:%g %Y' 'directory 1750 7:8 1500000000'
    has d/f '%F %a %u:%g %Y %h' 'regular file 4751 1000:1001 1600000000 2'
    reads d/f text
    has d/s '%F %u:%g %Y' 'symbolic link 5:6 1600000000'
    [ "$(readlink "$T/root/d/s")" = /absolute/../f ]
    [ "$T/root/d/f" -ef "$T/root/d/h" ]
    has c '%F %a %t:%T %Y' 'character special file 620 1:12c 1600000000'
    has b '%F %a %u:%g %t:%T' 'block special file 660 0:6 8:1'
    has p '%F %a' 'fifo 600'
}

@test "05 both digests are those of the bytes, padding behind the archive included" {
    layer <<'END'
entry('f', data='x')
end(20)
put(b'anything')
wrap(gzip.compress)
END
    unpacks
    says "digest sha256:$(sha256sum <"$T/layer" | cut -d' ' -f1)"
    says "diff_id sha256:$(zcat "$T/layer" | sha256sum | cut -d' ' -f1)"
    says "unpacked 1 entries 1"
    cmp "$T/layer" "$T/blob"
}

@test "05 gzip may have several members and zeros behind them" {
    layer <<'END'
entry('f', data='x' * 3000)
end()
whole = bytes(out)
out.clear()
put(gzip.compress(whole[:700]) + gzip.compress(b'') + gzip.compress(whole[700:]) + bytes(5000))
END
    unpacks
    has f %s 3000
}

@test "05 gzip's members may begin and end anywhere in what is read at once" {
    layer <<'END'
entry('f', data=bytes(range(256)) * 2000)
end()

def member(data, padding):
    head = b'\x1f\x8b\x08\x1e' + bytes(6) + struct.pack('<H', padding) + bytes(padding) + b'name\0comment\0'
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (head + struct.pack('<H', zlib.crc32(head) & 0xffff) + body.compress(data) + body.flush()
            + struct.pack('<II', zlib.crc32(data), len(data)))

def members(all):
    """The Nth ends so that 64 KiB end somewhere in its trailer or in the next one's header."""
    result = b''
    for number in range(1, 50):
        data, end = all[:10000], number * 65536 + 10 - number
        all = all[10000:]
        result += member(data, end - len(result) - len(member(data, 0)))
    return result + member(all, 0)

wrap(members)
END
    unpacks
    has f %s 512000
}

@test "05 zstd may have several frames and skippable ones, also first" {
    layer <<'END'
entry('f', data='x' * 300000)
end()
wrap(lambda all: zstd_skippable(b'index') + zstd_raw(all[:1000]) + zstd_skippable(b'')
     + zstd_raw(all[1000:]))
END
    unpacks
    has f %s 300000
}

@test "05 zstd may look back for 32 MiB, and not for more memory" {
    # the window's size is 1024 times two to the power of the high five bits
    layer <<<"entry('f', data='x' * 3000); end(); wrap(zstd_raw); out[5] = 15 << 3"
    unpacks
    layer <<<"entry('f', data='x' * 3000); end(); wrap(zstd_raw); out[5] = 16 << 3"
    refuses "decompress zstd: it looks back further than 32 MiB"
    # two frames, and of the second one's header three bytes come with the first 64 KiB
    layer <<'END'
entry('f', data='x' * 100000)
end()
wrap(lambda all: zstd_raw(all[:65524]) + zstd_raw(all[65524:]))
out[65533 + 5] = 15 << 3
END
    unpacks
    has f %s 100000
}

@test "05 other compressions are refused by their names" {
    layer <<<"entry('f'); end(); wrap(lzma.compress)"
    refuses "compressed by xz"
    layer <<<"entry('f'); end(); wrap(bz2.compress)"
    refuses "compressed by bzip2"
}

@test "05 damaged and truncated layers are refused" {
    layer <<<"entry('f', data='x' * 9000); end(); wrap(gzip.compress); del out[-20:]"
    refuses "cut short"
    layer <<<"entry('f', data=bytes(range(256)) * 40); end(); wrap(gzip.compress); out[200] ^= 255"
    refuses "decompress gzip"
    layer <<<"entry('f'); end(); wrap(gzip.compress); put(b'garbage')"
    refuses "something else follows"
    layer <<<"entry('f', data='x' * 9000); end(); wrap(zstd_raw); del out[-20:]"
    refuses "cut short"
    layer <<<"entry('f', data='x' * 9000); del out[-1024:]"
    refuses "cut short" "'f'"
    layer <<<"entry('f'); del out[-100:]"
    refuses "cut short"
    layer <<<"put(b'<html>not found</html>' * 100)"
    refuses "no tar archive"
    layer <<<"entry('f'); out[0] ^= 1; end()"
    refuses "checksum"
}

@test "05 the end may be marked by two zero blocks, one, or none" {
    for blocks in 2 1 0; do
        layer <<<"entry('f', data='x'); end($blocks)"
        unpacks
        reads f x
    done
    layer <<<"entry('f'); end(1); entry('hidden'); end()"
    refuses "goes on after a zero block"
}

@test "05 an empty layer is one" {
    layer <<<"end()"
    unpacks
    [ -z "$(ls -A "$T/root")" ]
    layer <<<"pass"
    unpacks
}

@test "05 ustar's prefix counts, but not what old GNU has in its place" {
    layer <<'END'
entry('f', data='new', prefix='a/b')
entry('g', data='old', prefix='junk', magic=b'ustar  \0')
entry('h', data='v7', magic=b'', prefix='junk')
end()
END
    unpacks
    reads a/b/f new
    reads g old
    reads h v7
    lacks junk
}

@test "05 PAX records override the header" {
    layer <<'END'
long = 'd' * 120 + '/' + 'f' * 200
pax({'path': long, 'uid': 3000000, 'gid': '3000001', 'mtime': '1500000000.250000000999',
     'size': 4, 'comment': 'two\nlines = one', 'atime': '5'})
entry('short', data='text', size=0)
pax(linkpath='t' * 150)
symlink('s', 'short')
pax(mtime='-1.25')
entry('old')
entry('plain', uid=5)
end()
END
    unpacks
    f=$(printf 'd%.0s' {1..120})/$(printf 'f%.0s' {1..200})
    reads "$f" text
    has "$f" '%u:%g %.9Y' 3000000:3000001\ 1500000000.250000000
    [ "$(readlink "$T/root/s")" = "$(printf 't%.0s' {1..150})" ]
    has old '%.9Y' -1.250000000
    has plain '%u' 5
    lacks short
}

@test "05 a PAX record without a value takes itself back; records for all are ignored" {
    layer <<'END'
pax({'path': 'global', 'uid': '77'}, type='g')
pax({'path': '', 'uid': ''})
entry('f', uid=3)
end()
END
    unpacks
    has f %u 3
    lacks global
}

@test "05 damaged PAX records are refused" {
    for body in '6 a=' '99 path=f' '0 path=f' '9 pathabc' '3 =' 'x path=f' '12 path=a\0b'; do
        layer <<<"entry('x', 'x', b'$body\n'); entry('f'); end()"
        refuses "PAX record"
    done
    layer <<<"pax(size='1x'); entry('f'); end()"
    refuses "'size'"
    layer <<<"pax(size='-5'); entry('f'); end()"
    refuses "'size'"
    layer <<<"pax(uid='4294967295'); entry('f'); end()"
    refuses "owner"
}

@test "05 GNU's long names come in either order, with and without a NUL" {
    layer <<'END'
long_name('L', 'a' * 130); long_name('K', 'b' * 140)
symlink('a', 'b')
long_name('K', 'c' * 150, nul=False); long_name('L', 'd' * 160, nul=False)
symlink('d', 'c')
long_name('L', 'e' * 255 + '/' + 'f' * 255 + '/', nul=False)
directory('e')
entry('last')
end()
END
    unpacks
    [ "$(readlink "$T/root/$(printf 'a%.0s' {1..130})")" = "$(printf 'b%.0s' {1..140})" ]
    [ "$(readlink "$T/root/$(printf 'd%.0s' {1..160})")" = "$(printf 'c%.0s' {1..150})" ]
    has "$(printf 'e%.0s' {1..255})/$(printf 'f%.0s' {1..255})" %F directory
    has last %F 'regular empty file'
}

@test "05 numbers may be base 256, of full width, or begin with spaces" {
    layer <<'END'
entry('big', data='four', size=base256(4, 12), uid=base256(70000000, 8), gid=b'77777777',
      mtime=base256(-5, 12))
entry('spaces', data='four', size=b'          4 ', mode=b'  600 \0', mtime=b'14371110700 ')
entry('full', size=b'000000000004', data='four')
end()
END
    unpacks
    has big '%s %u:%g %Y' '4 70000000:16777215 -5'
    has spaces '%s %a %Y' '4 600 1675923904'
    has full %s 4
}

@test "05 numbers that cannot be are refused" {
    layer <<<"entry('f', size=base256(-1, 12)); end()"
    refuses "'f'" "size is negative"
    layer <<<"entry('f', size=b'\x80' + b'\xff' * 11); end()"
    refuses "'f'" "too large"
    layer <<<"entry('f', uid=base256(1 << 40, 8)); end()"
    refuses "'f'" "owner"
    layer <<<"entry('f', uid=base256(-2, 8)); end()"
    refuses "'f'" "owner"
    layer <<<"entry('f', mode=b'0o644'); end()"
    refuses "'f'" "not octal"
    layer <<<"entry('f', '3', major=base256(1 << 13, 8)); end()"
    refuses "'f'" "device number"
    layer <<<"entry('f', size=base256(1 << 62, 12)); end()"
    refuses "'f'" "cut short"
}

@test "05 the checksum may count signed bytes" {
    layer <<'END'
entry('fünf', data='x', checksum=lambda block: sum(b - 256 * (b > 127) for b in block))
end()
END
    unpacks
    reads fünf x
}

@test "05 the type is that of its flag, never of the mode; old flags are understood" {
    layer <<'END'
entry('file', data='x', mode=0o040755)
directory('directory', mode=0o0100700)
entry('v7/', b'\0', mode=0o700)
entry('v7/file', b'\0', data='x')
entry('contiguous', '7', data='x')
directory('with-size', size=512)
link('link', 'file', size=999)
end()
END
    unpacks
    has file '%F %a' 'regular file 755'
    has directory '%F %a' 'directory 700'
    has v7 '%F %a' 'directory 700'
    reads v7/file x
    reads contiguous x
    has with-size %F directory
    has link %h 2
}

@test "05 sparse files and unknown types are refused by name" {
    layer <<<"entry('holes', 'S', data='x'); end()"
    refuses "'holes'" "sparse"
    layer <<<"pax({'GNU.sparse.major': '1'}); entry('holes', data='x'); end()"
    refuses "'holes'" "sparse"
    layer <<<"entry('volume', 'V'); end()"
    refuses "'volume'" "type 'V'"
}

@test "05 names and records that are too long are refused" {
    layer <<<"long_name('L', 'a/' * 2100); entry('f'); end()"
    refuses "name is too long"
    layer <<<"long_name('L', 'a' * 70000); entry('f'); end()"
    refuses "too long"
    layer <<<"entry('x', 'x', size=2 << 20); end()"
    refuses "too long"
    layer <<<"entry('f' * 100, prefix='d'); long_name('L', 'n' * 256); entry('f'); end()"
    refuses "File name too long"
}

@test "05 extended attributes are set, those of overlayfs are not" {
    layer <<'END'
caps = bytes.fromhex('0100000202000000000000000000000000000000')
pax({'SCHILY.xattr.security.capability': caps, 'SCHILY.xattr.user.note': b'a\0b\nc',
     'SCHILY.xattr.user.overlay.opaque': 'y', 'SCHILY.xattr.trusted.overlay.opaque': 'y'})
entry('ping', data='x', uid=1, mode=0o755)
pax({'SCHILY.xattr.user.overlay.opaque': 'y', 'SCHILY.xattr.user.note': 'd'})
directory('d')
pax({'SCHILY.xattr.user.note': 'l'})
symlink('s', '/outside')
end()
END
    unpacks
    [ "$(xattr_of ping security.capability | od -An -tx1 | tr -d ' \n')" = 0100000202000000000000000000000000000000 ]
    [ "$(xattr_of ping user.note | od -An -c | tr -d ' ')" = 'a\0b\nc' ]
    ! xattr_of ping user.overlay.opaque
    ! xattr_of ping trusted.overlay.opaque
    is_not_opaque d
    [ "$(xattr_of d user.note)" = d ]
}

# --- what a layer means ---------------------------------------------------------------------------

@test "05 names are taken plainly: ./ and // and a slash at the end say nothing" {
    layer <<'END'
directory('./', mode=0o711, mtime=1400000000)
directory('./a//b/./c/')
entry('./a//b/f', data='x')
end()
END
    unpacks
    has . '%a %Y' '711 1400000000'
    has a/b/c %F directory
    reads a/b/f x
}

@test "05 parents that the archive leaves out are 0755 and root's" {
    layer <<<"entry('a/b/f', uid=9, mode=0o600); end()"
    umask 0077
    unpacks
    has a '%a %u:%g' '755 0:0'
    has a/b '%a %u:%g' '755 0:0'
}

@test "05 directories keep their mode and time although files follow" {
    layer <<'END'
directory('a', 0o500, mtime=1000)
directory('a/b', 0o000, mtime=2000)
entry('a/b/f', mtime=3000)
directory('a', 0o511, mtime=4000)
entry('a/g')
end()
END
    unpacks
    has a '%a %Y' '511 4000'
    has a/b '%a %Y' '0 2000'
}

@test "05 of entries with one name the last counts" {
    layer <<'END'
entry('f', data='first', mode=0o600)
link('h', 'f')
entry('f', data='second', mode=0o644)
symlink('s', '../outside')
entry('s', data='not through the link')
directory('d'); entry('d', data='was a directory')
entry('e', data='x'); directory('e'); entry('e/f', data='y')
end()
END
    unpacks
    reads f second
    reads h first
    has h '%a %h' '600 1'
    has s %F 'regular file'
    [ "$(cat "$T/outside")" = untouched ]
    reads d 'was a directory'
    reads e/f y
    layer <<<"directory('d'); entry('d/f'); symlink('d', '/etc'); end()"
    refuses "'d'" "in the layer twice"
}

@test "05 a whiteout is a device 0:0, an opaque directory has its mark" {
    layer <<'END'
entry('dir/.wh.gone')
entry('cleared/.wh..wh..opq')
entry('cleared/new', data='x')
end()
END
    unpacks
    is_whiteout dir/gone
    lacks dir/.wh.gone
    is_opaque cleared
    lacks cleared/.wh..wh..opq
    is_not_opaque dir
}

@test "05 what the layer has itself is not hidden, in either order" {
    layer <<'END'
entry('.wh.before'); entry('before', data='x')
entry('after', data='x'); entry('.wh.after')
entry('.wh.dir1'); directory('dir1'); entry('dir1/f', data='x')
directory('dir2'); entry('dir2/f', data='x'); entry('.wh.dir2')
entry('.wh.dir3'); entry('dir3/f', data='x')
entry('dir4/f', data='x'); entry('dir4/.wh..wh..opq')
symlink('link', 'x'); entry('.wh.link')
end()
END
    unpacks
    for f in before after dir1/f dir2/f dir3/f dir4/f; do reads $f x; done
    # but what lower layers have in these directories is
    for d in dir1 dir2 dir3 dir4; do is_opaque $d; done
    has link %F 'symbolic link'
}

@test "05 overlayfs takes whiteouts and opaque directories as they are made" {
    layer <<'END'
entry('.wh.gone'); entry('cleared/.wh..wh..opq'); entry('cleared/new', data='x'); entry('kept/new')
end()
END
    unpacks
    mkdir -p "$T"/lower/{cleared,kept} "$T/view"
    touch "$T"/lower/{gone,cleared/old,kept/old}
    run unshare --mount sh -c 'cd "$1" && mount -t overlay -o userxattr,lowerdir=root:lower none view &&
        cd view && find . | sort | tr "\n" " "' sh "$T"
    exits 0
    [ "$output" = '. ./cleared ./cleared/new ./kept ./kept/new ./kept/old ' ] || { echo "$output"; false; }
}

@test "05 notes of aufs are ignored, whiteouts of nothing are refused" {
    layer <<<"directory('.wh..wh.plnk'); entry('.wh..wh.plnk/1.2', data='x' * 700); entry('.wh..wh.aufs'); entry('f'); end()"
    unpacks
    [ "$(ls -A "$T/root")" = f ]
    for name in .wh. .wh.. .wh... d/.wh.; do
        layer <<<"entry('$name'); end()"
        refuses "'$name'" "whiteout of nothing"
    done
    layer <<<"entry('.wh.a/b'); end()"
    refuses "below a whiteout"
}

# --- what a layer may not -------------------------------------------------------------------------

@test "05 names with .. are refused" {
    for name in .. ../outside a/../../outside a/.. ./..//outside; do
        layer <<<"entry('$name', data='evil'); end()"
        refuses "'$name'" "holds '..'"
        layer <<<"directory('$name', 0o777); end()"
        refuses "'$name'" "holds '..'"
    done
    layer <<<"pax(path='../outside'); entry('f', data='evil'); end()"
    refuses "'../outside'" "holds '..'"
    layer <<<"entry('../.wh.outside'); end()"
    refuses "holds '..'"
}

@test "05 absolute names are refused" {
    layer <<<"entry('$T/outside', data='evil'); end()"
    refuses "absolute path"
    layer <<<"entry('//etc/passwd', data='evil'); end()"
    refuses "'//etc/passwd'" "absolute path"
}

@test "05 nothing goes through a symbolic link, whatever it points to" {
    mkdir "$T/away"
    for target in .. "$T" a; do
        for last in "entry('s/outside', data='evil')" "directory('s/new')" "entry('s/.wh.outside')" \
            "entry('s/.wh..wh..opq')" "symlink('s/new', 'x')" "link('s/new', 'f')" "entry('s/c', '3')"; do
            layer <<<"directory('a'); entry('f'); symlink('s', '$target'); $last; end()"
            unpack
            exits 1
            says "a symbolic link is in the way: 's'"
        done
    done
    rmdir "$T/away"
    refuses "symbolic link is in the way"
    # nor further up, although the directory is there
    layer <<<"directory('a/b'); symlink('s', 'a'); entry('s/b/f'); end()"
    refuses "'s/b/f'" "a symbolic link is in the way: 's'"
}

@test "05 a directory entry over a symbolic link does not change what it points to" {
    layer <<<"symlink('s', '..'); directory('s', 0o777, uid=99); end()"
    chmod 700 "$T"
    unpacks
    has s '%F %a %u' 'directory 777 99'
    has .. '%a %u' '700 0'
    # nor is the mode of a directory set through a link that took its place
    layer <<<"directory('s', 0o777); symlink('s', '..'); end()"
    unpacks
    has .. '%a %u' '700 0'
}

@test "05 nothing goes through a file" {
    layer <<<"entry('f'); entry('f/g'); end()"
    refuses "'f/g'" "a file is in the way: 'f'"
}

@test "05 hard links lead only to what the layer has made" {
    layer <<<"link('h', '../outside'); end()"
    refuses "'h'" "'..'"
    layer <<<"link('h', '$T/outside'); end()"
    refuses "'h'" "not in this layer"
    layer <<<"link('h', 'missing'); end()"
    refuses "'h'" "'missing' is not in this layer"
    layer <<<"entry('.wh.gone'); link('h', 'gone'); end()"
    refuses "'gone' is not in this layer"
    layer <<<"symlink('s', '$T'); link('h', 's/outside'); end()"
    refuses "not in this layer"
    layer <<<"directory('d'); link('h', 'd'); end()"
    refuses "is a directory"
    layer <<<"entry('f'); link('f', 'f'); end()"
    refuses "to itself"
    # a link to a link is a link, and an absolute target begins at the layer's root
    layer <<<"symlink('s', '$T/outside'); link('h', 's'); entry('d/f'); link('g', '/d/f'); end()"
    unpacks
    has h '%F %h' 'symbolic link 2'
    has g %h 2
    echo untouched | cmp - "$T/outside"
}

@test "05 nothing can take the place of the layer's root" {
    for made in "entry('.')" "symlink('./', '..')" "entry('', '3')"; do
        layer <<<"$made; end()"
        refuses "stands for the root"
    done
}

@test "05 an archive that expands beyond reason is refused" {
    layer <<'END'
entry('.wh..wh.note', size=base256(3 << 30, 12))
head = bytes(out)
out.clear()
put(zstd_raw(head) + zstd_zeros(1100))
END
    refuses "expands more than 200 times"
}

@test "05 a full disk is said, with the entry" {
    layer <<<"entry('small', data='x'); entry('large', data='x' * 3000000); end()"
    mkdir "$T/disk"
    run unshare --mount sh -c 'mount -t tmpfs -o size=1m none "$2/disk" &&
        mkdir "$2/disk/root" && exec "$1" unpack "$2/layer" "$2/disk/root" "$2/blob"' sh "$TOOL" "$T"
    exits 1
    says "'large'"
    says "No space left on device"
}

# --- the unpacker ---------------------------------------------------------------------------------

@test "05 the unpacker gives the same layer and the same errors" {
    layer <<'END'
pax({'SCHILY.xattr.security.capability': bytes.fromhex('0100000202000000000000000000000000000000')})
entry('d/f', data='x' * 200000, uid=5, mode=0o6755)
entry('.wh.gone'); entry('c', '3', major=1, minor=3); link('h', 'd/f'); entry('o/.wh..wh..opq')
end()
wrap(gzip.compress)
END
    MODE=locked unpacks
    has d/f '%s %u %a %h' '200000 5 6755 2'
    has c %t:%T 1:3
    is_whiteout gone
    is_opaque o
    [ -n "$(xattr_of d/f security.capability)" ]
    says "digest sha256:$(sha256sum <"$T/layer" | cut -d' ' -f1)"
    layer <<<"symlink('s', '/'); entry('s/f'); end()"
    MODE=locked refuses "'s/f'" "symbolic link is in the way"
}

# status_has PID "NAME:HEX"...
status_has()
{
    local line
    for line in "${@:2}"; do
        grep -q "^${line%:*}:.*0*${line#*:}$" "/proc/$1/status" || { cat "/proc/$1/status"; return 1; }
    done
}

@test "05 all four processes of the unpacker are locked up, and end with their parent" {
    local pids=() pid ns
    mkfifo "$T/fifo"
    mkdir "$T/root"
    "$TOOL" locked "$T/fifo" "$T/root" "$T/blob" 3>&- &
    exec 9>"$T/fifo"
    parent=$!
    printf x >&9
    await test -s "$T/blob"
    read -ra pids <"/proc/$parent/task/$parent/children" || true # no newline
    [ ${#pids[@]} -eq 4 ]
    for pid in "${pids[@]}"; do
        await grep -q "^Seccomp:.2$" "/proc/$pid/status"
        status_has "$pid" CapInh:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2
    done
    # those that parse
    for pid in "${pids[1]}" "${pids[3]}"; do
        for ns in net pid ipc; do
            [ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
        done
    done
    # those that hash or decompress are nobody, have a root without a file, and what they copy between
    for pid in "${pids[@]:0:3}"; do
        await grep -q '^Seccomp:.2$' "/proc/$pid/status"
        status_has "$pid" CapPrm:0000000000000000 CapBnd:0000000000000000
        grep -qE '^Uid:(.65534){4}$' "/proc/$pid/status"
        [[ $(readlink "/proc/$pid/root") == /proc/*/fdinfo ]]
    done
    # standard error, the channel, two pipes; the keeper has the blob, too
    for n in '0 5' '1 4' '2 4'; do
        [ "$(ls "/proc/${pids[${n% *}]}/fd" | wc -l)" -eq "${n#* }" ] || { ls -l "/proc/${pids[${n% *}]}/fd"; false; }
    done
    # chown dac_override fowner fsetid mknod setfcap, in the layer's directory
    status_has "${pids[3]}" CapPrm:000000008800001b CapEff:000000008800001b CapBnd:000000008800001b
    [ "/proc/${pids[3]}/root/" -ef "$T/root" ]
    [ "/proc/${pids[3]}/cwd/" -ef "$T/root" ]
    [ "$(ls "/proc/${pids[3]}/fd" | wc -l)" -eq 4 ] || { ls -l "/proc/${pids[3]}/fd"; false; }
    kill -KILL "$parent"
    for pid in "${pids[@]}"; do await test ! -e "/proc/$pid/status"; done
    exec 9>&-
}
