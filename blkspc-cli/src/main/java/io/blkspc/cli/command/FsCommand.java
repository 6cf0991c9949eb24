package io.blkspc.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code fs}: a word that needs another one. */
@Command(
        name = "fs",
        synopsisSubcommandLabel = "COMMAND",
        description =
                "The sample file system in a volume: mounted by the kernel, or files without a mount. The latter need the volume "
                        + "for themselves.",
        subcommands = {
            FsMkfsCommand.class,
            FsMountCommand.class,
            FsUmountCommand.class,
            FsLsCommand.class,
            FsStatCommand.class,
            FsCatCommand.class,
            FsPutCommand.class,
            FsGetCommand.class,
            FsMkdirCommand.class,
            FsMvCommand.class,
            FsLnCommand.class,
            FsRmCommand.class,
            FsDfCommand.class,
            FsResizeCommand.class,
            FsFsckCommand.class
        })
final class FsCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "fs needs a command: mkfs, mount, umount, ls, stat, cat, put, get, mkdir, mv, ln, rm, df, resize or fsck");
    }
}
