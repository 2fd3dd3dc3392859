/**
 * Each script only asks `standin completion words -- WORD…` for candidates: what completes is decided in one place, for
 * all shells, and follows the config that is in force.
 */
export const SCRIPTS = {
  bash: `# standin completion for bash
_standin() {
  local word="\${COMP_WORDS[COMP_CWORD]}" IFS=$'\\n' line="\${COMP_LINE:0:COMP_POINT}"
  local -a words
  IFS=' ' read -r -a words <<< "$line"
  [[ "$line" == *" " ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  local -a found
  mapfile -t found < <(standin completion words -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  local candidate
  for candidate in "\${found[@]}"; do [[ "$candidate" == "$word"* ]] && COMPREPLY+=("$candidate"); done
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then
    compopt -o default
  elif [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *. ]]; then
    compopt -o nospace
  fi
  if [[ "$word" == *:* ]] && declare -F __ltrim_colon_completions > /dev/null; then __ltrim_colon_completions "$word"; fi
}
complete -F _standin standin`,
  zsh: `#compdef standin
# standin completion for zsh
_standin() {
  local -a found
  found=("\${(@f)$(standin completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  if (( \${#found} )); then
    local -a open closed
    open=("\${(@M)found:#*.}")
    closed=("\${(@)found:#*.}")
    (( \${#open} )) && compadd -S '' -- "\${open[@]}"
    (( \${#closed} )) && compadd -- "\${closed[@]}"
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_standin" ]; then _standin "$@"; else compdef _standin standin; fi`,
  fish: `# standin completion for fish
function __standin_words
  set -l words (commandline -opc) (commandline -ct)
  standin completion words -- $words[2..-1] 2>/dev/null
end
complete -c standin -f -a '(__standin_words)'
complete -c standin -l config -r -F
complete -c standin -l image -r -F
complete -c standin -l schema -r -F
complete -c standin -l session -r -F
complete -c standin -l script -r -F`,
} as const;
