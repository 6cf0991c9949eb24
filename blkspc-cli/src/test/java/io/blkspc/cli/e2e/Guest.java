package io.blkspc.cli.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A virtual machine with Debian's kernel that runs one script and can reach one TCP port of this machine: the real nbd driver
 * and the real nbd-client, without root. Nothing else is within its reach. Emulated in software, so that it works everywhere.
 */
final class Guest {

    /** Much more than a script takes on an idle machine. */
    private static final Duration LIMIT = Duration.ofMinutes(25);

    private static final Path SCRIPTS = Path.of("src", "test", "guest");
    private static final String[] TOOLS = {
        "nbd-client", "mkfs.ext4", "e2fsck", "resize2fs", "mkfs.xfs", "xfs_repair", "fstrim", "blkdiscard"
    };
    private static final String[] MODULES = {
        "failover",
        "net_failover",
        "virtio",
        "virtio_ring",
        "virtio_pci_modern_dev",
        "virtio_pci_legacy_dev",
        "virtio_pci",
        "virtio_net",
        "virtio_blk",
        "nbd",
        "crc32c_generic",
        "crc32c-intel",
        "libcrc32c",
        "xfs",
        "mbcache",
        "jbd2",
        "crc16",
        "ext4"
    };
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+)");

    /** What the host does when the script asks. */
    interface Hook {
        void run() throws Exception;
    }

    /**
     * How a script ended.
     *
     * @param exit its exit code, or -1 when the guest did not get that far
     * @param transcript what the console showed
     */
    record Result(int exit, String transcript) {}

    private static final int MEMORY_MIB = 768;
    private static final int MEMORY_WITH_JAVA_MIB = 2048;

    private final Path kernel;
    private final Path initrd;

    /** A disk that holds a JDK, or {@code null}. */
    private final Path jdk;

    private int memoryMib;

    /** A disk to write to, or {@code null}. */
    private Path disk;

    private Guest(Path kernel, Path initrd, Path jdk) {
        this.kernel = kernel;
        this.initrd = initrd;
        this.jdk = jdk;
        this.memoryMib = jdk == null ? MEMORY_MIB : MEMORY_WITH_JAVA_MIB;
    }

    /** With as much memory, which has to hold the image as well. */
    Guest memory(int mebibytes) {
        memoryMib = mebibytes;
        return this;
    }

    /** With this file as its last disk. */
    Guest disk(Path file) {
        disk = file;
        return this;
    }

    /**
     * Skips the test, naming the part, where something is missing; else makes the image in {@code directory}.
     *
     * @param story the script to run
     * @param withProduct the guest also gets this JDK and the jar of the command
     */
    static Guest make(Path directory, String story, boolean withProduct) throws IOException {
        Tools.require("qemu-system-x86_64", "busybox", "ldd");
        Tools.require(TOOLS);
        Optional<Path> tree = kernelTree();
        assumeTrue(tree.isPresent(), "skipped: missing part linux-image (unpacked, see blkspc.guest.kernel)");
        Path initrd = directory.resolve("initrd");
        CpioArchive archive = new CpioArchive();
        for (String name : List.of("/proc", "/sys", "/dev", "/tmp", "/mnt", "/etc", "/sbin", "/modules")) {
            archive.directory(name);
        }
        addProgram(archive, "/bin/busybox", "busybox");
        archive.link("/sbin/modprobe", "/bin/busybox");
        archive.file("/init", Files.readAllBytes(SCRIPTS.resolve("init")));
        archive.file("/common.sh", Files.readAllBytes(SCRIPTS.resolve("common.sh")));
        archive.file("/product.sh", Files.readAllBytes(SCRIPTS.resolve("product.sh")));
        archive.file("/story.sh", Files.readAllBytes(SCRIPTS.resolve(story)));
        for (String tool : TOOLS) {
            addProgram(archive, "/usr/sbin/" + tool, tool);
        }
        if (Files.exists(Path.of("/etc/mke2fs.conf"))) {
            archive.file("/etc/mke2fs.conf", Path.of("/etc/mke2fs.conf"));
        }
        addModules(archive, tree.get());
        Path jdk = withProduct ? addProduct(archive, directory.resolve("jdk")) : null;
        archive.write(initrd);
        return new Guest(find(tree.get().resolve("boot"), "vmlinuz-").orElseThrow(), initrd, jdk);
    }

    /** The jar goes into the archive, with the libraries a JDK needs; the JDK itself onto a disk, which it returns. */
    private static Path addProduct(CpioArchive archive, Path disk) throws IOException {
        Tools.require("mke2fs", "setsid");
        Path jar = Path.of(System.getProperty("blkspc.jar", "target/blkspc.jar"));
        assumeTrue(Files.exists(jar), "skipped: missing part " + jar + " (mvn package)");
        Path home = Path.of(System.getProperty("java.home")).toRealPath();
        archive.file("/blkspc.jar", jar);
        for (String part : List.of("bin/java", "lib/server/libjvm.so", "lib/libjava.so", "lib/libnio.so")) {
            addLibraries(archive, home.resolve(part));
        }
        addProgram(archive, "/usr/sbin/setsid", "setsid");
        Exec.run(Tools.path("mke2fs"), "-q", "-t", "ext4", "-d", home.toString(), disk.toString(), "1g")
                .ok();
        return disk;
    }

    private static Optional<Path> kernelTree() throws IOException {
        String named = System.getProperty("blkspc.guest.kernel");
        Path tree = named == null
                ? Path.of(System.getProperty("blkspc.root", ".."), ".blkspc", "guest", "kernel")
                : Path.of(named);
        return find(tree.resolve("boot"), "vmlinuz-").isPresent() ? Optional.of(tree) : Optional.empty();
    }

    private static Optional<Path> find(Path directory, String prefix) throws IOException {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .findFirst();
        }
    }

    /** Adds a program and the libraries it is linked with, if any. */
    private static void addProgram(CpioArchive archive, String place, String name) throws IOException {
        Path program = Path.of(Tools.path(name)).toRealPath();
        archive.file(place, program);
        addLibraries(archive, program);
    }

    private static void addLibraries(CpioArchive archive, Path program) throws IOException {
        Matcher library = LIBRARY.matcher(Exec.run("ldd", program.toString()).out());
        while (library.find()) {
            Path file = Path.of(library.group(1));
            if (!file.toString().contains("/jvm/") && Files.isRegularFile(file)) { // a JDK brings its own
                archive.file(library.group(1), file.toRealPath());
            }
        }
    }

    private static void addModules(CpioArchive archive, Path tree) throws IOException {
        List<String> wanted = List.of(MODULES);
        try (Stream<Path> files = Files.walk(tree.resolve("lib/modules"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".ko"))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString();
                int at = wanted.indexOf(name.substring(0, name.length() - ".ko".length()));
                if (at >= 0) { // in the order above, which spares rounds
                    archive.file(String.format("/modules/%02d-%s", at, name), file);
                }
            }
        }
    }

    /** Boots, runs the story with {@code words}, and does what it asks for. */
    Result run(int port, List<String> words, Map<String, Hook> hooks) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Tools.path("qemu-system-x86_64"),
                "-M",
                "pc",
                "-accel",
                "tcg,thread=multi,tb-size=256",
                "-cpu",
                "Nehalem,-cx16", // the emulation of cmpxchg16b in QEMU 7.2 damages flags
                "-smp",
                "2", // as many queues as processors, at most: with one, several connections would be one
                "-m",
                Integer.toString(memoryMib)));
        if (jdk != null) {
            command.addAll(List.of("-drive", "if=none,id=jdk,format=raw,readonly=on,file=" + jdk));
            command.addAll(List.of("-device", "virtio-blk-pci,drive=jdk"));
        }
        if (disk != null) {
            command.addAll(List.of("-drive", "if=none,id=disk,format=raw,file=" + disk));
            command.addAll(List.of("-device", "virtio-blk-pci,drive=disk"));
        }
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-monitor", "none"));
        command.addAll(List.of("-chardev", "stdio,id=c0,signal=off", "-serial", "chardev:c0"));
        command.addAll(List.of("-netdev", "user,id=n0,ipv6=off,net=203.0.113.0/24,host=203.0.113.2"));
        command.addAll(List.of("-device", "virtio-net-pci,netdev=n0,romfile="));
        command.addAll(List.of("-kernel", kernel.toString(), "-initrd", initrd.toString(), "-append"));
        command.add("console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable port=" + port + " args="
                + String.join(",", words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (ScheduledExecutorService guard = Executors.newSingleThreadScheduledExecutor();
                BufferedReader console = new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            var limit = guard.schedule(process::destroyForcibly, LIMIT.toSeconds(), TimeUnit.SECONDS);
            Result result = converse(console, process.getOutputStream(), hooks);
            limit.cancel(false);
            return result;
        } finally {
            process.destroyForcibly();
        }
    }

    private static Result converse(BufferedReader console, OutputStream keyboard, Map<String, Hook> hooks)
            throws IOException {
        StringBuilder transcript = new StringBuilder();
        int exit = -1;
        for (String line = console.readLine(); line != null; line = console.readLine()) {
            transcript.append(line).append('\n');
            if (line.startsWith("HOST-DO ")) {
                String answer =
                        obey(hooks.get(line.substring("HOST-DO ".length()).strip()), transcript);
                keyboard.write(answer.getBytes(StandardCharsets.US_ASCII));
                keyboard.flush();
            } else if (line.startsWith("GUEST-RESULT ")) {
                exit = Integer.parseInt(line.substring("GUEST-RESULT ".length()).strip());
            }
        }
        return new Result(exit, transcript.toString());
    }

    @SuppressWarnings("checkstyle:illegalcatch")
    private static String obey(Hook hook, StringBuilder transcript) {
        try {
            if (hook != null) {
                hook.run();
            }
            return "done\n";
        } catch (Exception | AssertionError failure) {
            transcript.append("host: ").append(failure).append('\n');
            return "failed\n";
        }
    }
}
