package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/** The disks of a pool, attached and mounted; closing takes all of it away, at whatever point the opening stopped. */
final class PoolDisks implements AutoCloseable {

    /** Where the pool lies. */
    enum Layout {
        /** Files on ext4. */
        EXT4("ext4", 1),
        /** Files on XFS. */
        XFS("xfs", 1),
        /** The data on a raw device of its own, the rest in files on ext4. */
        RAW("ext4", 2);

        private static final long DISK_BYTES = 320L << 20; // mkfs.xfs takes no less than 300 MiB

        private final String fileSystem;
        private final int diskCount;

        Layout(String fileSystem, int diskCount) {
            this.fileSystem = fileSystem;
            this.diskCount = diskCount;
        }

        /** Skips the test, naming the part, unless this machine can make such disks. */
        void require() {
            Tools.requireLoopAndFuse();
            Tools.require("mkfs." + fileSystem);
        }

        int diskCount() {
            return diskCount;
        }

        /** Files that can be the images of such disks; not made. */
        List<Path> images(Path directory, String prefix) {
            List<Path> images = new ArrayList<>();
            for (int disk = 0; disk < diskCount; disk++) {
                images.add(directory.resolve(prefix + disk));
            }
            return images;
        }

        /** Makes empty disks with a file system on the first. */
        List<Path> makeImages(Path directory, String prefix) throws IOException {
            List<Path> images = images(directory, prefix);
            for (Path image : images) {
                Exec.run("truncate", "-s", Long.toString(DISK_BYTES), image.toString())
                        .ok();
            }
            Exec.run(
                            Tools.path("mkfs." + fileSystem),
                            "-q",
                            fileSystem.equals("xfs") ? "-f" : "-F",
                            images.getFirst().toString())
                    .ok();
            return images;
        }
    }

    private final Path directory;
    private final List<LoopDevice> loops = new ArrayList<>();
    private Mount mount;

    private PoolDisks(Path directory) {
        this.directory = directory;
    }

    /**
     * Attaches the disks of this layout and mounts the first.
     *
     * @param directory the same for all disks that ever belong to one pool: it knows its data by a path in there
     * @param attach makes a device of the disk with this number
     */
    static PoolDisks attach(Layout layout, Path directory, IntFunction<LoopDevice> attach) {
        PoolDisks disks = new PoolDisks(directory);
        try {
            for (int disk = 0; disk < layout.diskCount(); disk++) {
                disks.loops.add(attach.apply(disk));
            }
            disks.mount = Mount.of(disks.loops.getFirst().device(), directory.resolve("mnt"), "rw");
            if (layout == Layout.RAW) {
                Files.deleteIfExists(disks.rawData());
                Files.createSymbolicLink(
                        disks.rawData(), Path.of(disks.loops.getLast().device()));
            }
            return disks;
        } catch (IOException failure) {
            disks.close();
            throw new UncheckedIOException(failure);
        } catch (RuntimeException | Error failure) {
            disks.close();
            throw failure;
        }
    }

    /** Directory of the pool. */
    Path pool() {
        return directory.resolve("mnt/pool");
    }

    private Path rawData() {
        return directory.resolve("raw-data");
    }

    /** Makes the pool, with the real command. */
    void createPool(Layout layout, String size) {
        List<String> words = new ArrayList<>(List.of("pool", "create", "--size", size));
        if (layout == Layout.RAW) {
            words.addAll(List.of("--data", rawData().toString(), "--force"));
        }
        new Blkspc(pool()).ok(words.toArray(String[]::new));
    }

    /** Files and devices that the running pool writes through the page cache. */
    List<Path> written() {
        return Arrays.asList(
                pool().resolve("journal"),
                pool().resolve("segments"),
                pool().resolve("superblock"),
                Files.exists(rawData()) ? rawData() : pool().resolve("data"));
    }

    @Override
    public void close() {
        List<AutoCloseable> parts = new ArrayList<>();
        if (mount != null) {
            parts.add(mount);
        }
        parts.addAll(loops.reversed());
        AssertionError failure = null;
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (AssertionError stuck) {
                failure = stuck;
            } catch (Exception impossible) {
                failure = new AssertionError(impossible);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
