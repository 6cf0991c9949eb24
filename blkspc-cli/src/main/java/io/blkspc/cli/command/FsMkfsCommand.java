package io.blkspc.cli.command;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.cli.fs.FileSystemSpace;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.xfsish.file.Mkfs;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs mkfs}. */
@Command(
        name = "mkfs",
        description = "Make an empty file system in a volume. One that holds something is refused without --force.")
final class FsMkfsCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME", description = "volume")
    private String name;

    @Option(names = "--force", description = "also in a volume that holds something, which is lost")
    private boolean force;

    @Option(
            names = "--usable",
            paramLabel = "all|SIZE",
            description = "never use more than this, until 'fs resize' says otherwise; default: all of the volume")
    private String usable;

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        long usableBytes = usable == null ? FileSystemSpace.ALL : usableBytes(usable);
        UUID uuid = UUID.randomUUID();
        Mkfs.Spec spec = new Mkfs.Spec(uuid, CLOCK.getAsLong(), Geometry.toBlocks(usableBytes), 0, force);
        long bytes = withPool(link -> {
            try (BlockSpace space = link.openSpace(name)) {
                Mkfs.run(space, spec);
                return space.sizeBytes();
            }
        });
        show(
                Json.of("name", name, "uuid", uuid.toString(), "size", bytes),
                () -> "made a file system in " + name + ", size " + size(bytes) + "\n");
        return 0;
    }
}
