package io.blkspc.cli.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The program itself: options that every command takes, before or after its word. */
@Command(
        name = "blkspc",
        synopsisSubcommandLabel = "COMMAND",
        description = "Virtual block address spaces: volumes, snapshots and instant clones, served over NBD.",
        versionProvider = Version.class,
        footer = {
            "",
            "A pool is a directory: --pool DIR, else $BLKSPC_POOL, else ${XDG_DATA_HOME:-~/.local/share}/blkspc/pool.",
            "Sizes take K, M, G, T (powers of two). A snapshot is NAME@SNAP.",
            "Exit codes: 0 done, 1 failed, 2 usage, 3 not found or already exists, 4 pool needs check,",
            "5 busy or locked, 6 outcome unknown (run it again), 28 no space left."
        })
final class Blkspc {

    @Option(
            names = {"-p", "--pool"},
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "directory of the pool")
    String pool;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "print one JSON value and nothing else")
    boolean json;

    @Option(names = "--bytes", scope = ScopeType.INHERIT, description = "print exact numbers of bytes")
    boolean bytes;

    @Option(names = "--no-progress", scope = ScopeType.INHERIT, description = "never show progress")
    boolean noProgress;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "tell more on standard error; twice: much more")
    boolean[] verbose = new boolean[0];

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "show this help")
    boolean help;

    @Option(names = "--version", versionHelp = true, description = "show the version")
    boolean version;

    final Environment environment;

    Blkspc(Environment environment) {
        this.environment = environment;
    }
}
