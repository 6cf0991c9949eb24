package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A real file system on an export, from mkfs to a check of every file and of the file system itself. */
final class FileSystemStory {

    private final Endpoint server;
    private final Path directory;
    private final String type;
    private int attachments;

    /**
     * For one server.
     *
     * @param directory for mount points and logs
     * @param type xfs or ext4
     */
    FileSystemStory(Endpoint server, Path directory, String type) {
        this.server = server;
        this.directory = directory;
        this.type = type;
    }

    static void requireParts(String type) {
        Tools.requireLoopAndFuse();
        Tools.require("mkfs." + type, type.equals("xfs") ? "xfs_repair" : "e2fsck");
    }

    /** Makes the file system and a tree in it, trims what was deleted, and returns the fingerprints of the files. */
    Map<String, String> populate(String export, long seed) throws IOException {
        try (LoopDevice loop = attach(export)) {
            String force = type.equals("xfs") ? "-f" : "-F";
            Exec.run(Tools.path("mkfs." + type), "-q", force, loop.device()).ok();
            try (Mount mount = Mount.of(loop.device(), directory.resolve("fs-" + export), "rw")) {
                FileTree.make(mount.directory(), seed);
                Path junk = mount.directory().resolve("junk");
                Files.write(junk, new byte[32 << 20]);
                mount.sync();
                Files.delete(junk);
                mount.sync();
                Exec.run(Tools.path("fstrim"), "-v", mount.directory().toString())
                        .ok();
                return FileTree.fingerprints(mount.directory());
            }
        }
    }

    /** Mounts it and changes the tree; returns the new fingerprints. */
    Map<String, String> change(String export, long seed) {
        try (LoopDevice loop = attach(export);
                Mount mount = mount(loop, export)) {
            FileTree.change(mount.directory(), seed);
            return FileTree.fingerprints(mount.directory());
        }
    }

    /** Fails the test unless every file is as it was and the file system's own checker finds nothing. */
    void verify(String export, Map<String, String> fingerprints) {
        try (LoopDevice loop = attach(export)) {
            try (Mount mount = mount(loop, export)) {
                assertThat(FileTree.fingerprints(mount.directory()))
                        .as("files of %s on %s", type, export)
                        .isEqualTo(fingerprints);
            }
            check(loop.device());
        }
    }

    private void check(String device) {
        List<String> command = type.equals("xfs")
                ? List.of(Tools.path("xfs_repair"), "-n", device)
                : List.of(Tools.path("e2fsck"), "-f", "-n", device);
        Exec.run(command).ok();
    }

    /** Discards and zeroes the beginning of an export through the kernel's block layer. */
    void discardAndZeroout(String export) throws IOException {
        int length = 8 << 20;
        try (LoopDevice loop = attach(export);
                NbdConnection other = server.connect(export)) {
            for (String option : List.of("-f", "-fz")) {
                other.write(0, ByteBuffer.wrap("x".repeat(length).getBytes(StandardCharsets.US_ASCII)), 0);
                other.flush();
                Exec.run(Tools.path("blkdiscard"), option, "-l", Integer.toString(length), loop.device())
                        .ok();
                assertThat(other.read(0, length))
                        .as("after blkdiscard %s", option)
                        .isEqualTo(ByteBuffer.allocate(length));
            }
        }
    }

    /** Turns over one byte of a marker file, on the raw export: the negative control. */
    void damageOneByte(String export) throws IOException {
        byte[] marker = FileTree.MARKER.getBytes(StandardCharsets.US_ASCII);
        int chunk = 1 << 20;
        try (NbdConnection connection = server.connect(export)) {
            for (long offset = 0; offset < connection.sizeBytes(); offset += chunk) {
                ByteBuffer data = connection.read(offset, (int) Math.min(chunk, connection.sizeBytes() - offset));
                int at = StandardCharsets.ISO_8859_1.decode(data).toString().indexOf(FileTree.MARKER);
                if (at >= 0) {
                    connection.write(offset + at, ByteBuffer.wrap(new byte[] {(byte) (marker[0] ^ 1)}), 0);
                    connection.flush();
                    return;
                }
            }
        }
        throw new AssertionError("no marker on the raw export: export=" + export);
    }

    private Mount mount(LoopDevice loop, String export) {
        // XFS refuses a second file system of the same uuid, which a clone is.
        String options = type.equals("xfs") ? "rw,nouuid" : "rw";
        return Mount.of(loop.device(), directory.resolve("fs-" + export), options);
    }

    private LoopDevice attach(String export) {
        attachments++;
        return LoopDevice.attach(directory.resolve("attach-" + attachments), server.uri(export));
    }
}
