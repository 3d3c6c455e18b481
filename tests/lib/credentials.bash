# credentials - for tests of who asks a registry: `load lib/helpers`, `load lib/credentials`

# What docker login would have written.
log_in() # REGISTRY USER:PASSWORD
{
    mkdir -p "$DOCKER_CONFIG"
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "$2" | base64 -w0)" >"$DOCKER_CONFIG/config.json"
}

# A helper that knows one host, keeps what it is given in a file, and shows what it was asked.
make_credential_helper() # HOST USER SECRET
{
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/docker-credential-shelf" <<HELPER
#!/bin/sh
input=\$(cat)
echo "\$1 \$input" >>"$BATS_TEST_TMPDIR/asked"
case "\$1 \$input" in
"get $1") echo '{"ServerURL":"$1","Username":"$2","Secret":"$3"}' ;;
get*) echo "credentials not found in native keychain"; exit 1 ;;
esac
HELPER
    chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-shelf"
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH
    mkdir -p "$DOCKER_CONFIG"
}
