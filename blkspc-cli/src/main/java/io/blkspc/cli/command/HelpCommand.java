package io.blkspc.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code help}. */
@Command(name = "help", description = "Show help about a command.")
final class HelpCommand extends Task {

    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "command; default: all")
    private String[] words = {};

    @Override
    public Integer call() {
        CommandLine line = Cli.wholeForPeople(environment());
        for (String word : words) {
            CommandLine inner = line.getSubcommands().get(word);
            if (inner == null) {
                throw io.blkspc.cli.outcome.CommandFailure.usage("no such command: value=" + word);
            }
            line = inner;
        }
        String text = line.getUsageMessage();
        show(io.blkspc.cli.text.Json.of("help", text), () -> text);
        return 0;
    }
}
