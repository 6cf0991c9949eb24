package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.peers.Program.Recipe;
import io.blkspc.bench.peers.Program.Serving;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The servers to compare with, as their manuals say they are run, with what their authors chose as defaults. */
final class Peers {

    static final String NBDKIT_FILE = "nbdkit file";
    static final String NBDKIT_MEMORY = "nbdkit memory";
    static final String NBDKIT_COW = "nbdkit cow";
    static final String QEMU_RAW = "qemu-nbd raw";
    static final String QCOW2 = "qemu-nbd qcow2";
    static final String QCOW2_CHAIN_1 = "qemu-nbd qcow2, chain of 1";
    static final String QCOW2_CHAIN_16 = "qemu-nbd qcow2, chain of 16";
    static final String NBD_SERVER = "nbd-server";
    static final String XFS_REFLINK = "nbdkit file on XFS reflink";
    static final String BTRFS_SNAPSHOT = "nbdkit file on btrfs snapshot";
    static final String DEVICE = "the device (fio, direct)";

    private static final String CONNECTIONS = "16"; // most clients that qemu-nbd takes at once

    private final Place place;

    Peers(Place place) {
        this.place = place;
    }

    List<Peer> all() {
        return List.of(
                program(
                        NBDKIT_FILE,
                        List.of("nbdkit"),
                        Map.of(Kind.WRITTEN, this::nbdkitFile, Kind.THIN, this::nbdkitSparseFile)),
                program(
                        NBDKIT_MEMORY,
                        List.of("nbdkit"),
                        Map.of(
                                Kind.WRITTEN,
                                (home, socket) ->
                                        nbdkit(socket, "memory", size()).empty())),
                program(NBDKIT_COW, List.of("nbdkit"), Map.of(Kind.CLONE, this::nbdkitCow)),
                program(QEMU_RAW, List.of("qemu-nbd"), Map.of(Kind.WRITTEN, this::qemuRaw)),
                program(
                        QCOW2,
                        List.of("qemu-nbd", "qemu-img"),
                        Map.of(Kind.WRITTEN, chain(0), Kind.CLONE, chain(1), Kind.THIN, this::emptyQcow2)),
                program(QCOW2_CHAIN_1, List.of("qemu-nbd", "qemu-img"), Map.of(Kind.WRITTEN, chain(1))),
                program(QCOW2_CHAIN_16, List.of("qemu-nbd", "qemu-img"), Map.of(Kind.WRITTEN, chain(16))),
                program(NBD_SERVER, List.of("nbd-server"), Map.of(Kind.WRITTEN, this::nbdServer)),
                new MountedClones(XFS_REFLINK, MountedClones.FileSystem.XFS, place),
                new MountedClones(BTRFS_SNAPSHOT, MountedClones.FileSystem.BTRFS, place),
                new FioDevice(DEVICE, place));
    }

    private Peer program(String name, List<String> needs, Map<Kind, Recipe> recipes) {
        return new Program(name, needs, place, recipes);
    }

    static Serving nbdkit(Path socket, String... plugin) {
        List<String> command = new ArrayList<>(List.of("nbdkit", "-f", "-U", socket.toString()));
        command.addAll(List.of(plugin));
        return Serving.of(command);
    }

    private Serving nbdkitFile(Path home, Path socket) throws IOException {
        return nbdkit(socket, "file", copy(home).toString());
    }

    private Serving nbdkitSparseFile(Path home, Path socket) throws IOException {
        Path disk = home.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(place.bytes());
        }
        return nbdkit(socket, "file", disk.toString());
    }

    /** Its overlay is a temporary file in TMPDIR: on the same disk as everything else. */
    private Serving nbdkitCow(Path home, Path socket) throws IOException {
        Serving plain = nbdkit(socket, "--filter=cow", "file", copy(home).toString());
        List<String> command = new ArrayList<>(List.of("env", "TMPDIR=" + home));
        command.addAll(plain.command());
        return Serving.of(command);
    }

    private Serving qemuRaw(Path home, Path socket) throws IOException {
        return qemu(socket, "raw", copy(home));
    }

    private static Serving qemu(Path socket, String format, Path image) {
        return Serving.of(
                "qemu-nbd",
                "-t",
                "-e",
                CONNECTIONS,
                "-k",
                socket.toString(),
                "-f",
                format,
                "--cache=writeback",
                image.toString());
    }

    /** An image of the base with {@code depth} empty ones over it. */
    private Recipe chain(int depth) {
        return (home, socket) -> {
            Path image = home.resolve("0.qcow2");
            Commands.run(
                    "qemu-img",
                    "convert",
                    "-f",
                    "raw",
                    "-O",
                    "qcow2",
                    place.base().toString(),
                    image.toString());
            for (int i = 1; i <= depth; i++) {
                Path over = home.resolve(i + ".qcow2");
                Commands.run(
                        "qemu-img",
                        "create",
                        "-q",
                        "-f",
                        "qcow2",
                        "-F",
                        "qcow2",
                        "-b",
                        image.toString(),
                        over.toString());
                image = over;
            }
            return qemu(socket, "qcow2", image);
        };
    }

    private Serving emptyQcow2(Path home, Path socket) throws IOException {
        Path image = home.resolve("disk.qcow2");
        Commands.run("qemu-img", "create", "-q", "-f", "qcow2", image.toString(), size());
        return qemu(socket, "qcow2", image);
    }

    /** It always listens on TCP too, and at port 0 it takes its standard input for a client: so a port that is free now. */
    private Serving nbdServer(Path home, Path socket) throws IOException {
        Path config = home.resolve("config");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.writeString(
                config,
                "[generic]\nunixsock = " + socket + "\nlistenaddr = 127.0.0.1\nport = " + port
                        + "\n[disk]\nexportname = " + copy(home) + "\nflush = true\n");
        Path pid = home.resolve("pid"); // in the foreground it serves one client and ends
        return Serving.of("nbd-server", "-C", config.toString(), "-p", pid.toString())
                .as("disk")
                .inBackground(pid);
    }

    private Path copy(Path home) throws IOException {
        return Files.copy(place.base(), home.resolve("disk.raw"));
    }

    private String size() {
        return Long.toString(place.bytes());
    }
}
