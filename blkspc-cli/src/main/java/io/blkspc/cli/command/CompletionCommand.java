package io.blkspc.cli.command;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import java.util.Map;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;

/** {@code completion}. */
@Command(
        name = "completion",
        description = "Print what a shell needs to complete blkspc commands: source <(blkspc completion bash).")
final class CompletionCommand extends Task {

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish")
    private String shell;

    @Override
    public Integer call() {
        CommandLine whole = Cli.whole(environment());
        String script = switch (shell) {
            case "bash", "zsh" -> AutoComplete.bash("blkspc", whole);
            case "fish" -> fish(whole);
            default ->
                throw CommandFailure.usage("no completion for this shell: value=" + shell + " (bash, zsh, fish)");
        };
        show(Json.of("shell", shell, "script", script), () -> script);
        return 0;
    }

    private static String fish(CommandLine whole) {
        StringBuilder script = new StringBuilder("complete -c blkspc -f\n");
        addOptions(script, whole.getCommandSpec(), "__fish_use_subcommand");
        for (Map.Entry<String, CommandLine> word : whole.getSubcommands().entrySet()) {
            CommandSpec spec = word.getValue().getCommandSpec();
            String seen = "__fish_seen_subcommand_from " + word.getKey();
            addWord(script, word.getKey(), spec, "__fish_use_subcommand");
            addOptions(script, spec, seen);
            for (Map.Entry<String, CommandLine> inner :
                    word.getValue().getSubcommands().entrySet()) {
                addWord(script, inner.getKey(), inner.getValue().getCommandSpec(), seen);
                addOptions(
                        script,
                        inner.getValue().getCommandSpec(),
                        seen + "; and __fish_seen_subcommand_from " + inner.getKey());
            }
        }
        return script.toString();
    }

    private static void addWord(StringBuilder script, String word, CommandSpec spec, String condition) {
        script.append("complete -c blkspc -n '")
                .append(condition)
                .append("' -a ")
                .append(word);
        addDescription(script, spec.usageMessage().description());
    }

    private static void addOptions(StringBuilder script, CommandSpec spec, String condition) {
        for (OptionSpec option : spec.options()) {
            script.append("complete -c blkspc -n '").append(condition).append('\'');
            for (String name : option.names()) {
                script.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
            }
            script.append(option.arity().max() > 0 ? " -r -F" : "");
            addDescription(script, option.description());
        }
    }

    private static void addDescription(StringBuilder script, String... lines) {
        String text = lines.length == 0 ? "" : lines[0].replace("'", "");
        script.append(" -d '").append(text).append("'\n");
    }
}
