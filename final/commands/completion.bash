_coracle()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=("${COMP_WORDS[@]:0:COMP_CWORD}") line
    # A colon begins a new word for readline, and is in the names of images: the word is put together.
    [[ $COMP_WORDBREAKS != *:* ]] || while [ ${#before[@]} -gt 1 ] && [[ $word == :* || ${before[-1]} == : ]]; do
        word=${before[-1]}$word
        unset 'before[-1]'
    done
    COMPREPLY=()
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        [[ $line != "$word"* ]] || COMPREPLY+=("$line")
    done < <(_coracle_words "${before[@]}" "$word")
    # What is before the last colon stands on the line already.
    [[ $COMP_WORDBREAKS != *:* || $word != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
}
complete -o default -F _coracle coracle
