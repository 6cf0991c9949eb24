package io.blkspc.cli.doctor;

import io.blkspc.cli.attach.AttachAbility;
import io.blkspc.cli.attach.StockClient;
import io.blkspc.cli.fuse.FuseSession;
import io.blkspc.cli.text.Sizes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks at this machine. Changes nothing but for a small file beside the pool that is removed again. */
public final class Doctor {

    private static final int PROBE_BYTES = 1 << 20;

    /** Compression or sharing under a file takes away what fallocate promised. */
    private static final Set<String> UNSURE_FILE_SYSTEMS =
            Set.of("btrfs", "zfs", "bcachefs", "overlay", "nfs", "nfs4", "fuse");

    private final Programs programs;
    private final List<Finding> findings = new ArrayList<>();

    private Doctor(Programs programs) {
        this.programs = programs;
    }

    /**
     * Looks at everything.
     *
     * @param poolDirectory where the pool is or would be
     */
    public static List<Finding> examine(Programs programs, Path poolDirectory) {
        Doctor doctor = new Doctor(programs);
        doctor.lookAtJdk();
        doctor.lookAtFileSystem(existingParent(poolDirectory));
        doctor.lookAtKernel();
        doctor.lookAtPrograms();
        return doctor.findings;
    }

    private void lookAtJdk() {
        int feature = Runtime.version().feature();
        add(
                "JDK 25",
                feature == 25,
                true,
                Runtime.version() + ", " + System.getProperty("java.home"),
                "running blkspc");
        boolean hasCompiler = ModuleLayer.boot().findModule("jdk.compiler").isPresent();
        add("java compiler", hasCompiler, true, hasCompiler ? "module jdk.compiler" : "a JRE only", "the extent map");
    }

    private void lookAtFileSystem(Path directory) {
        try {
            FileStore store = Files.getFileStore(directory);
            long free = store.getUsableSpace();
            add("free space", free >= 1L << 30, false, Sizes.human(free) + " in " + directory, "pools");
            boolean isSure = !UNSURE_FILE_SYSTEMS.contains(store.type());
            add(
                    "fallocate",
                    isSure,
                    false,
                    store.type() + (isSure ? "" : " may not keep what it promised: pool create --allow-unreserved"),
                    "pools that cannot run out of space");
            probeDirectIo(directory);
        } catch (IOException failure) {
            add("pool directory", false, true, failure.toString(), "pools");
        }
    }

    private void probeDirectIo(Path directory) {
        Path probe = null;
        try {
            probe = Files.createTempFile(directory, ".blkspc-doctor-", "");
            try (FileChannel channel = FileChannel.open(probe, StandardOpenOption.WRITE, directOption())) {
                channel.write(ByteBuffer.allocateDirect(PROBE_BYTES + 4096)
                        .alignedSlice(4096)
                        .limit(PROBE_BYTES));
                channel.force(false);
            }
            add("O_DIRECT", true, false, "works in " + directory, "recovery that reads the medium, not the cache");
        } catch (IOException | ReflectiveOperationException | UnsupportedOperationException failure) {
            add(
                    "O_DIRECT",
                    false,
                    false,
                    "not in " + directory + ": " + failure.getMessage(),
                    "recovery that reads the medium, not the cache");
        } finally {
            remove(probe);
        }
    }

    /** Belongs to the JDK, but the compiler refuses its name. */
    private static OpenOption directOption() throws ReflectiveOperationException {
        return (OpenOption) Class.forName("com.sun.nio.file.ExtendedOpenOption")
                .getField("DIRECT")
                .get(null);
    }

    private static void remove(Path probe) {
        try {
            if (probe != null) {
                Files.deleteIfExists(probe);
            }
        } catch (IOException leftBehind) {
            // An empty-handed removal of one's own temporary file changes no finding.
        }
    }

    private void lookAtKernel() {
        boolean isLoaded = Files.isDirectory(Path.of("/sys/module/nbd"));
        boolean isThere = isLoaded || hasModule("nbd");
        add(
                "kernel nbd",
                isThere,
                false,
                isLoaded ? "loaded" : isThere ? "module, not loaded: modprobe nbd" : "no module nbd for this kernel",
                "volumes as /dev/nbdN");
        AttachAbility attach = AttachAbility.examine();
        add("attach", attach.isThere(), false, attach.facts(), "devices that live through the end of their server");
        lookAtNbdClient(isThere);
        boolean hasFuse = Files.exists(Path.of("/dev/fuse"));
        add("fuse", hasFuse, false, hasFuse ? "/dev/fuse" : "no /dev/fuse", "fs mount; volumes as files, with nbdfuse");
        String obstacle = FuseSession.obstacle();
        add("libfuse3", obstacle == null, false, obstacle == null ? "can be loaded" : obstacle, "fs mount");
    }

    /** Ready when it could attach; else what it lacks. */
    private void lookAtNbdClient(boolean hasDriver) {
        Optional<Path> client = programs.find(StockClient.PROGRAM);
        String lack = client.isEmpty()
                ? "package nbd-client"
                : !hasDriver ? "no module nbd for it" : AttachAbility.hasRights() ? null : AttachAbility.NO_RIGHTS;
        add(
                StockClient.PROGRAM,
                lack == null,
                false,
                lack == null ? client.get().toString() : lack,
                "attach --nbd-client: devices that end with their server");
    }

    private static boolean hasModule(String name) {
        Path directory = Path.of("/lib/modules", System.getProperty("os.version"));
        try {
            for (String list : List.of("modules.dep", "modules.builtin")) {
                Path file = directory.resolve(list);
                if (Files.isReadable(file)
                        && Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1)
                                .contains("/" + name + ".ko")) {
                    return true;
                }
            }
        } catch (IOException unreadable) {
            return false;
        }
        return false;
    }

    private void lookAtPrograms() {
        program("nbdinfo", "libnbd-bin", "looking at exports");
        program("nbdcopy", "libnbd-bin", "copying images fast, both ways");
        program("nbdfuse", "libnbd-bin", "volumes as files without root");
        program("nbdkit", "nbdkit", "the tests");
        program("qemu-img", "qemu-utils", "other image formats");
        program("mke2fs", "e2fsprogs", "the demo with a real file system");
        program("e2fsck", "e2fsprogs", "checking it");
        program("debugfs", "e2fsprogs", "changing it without mounting");
        program("mkfs.xfs", "xfsprogs", "XFS on volumes");
        program("fio", "fio", "measuring");
    }

    private void program(String name, String debianPackage, String purpose) {
        Optional<Path> path = programs.find(name);
        add(name, path.isPresent(), false, path.map(Path::toString).orElse("package " + debianPackage), purpose);
    }

    private void add(String name, boolean isOk, boolean isNeeded, String facts, String purpose) {
        findings.add(new Finding(name, isOk, isNeeded, facts, purpose));
    }

    private static Path existingParent(Path directory) {
        Path at = directory;
        while (at.getParent() != null && !Files.isDirectory(at)) {
            at = at.getParent();
        }
        return at;
    }
}
