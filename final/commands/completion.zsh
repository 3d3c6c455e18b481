_coracle()
{
    local -a found
    found=("${(@f)$(_coracle_words "${(@)words[1,CURRENT]}" | sed 's/:/\\:/g; s/\t/:/')}")
    if [[ -n $found[1] ]]; then
        _describe coracle found
    else
        _files
    fi
}
# As a file of fpath this is the body of the function itself, for its first use.
if [[ $funcstack[1] == _coracle ]]; then
    _coracle "$@"
else
    compdef _coracle coracle
fi
