# What may stand where the cursor is, for bash and zsh. All of it is asked of the program itself:
# commands, options and the kinds of operands of its tables (--help=rows), names of what there is.

_coracle_ask() { "$program" ${root:+--root "$root"} "$@" 2>/dev/null </dev/null; }

# _coracle_containers [STATUS…]
_coracle_containers()
{
    local filters='' state
    for state; do filters="$filters --filter status=$state"; done
    _coracle_ask ps -a $filters --format '{{.Names}}	{{.Image}}, {{.Status}}'
}

# _coracle_names WORD: what a word of a usage line stands for. Docker's choice of containers.
_coracle_names()
{
    case "$1 $command" in
    *" "*create | *" pull") ;;
    *NAME\|ID*) _coracle_names CONTAINER; _coracle_names IMAGE; _coracle_names NETWORK; _coracle_names VOLUME ;;
    *CONTAINER*\ *restart) _coracle_containers ;;
    *CONTAINER*\ *start) _coracle_containers created exited ;;
    *CONTAINER*\ *unpause) _coracle_containers paused ;;
    *CONTAINER*\ rm) [ "$forced" ] && _coracle_containers || _coracle_containers created exited ;;
    *CONTAINER*\ *stop | *CONTAINER*\ *kill | *CONTAINER*\ *wait | *CONTAINER*\ exec | *CONTAINER*\ attach | \
        *CONTAINER*\ *pause | *CONTAINER*\ *top | *CONTAINER*\ *stats | *CONTAINER*\ *port)
        _coracle_containers running ;;
    *CONTAINER*) _coracle_containers ;;
    *IMAGE* | *REPOSITORY*) _coracle_ask images --format '{{.Repository}}:{{.Tag}}	{{.ID}}, {{.Size}}' | grep -v '<none>' ;;
    *NETWORK*) _coracle_ask network ls | awk 'NR > 1 { print $2 "\t" $3 }' ;;
    *VOLUME*) _coracle_ask volume ls -q ;;
    [a-z]*\|*) printf '%s\n' "${1%% *}" | tr '|' '\n' ;;
    esac
}

# _coracle_values: for the option in $option, whose value the tables call $value
_coracle_values()
{
    case $option in
    network | net) _coracle_ask network ls | awk 'NR > 1 { print $2 "\t" $3 }' ;;
    volumes-from) _coracle_containers ;;
    volume) _coracle_ask volume ls -q | sed 's/$/:/' ;;
    restart) printf '%s\n' no on-failure always unless-stopped ;;
    pull) printf '%s\n' always missing never ;;
    signal | stop-signal) kill -l | tr ' \t' '\n' | sed -n 's/^\(SIG\)*\([A-Z]\)/SIG\2/p' ;;
    *) case $value in [a-z]*\|*) printf '%s\n' "$value" | tr '|' '\n' ;; esac ;;
    esac
}

# _coracle_option WORD: sets $option and $value if it takes the next word as its value.
_coracle_option()
{
    local found
    found=$(printf '%s\n' "$rows" | awk -F '\t' -v word="$1" '
        $1 == "option" { name["--" $2] = $2; if ($3) name["-" $3] = $2; value[$2] = $4 }
        END {
            if (word ~ /^--/ && word in name) found = name[word]
            for (i = 2; word ~ /^-[^-]/ && i <= length(word) && !value[found]; i++)
                if (value[found = name["-" substr(word, i, 1)]] && i < length(word)) exit
            if (value[found]) print found "\t" value[found]
        }')
    option=${found%%	*} value=${found#*	}
}

# _coracle_words PROGRAM WORD…: lines of "WORD<tab>what it is" for the last, which may be empty.
_coracle_words()
{
    [ -z "${ZSH_VERSION-}" ] || emulate -L sh
    local program=$1 root='' command='' rows option='' value='' forced='' closed='' number=0 usage
    shift
    rows=$(_coracle_ask --help=rows)
    while [ $# -gt 1 ]; do
        if [ "$option" ]; then
            [ "$option" != root ] || root=$1
            option=''
        elif [ "$1" = -- ] && [ -z "$closed" ]; then
            closed=1
        elif [ "$closed" ] || { [ "${1#-}" = "$1" ] && [ "${rows#usage}" != "$rows" ]; }; then
            number=$((number + 1))
            # What runs another command leaves all that follows to that one.
            case ${rows%%"
"*} in *COMMAND* | *"ps OPTIONS"*) closed=1 ;; esac
        elif [ "${1#-}" != "$1" ]; then
            _coracle_option "$1"
            case $1 in -f | --force) forced=1 ;; esac
        else
            command="$command${command:+ }$1"
            rows=$(_coracle_ask $command --help=rows)
        fi
        shift
    done
    if [ "$option" ]; then
        _coracle_values
    elif [ "${1#-}" != "$1" ] && [ -z "$closed" ]; then
        printf '%s\n' "$rows" | awk -F '\t' '$1 == "option" { print "--" $2 "\t" $5 }'
    elif [ "${rows#usage}" = "$rows" ]; then
        printf '%s\n' "$rows" | awk -F '\t' '$1 == "command" { sub(/.* /, "", $2); print $2 "\t" $4 }'
    elif [ "$command" = help ]; then
        _coracle_ask --help=rows | awk -F '\t' '$1 == "command" { print $2 "\t" $4 }'
    else
        # The word of the usage line that is meant, the last one again and again if it says so.
        usage=$(printf '%s\n' "$rows" | awk -F '\t' -v at=$((number + 1)) '$1 == "usage" {
            sub(/^\[OPTIONS\] */, "", $3)
            count = split($3, word, " ")
            if (at <= count) print word[at]
            else if (count && word[count] ~ /\.\.\./ && word[count] !~ /ARG/) print word[count]
        }')
        [ -z "$usage" ] || _coracle_names "$usage"
    fi
}
