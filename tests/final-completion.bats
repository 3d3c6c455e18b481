#!/usr/bin/env bats
# What the shell completes.

load lib/helpers
load lib/final

# complete_words WORD… completes the last one
complete_words()
{
    PATH=$BUILD:$PATH CORACLE_ROOT=$ROOT bash -c '
        source <(coracle completion bash)
        COMP_WORDS=(coracle "$@") COMP_CWORD=$#
        _coracle
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

@test "final completion knows commands, options, containers and images" {
    coracle create --network none --name sloop "$IMAGE" true >/dev/null
    [ "$(complete_words unp)" = unpause ]
    [ "$(complete_words run --cidf)" = --cidfile ]
    [ "$(complete_words --root "$ROOT" ps --no-t)" = --no-trunc ]
    [ "$(complete_words start sl)" = sloop ]
    [ "$(complete_words run "${IMAGE:0:4}")" = "$IMAGE:latest" ]
    [[ $(coracle completion zsh) == "#compdef coracle"* ]]
    run coracle completion fish
    exits 1
    says "not for 'fish'"
}
