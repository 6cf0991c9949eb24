package io.blkspc.cli.fs;

import io.blkspc.api.Geometry;
import io.blkspc.cli.text.Json;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.SpaceStatus;
import java.util.Map;

/** The space of a file system as commands tell and limit it. */
public final class FileSystemSpace {

    /** For a limit: all there is. */
    public static final long ALL = 0;

    private FileSystemSpace() {}

    /** {@code name}, and in bytes {@code size}, {@code usable}, {@code free}, {@code granted}; {@code inodes} in use. */
    public static Map<String, Object> facts(String name, FileSystem files) {
        SpaceStatus space = files.space();
        return Json.of(
                "name",
                name,
                "size",
                Geometry.toBytes(space.addressBlocks()),
                "usable",
                Geometry.toBytes(space.usableBlocks()),
                "free",
                Geometry.toBytes(space.freeBlocks()),
                "granted",
                Geometry.toBytes(space.grantedBlocks()),
                "inodes",
                space.usedInodes());
    }

    /**
     * Sets the limit, durably.
     *
     * @param usableBytes whole blocks, or {@link #ALL}
     * @return the facts after it
     */
    public static Map<String, Object> limit(String name, FileSystem files, long usableBytes) {
        long blocks = usableBytes == ALL ? files.space().addressBlocks() : Geometry.toBlocks(usableBytes);
        files.setUsable(blocks);
        Map<String, Object> facts = facts(name, files);
        files.sync();
        return facts;
    }
}
