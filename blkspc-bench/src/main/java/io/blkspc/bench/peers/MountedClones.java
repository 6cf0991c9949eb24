package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.load.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Clones made by a file system, served by nbdkit's file plugin. The file system lies in a file on the same disk, behind a loop
 * device: that costs it something, and is the price of needing no disk of its own.
 */
final class MountedClones implements Peer {

    /** Which file system, and how it is made. */
    enum FileSystem {
        XFS("mkfs.xfs"),
        BTRFS("mkfs.btrfs");

        private final String maker;

        FileSystem(String maker) {
            this.maker = maker;
        }
    }

    private static final long LEAST_BYTES = 1L << 30; // smaller ones the makers refuse, or mix data and metadata

    private final String name;
    private final FileSystem kind;
    private final Place place;
    private Path mount;
    private int clones;

    MountedClones(String name, FileSystem kind, Place place) {
        this.name = name;
        this.kind = kind;
        this.place = place;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<String> missing() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("only root may mount");
        }
        List<String> needs = kind == FileSystem.XFS
                ? List.of("nbdkit", "mount", kind.maker)
                : List.of("nbdkit", "mount", kind.maker, "btrfs");
        return Commands.missing(needs);
    }

    @Override
    public Target open(Kind wanted) throws IOException {
        mountOnce();
        Path disk = clone(clones++);
        Path home = place.fresh(name + "-" + wanted);
        Path socket = home.resolve("s");
        ServerProcess server =
                place.serve(Peers.nbdkit(socket, "file", disk.toString()).command(), socket, home);
        return new NbdTarget(server, new Endpoint(socket, ""), server::close);
    }

    private Path clone(int number) throws IOException {
        if (kind == FileSystem.XFS) {
            Path disk = mount.resolve("clone-" + number);
            Commands.run("cp", "--reflink=always", mount.resolve("disk.raw").toString(), disk.toString());
            return disk;
        }
        Path snapshot = mount.resolve("clone-" + number);
        Commands.run("btrfs", "subvolume", "snapshot", mount.resolve("origin").toString(), snapshot.toString());
        return snapshot.resolve("disk.raw");
    }

    private void mountOnce() throws IOException {
        if (mount != null) {
            return;
        }
        Path home = place.fresh(name);
        Path image = home.resolve("image");
        Commands.run("truncate", "-s", Long.toString(LEAST_BYTES + 12 * place.bytes()), image.toString());
        Commands.run(kind.maker, kind == FileSystem.XFS ? "-q" : "-f", image.toString());
        Path directory = Files.createDirectories(home.resolve("mnt"));
        Commands.run("mount", "-o", "loop", image.toString(), directory.toString());
        mount = directory;
        Path origin = mount;
        if (kind == FileSystem.BTRFS) {
            origin = mount.resolve("origin");
            Commands.run("btrfs", "subvolume", "create", origin.toString());
        }
        Commands.run("cp", place.base().toString(), origin.resolve("disk.raw").toString());
        Commands.run("sync", "-f", mount.toString());
    }

    @Override
    public void close() throws IOException {
        if (mount != null) {
            Commands.run("umount", mount.toString());
            mount = null;
        }
    }
}
