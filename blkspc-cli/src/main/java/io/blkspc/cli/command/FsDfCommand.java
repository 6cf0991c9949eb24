package io.blkspc.cli.command;

import io.blkspc.cli.fs.FileSystemSpace;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Table;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs df}. */
@Command(
        name = "df",
        description =
                "Show what a file system may use, what is not used of it, and what the pool would grant of that now; also "
                        + "while it is mounted.")
final class FsDfCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME", description = "volume")
    private String name;

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        Map<String, Object> facts = withPool(link -> link instanceof ServedLink server
                ? server.spaceOfFiles(name) // only there a mounted one can be reached
                : withFiles(link, name, files -> FileSystemSpace.facts(name, files)));
        show(
                facts,
                () -> Table.of("NAME", ">SIZE", ">USABLE", ">FREE", ">GRANTED", ">INODES")
                        .row(
                                name,
                                size(facts.get("size")),
                                size(facts.get("usable")),
                                size(facts.get("free")),
                                size(facts.get("granted")),
                                facts.get("inodes").toString())
                        .toString());
        return 0;
    }
}
