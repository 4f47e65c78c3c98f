# Completion for chatnode, couchmock and chatsim: their subcommands, flags and the values of flags, read from their own --help.
_davenport() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} program=$1 command="" word help value
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) break ;; esac
    "$program" $command "$word" --help >/dev/null 2>&1 && "$program" $command --help | grep -q "^  $word  " || break
    command="$command $word"
  done
  help=$("$program" $command --help 2>/dev/null)
  # "  --feed continuous|longpoll   how ..." has its choices; "  --journal FILE" takes what the shell completes; "  --json" takes nothing.
  value=$(awk -v option="$previous" '$1 == option && /^  -/ { sub(/^  [^ ]+/, ""); if (/^ [^ ]/) print $1; exit }' <<<"$help")
  case $value in
    *"|"*) COMPREPLY=($(compgen -W "${value//|/ }" -- "$current")) ;;
    ?*) COMPREPLY=() ;;
    *) COMPREPLY=($(compgen -W "$(awk '/^Subcommands:/ { commands = 1; next } /^[A-Z]/ { commands = 0 }
        commands && /^  [a-z]/ { print $1 }
        /^  -/ { names = split($1, name, ","); for (i = 1; i <= names; ++i) if (name[i] ~ /^--/) print name[i] }' <<<"$help")" -- "$current")) ;;
  esac
}
complete -o bashdefault -o default -F _davenport chatnode couchmock chatsim
