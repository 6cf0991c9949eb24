package io.blkspc.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pool}: a word that needs another one. */
@Command(
        name = "pool",
        synopsisSubcommandLabel = "COMMAND",
        description = "Make a pool, look at it, make it larger, save what is in a damaged one, and move a whole one.",
        subcommands = {
            PoolCreateCommand.class,
            PoolStatusCommand.class,
            PoolGrowCommand.class,
            PoolCheckCommand.class,
            PoolRepairCommand.class,
            PoolDumpCommand.class,
            PoolRestoreCommand.class,
            PoolEventsCommand.class
        })
final class PoolCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "pool needs a command: create, status, grow, check, repair, dump, restore or events");
    }
}
