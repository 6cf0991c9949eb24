package io.blkspc.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code bench}: a word that needs another one. */
@Command(
        name = "bench",
        synopsisSubcommandLabel = "COMMAND",
        description = "Measure.",
        subcommands = BenchPeersCommand.class)
final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "bench needs a command: peers");
    }
}
