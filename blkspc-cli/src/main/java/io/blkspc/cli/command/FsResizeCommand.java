package io.blkspc.cli.command;

import io.blkspc.cli.fs.FileSystemSpace;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs resize}. */
@Command(
        name = "resize",
        description =
                "Set how much of its volume a file system may use, also while it is mounted: nothing moves. Refused when more "
                        + "than that is used (exit 28). Its size stays as 'fs mkfs' made it, also in a volume that was "
                        + "resized.")
final class FsResizeCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME", description = "volume")
    private String name;

    @Option(
            names = "--usable",
            paramLabel = "all|SIZE",
            required = true,
            description = "never use more than this; all = what 'fs df' calls SIZE")
    private String usable;

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        long bytes = usableBytes(usable);
        Map<String, Object> facts = withPool(link -> link instanceof ServedLink server
                ? server.limitFiles(name, bytes) // only there a mounted one can be reached
                : withFiles(link, name, files -> FileSystemSpace.limit(name, files, bytes)));
        show(
                facts,
                () -> name + " may use " + size(facts.get("usable")) + " of " + size(facts.get("size")) + " now, free "
                        + size(facts.get("free")) + "\n");
        return 0;
    }
}
