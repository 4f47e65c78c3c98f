# Completion for chatnode, couchmock and chatsim: their subcommands and flags, read from their own --help.
_davenport() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} program=$1 command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) break ;; esac
    "$program" $command "$word" --help >/dev/null 2>&1 && "$program" $command --help | grep -q "^  $word  " || break
    command="$command $word"
  done
  case $previous in
    --*file | --*cert | --*key | --*ca | --config | --data | --journal | --out | --baselines | --trail | --node-binary) COMPREPLY=() ;;
    *) COMPREPLY=($(compgen -W "$("$program" $command --help 2>/dev/null |
      awk '/^Subcommands:/ { commands = 1; next } /^[A-Z]/ { commands = 0 }
        commands && /^  [a-z]/ { print $1 }
        { while (match($0, /--[a-z][a-z-]*/)) { print substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH) } }')" -- "$current")) ;;
  esac
}
complete -o bashdefault -o default -F _davenport chatnode couchmock chatsim
