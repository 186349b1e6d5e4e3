import type { Command } from 'commander';
import { fail } from '../../base/errors.ts';

/** What can follow the words typed so far: subcommands and long flags. */
interface Place {
  /** `images pull`; empty for the first word. */
  readonly words: string;
  readonly next: readonly string[];
}

/** A completion script made from the commands themselves. Errors: `invalid_argument` for another shell. */
export function completion(shell: string, program: Command): string {
  const places = placesOf(program, []);
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return `#compdef cricket\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;
    case 'fish':
      return fish(places);
    default:
      throw fail('invalid_argument', `completion for ${JSON.stringify(shell)}: there is one for bash, zsh and fish`);
  }
}

function placesOf(command: Command, words: readonly string[]): readonly Place[] {
  const names = command.commands.map((child) => child.name());
  const flags = command.options.flatMap((option) => option.long ?? []);
  const here = { words: words.join(' '), next: [...names, ...flags, '--help'] };
  return [here, ...command.commands.flatMap((child) => placesOf(child, [...words, child.name()]))];
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ words, next }) => `    '${words}') next='${next.join(' ')}' ;;`);
  return `_cricket() {
  local word words='' next=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) words="$words\${words:+ }$word" ;; esac
  done
  case $words in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _cricket cricket
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, next }) => {
    const condition =
      words === ''
        ? '__fish_use_subcommand'
        : words
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    return next.map((word) =>
      word.startsWith('--')
        ? `complete -c cricket -n '${condition}' -l ${word.slice(2)}`
        : `complete -c cricket -f -n '${condition}' -a ${word}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
