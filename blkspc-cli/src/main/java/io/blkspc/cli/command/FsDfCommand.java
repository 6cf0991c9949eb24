package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.SpaceStatus;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs df}. */
@Command(
        name = "df",
        description =
                "Show what a file system may use, what is not used of it, and what the pool would grant of that now.")
final class FsDfCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME", description = "volume")
    private String name;

    @Override
    public Integer call() throws Exception {
        SpaceStatus space = withFiles(name, FileSystem::space);
        Map<String, Object> facts = Json.of(
                "name",
                name,
                "size",
                space.addressBlocks() * Geometry.BLOCK_BYTES,
                "usable",
                space.usableBlocks() * Geometry.BLOCK_BYTES,
                "free",
                space.freeBlocks() * Geometry.BLOCK_BYTES,
                "granted",
                space.grantedBlocks() * Geometry.BLOCK_BYTES,
                "inodes",
                space.usedInodes());
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
