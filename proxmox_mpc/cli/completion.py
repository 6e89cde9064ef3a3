"""Shell completion: the scripts, and the answers they ask for.

A script calls ``pmpc __complete WORDS…`` with the words up to the cursor, the last one incomplete; each line of the
answer is a value, or a value, a tab and its help. Values come from the database of the workspace; no network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

# Not for type checkers alone: Typer resolves the annotations of an autocompletion when it builds its command.
from typer import Context as TyperContext

from proxmox_mpc.output.human import visible

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context

_BASH = """\
_pmpc() {
    local IFS=$'\\n' line word glued='' kept=''
    local -a words=()
    # bash splits words at : and = too, and wants back only what stands after the last of them
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [ ${#words[@]} -gt 0 ] && [[ -n $glued || $word == [:=]* ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        glued=''
        [[ $word == [:=] ]] && glued=1
    done
    if [ ${#words[@]} -gt 0 ]; then
        line=${words[${#words[@]}-1]}
        [[ $word == [:=] ]] && word=''
        kept=${line%"$word"}
    fi
    COMPREPLY=()
    while read -r line; do
        line=${line%%$'\\t'*}
        COMPREPLY+=("$(printf '%q' "${line#"$kept"}")")
    done < <(pmpc __complete "${words[@]}" 2>/dev/null)
    if [ ${#COMPREPLY[@]} -eq 1 ] && [ "${COMPREPLY[0]}" = '__files' ]; then
        COMPREPLY=()
        compopt -o default 2>/dev/null
    elif [ ${#COMPREPLY[@]} -eq 1 ] && [[ ${COMPREPLY[0]} == *[/=] ]]; then
        # more is to come in the same word
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _pmpc pmpc
"""
_ZSH = """\
#compdef pmpc
_pmpc() {
    local -a lines described
    lines=("${(@f)$(pmpc __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    local line
    for line in $lines; do
        if [[ $line == __files ]]; then
            _files
            return
        fi
        [[ -n $line ]] && described+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    _describe 'pmpc' described
}
if [ "$funcstack[1]" = "_pmpc" ]; then
    _pmpc "$@"
else
    compdef _pmpc pmpc
fi
"""
_FISH = """\
function __pmpc_complete
    set -l words (commandline -opc) (commandline -ct)
    pmpc __complete $words[2..-1] 2>/dev/null | string match -v '__files'
end
complete -c pmpc -f -a '(__pmpc_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

Names = Callable[["Context"], Sequence[tuple[str, str]]]


def values(kind: str) -> Callable[[TyperContext, list[str], str], list[tuple[str, str]]]:
    """Return an autocompletion for an argument or option that names a ``kind`` of object known to the database."""

    def complete(ctx: TyperContext, args: list[str], incomplete: str) -> list[tuple[str, str]]:
        context: Context | None = ctx.obj
        if context is None:
            return []
        return [(value, text) for value, text in context.known_names(kind) if value.startswith(incomplete)]

    return complete


def answer(words: Sequence[str], context: Context) -> int:
    """Print the completions of the last word; returns the exit status."""
    # Typer would render the help with rich, which costs more than everything else here.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from typer._click.shell_completion import CompletionItem, ShellComplete

    from proxmox_mpc.cli.main import root_group

    class Words(ShellComplete):
        name = "words"
        source_template = ""

        def source_vars(self) -> dict[str, str]:
            return {}

        def get_completion_args(self) -> tuple[list[str], str]:
            return list(words[:-1]), words[-1] if words else ""

        def format_completion(self, item: CompletionItem) -> str:
            text = visible(str(item.help or "")).strip()
            value = "__files" if item.type != "plain" else visible(str(item.value))
            return f"{value}\t{text}" if text else value

    finder = Words(root_group(), {"obj": context}, "pmpc", "")
    context.streams.data(finder.complete())
    return 0
